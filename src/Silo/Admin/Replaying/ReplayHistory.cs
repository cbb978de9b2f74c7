using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Replay;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Explaining;

namespace Assay.Silo.Admin.Replaying;

/// <summary>
/// The versions that recorded decisions name, read once for all records that share them, in bounded memory. Most records find theirs without waiting
/// (<see cref="Known"/>). For one replay.
/// </summary>
internal sealed class ReplayHistory(IAuthorityStore store, History history, string realm)
{
    private const int Standings = 16_384;
    private const int PolicySets = 8;
    private const int Directories = 4;

    private readonly RecentlyUsed<Named, Standing> standings = new(Standings);
    private readonly RecentlyUsed<(string Domain, string Version), LoadedPolicySet?> policySets = new(PolicySets);
    private readonly List<DirectoryVersion> directories = []; // the one that was needed last comes first

    /// <summary>What the record names, when it is at hand; null when it has to be read.</summary>
    public Standing? Known(RecordedDecision decision) =>
        directories.Count > 0 && directories[0].Holds(decision.DirectoryNumber)
        && standings.TryGet(Key(decision, directories[0]), out var standing) && standing.HoldsAt(decision.Time)
            ? standing
            : null;

    /// <summary>What the record names, read when need be.</summary>
    public async Task<Standing> Find(RecordedDecision decision, CancellationToken cancellationToken)
    {
        var directory = await Directory(decision.DirectoryNumber, cancellationToken);
        var key = Key(decision, directory);
        var standing = standings.TryGet(key, out var known)
            ? known.At(decision.Time)
            : await Read(key, directory.Snapshot, decision.Time, cancellationToken);
        standings.Keep(key, standing);
        return standing;
    }

    /// <summary>The policies that decided a record, as they lie: a set that was changed at rest differs in its version. Null when they are not stored any more.</summary>
    public async Task<LoadedPolicySet?> Policies(string domain, string version, CancellationToken cancellationToken)
    {
        if (!policySets.TryGet((domain, version), out var set))
            policySets.Keep((domain, version), set = await history.PoliciesAsTheyLie(domain, version, cancellationToken));
        return set;
    }

    private async Task<Standing> Read(Named key, DirectorySnapshot directory, DateTimeOffset moment, CancellationToken cancellationToken)
    {
        Identity? identity;
        try
        {
            identity = await history.Identity(key.Identity, key.IdentityNumber, cancellationToken);
        }
        catch (FormatException fault)
        {
            return Standing.Missing(LeftOutReason.IdentityMissing, $"version {key.IdentityNumber} of '{key.Identity}' cannot be read: {fault.Message}");
        }

        return identity is null
            ? Standing.Missing(LeftOutReason.IdentityMissing, $"there is no version {key.IdentityNumber} of '{key.Identity}'")
            : Standing.Of(identity, directory, key.Resource, moment);
    }

    /// <summary>
    /// The directory at a feed number. Few changes of the feed are about roles, teams and APIs, so from the newest such change on all numbers share one.
    /// </summary>
    private async Task<DirectoryVersion> Directory(long number, CancellationToken cancellationToken)
    {
        var at = directories.FindIndex(known => known.Holds(number));
        if (at < 0)
        {
            var from = Math.Max(await NewestChange(ObjectKinds.Group, number, cancellationToken), await NewestChange(ObjectKinds.Api, number, cancellationToken));
            at = directories.FindIndex(known => known.From == from);
            if (at < 0)
            {
                if (directories.Count == Directories)
                    directories.RemoveAt(Directories - 1);
                directories.Add(new DirectoryVersion(from, await history.Directory(from, cancellationToken)));
                at = directories.Count - 1;
            }

            directories[at].UpTo = Math.Max(directories[at].UpTo, number);
        }

        var found = directories[at];
        directories.RemoveAt(at);
        directories.Insert(0, found);
        return found;
    }

    private async Task<long> NewestChange(string kind, long upTo, CancellationToken cancellationToken) =>
        await store.Changes(realm, kind, null, 0, upTo + 1, 1, cancellationToken) is [var newest] ? newest.Number : 0;

    private static Named Key(RecordedDecision decision, DirectoryVersion directory) => new(decision.ClientId, decision.IdentityNumber, decision.Resource, directory.From);

    private readonly record struct Named(string Identity, long IdentityNumber, string Resource, long DirectoryFrom);

    private sealed class DirectoryVersion(long from, DirectorySnapshot snapshot)
    {
        public long From { get; } = from;

        /// <summary>The highest number known to have the same directory.</summary>
        public long UpTo { get; set; } = from;

        public DirectorySnapshot Snapshot { get; } = snapshot;

        public bool Holds(long number) => From <= number && number <= UpTo;
    }
}

/// <summary>An identity before an API, as of one record; or what is missing of it.</summary>
internal sealed class Standing
{
    private readonly string resource;

    private Standing(Identity? identity, DirectorySnapshot directory, string resource, DecisionStage? stage, LeftOutReason reason, string? detail) =>
        (Identity, Directory, this.resource, Stage, Reason, Detail) = (identity, directory, resource, stage, reason, detail);

    public Identity? Identity { get; }

    public DirectorySnapshot Directory { get; }

    /// <summary>Null when there is nothing to decide before; <see cref="Reason"/> and <see cref="Detail"/> then say why.</summary>
    public DecisionStage? Stage { get; }

    public LeftOutReason Reason { get; }

    public string? Detail { get; }

    public static Standing Missing(LeftOutReason reason, string detail) => new(null, DirectorySnapshot.Empty, "", null, reason, detail);

    public static Standing Of(Identity identity, DirectorySnapshot directory, string resource, DateTimeOffset moment) =>
        DecisionStage.Of(directory, identity, resource, moment) is { } stage
            ? new Standing(identity, directory, resource, stage, default, null)
            : new Standing(identity, directory, resource, null, LeftOutReason.ApiMissing, $"'{resource}' was not in the directory");

    public bool HoldsAt(DateTimeOffset moment) => Stage is not { } stage || stage.HoldsAt(moment);

    /// <summary>The same at another moment.</summary>
    public Standing At(DateTimeOffset moment) => HoldsAt(moment) ? this : Of(Identity!, Directory, resource, moment);
}
