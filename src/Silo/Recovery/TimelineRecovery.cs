using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using Assay.Core.Evidence;
using Assay.Core.Registry;
using Assay.Core.Tokens;
using Assay.Core.Transparency;
using Assay.Grains.Authority;
using Assay.Grains.Keys;
using Assay.Silo.Evidence;
using Assay.Silo.Signing;
using Assay.Silo.Transparency;
using Microsoft.Extensions.Logging.Abstractions;

namespace Assay.Silo.Recovery;

/// <summary>
/// Opens a new timeline of a database that was put back, and records that as the first act of its first shard, with how far every earlier shard has come. While no
/// silo runs.
/// </summary>
internal sealed class TimelineRecovery(
    IRecoveryStore store, IAuthorityStore authority, IEvidenceStore evidence, ILogStore trees, IKeyVault vault, SiloIdentity self, AuthorityOptions options, TimeProvider clock)
{
    private const string Actor = "operator";

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    /// <param name="used">The highest shard that is known to be used in the lost history; 0 for none.</param>
    /// <param name="timeline">The highest timeline that is known to have been opened.</param>
    /// <param name="waiting">Is told, once, whose leases are waited for.</param>
    /// <exception cref="InvalidOperationException">Silos are still running, or the act was not recorded; the message says which.</exception>
    public async Task<Recovered> Run(long used, int timeline, Action<ImmutableArray<string>> waiting, CancellationToken cancellationToken)
    {
        var heads = await trees.Heads(null, cancellationToken);
        var opened = await Open(
            basis => new Timeline(
                Math.Max(timeline, basis.Earlier.Current) + 1,
                clock.GetUtcNow(),
                Timeline.NewFirstShard(clock.GetUtcNow(), Math.Max(used, basis.NewestEpoch)),
                basis.Head,
                basis.NewestEpoch,
                basis.Ends),
            waiting,
            cancellationToken);
        var isSigned = await Record(opened, heads, cancellationToken);
        return new Recovered(opened.Timeline, opened.Number, heads, isSigned);
    }

    private async Task<TimelineOpening.Opened> Open(Func<RecoveryBasis, Timeline> make, Action<ImmutableArray<string>> waiting, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        for (var isTold = false; ; isTold = true)
        {
            var opening = await store.Open(make, "the database was put back", cancellationToken);
            if (opening is TimelineOpening.Opened opened)
                return opened;

            var slots = ((TimelineOpening.Held)opening).Slots;
            if (clock.GetElapsedTime(started) > options.LeaseLife * 1.5)
                throw new InvalidOperationException($"Silos are still running ({string.Join(", ", slots)}): stop them all, and run this again. Nothing was changed.");
            if (!isTold)
                waiting(slots);
            await Task.Delay(LookEvery, clock, cancellationToken);
        }
    }

    /// <summary>As a silo of its own that has one thing to say; true when the act is signed.</summary>
    private async Task<bool> Record(TimelineOpening.Opened opened, ImmutableArray<StoredHead> heads, CancellationToken cancellationToken)
    {
        using var key = await Key(cancellationToken);
        var signer = new TokenSigner(clock);
        if (key is not null)
            signer.Swap(new SignerSet([new SignerKey("", KeyPurposes.Checkpoint, DateTimeOffset.MinValue, DateTimeOffset.MaxValue, DateTimeOffset.MaxValue, key)]));
        var lease = new SiloLease(options.LeaseLife, options.LeaseMargin, clock);
        var asked = lease.Ask();
        var grant = await authority.Join(new SiloPlace(Timeline.Act, $"{Timeline.Act} {Guid.NewGuid():D}"), options.LeaseLife, cancellationToken);
        if (grant.Epoch != opened.Timeline.FirstShard)
            throw new InvalidOperationException("A silo started before the recovery was recorded. Stop all silos, and run this again.");

        lease.Begin(grant.Epoch, asked);
        var appender = new EvidenceAppender(
            evidence, lease, Unused, new EvidenceOptions(), clock, NullLogger.Instance, sign: new CheckpointSigner(signer, self).Sign);
        var running = appender.Run(cancellationToken);
        bool isDurable;
        using (var slot = appender.Reserve() ?? throw new InvalidOperationException("The lease lapsed before the recovery was recorded. Run this again."))
        {
            slot.Fill(Act(slot, opened, heads).Encode(), new EvidenceEntry(self.Realm, Actor, null));
            appender.Close();
            isDurable = await slot.Committed;
        }

        await running;
        if (!isDurable)
            throw new InvalidOperationException("The timeline was opened, and that it was is not recorded: the database did not answer in time. Run this again.");
        await authority.Leave(grant.Epoch, cancellationToken);
        return key is not null;

        static ReadOnlyMemory<byte> Unused(long shard, long position) => throw new System.Diagnostics.UnreachableException("the one position there is, is filled");
    }

    private EvidenceRecord Act(EvidenceSlot slot, TimelineOpening.Opened opened, ImmutableArray<StoredHead> heads) => new()
    {
        Kind = EvidenceKind.Admin,
        Shard = slot.Shard,
        Position = slot.Position,
        Node = self.Node,
        Time = opened.Timeline.OpenedAt,
        RequestId = Guid.NewGuid(),
        Identity = Actor,
        Admin = new AdminAct(Actor, Timeline.Act, string.Create(CultureInfo.InvariantCulture, $"timeline {opened.Timeline.Number} after feed number {opened.Timeline.LastNumber}"), opened.Number),
        Heads = heads.Any(static head => head.Root is not null)
            ? new LogHeads([.. heads.Where(static head => head.Root is not null).Select(static head => new ShardHead(head.Shard, head.Size, head.Root!.Value, IsSealed: true))])
            : null,
    };

    /// <summary>The checkpoint key that signs now, or would have last: the copy may be old. Null when there is none.</summary>
    private async Task<ECDsa?> Key(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var stored = await authority.List(self.Realm, ObjectKinds.SigningKey, cancellationToken);
        var key = stored.Objects.Select(found => RegistryJson.ReadSigningKey(found.Body.Span))
            .Where(found => found is { Purpose: KeyPurposes.Checkpoint, WithdrawnAt: null, ActivatesAt: not null })
            .OrderBy(found => found.ActivatesAt <= now).ThenBy(found => found.ActivatesAt).LastOrDefault();
        if (key is null)
            return null;

        var pkcs8 = vault.Unwrap(key.KeyId, key.WrappedPrivateKey);
        try
        {
            var pair = ECDsa.Create();
            pair.ImportPkcs8PrivateKey(pkcs8, out _);
            return pair;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }
}

/// <param name="Number">The feed number at which the timeline was opened.</param>
/// <param name="Heads">How far each shard of the copy has come.</param>
/// <param name="IsSigned">False when the copy has no key for checkpoints.</param>
internal sealed record Recovered(Timeline Timeline, long Number, ImmutableArray<StoredHead> Heads, bool IsSigned);
