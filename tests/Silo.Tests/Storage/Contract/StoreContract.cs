using System.Text;
using Assay.Grains.Authority;

namespace Assay.Silo.Tests.Storage.Contract;

/// <summary>What the tests of every store share: a store of its own for each test, a way to let its time pass, and short ways to say things.</summary>
public abstract class StoreContract : IAsyncLifetime
{
    protected static readonly TimeSpan Life = TimeSpan.FromMinutes(1);
    protected static readonly ObjectKey Exporter = new("default", ObjectKinds.Identity, "exporter");
    protected static readonly ObjectKey Importer = new("default", ObjectKinds.Identity, "importer");

    protected abstract IAuthorityStore Store { get; }

    /// <summary>Makes the store believe that this much time has passed.</summary>
    protected abstract Task Pass(TimeSpan time);

    public abstract ValueTask InitializeAsync();

    public abstract ValueTask DisposeAsync();

    protected async Task<long> Write(ObjectKey key, long expected, string? body)
    {
        var result = await Commit(new ObjectWrite(key, expected, body is null ? (ReadOnlyMemory<byte>?)null : Bytes(body), []));
        return Assert.IsType<CommitResult.Committed>(result).Number;
    }

    protected Task<CommitResult> Commit(params ObjectWrite[] writes) => Store.Commit(new Change([.. writes], "test", "because"), default);

    protected static (long, string, bool) Shown(StoredObject? stored) => (stored!.Number, Text(stored), stored.IsDeleted);

    protected static string Text(StoredObject stored) => Encoding.UTF8.GetString(stored.Body.Span);

    protected static SiloPlace Place(string slot) => new(slot, $"address of {slot}");

    protected static string Show(FeedEntry entry) =>
        $"{entry.Number} {string.Join(' ', entry.Keys.Order(Comparer<ObjectKey>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()))))}";

    protected static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
