using System.Security.Cryptography;

namespace Assay.Client;

/// <summary>Finds the private key among the blocks of a PEM file (RFC 7468).</summary>
internal static class PemKey
{
    public static AsymmetricAlgorithm Read(string text)
    {
        var rest = text.AsSpan();
        string? other = null;
        while (PemEncoding.TryFind(rest, out var fields))
        {
            var block = rest[fields.Location];
            switch (rest[fields.Label].ToString())
            {
                case "PRIVATE KEY":
                    return TryImport(ECDsa.Create(), block) ?? TryImport(RSA.Create(), block) ?? throw Unusable();
                case "EC PRIVATE KEY":
                    return TryImport(ECDsa.Create(), block) ?? throw Unusable();
                case "RSA PRIVATE KEY":
                    return TryImport(RSA.Create(), block) ?? throw Unusable();
                case "ENCRYPTED PRIVATE KEY":
                    throw new InvalidDataException("The private key is encrypted; an unencrypted one is needed.");
                case var label: // "EC PARAMETERS" comes before the key in what openssl writes
                    other ??= label;
                    break;
            }

            rest = rest[fields.Location.End..];
        }

        throw new InvalidDataException(other is null
            ? "The file is neither PEM nor a JSON Web Key."
            : $"The file holds no private key, only {other}.");
    }

    private static AsymmetricAlgorithm? TryImport(AsymmetricAlgorithm key, ReadOnlySpan<char> block)
    {
        try
        {
            key.ImportFromPem(block);
            return key;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            key.Dispose();
            return null;
        }
    }

    private static InvalidDataException Unusable() => new("The private key is damaged or neither EC nor RSA.");
}
