using System.Security.Cryptography;

namespace Assay.Silo.Interconnect;

/// <summary>The text of the three files, as it was at one moment.</summary>
internal sealed record PemFiles(PemFile Certificate, PemFile Key, PemFile Authority)
{
    /// <returns>Null, and a sentence per file, when one cannot be read.</returns>
    public static PemFiles? Read(InterconnectOptions options, List<string> faults)
    {
        var certificate = PemFile.Read(nameof(options.Certificate), options.Certificate!, faults);
        var key = PemFile.Read(nameof(options.CertificateKey), options.CertificateKey!, faults);
        var authority = PemFile.Read(nameof(options.Authority), options.Authority!, faults);
        return certificate is null || key is null || authority is null ? null : new PemFiles(certificate, key, authority);
    }
}

/// <param name="Setting">Names the setting and the file, for sentences about it.</param>
internal sealed record PemFile(string Setting, string Text)
{
    private const int MaxBytes = 1024 * 1024;

    public static PemFile? Read(string name, string path, List<string> faults)
    {
        var setting = $"{InterconnectOptions.Section}:{name} '{path}'";
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
                faults.Add($"{setting}: there is no such file.");
            else if (file.Length > MaxBytes)
                faults.Add($"{setting} is larger than 1 MiB, which no PEM file of certificates or keys is.");
            else
                return new PemFile(setting, File.ReadAllText(path));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            faults.Add($"{setting} cannot be read: {fault.Message}");
        }

        return null;
    }

    /// <summary>Runs a parser over the text; what it cannot read becomes a sentence about this file.</summary>
    public T? Parse<T>(Func<string, T> parser, string expected, List<string> faults)
        where T : class
    {
        try
        {
            return parser(Text);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            faults.Add($"{Setting} does not hold {expected}: {fault.Message}");
            return null;
        }
    }
}
