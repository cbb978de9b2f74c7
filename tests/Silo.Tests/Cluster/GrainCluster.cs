using System.Security.Cryptography;
using Assay.Core.Evidence;
using Assay.Core.Jose;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Core.SharedSignals;
using Assay.Core.StatusLists;
using Assay.Core.Tokens;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Grains.Keys;
using Assay.Grains.SharedSignals;
using Assay.Silo.ClientAuthentication;
using Assay.Silo.Evidence;
using Assay.Silo.SharedSignals;
using Assay.Silo.Signing;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage;
using Assay.Silo.Tokens;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Orleans.TestingHost;

namespace Assay.Silo.Tests.Cluster;

/// <summary>What became of one use of an assertion.</summary>
internal enum Use
{
    Issued,
    Replayed,
    Refused,
    Unavailable,
}

/// <summary>Two silos in this process with the grains of the product, over one store and with the grain directory of a cluster.</summary>
internal sealed class GrainCluster : IAsyncDisposable
{
    public const string Realm = GrainKey.DefaultRealm;
    public const string SigningKeyId = "signing-key-1";

    /// <summary>Of a silo that is to be over soon once it is gone; and still longer than a busy machine lets a thread wait.</summary>
    public static readonly TimeSpan BriefLease = TimeSpan.FromSeconds(6);

    private const string Issuer = "http://127.0.0.1:8420";
    private const string Payments = "https://payments.example";

    private readonly TemporaryFolder temporary = new();
    private readonly DataFolder folder;
    private readonly SqliteStorage storage;
    private readonly InProcessTestCluster cluster;
    private readonly ECDsa signingKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly TimeSpan leaseLife;
    private long minted;
    private int workers;

    private GrainCluster(bool withEvents, TimeSpan leaseLife)
    {
        this.leaseLife = leaseLife;
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, TimeProvider.System);
        var builder = new InProcessTestClusterBuilder(2);
#pragma warning disable ORLEANSEXP003 // the directory that the product uses
        builder.Options.UseDistributedGrainDirectory = true;
#pragma warning restore ORLEANSEXP003
        builder.Options.InitializeClientOnDeploy = false;
        builder.Options.GatewayPerSilo = false;
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSiloHost((options, host) => AddSilo(host, options.SiloName, withEvents));
        cluster = builder.Build();
    }

    public IReadOnlyList<InProcessSiloHandle> Silos => cluster.Silos;

    public IAuthorityStore Store => storage.Authority;

    /// <summary>The identity that all calls are about.</summary>
    public string Worker { get; private set; } = "";

    /// <summary>Its only credential.</summary>
    public string Key { get; private set; } = "";

    /// <param name="withEvents">The silos push event streams too.</param>
    /// <param name="leaseLife">A minute when null: in which no machine stands still.</param>
    public static async Task<GrainCluster> Start(bool withEvents = false, TimeSpan? leaseLife = null)
    {
        var started = new GrainCluster(withEvents, leaseLife ?? TimeSpan.FromMinutes(1));
        await started.Declare();
        await started.Begin();
        await started.cluster.DeployAsync();
        if (withEvents)
        {
            var key = new SignerKey("set-key-1", KeyPurposes.SecurityEvents, DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, DateTimeOffset.MaxValue, started.signingKey);
            foreach (var silo in started.Silos)
                started.Service<TokenSigner>(silo).Swap(new SignerSet([key]));
        }

        return started;
    }

    /// <summary>From here on all calls are about another identity, to which nothing has happened yet.</summary>
    public async Task Begin()
    {
        var number = ++workers;
        (Worker, Key) = ($"worker-{number}", $"key-{number}");
        var worker = new Identity
        {
            Id = Worker,
            Credentials = [new Credential { Handle = Key, Kind = CredentialKind.PublicKey, PublicJwk = "{}", CreatedAt = DateTimeOffset.UnixEpoch }],
        };
        var change = new Change([new ObjectWrite(new ObjectKey(Realm, ObjectKinds.Identity, Worker), 0, RegistryJson.Write(worker), [])], "tests", "declared");
        Assert.IsType<CommitResult.Committed>(await Store.Commit(change, CancellationToken.None));
    }

    public T Service<T>(InProcessSiloHandle silo)
        where T : notnull => cluster.GetSiloServiceProvider(silo.SiloAddress).GetRequiredService<T>();

    public IIdentityGrain Identity(InProcessSiloHandle asked) => Service<IGrainFactory>(asked).GetGrain<IIdentityGrain>(GrainKey.For(Realm, Worker));

    /// <summary>The silo the identity lives on.</summary>
    public InProcessSiloHandle Home => cluster.Silos.Single(silo => silo.SiloAddress.Equals(Activation.Address.SiloAddress));

    /// <summary>Makes the identity live there from its first call on.</summary>
    public async Task Settle(InProcessSiloHandle home)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, home.SiloAddress);
        await Identity(home).Read();
        RequestContext.Clear();
        Assert.Same(home, Home);
    }

    public DecisionRequest Request(ulong assertion, Guid? id = null) => new()
    {
        RequestId = id ?? Guid.NewGuid(),
        GrantType = "client_credentials",
        AuthenticationMethod = "private_key_jwt",
        CredentialHandle = Key,
        Resource = Payments,
        AssertionHash = new AssertionHash(0, assertion),
        AssertionUntil = TimeProvider.System.GetUtcNow().AddMinutes(5),
    };

    /// <summary>What a silo does with a request: it lets the identity decide, records it, and answers when the record is durable.</summary>
    public async Task<Use> Present(InProcessSiloHandle receiver, ulong assertion)
    {
        var gate = Service<DecisionGate>(receiver);
        using var passage = gate.Enter();
        var request = Request(assertion);
        switch (await Identity(receiver).Decide(request with { MinimumNumber = gate.Floor }))
        {
            case Decision.Decided decided when decided.Verdict.GrantsAny && passage.Decided(decided.Number):
                using (var slot = Service<EvidenceAppender>(receiver).Reserve())
                {
                    if (slot is null)
                        return Use.Unavailable;
                    var record = new EvidenceRecord
                    {
                        Kind = EvidenceKind.Permit, Shard = slot.Shard, Position = slot.Position, Node = receiver.Name, Time = decided.Input.Time, Input = decided.Input,
                        Verdict = decided.Verdict, RequestId = request.RequestId,
                    };
                    slot.Fill(record.Encode(), new EvidenceEntry(Realm, Worker, Key, new SpentAssertion(new AssertionHash(0, assertion), request.AssertionUntil)));
                    return await slot.Committed && passage.MayLeave() ? Use.Issued : Use.Unavailable;
                }

            case Decision.Refused { Reason: RefusalReason.AssertionReplayed }:
                return Use.Replayed;
            case Decision.Refused:
                return Use.Refused;
            default:
                return Use.Unavailable;
        }
    }

    /// <summary>A token as a silo mints it, and the number it was decided at; without its record.</summary>
    public async Task<(byte[] Token, string JwtId, Decision.Decided Decided)> Mint(InProcessSiloHandle receiver)
    {
        using var passage = Service<DecisionGate>(receiver).Enter();
        var request = Request(0) with { AssertionHash = null };
        var decided = Assert.IsType<Decision.Decided>(await Service<IdentityCalls>(receiver).Ask(Question.Decide, Worker, request, passage, default));
        var handles = Service<TokenHandles>(receiver);
        ulong[] ends = [handles.Of(RevocationKind.Credential, Key), handles.Of(RevocationKind.PolicyVersion, decided.Input.PolicyVersion)];
        byte[] keyStream = new byte[Provenance.Size(ends.Length)], provenance = new byte[Provenance.TextLength(ends.Length)];
        var jti = Service<JtiCodec>(receiver).Encode(new RecordId(99, Interlocked.Increment(ref minted)), keyStream);
        Provenance.Write(Provenance.FirstTimeline, decided.Number, ends, keyStream, provenance);
        using var token = new JwtWriter();
        new AccessTokenClaims(Issuer, Worker, Payments, ["payments:read"], decided.Input.Time, TimeSpan.FromMinutes(5))
            .WriteTo(token.Claims, System.Text.Encoding.ASCII.GetBytes(jti), provenance, new StatusReference(new StatusListAddress("a", Issuer + "/status-lists/a"), 0));
        token.Seal(new JwsHeaderSegment(JoseAlg.ES256, JoseType.AccessToken, SigningKeyId));
        Assert.True(token.TrySign(signingKey));
        return (token.Token.ToArray(), jti, decided);
    }

    /// <summary>What a silo says of a token.</summary>
    public TokenState Examine(InProcessSiloHandle asked, byte[] token)
    {
        using var passage = Service<DecisionGate>(asked).Enter();
        return Service<Introspector>(asked).Examine(token, passage);
    }

    public async Task Move(InProcessSiloHandle target)
    {
        var leaving = Activation;
        leaving.Migrate(new Dictionary<string, object> { [IPlacementDirector.PlacementHintKey] = target.SiloAddress });
        await leaving.Deactivated;
    }

    /// <summary>One more silo.</summary>
    public Task<InProcessSiloHandle> Join() => cluster.StartAdditionalSiloAsync();

    /// <summary>As an operator stops it.</summary>
    public Task Stop(InProcessSiloHandle silo) => cluster.StopSiloAsync(silo);

    /// <summary>As the kernel kills it: it hands nothing over and gives nothing back.</summary>
    public Task Kill(InProcessSiloHandle silo)
    {
        Service<CuttableStore>(silo).Cut();
        return cluster.KillSiloAsync(silo);
    }

    public async ValueTask DisposeAsync()
    {
        await cluster.DisposeAsync();
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
        signingKey.Dispose();
    }

    private IGrainContext Activation =>
        cluster.TryGetGrainContext(GrainId.Create("identity", GrainKey.For(Realm, Worker)), out var context)
            ? context
            : throw new InvalidOperationException("the identity is on no silo");

    private void AddSilo(IHostApplicationBuilder host, string name, bool withEvents)
    {
        var services = host.Services;
        services.AddSingleton(new CuttableStore(storage.Authority, storage.Log));
        services.AddSingleton<IAuthorityStore>(provider => provider.GetRequiredService<CuttableStore>());
        services.AddSingleton<IEvidenceStore>(provider => provider.GetRequiredService<CuttableStore>());
        services.AddSingleton<ISiloAddress, OrleansSiloAddress>();
        services.AddSingleton<ISiloEnd, NoEnd>();
        services.AddSingleton<ISecretMaker>(new ClientSecrets(new byte[32]));
        services.AddSingleton(new TokenHandles(new byte[32]));
        services.AddSingleton(new JtiCodec(new byte[32]));
        services.AddSingleton(new SiloIdentity(Issuer, name));
        services.AddSingleton<IdentityCalls>();
        services.AddSingleton<Introspector>();
        services.AddSingleton<Revoker>();
        services.AddAuthority();
        services.AddEvidence();
        services.Configure<AuthorityOptions>(options =>
        {
            options.Slot = name;
            options.LeaseLife = leaseLife;
            options.LeaseMargin = leaseLife / 60;
            options.RenewEvery = TimeSpan.FromMilliseconds(400);
            options.PollEvery = TimeSpan.FromMilliseconds(50);
        });
        services.Configure<GrainDirectoryOptions>(options => options.RangeLeaseDuration = TimeSpan.Zero);
        if (!withEvents)
            return;
        services.AddSingleton<IEventStore>(storage.Events);
        services.AddSingleton<TokenSigner>();
        services.AddSingleton<IKeyVault>(new KeyVault(new byte[32]));
        services.AddSharedSignals();
        host.Configuration["Assay:Events:SweepEvery"] = "00:00:00.5";
        host.Configuration["Assay:Events:FirstRetry"] = "00:00:00.1";
        services.AddSingleton(new EventNames(new byte[32]));
    }

    private async Task Declare()
    {
        var document = new PolicyDocument([new PolicyFile("policies/all.cedar", "@id(\"all\") permit(principal, action, resource);")], null);
        var version = document.ContentHash();
        var signing = new SigningKey
        {
            KeyId = SigningKeyId, Purpose = KeyPurposes.AccessToken, Algorithm = JoseAlg.ES256, PublicJwk = JsonWebKey.From(signingKey, SigningKeyId).ToJson(), WrappedPrivateKey = "",
            AnnouncedAt = DateTimeOffset.UnixEpoch, ActivatesAt = DateTimeOffset.UnixEpoch,
        };
        var api = new Api { Resource = Payments, Scopes = [new ApiScope("payments:read", null, [])] };
        var events = new Api { Resource = EventScopes.Resource, Scopes = [new ApiScope(EventScopes.Read, null, [])] };
        var committed = await Store.Commit(
            new Change(
                [
                    Write(ObjectKinds.Api, Payments, RegistryJson.Write(api)),
                    Write(ObjectKinds.Api, EventScopes.Resource, RegistryJson.Write(events)),
                    Write(ObjectKinds.SigningKey, "access-token/" + SigningKeyId, RegistryJson.Write(signing)),
                    Write(ObjectKinds.PolicySet, $"tokens/{version}", RegistryJson.Write(document)),
                    Write(ObjectKinds.ActivePolicy, "tokens", RegistryJson.Write(new PolicyPointer(version, []))),
                ],
                "tests",
                "declared"),
            CancellationToken.None);
        Assert.IsType<CommitResult.Committed>(committed);

        static ObjectWrite Write(string kind, string id, ReadOnlyMemory<byte> body) => new(new ObjectKey(Realm, kind, id), 0, body, []);
    }

    /// <summary>These silos end when the test says so.</summary>
    private sealed class NoEnd : ISiloEnd
    {
        public void AtOnce(string why)
        {
        }
    }
}

/// <summary>One cluster for the tests of a class, each about an identity of its own.</summary>
public sealed class GrainClusterFixture : IAsyncLifetime
{
    internal GrainCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await GrainCluster.Start();

    public async ValueTask DisposeAsync() => await Cluster.DisposeAsync();
}
