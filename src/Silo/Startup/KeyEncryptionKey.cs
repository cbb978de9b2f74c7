using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Assay.Silo.Startup;

/// <summary>
/// The key that wraps private keys and cluster secrets: 32 bytes, base64url, in a file outside the data folder, so that a copy of the folder
/// alone opens nothing. Named by <c>ASSAY_KEK_FILE</c>; the embedded silo makes one in the user's configuration folder.
/// </summary>
internal static class KeyEncryptionKey
{
    public const string FileVariable = "ASSAY_KEK_FILE";

    /// <returns>The key, its file, and whether it was made now.</returns>
    public static (byte[] Key, string File, bool IsNew) Obtain(string? configuredFile, string dataFolder)
    {
        var file = configuredFile ?? DefaultFile(dataFolder);
        if (File.Exists(file))
            return (Read(file), file, false);
        if (configuredFile is not null)
            throw new InvalidOperationException($"The key-encryption key file '{file}' ({FileVariable}) does not exist.");

        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var key = RandomNumberGenerator.GetBytes(32);
        PrivateFile.Write(file, Base64Url.EncodeToString(key) + "\n");
        return (key, file, true);
    }

    /// <summary>As <see cref="Obtain"/>, for what makes no sense with a new key.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static (byte[] Key, string File) Existing(string? configuredFile, string dataFolder)
    {
        var file = configuredFile ?? DefaultFile(dataFolder);
        return File.Exists(file)
            ? (Read(file), file)
            : throw new InvalidOperationException($"The key-encryption key file '{file}' does not exist. Name the one that belongs to the database in {FileVariable}.");
    }

    private static byte[] Read(string file)
    {
        try
        {
            var key = Base64Url.DecodeFromChars(File.ReadAllText(file).Trim());
            if (key.Length == 32)
                return key;
        }
        catch (FormatException)
        {
        }

        throw new InvalidOperationException($"'{file}' does not hold a key-encryption key: expected 32 bytes as base64url.");
    }

    /// <summary>One per data folder, so that two folders never share a key by accident.</summary>
    private static string DefaultFile(string dataFolder)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataFolder)))[..16];
        var configuration = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } home
            ? home
            : Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.Create);
        if (configuration.Length == 0)
            throw new InvalidOperationException($"There is no configuration folder for this user; set {FileVariable} to a file with 32 random bytes as base64url.");
        return Path.Combine(configuration, "assay", name + ".kek");
    }
}

/// <summary>Files only their owner may read.</summary>
internal static class PrivateFile
{
    /// <summary>Whole or not at all: written beside, flushed, then renamed.</summary>
    public static void Write(string file, string text)
    {
        var draft = file + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(draft, options))
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(draft, file, overwrite: true);
    }
}
