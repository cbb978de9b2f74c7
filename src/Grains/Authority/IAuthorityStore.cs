using System.Collections.Immutable;

namespace Assay.Grains.Authority;

/// <summary>
/// The database as the authority: rows of our own, one numbered change feed, one lease per silo. Every change is one transaction with
/// version checks and exactly one feed number; commit order is number order.
/// </summary>
public interface IAuthorityStore
{
    /// <summary>The newest version of an object; null when there never was one, <see cref="StoredObject.IsDeleted"/> when it was deleted.</summary>
    Task<StoredObject?> Read(ObjectKey key, CancellationToken cancellationToken);

    /// <summary>As <see cref="Read"/>, for several objects: each key's at its place, all of one snapshot. A key may come several times.</summary>
    Task<ImmutableArray<StoredObject?>> ReadAll(ImmutableArray<ObjectKey> keys, CancellationToken cancellationToken);

    /// <summary>The version that was in force when feed number <paramref name="number"/> was the head.</summary>
    Task<StoredObject?> ReadAsOf(ObjectKey key, long number, CancellationToken cancellationToken);

    /// <summary>All objects of a kind that are not deleted, read in one snapshot, and the head of the feed in that snapshot.</summary>
    Task<ObjectList> List(string realm, string kind, CancellationToken cancellationToken);

    /// <summary>As <see cref="List"/>, as it stood at feed number <paramref name="number"/>.</summary>
    Task<ObjectList> ListAsOf(string realm, string kind, long number, CancellationToken cancellationToken);

    /// <summary>
    /// The first <paramref name="limit"/> objects of a kind that are not deleted and whose ids come after <paramref name="after"/> (null: from the
    /// first one), in the order of the ids' UTF-8 bytes. Costs what the page costs, however many objects there are.
    /// </summary>
    Task<ImmutableArray<StoredObject>> Page(string realm, string kind, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Who changed the objects of a kind, or one of them, when and why: the newest <paramref name="limit"/> changes with numbers below
    /// <paramref name="before"/>, newest first. A change of several objects comes once for each.
    /// </summary>
    /// <param name="id">Only this object; null for all of the kind.</param>
    /// <param name="after">Only changes with higher numbers.</param>
    Task<ImmutableArray<ObjectChange>> Changes(
        string realm, string kind, string? id, long after, long before, int limit, CancellationToken cancellationToken);

    /// <summary>The object that holds a unique key; null when none does.</summary>
    Task<ObjectKey?> Holder(string realm, string uniqueKey, CancellationToken cancellationToken);

    /// <summary>
    /// Applies a change or nothing. Durable on return. After an exception the outcome is unknown: read again before trusting a cached copy.
    /// </summary>
    Task<CommitResult> Commit(Change change, CancellationToken cancellationToken);

    /// <summary>
    /// Takes a lease with a new epoch for the slot. An unsealed older epoch of the same slot is sealed by it: it appends no more evidence,
    /// but stays in <see cref="Leases"/> until it has lapsed, because its silo may still believe in it. Throws
    /// <see cref="InvalidOperationException"/> when that address was condemned: its process has to start again.
    /// </summary>
    Task<LeaseGrant> Join(SiloPlace place, TimeSpan life, CancellationToken cancellationToken);

    /// <summary>
    /// Renews the lease for <paramref name="life"/> from the moment of the query, unless it is sealed or condemned, and brings every feed entry
    /// after <paramref name="applied"/>, in order, up to the head.
    /// </summary>
    /// <param name="report">Kept for <see cref="Silos"/>: JSON, at most <see cref="SiloReport.MaxLength"/> characters. Null keeps the last one.</param>
    Task<LeaseRenewal> Renew(long epoch, long applied, string? report, TimeSpan life, CancellationToken cancellationToken);

    /// <summary>Records that this silo has applied the feed up to <paramref name="number"/> and nothing older is on its way out.</summary>
    Task Acknowledge(long epoch, long number, CancellationToken cancellationToken);

    /// <summary>The leases whose silos may still let something out: those that are not sealed, or sealed before they lapsed and not lapsed yet.</summary>
    Task<ImmutableArray<LeaseRow>> Leases(CancellationToken cancellationToken);

    /// <summary>
    /// Seals an epoch whose lease has lapsed by the database's clock. Answers the feed number of the seal, by whomever it was made, once the
    /// epoch is sealed and lapsed; null while it is not. No decision of that epoch carries this number or a higher one.
    /// </summary>
    Task<long?> SealIfLapsed(long epoch, CancellationToken cancellationToken);

    /// <summary>
    /// The others have declared the silo of that address dead, whether or not it is: its lease is renewed no more, so that it lapses within a
    /// lease's life, and no silo of that address joins from now on. Answers its newest epoch; null when none ever joined. Safe to repeat.
    /// </summary>
    Task<long?> Condemn(string address, CancellationToken cancellationToken);

    /// <summary>
    /// A feed entry that changes nothing and names only a marker: its number is something to wait for (<see cref="Narrowing.Everywhere"/>).
    /// Durable on return; after an exception it may be there too, which harms nothing.
    /// </summary>
    Task<long> Mark(string reason, CancellationToken cancellationToken);

    /// <summary>For people: the silos that are not sealed, and those sealed within the last hour as far as the store remembers them, by epoch.</summary>
    Task<ImmutableArray<SiloRow>> Silos(CancellationToken cancellationToken);

    /// <summary>Seals this silo's own epoch on an orderly stop. Call it when nothing of it is on its way out any more. Safe to repeat.</summary>
    Task Leave(long epoch, CancellationToken cancellationToken);

    /// <summary>
    /// Calls back, until disposed, when there may be news; may call for nothing, and calls may be lost. Makes things fast, never correct. The
    /// callback must be quick and must not throw.
    /// </summary>
    IDisposable Listen(Action<AuthorityNews> news);
}

public enum AuthorityNews
{
    /// <summary>The head of the feed has moved.</summary>
    Feed,

    /// <summary>An acknowledgement or a seal was written.</summary>
    Leases,
}

/// <summary>Names an object: realm, kind (<see cref="ObjectKinds"/>), id within the kind.</summary>
public readonly record struct ObjectKey(string Realm, string Kind, string Id)
{
    /// <summary>The realm of what belongs to the database itself.</summary>
    public const string NoRealm = "*";

    public override string ToString() => $"{Realm}/{Kind}/{Id}";
}

public static class ObjectKinds
{
    public const string Identity = "identity";
    public const string Group = "group";
    public const string Api = "api";

    /// <summary>A policy set's content; id <c>domain/hash</c>. Never changed, only added.</summary>
    public const string PolicySet = "policy-set";

    /// <summary>Which set is in force in a domain, and which came before; id is the domain.</summary>
    public const string ActivePolicy = "active-policy";

    /// <summary>Which set is asked beside the one in force in a domain; id is the domain. Deleted when none is.</summary>
    public const string ShadowPolicy = "shadow-policy";

    /// <summary>A signing key; id <c>purpose/kid</c>.</summary>
    public const string SigningKey = "signing-key";

    /// <summary>What a bundle last declared; id is the bundle's name.</summary>
    public const string Bundle = "bundle";

    /// <summary>Secrets of the cluster itself (the jti key, the secret pepper), wrapped; id is the name.</summary>
    public const string ClusterSecret = "cluster-secret";

    /// <summary>An end of tokens before their time; the id is a <c>RevocationId</c>. Never deleted.</summary>
    public const string Revocation = "revocation";

    /// <summary>A <c>Timeline</c> of the database; realm <c>*</c>, id is its number. Never changed, only added, while no silo holds a lease.</summary>
    public const string Timeline = "timeline";

    /// <summary>An act of containment; the id is <c>kind:name</c> of what it cut off. Deleted when it is undone.</summary>
    public const string Containment = "containment";

    /// <summary>Only in feed entries: an epoch was sealed; realm <c>*</c>, id is the epoch.</summary>
    public const string Lease = "lease";

    /// <summary>Only in feed entries: nothing changed; realm <c>*</c>, id empty.</summary>
    public const string Marker = "marker";
}

/// <summary>One version of an object. Its version is the feed number of the change that wrote it.</summary>
public sealed record StoredObject(ObjectKey Key, long Number, ReadOnlyMemory<byte> Body, bool IsDeleted);

/// <summary>One change of one object, as the change log has it. <see cref="IAuthorityStore.ReadAsOf"/> with its number has the version it made.</summary>
/// <param name="At">By the store's clock.</param>
/// <param name="Actor">A client id or <c>system</c>.</param>
public sealed record ObjectChange(ObjectKey Key, long Number, DateTimeOffset At, string Actor, string Reason, bool IsDeletion);

public sealed record ObjectList(ImmutableArray<StoredObject> Objects, long Head);

/// <param name="ExpectedNumber">The version the writer saw; 0 when the object must not exist (a deleted one counts as not existing).</param>
/// <param name="Body">Null deletes. An empty body is refused: it is a null that was converted by mistake.</param>
/// <param name="UniqueKeys">
/// Keys no other object of the realm may hold (for instance <c>credential:thumbprint</c>); they replace the ones this object held.
/// </param>
public sealed record ObjectWrite(ObjectKey Key, long ExpectedNumber, ReadOnlyMemory<byte>? Body, ImmutableArray<string> UniqueKeys);

/// <param name="Actor">Who asked, for the feed: a client id or <c>system</c>.</param>
public sealed record Change(ImmutableArray<ObjectWrite> Writes, string Actor, string Reason);

public abstract record CommitResult
{
    private CommitResult()
    {
    }

    /// <summary>Done and durable, as this feed number.</summary>
    public sealed record Committed(long Number) : CommitResult;

    /// <summary>Nothing was written: an object is at another version than expected.</summary>
    public sealed record Conflict(ObjectKey Key, long ActualNumber) : CommitResult;

    /// <summary>Nothing was written: another object holds a unique key.</summary>
    public sealed record KeyTaken(string UniqueKey, ObjectKey Holder) : CommitResult;
}

/// <summary>Where a silo runs.</summary>
/// <param name="Slot">Its name in configuration; no two running silos share one.</param>
/// <param name="Address">What membership calls this process: unlike the slot, another one after every start.</param>
public sealed record SiloPlace(string Slot, string Address);

/// <param name="Epoch">Unique over the cluster's life; also the number of the evidence shard this silo writes.</param>
public sealed record LeaseGrant(long Epoch, long Head);

public abstract record LeaseRenewal
{
    private LeaseRenewal()
    {
    }

    public sealed record Renewed(long Head, ImmutableArray<FeedEntry> Entries) : LeaseRenewal;

    /// <summary>This epoch is sealed: it is over for good.</summary>
    public sealed record Sealed : LeaseRenewal;

    /// <summary>The others have declared this silo dead: it is over for good.</summary>
    public sealed record Condemned : LeaseRenewal;
}

public sealed record FeedEntry(long Number, ImmutableArray<ObjectKey> Keys);

/// <param name="Acknowledged">
/// This silo has applied the feed up to here and nothing older is on its way out. The head at the time of the join to begin with: a silo
/// that joins holds nothing older.
/// </param>
public sealed record LeaseRow(long Epoch, string Slot, long Acknowledged, bool Sealed);

/// <summary>A silo's row in the lease table, for people. Times are the database's.</summary>
/// <param name="RenewedAt">The last renewal; the join to begin with.</param>
/// <param name="Seal">The feed number of its seal; null while it is not sealed.</param>
/// <param name="Report">What it last said of itself (<see cref="ISiloReport"/>); null when it never did.</param>
public sealed record SiloRow(
    long Epoch,
    SiloPlace Place,
    DateTimeOffset JoinedAt,
    DateTimeOffset RenewedAt,
    DateTimeOffset LapsesAt,
    long Acknowledged,
    long? Seal,
    bool Condemned,
    string? Report);
