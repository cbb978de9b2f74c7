namespace Assay.Grains.Authority;

/// <summary>What the cluster's membership calls this process.</summary>
public interface ISiloAddress
{
    /// <summary>Another one after every start. Known before the silo has joined anything.</summary>
    string Address { get; }
}
