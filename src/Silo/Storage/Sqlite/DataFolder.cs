namespace Assay.Silo.Storage.Sqlite;

/// <summary>
/// The data folder, held by an exclusive lock of the operating system that ends with the process, however it ends. The lock is the fence of the
/// embedded silo: no two processes write the same evidence.
/// </summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream held;

    private DataFolder(string path, FileStream held)
    {
        Folder = path;
        this.held = held;
    }

    public string Folder { get; }

    public string StateFile => Path.Combine(Folder, "state.db");

    public string EvidenceFile => Path.Combine(Folder, "evidence.db");

    public string KeysFolder => Path.Combine(Folder, "keys");

    /// <exception cref="IOException">Another process holds it, or it cannot be made; the message names the folder.</exception>
    public static DataFolder Open(string path)
    {
        var full = Path.GetFullPath(path);
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(full);
            else
                Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The data folder '{full}' cannot be made: {fault.Message}", fault);
        }

        try
        {
            // FileShare.None is flock(LOCK_EX) on Unix: the kernel drops it when the process is gone, also after kill -9.
            return new DataFolder(full, new FileStream(Path.Combine(full, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The data folder '{full}' is in use by another silo, or may not be written. Stop that silo, or name another folder with --data.", fault);
        }
    }

    public void Dispose() => held.Dispose();
}
