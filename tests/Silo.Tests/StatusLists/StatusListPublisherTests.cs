using System.Security.Cryptography;
using Assay.Core.Evidence;
using Assay.Core.Revocation;
using Assay.Core.StatusLists;
using Assay.Grains.Keys;
using Assay.Grains.StatusLists;
using Assay.Silo.Signing;
using Assay.Silo.StatusLists;
using Assay.Silo.Tests.Storage;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Tests.StatusLists;

/// <summary>When a list is signed anew, and when it is not signed at all.</summary>
public sealed class StatusListPublisherTests : IDisposable
{
    private static readonly StatusListNames Names = new(new JtiCodec(new byte[32]), new byte[32], new SiloIdentity("https://issuer.example", "silo"));

    private readonly TestClock clock = new();
    private readonly ECDsa pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly TokenSigner signer;
    private readonly StatusListPublisher publisher;
    private readonly StatusShard shard = new(7, Names);
    private readonly ListedTable list;

    public StatusListPublisherTests()
    {
        signer = new TokenSigner(clock);
        Use(Key("key-1"));
        publisher = new StatusListPublisher(signer, Names, Options.Create(new StatusListOptions()), clock);
        shard.Take(new StatusEntry(0, 10, 1_000, 1_300, 1, 2, 3, 4));
        list = Assert.Single(shard.Lists);
    }

    [Fact]
    public void A_list_is_signed_once_as_long_as_it_reads_the_same_and_is_fresh()
    {
        var first = Publish();
        clock.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(first, Publish());

        clock.Advance(TimeSpan.FromSeconds(1)); // half of the ttl has passed
        Assert.NotEqual(first, Publish());
    }

    [Fact]
    public void A_list_that_reads_otherwise_is_signed_anew_at_once()
    {
        var first = Publish();

        shard.Add([new PendingEnd(new RevocationEntry(1, 11, null, default), null)]);
        shard.Sweep(drained: 11);

        Assert.NotEqual(first, Publish());
    }

    [Fact]
    public void What_another_key_signed_is_signed_anew_and_without_a_key_nothing_is()
    {
        var first = Publish();
        Use(Key("key-2"));
        Assert.NotEqual(first, Publish());

        Use();

        Assert.Equal(StatusListOutcome.Unavailable, publisher.Publish(list).Outcome);
    }

    [Fact]
    public void A_key_that_leaves_before_the_list_would_expire_signs_nothing()
    {
        Use(Key("key-1") with { PublishedUntil = clock.GetUtcNow().AddSeconds(59) });

        Assert.Equal(StatusListOutcome.Unavailable, publisher.Publish(list).Outcome);
    }

    public void Dispose() => pair.Dispose();

    private string Publish()
    {
        var answer = publisher.Publish(list);
        Assert.Equal(StatusListOutcome.Found, answer.Outcome);
        return System.Text.Encoding.ASCII.GetString(answer.Token.Span);
    }

    private void Use(params SignerKey[] keys) => signer.Swap(new SignerSet([.. keys]));

    private SignerKey Key(string id) => new(id, KeyPurposes.StatusList, DateTimeOffset.MinValue, DateTimeOffset.MaxValue, DateTimeOffset.MaxValue, pair);
}
