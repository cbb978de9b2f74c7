using Assay.Grains.Authority;

namespace Assay.Silo.Hosting;

/// <summary>
/// Ends the process the moment it is known that others take over: the lease is over first, so that nothing more leaves meanwhile. Orleans asks for it
/// when the others have declared this silo dead.
/// </summary>
internal sealed class ProcessEnd(SiloLease lease) : ISiloEnd, IFatalErrorHandler
{
    private const int ExitCode = 1;

    public void AtOnce(string why)
    {
        lease.End();
        Console.Error.WriteLine("assay: " + why);
        Environment.Exit(ExitCode);
    }

    public bool IsUnexpected(Exception exception) => true;

    public void OnFatalException(object? sender, string? context, Exception? exception) =>
        AtOnce($"This silo cannot go on as a member of the cluster ({context}). Start it again." + (exception is null ? "" : " " + exception.Message));
}
