using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Assay.Cli.Admin;
using Assay.Cli.Connecting;
using Assay.Cli.Output;

namespace Assay.Cli.Identities;

/// <summary><c>credential add|revoke</c></summary>
internal static class CredentialCommand
{
    private static readonly string[] PublicMembers = ["kty", "crv", "x", "y", "n", "e", "alg", "kid", "use"];

    private static readonly Argument<string> Identity = new("identity") { Description = "The identity's id." };
    private static readonly Argument<string> Handle = new("handle") { Description = "The credential's handle, or enough of its beginning (get identities <id> shows them)." };

    private static readonly Option<FileInfo?> JwkFile = new("--jwk-file")
    {
        Description = "A key (JWK, RFC 7517). Only its public part is sent, also when the file holds the private key.",
        HelpName = "file",
    };

    private static readonly Option<bool> Secret = new("--secret") { Description = "The server makes a secret; it is shown once, here." };
    private static readonly Option<string?> Expires = new("--expires") { Description = "It ends by itself: a span (90d) or a moment.", HelpName = "when" };

    public static Command Create() => Commands.Of(
        "credential",
        "Gives an identity a way to prove itself, or takes one away.",
        Commands
            .Of("add", "Adds a public key, or has the server make a secret.", Identity, JwkFile, Secret, Expires)
            .Runs(Add)
            .WithExamples("assay credential add crm-connector --jwk-file crm.pub.jwk", "assay credential add crm-connector --secret --expires 90d"),
        Commands
            .Of("revoke", "Revokes a credential for good: no bundle brings it back.", Identity, Handle)
            .Runs(Revoke)
            .WithExamples("assay credential revoke crm-connector secret-Zk3q"));

    private static async Task Add(Call call, CancellationToken cancellationToken)
    {
        var (id, file) = (call.Get(Identity), call.Get(JwkFile));
        if (file is null != call.Get(Secret))
            throw Failure.Usage("Say which: --jwk-file <file> or --secret.");
        var expiresAt = Moment.ExpiryFrom(call.Get(Expires), call.Now, "--expires");
        object body = file is null ? new { generateSecret = true, expiresAt } : new { publicJwk = PublicPart(file), expiresAt };
        using var api = await call.Admin("identity.write", cancellationToken);

        var answer = await api.Post($"identities/{Uri.EscapeDataString(id)}/credentials", body, cancellationToken);

        if (!call.Screen.IsJson && answer.As<ChangeView>().Secret is { } secret)
        {
            call.Screen.Note($"{answer.As<ChangeView>().Handle} for {id}; the secret is shown now and never again:");
            call.Screen.Raw(secret);
            return;
        }

        call.Done(answer, change => change.Changed ? $"{id} can prove itself with {change.Handle}." : $"{id} had {change.Handle} already.");
    }

    private static async Task Revoke(Call call, CancellationToken cancellationToken)
    {
        var (id, handle) = (call.Get(Identity), call.Get(Handle));
        using var api = await call.Admin("identity.read identity.write", cancellationToken);
        var identity = (await api.Get($"identities/{Uri.EscapeDataString(id)}", cancellationToken)).As<IdentityView>();
        var found = identity.Credentials.Where(credential => credential.Handle.StartsWith(handle, StringComparison.Ordinal)).ToArray();
        if (found is not [var credential])
        {
            throw new Failure(
                ExitCode.Failed,
                found.Length == 0 ? $"{id} has no credential '{handle}'." : $"{found.Length} credentials of {id} begin with '{handle}'.",
                null,
                [.. identity.Credentials.Select(known => known.Handle)]);
        }

        var answer = await api.Delete($"identities/{Uri.EscapeDataString(id)}/credentials/{Uri.EscapeDataString(credential.Handle)}", cancellationToken);

        call.Done(answer, change => change.Changed ? $"{credential.Handle} proves nothing any more." : $"{credential.Handle} was revoked already.");
    }

    private static JsonObject PublicPart(FileInfo file)
    {
        try
        {
            if (JsonNode.Parse(File.ReadAllBytes(file.FullName)) is JsonObject jwk && jwk.ContainsKey("kty"))
                return new JsonObject(PublicMembers.Where(jwk.ContainsKey).Select(name => KeyValuePair.Create(name, jwk[name]?.DeepClone())));
        }
        catch (JsonException)
        {
            // said below
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Failure.Usage($"{file} cannot be read: {fault.Message}");
        }

        throw Failure.Usage($"{file} is not a JWK.", "It holds one JSON object with \"kty\", and for an EC key \"crv\", \"x\" and \"y\".");
    }
}
