using System.Reflection;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Silo.ClientAuthentication;
using Assay.Silo.Tests.Storage;

namespace Assay.Silo.Tests.Authentication;

/// <summary>How long what is known of a client is kept.</summary>
public sealed class ClientRegistryTests
{
    private readonly TestClock clock = new();
    private readonly IAuthorityStore store = DispatchProxy.Create<IAuthorityStore, OneIdentity>();
    private readonly SiloView silo;
    private readonly ClientRegistry registry;

    public ClientRegistryTests()
    {
        silo = new SiloView(new SiloLease(TimeSpan.FromSeconds(10), TimeSpan.Zero, clock));
        registry = new ClientRegistry(store, silo, clock);
    }

    private OneIdentity Stored => (OneIdentity)(object)store;

    [Fact]
    public async Task A_client_is_read_once_until_the_feed_names_it()
    {
        var first = await Find("exporter");
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Same(first, await Find("exporter"));

        silo.Raise([new FeedEntry(5, [Key("importer")])]);
        Assert.Same(first, await Find("exporter"));
        Assert.Equal(1, Stored.Reads);

        silo.Raise([new FeedEntry(6, [Key("importer"), Key("exporter")])]);
        Assert.NotSame(first, await Find("exporter"));
        Assert.Equal(2, Stored.Reads);
    }

    [Fact]
    public async Task What_was_read_while_something_changed_is_not_kept()
    {
        var held = Stored.Hold();
        var reading = Find("exporter");
        silo.Raise([new FeedEntry(5, [Key("exporter")])]);
        held.SetResult();
        Assert.NotNull(await reading);

        await Find("exporter");

        Assert.Equal(2, Stored.Reads);
    }

    [Fact]
    public async Task Names_that_nobody_has_take_no_clients_place()
    {
        var known = await Find("exporter");
        Stored.IsThere = false;
        for (var i = 0; i <= ClientRegistry.UnknownCapacity; i++)
            await Find($"nobody-{i}");
        Stored.IsThere = true;

        Assert.Same(known, await Find("exporter"));
    }

    [Fact]
    public async Task Who_was_unknown_and_is_made_is_known()
    {
        Stored.IsThere = false;
        Assert.Null(await Find("exporter"));
        Stored.IsThere = true;
        silo.Raise([new FeedEntry(5, [Key("exporter")])]);

        var found = await Find("exporter");

        Assert.NotNull(found);
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Same(found, await Find("exporter"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a name")]
    [InlineData("nul\0")]
    [InlineData("ünïcode")]
    [InlineData("129 characters")]
    public async Task A_name_that_nobody_can_have_is_not_looked_for(string name)
    {
        var made = name.StartsWith("129", StringComparison.Ordinal) ? new string('a', 129) : name;

        Assert.Null(await Find(made));
        Assert.Null(await registry.FindAgain("default", made, CancellationToken.None));

        Assert.Equal(0, Stored.Reads);
    }

    [Fact]
    public async Task A_name_that_nobody_has_is_looked_for_once_a_second()
    {
        Stored.IsThere = false;

        Assert.Null(await Find("nobody"));
        Assert.Null(await Find("nobody"));
        Assert.Equal(1, Stored.Reads);

        clock.Advance(ClientRegistry.RereadInterval);
        Stored.IsThere = true;
        Assert.NotNull(await Find("nobody"));
    }

    private Task<RegisteredClient?> Find(string id) => registry.Find("default", id, CancellationToken.None).AsTask();

    private static ObjectKey Key(string id) => new("default", ObjectKinds.Identity, id);

    /// <summary>Has the identity that is asked for, and counts.</summary>
    public class OneIdentity : DispatchProxy
    {
        private TaskCompletionSource? held;

        public int Reads { get; private set; }

        public bool IsThere { get; set; } = true;

        public TaskCompletionSource Hold() => held = new TaskCompletionSource();

        protected override object Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            Assert.Equal(nameof(IAuthorityStore.Read), targetMethod!.Name);
            Reads++;
            return Answer((ObjectKey)args![0]!);
        }

        private async Task<StoredObject?> Answer(ObjectKey key)
        {
            if (Interlocked.Exchange(ref held, null) is { } one)
                await one.Task;
            return IsThere ? new StoredObject(key, 1, RegistryJson.Write(new Identity { Id = key.Id }), IsDeleted: false) : null;
        }
    }
}
