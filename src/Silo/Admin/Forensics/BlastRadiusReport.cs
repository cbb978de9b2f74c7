using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Evidence;
using Assay.Core.Forensics;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Explaining;
using Assay.Silo.Admin.Replaying;
using Assay.Silo.Admin.Wire;
using Assay.Silo.Evidence;

namespace Assay.Silo.Admin.Forensics;

/// <summary>What a blast radius is asked about.</summary>
internal enum RadiusKind
{
    Identity,
    Credential,

    /// <summary>The id of a policy, or the version of a policy set.</summary>
    Policy,

    /// <summary>A role or team, with those below it.</summary>
    Entitlement,

    /// <summary>A key that signs tokens.</summary>
    Key,
}

/// <param name="Group">The role or team, of an entitlement.</param>
/// <param name="Tokens">Live tokens to list.</param>
internal sealed record RadiusQuestion(RadiusKind Kind, string Name, EntityUid? Group, DateTimeOffset Since, EvidenceCursor? From, int LookAt, int Tokens);

/// <summary>
/// Gathers what hangs on one thing from the evidence. What is indexed (an identity, a credential) costs what is found; the rest costs what was recorded since. One call
/// looks at a bounded number of records, and the next goes on after them.
/// </summary>
internal sealed class BlastRadiusReport(EvidenceWalk walk, History history, IAuthorityStore store, JtiCodec names, TokenHandles handles, SiloIdentity self, TimeProvider clock)
{
    /// <summary>Names of each kind in one answer.</summary>
    public const int MostNames = 1_000;

    private const int KeptIdentities = 16_384;

    public async Task<BlastRadiusAnswer> Gather(RadiusQuestion question, SiloSnapshot view, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var radius = new BlastRadius(now, record => TokenEnd.IsIn(view.Revocations, handles, record), MostNames, question.Tokens);
        var held = new Held(question.Group is { } group ? Below(group, view.Directory) : [], history);
        var stretch = await walk.Back(
            new EvidenceRange(Subject(question), question.Since, DateTimeOffset.MaxValue, question.From, question.LookAt),
            async record =>
            {
                if (record.Input is { } input
                    && (question.Kind == RadiusKind.Entitlement ? await held.At(input.ClientId, input.IdentityNumber, record.Time, cancellationToken) : IsOn(question, record)))
                    radius.Add(record);
                return true;
            },
            cancellationToken);

        return new BlastRadiusAnswer
        {
            Kind = question.Kind.ToString().ToLowerInvariant(),
            Name = question.Name,
            At = now,
            Since = question.Since,
            LookedAt = stretch.LookedAt,
            ReachedBackTo = stretch.ReachedBackTo,
            Damaged = stretch.Damaged,
            Total = ReachAnswer.From("", radius.All),
            Identities = await Identities(radius.Identities, cancellationToken),
            Credentials = Rows(radius.Credentials),
            Resources = Rows(radius.Resources),
            Addresses = Rows(radius.Addresses),
            LeftOut = radius.Identities.LeftOut + radius.Credentials.LeftOut + radius.Resources.LeftOut + radius.Addresses.LeftOut,
            Tokens = [.. radius.LiveTokens.Select(record => LiveTokenAnswer.From(record, names))],
            Next = stretch.Next?.ToString(),
        };
    }

    private static string? Subject(RadiusQuestion question) => question.Kind switch
    {
        RadiusKind.Identity => EvidenceSubject.Identity(question.Name),
        RadiusKind.Credential => EvidenceSubject.Credential(question.Name),
        _ => null,
    };

    private static bool IsOn(RadiusQuestion question, EvidenceRecord record) => question.Kind switch
    {
        RadiusKind.Policy => EvidenceFilter.Decided(record, question.Name),
        RadiusKind.Key => record.KeyId == question.Name,
        _ => true,
    };

    /// <summary>The group, and every group whose members are members of it. By the hierarchy of now.</summary>
    private static HashSet<EntityUid> Below(EntityUid group, DirectorySnapshot directory)
    {
        var below = new HashSet<EntityUid> { group };
        for (var before = 0; before != below.Count;)
        {
            before = below.Count;
            foreach (var other in directory.Groups)
            {
                if (other.Parents.Any(below.Contains))
                    below.Add(other.Uid);
            }
        }

        return below;
    }

    private async Task<ImmutableArray<ReachAnswer>> Identities(ReachTable table, CancellationToken cancellationToken)
    {
        var rows = ImmutableArray.CreateBuilder<ReachAnswer>(table.Count);
        foreach (var (name, reach) in table.Widest)
        {
            var stored = await store.Read(new ObjectKey(self.Realm, ObjectKinds.Identity, name), cancellationToken);
            rows.Add(ReachAnswer.From(name, reach) with
            {
                State = stored is not { IsDeleted: false } ? "deleted" : RegistryJson.ReadIdentity(stored.Body.Span).DisabledAt is null ? "enabled" : "disabled",
            });
        }

        return rows.DrainToImmutable();
    }

    private static ImmutableArray<ReachAnswer> Rows(ReachTable table) => [.. table.Widest.Select(entry => ReachAnswer.From(entry.Key, entry.Value))];

    /// <summary>Whether an identity was in one of these groups, as the version that a record names has it. Versions do not change, so each is read once.</summary>
    private sealed class Held(HashSet<EntityUid> groups, History history)
    {
        private readonly RecentlyUsed<(string Id, long Number), ImmutableArray<Membership>> known = new(KeptIdentities);

        public async Task<bool> At(string id, long number, DateTimeOffset moment, CancellationToken cancellationToken)
        {
            if (!known.TryGet((id, number), out var memberships))
            {
                var identity = await history.Identity(id, number, cancellationToken);
                memberships = identity is null ? [] : identity.Memberships.RemoveAll(member => !groups.Contains(member.Group));
                known.Keep((id, number), memberships);
            }

            foreach (var member in memberships)
            {
                if (member.IsLiveAt(moment))
                    return true;
            }

            return false;
        }
    }
}
