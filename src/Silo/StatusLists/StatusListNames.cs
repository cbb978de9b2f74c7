using Assay.Core.Evidence;
using Assay.Core.StatusLists;

namespace Assay.Silo.StatusLists;

/// <summary>Which list: the shard of its tokens, when it retires, and the how manieth of that shard it is.</summary>
/// <param name="Retires">Minutes of Unix time: by then all its tokens have expired.</param>
internal readonly record struct StatusListName(long Shard, long Retires, int Ordinal);

/// <summary>
/// What lists are called in URLs: one cipher block, as a <c>jti</c> is and under a key of its own. A name that was made up is known for one without asking
/// anybody, and says nothing of how many silos and tokens there are.
/// </summary>
/// <param name="orderKey">32 bytes: in which order lists give out their indices.</param>
internal sealed class StatusListNames(JtiCodec codec, byte[] orderKey, SiloIdentity self)
{
    /// <summary>Lists that a shard may open in its life.</summary>
    public const int MaxOrdinal = (1 << OrdinalBits) - 1;

    private const int OrdinalBits = 20;

    /// <summary>Where all lists are named.</summary>
    public string Aggregation { get; } = self.Issuer.TrimEnd('/') + StatusListEndpoint.Path;

    public ReadOnlySpan<byte> OrderKey => orderKey;

    public StatusListAddress AddressOf(StatusListName name)
    {
        var id = codec.Encode(new RecordId(name.Shard, name.Retires << OrdinalBits | (uint)name.Ordinal));
        return new StatusListAddress(id, $"{Aggregation}/{id}");
    }

    /// <summary>False when it is no name of this cluster's making.</summary>
    public bool TryRead(ReadOnlySpan<char> id, out StatusListName name)
    {
        var isOurs = codec.TryDecode(id, out var block);
        name = new StatusListName(block.Shard, block.Position >> OrdinalBits, (int)(block.Position & MaxOrdinal));
        return isOurs;
    }
}
