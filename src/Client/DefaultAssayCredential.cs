namespace Assay.Client;

/// <summary>
/// The first credential there is, in this order: those given, the file that <c>ASSAY_CLIENT_KEY_FILE</c> or <c>ASSAY_CLIENT_SECRET_FILE</c> names, a key in
/// <see cref="KeyFile"/>, a secret in <see cref="SecretFile"/>. It looks anew for every token request, so what appears or is replaced later counts from the
/// next request on. One that is there but unusable ends the search: a fault is told, not passed over for a weaker proof.
/// </summary>
public sealed class DefaultAssayCredential : AssayCredential
{
    /// <summary>Where container platforms put a secret named <c>assay-client-key</c>: a private key, as PEM or JWK.</summary>
    public const string KeyFile = "/run/secrets/assay-client-key";

    /// <summary>Where container platforms put a secret named <c>assay-client-secret</c>.</summary>
    public const string SecretFile = "/run/secrets/assay-client-secret";

    private readonly AssayCredential[] chain;

    /// <summary>Makes the chain. Nothing is read before the first token is asked for.</summary>
    /// <param name="first">Credentials that come before all others, in this order.</param>
    public DefaultAssayCredential(params IEnumerable<AssayCredential> first)
        : this(first, Environment.GetEnvironmentVariable, KeyFile, SecretFile)
    {
    }

    internal DefaultAssayCredential(IEnumerable<AssayCredential> first, Func<string, string?> variable, string keyFile, string secretFile)
    {
        ArgumentNullException.ThrowIfNull(first);
        chain = [.. first, new EnvironmentCredential(variable), CredentialFile.Key(keyFile), CredentialFile.Secret(secretFile)];
        foreach (var credential in chain)
            ArgumentNullException.ThrowIfNull(credential, nameof(first));
    }

    /// <inheritdoc/>
    public override async ValueTask ProveAsync(ClientProof proof, CancellationToken cancellationToken)
    {
        List<string> missing = [];
        foreach (var credential in chain)
        {
            try
            {
                await credential.ProveAsync(proof, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (AssayCredentialUnavailableException e)
            {
                missing.Add(e.Message);
            }
        }

        throw new AssayCredentialUnavailableException($"No credential was found. {string.Join(' ', missing)}");
    }
}

/// <summary>The file that the environment names, a key or a secret. The variables are read for every proof.</summary>
internal sealed class EnvironmentCredential(Func<string, string?> variable) : AssayCredential
{
    private volatile Named? named;

    private sealed record Named(string Variable, string Path, CredentialFile File);

    public override ValueTask ProveAsync(ClientProof proof, CancellationToken cancellationToken)
    {
        var (name, path) = EnvironmentSettings.CredentialFile(variable)
            ?? throw new AssayCredentialUnavailableException($"Neither {EnvironmentSettings.KeyFile} nor {EnvironmentSettings.SecretFile} is set.");
        if (named is not { } current || current.Variable != name || current.Path != path)
            named = current = new Named(name, path, name == EnvironmentSettings.KeyFile ? CredentialFile.Key(path) : CredentialFile.Secret(path));
        try
        {
            return current.File.ProveAsync(proof, cancellationToken);
        }
        catch (AssayCredentialUnavailableException e)
        {
            throw new InvalidDataException($"{name}: {e.Message}", e); // somebody means this credential: no other takes its place
        }
    }
}
