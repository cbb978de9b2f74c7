using System.Collections.Immutable;
using Assay.Grains.Authority;
using Assay.Core.Decisions;
using Assay.Core.Replay;
using Assay.Core.Risk;
using Assay.Core.Shadowing;
using Assay.Core.SharedSignals;
using Assay.Grains.Identities;
using Assay.Grains.Keys;
using Assay.Grains.Policies;
using Assay.Grains.SharedSignals;
using Assay.Grains.StatusLists;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Assay.Grains.Tests.Messages;

/// <summary>
/// The bytes of what silos say to each other. Two releases share a cluster during an upgrade, so a sample whose bytes change is a break on the wire:
/// add a field with a new id, never renumber or retype one; then replace the line in <c>golden.txt</c> by what the failing test says.
/// </summary>
public sealed class GoldenBytesTests
{
    private static readonly DateTimeOffset Time = new(2030, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    private static readonly DecisionInput Input = new()
    {
        Realm = "default",
        ClientId = "worker",
        Time = Time,
        GrantType = "client_credentials",
        AuthenticationMethod = "private_key_jwt",
        CredentialHandle = "key-1",
        Resource = "https://payments.example",
        Scopes = ["payments:read"],
        OriginIp = "192.0.2.1",
        Risk = new RiskAssessment(25, "medium", ["credential-leaked"]),
        EntitlementAge = TimeSpan.FromMilliseconds(12),
        RiskAge = TimeSpan.FromMilliseconds(13),
        IdentityNumber = 7,
        DirectoryNumber = 8,
        PolicyDomain = "tokens",
        PolicyVersion = "f00d",
        DefaultLifetime = TimeSpan.FromMinutes(5),
        MaxLifetime = TimeSpan.FromMinutes(15),
    };

    private static readonly Verdict Granted = new(
        [new ScopeDecision { Scope = "payments:read", Outcome = ScopeOutcome.Granted, Policies = ["readers"], MaxLifetime = TimeSpan.FromMinutes(2) }], TimeSpan.FromMinutes(2));

    /// <summary>As they are declared on the wire: a base type where the case may differ.</summary>
    private static readonly ImmutableArray<Sample> Samples =
    [
        new("decision-request", new DecisionRequest
        {
            RequestId = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"),
            GrantType = "client_credentials",
            AuthenticationMethod = "private_key_jwt",
            CredentialHandle = "key-1",
            Resource = "https://payments.example",
            Scopes = ["payments:read", "payments:write"],
            OriginIp = "192.0.2.1",
            AssertionHash = new AssertionHash(1UL << 36, 0),
            AssertionUntil = Time,
            MinimumNumber = 42,
        }),
        new("decision-request, bare", new DecisionRequest
        {
            RequestId = Guid.Empty, GrantType = "client_credentials", AuthenticationMethod = "client_secret_basic", CredentialHandle = "secret-1",
        }),
        new("decision-decided", new Decision.Decided(9, Input, Granted)),
        new("decision-refused", new Decision.Refused(9, RefusalReason.RateLimited, TimeSpan.FromSeconds(1), Input)),
        new("decision-refused, bare", new Decision.Refused(9, RefusalReason.AssertionReplayed, null, null)),
        new("decision-unavailable", new Decision.Unavailable(UnavailableReason.StorageAway)),
        new("identity-state", new IdentityState(5, "{}")),
        new("add-member", new IdentityChange.AddMember("Assay::Role::\"a\"", Time)),
        new("remove-member", new IdentityChange.RemoveMember("Assay::Role::\"a\"")),
        new("raise-signal", new IdentityChange.RaiseSignal("leaked", "admin", 40, TimeSpan.FromHours(1), Time)),
        new("clear-signal", new IdentityChange.ClearSignal("leaked")),
        new("disable", new IdentityChange.Disable("gone")),
        new("enable", new IdentityChange.Enable()),
        new("add-key", new IdentityChange.AddKey("{}", Time)),
        new("make-secret", new IdentityChange.MakeSecret(null)),
        new("revoke-credential", new IdentityChange.RevokeCredential("key-1")),
        new("declare", new IdentityChange.Declare("{}", 3)),
        new("delete", new IdentityChange.Delete()),
        new("change-done", new ChangeResult.Done(4, "secret-1", "shown once")),
        new("change-unchanged", new ChangeResult.Unchanged(4, "key-1")),
        new("change-rejected", new ChangeResult.Rejected(ChangeFault.Taken, "belongs to another")),
        new("policy-stored-done", new PolicyStored.Done("f00d", 6, ["a.cedar:2:1: it does nothing"])),
        new("policy-stored-refused", new PolicyStored.Refused(["a.cedar:1:1: no"])),
        new("policy-list", new PolicyList("f00d", 6, ["beef"], [new StoredPolicyVersion("f00d", 6, 2)])),
        new("policy-list, with a shadow", new PolicyList(
            "f00d", 6, ["beef"], [new StoredPolicyVersion("f00d", 6, 2)], new PolicyEvent(PolicyEventKind.Shadowed, "beef", "alice", Time, "trial", "bundle b applied", 7))),
        new("rotation-result", new RotationResult("kid-2", Time, 11)),
        new("decision-decided, with a shadow", new Decision.Decided(9, Input, Granted, new ShadowAnswer("beef", [new ScopeAnswer("payments:read", ScopeOutcome.NoPermit, [])], TimeSpan.Zero))),
        new("key-description", new KeyDescription("kid-1", "ES256", "Active", Time, Time, null, null, null)),
        new("decision-admitted", new Decision.Admitted(9)),
        new("stream-state", new StreamState(3, "{}", ["everybody"])),
        new("stream-change-create", new StreamChange.Create("gateway", new StreamSettings("mine", ["urn:type"], "https://gateway.example/events", "d3JhcHBlZA"))),
        new("stream-change-configure", new StreamChange.Configure(new StreamSettings(null, [], null, null))),
        new("stream-change-set-status", new StreamChange.SetStatus(StreamStatus.Paused, "maintenance", StreamHold.Administrator)),
        new("stream-change-add-subject", new StreamChange.AddSubject("identity:exporter")),
        new("stream-change-remove-subject", new StreamChange.RemoveSubject("everybody")),
        new("stream-change-verify", new StreamChange.Verify("state")),
        new("stream-change-delete", new StreamChange.Delete()),
        new("stream-result", new StreamResult(StreamOutcome.TooMany, null)),
        new("stream-batch", new StreamBatch(
            StreamOutcome.Done, [new StreamEvent("jti-1", "txn-1", 7, "urn:type", "exporter", "token-1", false, "{}")], true, "gateway", StreamHold.Right, "https://gateway.example/events", "d3JhcHBlZA",
            true, false)),
        new("refused-event", new RefusedEvent("jti-1", "invalid_key", "no such kid")),
        new("status-list-answer", new StatusListAnswer(StatusListOutcome.Found, "a.b.c"u8.ToArray())),
        new("status-list-answer, none", StatusListAnswer.Unavailable),
        new("evaluation-request", new EvaluationRequest
        {
            Resource = "https://payments.example",
            Scopes = ["payments:read"],
            GrantType = "client_credentials",
            PrincipalType = "Assay::Workload",
            AuthenticationMethod = "private_key_jwt",
            CredentialHandle = "key-1",
            OriginIp = "192.0.2.1",
            MinimumNumber = 42,
        }),
        new("evaluation-request, bare", new EvaluationRequest { Resource = "https://payments.example", GrantType = "client_credentials" }),
        new("batch-request", new BatchRequest
        {
            Asker = new DecisionRequest { RequestId = Guid.Empty, GrantType = "client_credentials", AuthenticationMethod = "client_secret_basic", CredentialHandle = "secret-1" },
            Wanted = [new Wanted("https://payments.example", ["payments:read"]), new Wanted(null, [])],
        }),
        new("decision-several", new Decision.Several(9, [new Decision.Decided(9, Input, Granted), new Decision.Refused(9, RefusalReason.RateLimited, TimeSpan.FromSeconds(1), null)])),
    ];

    private readonly Serializer serializer =
        new ServiceCollection().AddSerializer(builder => builder.AddAssembly(typeof(IIdentityGrain).Assembly)).BuildServiceProvider().GetRequiredService<Serializer>();

    [Fact]
    public void The_bytes_are_the_ones_that_are_checked_in()
    {
        var expected = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Messages", "golden.txt"));

        foreach (var (sample, line) in Samples.Zip(expected))
            Assert.Equal(line, Line(sample));
        Assert.Equal(expected.Length, Samples.Length);
    }

    /// <summary>What an older silo said is understood: the bytes that are checked in give the samples again.</summary>
    [Fact]
    public void The_bytes_that_are_checked_in_are_read_as_what_they_were()
    {
        foreach (var (sample, line) in Samples.Zip(File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Messages", "golden.txt"))))
        {
            var read = serializer.Deserialize<object>(Convert.FromHexString(line[(line.LastIndexOf(' ') + 1)..]))!;
            Assert.Equal(line, Line(sample with { Message = read }));
        }
    }

    private string Line(Sample sample) => $"{sample.Name}: {Convert.ToHexStringLower(serializer.SerializeToArray<object>(sample.Message))}";

    private sealed record Sample(string Name, object Message);
}
