using Assay.Grains.Authority;
using Orleans.Runtime;

namespace Assay.Silo;

/// <summary>The address Orleans gave this process; it holds a generation, so it is another one after every start.</summary>
internal sealed class OrleansSiloAddress(ILocalSiloDetails silo) : ISiloAddress
{
    public string Address { get; } = silo.SiloAddress.ToParsableString();
}
