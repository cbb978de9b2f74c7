namespace Assay.Grains.Keys;

/// <summary>
/// One member of the signing pool, on the silo whose address is the key. Follows the key ring by that silo's view of the feed and swaps the
/// silo's immutable signer; the signature itself is made on the request's thread.
/// </summary>
[GrainInterfaceType("signing"), Alias("signing")]
public interface ISigningGrain : IGrainWithStringKey
{
    /// <summary>Makes the silo's signer match the ring as this silo knows it. Safe to repeat.</summary>
    [Alias("follow")]
    Task Follow();
}
