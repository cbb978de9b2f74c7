using Assay.Grains;

namespace Assay.Silo;

/// <summary>What this silo answers as.</summary>
/// <param name="Issuer">The issuer identifier, byte for byte as it stands in tokens and metadata (RFC 8414 §2).</param>
/// <param name="Node">Names this silo in evidence.</param>
internal sealed record SiloIdentity(string Issuer, string Node)
{
    /// <summary>The only realm there is today.</summary>
    public string Realm => GrainKey.DefaultRealm;
}
