namespace Assay.Client;

/// <summary>The options as environment variables give them. Every fault names its variable.</summary>
internal static class EnvironmentSettings
{
    public const string Issuer = "ASSAY_ISSUER";
    public const string Endpoints = "ASSAY_ENDPOINTS";
    public const string ClientId = "ASSAY_CLIENT_ID";
    public const string KeyFile = "ASSAY_CLIENT_KEY_FILE";
    public const string SecretFile = "ASSAY_CLIENT_SECRET_FILE";

    public static AssayClientOptions Read(Func<string, string?> variable) => new()
    {
        Issuer = ReadIssuer(Required(variable, Issuer, "the issuer's URL")),
        Endpoints = ReadEndpoints(variable(Endpoints)),
        ClientId = Required(variable, ClientId, "the identity's name"),
        Credential = ReadCredential(variable),
    };

    private static string Required(Func<string, string?> variable, string name, string what) =>
        variable(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"{name} is not set. It holds {what}.");

    private static Uri ReadIssuer(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var issuer))
            throw new InvalidOperationException($"{Issuer} must be an absolute URL, such as https://id.example, but is {text}.");
        if (AssayClientOptions.FaultOf(issuer) is { } fault)
            throw new InvalidOperationException($"{Issuer} {fault}");
        return issuer;
    }

    private static List<Uri> ReadEndpoints(string? text)
    {
        List<Uri> endpoints = [];
        foreach (var part in (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Uri.TryCreate(part, UriKind.Absolute, out var endpoint))
                throw new InvalidOperationException($"{Endpoints}: An endpoint must be an absolute URL with https, and a space between two, but is {part}.");
            endpoints.Add(endpoint);
        }

        if (AssayClientOptions.FaultOf(endpoints) is { } fault)
            throw new InvalidOperationException($"{Endpoints}: {fault}");
        return endpoints;
    }

    /// <summary>The variable that names a file with a credential, and the file; null when neither is set.</summary>
    public static (string Variable, string Path)? CredentialFile(Func<string, string?> variable) => (variable(KeyFile), variable(SecretFile)) switch
    {
        ({ Length: > 0 }, { Length: > 0 }) => throw new InvalidOperationException($"{KeyFile} and {SecretFile} are both set. Set one of them."),
        ({ Length: > 0 } path, _) => (KeyFile, path),
        (_, { Length: > 0 } path) => (SecretFile, path),
        _ => null,
    };

    private static AssayCredential ReadCredential(Func<string, string?> variable) => CredentialFile(variable) switch
    {
        (KeyFile, var path) => ReadFile(KeyFile, () => AssayCredential.FromKeyFile(path)),
        (_, var path) => ReadFile(SecretFile, () => AssayCredential.FromSecretFile(path)),
        null => throw new InvalidOperationException($"Neither {KeyFile} nor {SecretFile} is set. One of them names the file with the credential."),
    };

    private static AssayCredential ReadFile(string name, Func<AssayCredential> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new InvalidOperationException($"{name}: {e.Message}", e);
        }
    }
}
