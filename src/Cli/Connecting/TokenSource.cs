using System.Collections.Immutable;
using System.Net;
using Assay.Cli.Admin;
using Assay.Cli.Output;
using Assay.Client;

namespace Assay.Cli.Connecting;

/// <summary>A token as it was granted.</summary>
internal sealed record GrantedToken(string AccessToken, ImmutableArray<string> Granted, TimeSpan ExpiresIn);

/// <summary>Gets one token, and puts a refusal into words.</summary>
internal static class TokenSource
{
    /// <param name="scopes">Separated by spaces; null asks for every scope of the API.</param>
    public static async Task<GrantedToken> Get(
        Uri issuer, ClientIdentity client, TimeProvider clock, string? resource, string? scopes, CancellationToken cancellationToken)
    {
        using var assay = new AssayClient(new AssayClientOptions
        {
            Issuer = issuer,
            ClientId = client.Id,
            Credential = Credential(client),
            TimeProvider = clock,
        });
        try
        {
            var token = await assay.RequestTokenAsync(
                resource, scopes?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [], cancellationToken);
            return new GrantedToken(token.AccessToken, [.. token.Scopes], token.ExpiresIn);
        }
        catch (ArgumentException fault)
        {
            throw Failure.Usage(fault.Message);
        }
        catch (AssayTokenException fault) when (fault.StatusCode is null && fault.InnerException is { } inner)
        {
            throw AdminApi.Unreachable(issuer, inner);
        }
        catch (AssayTokenException fault)
        {
            throw new Failure(ExitCode.Failed, fault.Message, Advice(fault, client, resource, scopes));
        }
    }

    private static AssayCredential Credential(ClientIdentity client)
    {
        try
        {
            return client.KeyFile is { } key ? AssayCredential.FromKeyFile(key) : AssayCredential.FromSecretFile(client.SecretFile!);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw Failure.Usage($"The credential of '{client.Id}' cannot be read: {fault.Message}");
        }
    }

    private static string? Advice(AssayTokenException fault, ClientIdentity client, string? resource, string? scopes)
    {
        var asked = $"{(resource is null ? "" : $" --resource {resource}")}{(scopes is null ? "" : $" --scope \"{scopes}\"")}";
        return fault.Error switch
        {
            "invalid_scope" when resource == AdminApi.Resource => $"'{client.Id}' may not do this: the admin policy grants it none of these scopes.",
            "invalid_scope" => $"To see why, and what is missing: assay explain --identity {client.Id}{asked}",
            "invalid_client" => $"The server does not take this credential for '{client.Id}'. Is it registered, live, and the right one? assay get identities {client.Id}",
            "invalid_target" when resource is null => "Name the API with --resource; assay get apis lists them.",
            "invalid_target" => "The resource is not registered like this: assay get apis",
            "unauthorized_client" => $"Is it disabled, or not allowed this grant type? assay get identities {client.Id}",
            _ when fault.RetryAfter is { } wait => $"Try again in {Say.Span(wait)}.",
            _ when fault.StatusCode == HttpStatusCode.ServiceUnavailable => "Try again shortly.",
            _ => null,
        };
    }
}
