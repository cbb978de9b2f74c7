using Assay.Core.StatusLists;
using Assay.Grains.Keys;
using Assay.Grains.StatusLists;
using Assay.Silo.Signing;
using Microsoft.Extensions.Options;

namespace Assay.Silo.StatusLists;

/// <summary>Signs lists when they are asked for, and anew when they read otherwise, when a fresh one would outlast them by half a <c>ttl</c>, and when another key signs.</summary>
internal sealed class StatusListPublisher(TokenSigner signer, StatusListNames names, IOptions<StatusListOptions> options, TimeProvider clock)
{
    private readonly StatusListOptions settings = options.Value;

    public StatusListAnswer Publish(ListedTable list)
    {
        if (signer.Pick(KeyPurposes.StatusList) is not { } signing)
            return StatusListAnswer.Unavailable;
        lock (list)
        {
            var now = clock.GetUtcNow();
            if (now + settings.Life > signing.Key.PublishedUntil)
                return StatusListAnswer.Unavailable;
            if (list.Published is not { } present || !IsGood(present, list.Table.Version, signing.Key.KeyId, now))
                list.Published = present = Sign(list, signing, now);
            return new StatusListAnswer(StatusListOutcome.Found, present.Token);
        }
    }

    private bool IsGood(PublishedList present, long version, string keyId, DateTimeOffset now) =>
        present.Version == version && present.KeyId == keyId && present.SignedAt <= now && now - present.SignedAt < settings.TimeToLive / 2;

    private PublishedList Sign(ListedTable list, (SignerKey Key, Core.Jose.JwsHeaderSegment Header) signing, DateTimeOffset now)
    {
        var version = list.Table.Version; // before the bits: what changes in between is signed again
        return new PublishedList(
            version, signing.Key.KeyId, now,
            StatusListToken.Sign(
                list.Table.Read(), list.Address.Uri, names.Aggregation, now, settings.TimeToLive, settings.Life, signing.Header, signing.Key.PrivateKey));
    }
}
