namespace Assay.Grains.Authority;

/// <summary>What a silo wants operators to see of it. Goes with every renewal of its lease into the lease table. Optional.</summary>
public interface ISiloReport
{
    /// <summary>
    /// A JSON object of figures, at most <see cref="SiloReport.MaxLength"/> characters, without secrets; null when there is nothing new to say. Asked
    /// before every renewal, so it must be quick. One that throws or is too long is left out.
    /// </summary>
    string? Write();
}

public static class SiloReport
{
    public const int MaxLength = 4096;
}
