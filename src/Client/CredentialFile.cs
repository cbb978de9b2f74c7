using System.Security.Cryptography;
using System.Text;

namespace Assay.Client;

/// <summary>
/// A credential in a file that may be replaced at any time. It is read for every proof: that is once in minutes, takes microseconds, and misses no change,
/// whichever way the file is replaced (a mounted secret changes behind two symbolic links, whose times stay as they were).
/// </summary>
internal sealed class CredentialFile : AssayCredential
{
    private const int MaxBytes = 64 * 1024;

    private readonly string path;
    private readonly Func<string, AssayCredential> parse;
    private volatile Known? known;

    private sealed record Known(AssayCredential Credential, byte[] Hash);

    private CredentialFile(string path, Func<string, AssayCredential> parse)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        (this.path, this.parse) = (path, parse);
    }

    public static CredentialFile Key(string path, string? keyId = null) => new(path, text => new KeyCredential(SigningKey.Parse(text, keyId)));

    public static CredentialFile Secret(string path) => new(path, text => text.TrimEnd('\r', '\n') is { Length: > 0 } secret
        ? new SecretCredential(secret)
        : throw new InvalidDataException("The file is empty; a client secret was expected."));

    /// <summary>Reads the file, or throws what is wrong with it.</summary>
    public CredentialFile Read()
    {
        Current();
        return this;
    }

    public override ValueTask ProveAsync(ClientProof proof, CancellationToken cancellationToken) => Readable().ProveAsync(proof, cancellationToken);

    private AssayCredential Readable()
    {
        try
        {
            return Current();
        }
        catch (Exception e) when (known is not null && e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return known!.Credential; // it is being replaced, most likely; whether the old one still counts is the issuer's to say
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new AssayCredentialUnavailableException($"There is no file {path}.", e);
        }
    }

    private AssayCredential Current()
    {
        using var file = File.OpenRead(path);
        var buffer = new byte[MaxBytes + 1];
        try
        {
            var length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            if (length > MaxBytes)
                throw new InvalidDataException($"The file is over {MaxBytes / 1024} KiB; that is no credential.");

            var hash = SHA256.HashData(buffer.AsSpan(0, length));
            if (known is { } same && same.Hash.AsSpan().SequenceEqual(hash))
                return same.Credential;

            var credential = parse(Encoding.UTF8.GetString(buffer, 0, length).TrimStart('\ufeff'));
            known = new Known(credential, hash);
            return credential;
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
        }
    }
}
