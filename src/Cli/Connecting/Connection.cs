using System.Text.Json;

namespace Assay.Cli.Connecting;

/// <summary>Which server, and who asks it. Nothing is read before it is needed.</summary>
internal sealed class Connection
{
    private readonly string? server;

    private Connection(DataFolder folder, string? server) => (Folder, this.server) = (folder, server);

    public DataFolder Folder { get; }

    public static Connection From(string? data, string? server) =>
        new(new DataFolder(data ?? Setting("ASSAY_DATA") ?? ".assay"), server);

    /// <summary>The issuer: <c>--server</c>, or what the silo wrote into its data folder.</summary>
    public Uri Issuer() => server is null ? Folder.Issuer() : Url(server, "--server");

    /// <summary>The issuer for a workload's own token: <c>ASSAY_ISSUER</c> counts too, where no silo's folder is at hand.</summary>
    public Uri IssuerForTokens() =>
        server is null && !Folder.HasServer && Setting("ASSAY_ISSUER") is { } issuer ? Url(issuer, "ASSAY_ISSUER") : Issuer();

    /// <summary>Who administers: the bootstrap credential of the folder, or with <c>--server</c> the one the environment names.</summary>
    public ClientIdentity Administrator() =>
        server is null
            ? new ClientIdentity("assay-bootstrap", Folder.BootstrapKey(), null)
            : FromEnvironment() ?? throw new Failure(
                ExitCode.Usage,
                "No credential for the server named by --server.",
                "Set ASSAY_CLIENT_ID, and ASSAY_CLIENT_KEY_FILE (a private JWK) or ASSAY_CLIENT_SECRET_FILE.");

    /// <summary>The client the environment names; null when it names none.</summary>
    public static ClientIdentity? FromEnvironment()
    {
        if (Setting("ASSAY_CLIENT_ID") is not { } id)
            return null;

        var key = Setting("ASSAY_CLIENT_KEY_FILE");
        var secret = Setting("ASSAY_CLIENT_SECRET_FILE");
        return (key, secret) switch
        {
            (null, null) => throw Failure.Usage(
                $"ASSAY_CLIENT_ID names '{id}', but nothing proves it.", "Set ASSAY_CLIENT_KEY_FILE (a private JWK) or ASSAY_CLIENT_SECRET_FILE."),
            ({ }, { }) => throw Failure.Usage("ASSAY_CLIENT_KEY_FILE and ASSAY_CLIENT_SECRET_FILE are both set.", "Unset one of them."),
            _ => new ClientIdentity(id, key, secret),
        };
    }

    private static Uri Url(string text, string from)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo == "" && url.Fragment == "")
        {
            return url.Scheme == "https" || url.IsLoopback
                ? url
                : throw Failure.Usage($"{from} '{text}' is plain HTTP to another machine.", "Use https: a token on its way would be anybody's.");
        }

        throw Failure.Usage($"{from} '{text}' is not a URL.", "Give the issuer, for instance https://assay.example or http://127.0.0.1:8420.");
    }

    private static string? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}

/// <summary>A client and where its proof lies: a private JWK, or a secret.</summary>
internal sealed record ClientIdentity(string Id, string? KeyFile, string? SecretFile);

/// <summary>What a silo keeps beside its databases for whoever works on the same machine.</summary>
internal sealed class DataFolder(string path)
{
    private readonly string path = Path.GetFullPath(path);

    public bool HasServer => File.Exists(ServerFile);

    private string ServerFile => Path.Combine(path, "server.json");

    public Uri Issuer()
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(ServerFile));
            if (json.RootElement.TryGetProperty("issuer", out var issuer) && Uri.TryCreate(issuer.GetString(), UriKind.Absolute, out var url))
                return url;
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new Failure(
                ExitCode.Unreachable,
                $"No silo has run with {path}: there is no server.json in it.",
                "Start one here, name its folder with --data (or ASSAY_DATA), or name a server with --server.");
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // falls through to the sentence below
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Failure.Usage($"{ServerFile} cannot be read: {fault.Message}");
        }

        throw Failure.Usage($"{ServerFile} does not say where the silo listens.", "Start the silo again: it writes the file anew.");
    }

    public string BootstrapKey()
    {
        var file = Path.Combine(path, "bootstrap.jwk");
        return File.Exists(file)
            ? file
            : throw Failure.Usage(
                $"{file} is not there: the bootstrap credential was ended or belongs to another folder.",
                "Use --server with ASSAY_CLIENT_ID and ASSAY_CLIENT_KEY_FILE of an identity that may administer.");
    }

    /// <summary>Where the private key made for <c>credential: generate</c> lies.</summary>
    public string KeyFileOf(string identity) => Path.Combine(path, "keys", Uri.EscapeDataString(identity) + ".jwk");
}
