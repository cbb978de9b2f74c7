namespace Assay.Grains.Authority;

/// <summary>The end of a process that may not go on, because others take over from it or have already.</summary>
public interface ISiloEnd
{
    /// <summary>
    /// Ends the process at once, with an exit code that is not 0, so that a supervisor starts it again. Nothing is drained or given back: what the
    /// silo still holds is worth nothing any more.
    /// </summary>
    /// <param name="why">A sentence for the operator.</param>
    void AtOnce(string why);
}
