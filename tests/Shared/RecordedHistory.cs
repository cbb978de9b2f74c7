using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Risk;

namespace Assay.Tests.Shared;

/// <summary>
/// A past that never was: identities that ask a ledger for tokens, decided by the decider and recorded as silos record. A candidate takes the exporters' role out of
/// the policies; who loses by that is kept here by the rules of this story, not by asking policy.
/// </summary>
/// <remarks>
/// Everybody reads. Every third identity is an exporter, and every fifth an auditor, who may export too. Halfway through, every sixth loses the exporters' role. Every
/// seventh never asks to export, nor does anybody in every fourth request. One request in fifty comes at a risk at which everything is forbidden.
/// </remarks>
internal sealed class RecordedHistory
{
    public const string Resource = "https://ledger.example";

    private static readonly RiskAssessment Leaked = new(90, "critical", ["credential-leaked"]);
    private static readonly EntityUid Readers = new(EntityTypes.Role, "ledger-reader");
    private static readonly EntityUid Exporters = new(EntityTypes.Role, "ledger-exporter");
    private static readonly EntityUid Auditors = new(EntityTypes.Role, "ledger-auditor");

    private static readonly (string Id, string Text) ExportPolicy = ("export", "permit (principal in Assay::Role::\"ledger-exporter\", action == Action::\"ledger.export\", resource == Assay::Api::\"https://ledger.example\");");

    private static readonly (string Id, string Text)[] OtherPolicies =
    [
        ("read", "permit (principal in Assay::Role::\"ledger-reader\", action == Action::\"ledger.read\", resource == Assay::Api::\"https://ledger.example\");"),
        ("audit", "permit (principal in Assay::Role::\"ledger-auditor\", action == Action::\"ledger.export\", resource == Assay::Api::\"https://ledger.example\");"),
        ("leaked", "forbid (principal, action, resource) when { context.risk.score >= 80 };"),
    ];

    private readonly Identity[] first;
    private readonly Identity?[] second;
    private readonly long[] firstNumbers;
    private readonly long[] secondNumbers;
    private readonly DirectorySnapshot directory = DirectorySnapshot.Of(Groups, [Api]);
    private readonly LoadedPolicySet policies = LoadedPolicySet.Load(Policies).Set!;
    private readonly Dictionary<string, long> losing = new(StringComparer.Ordinal);

    public RecordedHistory(int identities)
    {
        first = [.. Enumerable.Range(0, identities).Select(First)];
        second = [.. Enumerable.Range(0, identities).Select(i => i % 6 == 0 ? Second(first[i]) : null)];
        (firstNumbers, secondNumbers) = (new long[identities], new long[identities]);
    }

    public static Group[] Groups { get; } = [new Group { Uid = Readers }, new Group { Uid = Exporters }, new Group { Uid = Auditors }];

    public static Api Api { get; } = new() { Resource = Resource, Scopes = [new ApiScope("ledger.read", null, []), new ApiScope("ledger.export", null, [])] };

    /// <summary>What decides.</summary>
    public static PolicyDocument Policies { get; } = Document([ExportPolicy, .. OtherPolicies]);

    /// <summary>What would decide: nobody exports for being an exporter.</summary>
    public static PolicyDocument WithoutExporters { get; } = Document(OtherPolicies);

    /// <summary>The identities as they are to begin with.</summary>
    public IReadOnlyList<Identity> Beginnings => first;

    /// <summary>Those that become something else halfway, by their place in <see cref="Beginnings"/>.</summary>
    public IEnumerable<(int Place, Identity Identity)> Changed => second.Select((identity, place) => (place, identity!)).Where(changed => changed.Item2 is not null);

    /// <summary>Who would lose <c>ledger.export</c>, and in how many of the records made so far.</summary>
    public IReadOnlyDictionary<string, long> Losing => losing;

    /// <summary>The feed numbers that the versions became where they are stored.</summary>
    public void Stored(int place, bool changed, long number) => (changed ? secondNumbers : firstNumbers)[place] = number;

    /// <summary>The identity at a place of <see cref="Beginnings"/>, as one half of the story knows it.</summary>
    public Identity At(int place, bool late) => late && second[place] is { } changed ? changed : first[place];

    /// <summary>One decision and its record.</summary>
    /// <param name="n">Which one; the same number is the same request.</param>
    /// <param name="late">Of the second half.</param>
    public EvidenceRecord Record(long n, bool late, RecordId id, DateTimeOffset time, long directoryNumber)
    {
        var i = (int)(n * 7919 % first.Length);
        var identity = At(i, late);
        var exports = n % 4 != 0 && i % 7 != 0;
        var leaked = n % 50 == 0;
        var input = new DecisionInput
        {
            Realm = "default",
            ClientId = identity.Id,
            Time = time,
            GrantType = "client_credentials",
            AuthenticationMethod = "private_key_jwt",
            CredentialHandle = $"thumbprint-of-the-key-of-ledger-client-{i:000000}",
            Resource = Resource,
            Scopes = exports ? ["ledger.read", "ledger.export"] : ["ledger.read"],
            OriginIp = $"10.0.{i / 250 % 250}.{i % 250}",
            Risk = leaked ? Leaked : RiskAssessment.None,
            EntitlementAge = TimeSpan.FromMilliseconds(n % 2000),
            RiskAge = TimeSpan.FromMilliseconds(n % 2000),
            IdentityNumber = late && second[i] is not null ? secondNumbers[i] : firstNumbers[i],
            DirectoryNumber = directoryNumber,
            PolicyDomain = PolicyDomains.Tokens,
            PolicyVersion = policies.Version,
            DefaultLifetime = TimeSpan.FromMinutes(5),
            MaxLifetime = TimeSpan.FromMinutes(15),
        };
        if (exports && !leaked && i % 3 == 0 && i % 5 != 0 && !(late && i % 6 == 0))
            losing[identity.Id] = losing.GetValueOrDefault(identity.Id) + 1;
        return Recorded(input, Decider.Decide(policies, directory, identity, input), id);
    }

    private static EvidenceRecord Recorded(DecisionInput input, Verdict verdict, RecordId id)
    {
        var record = new EvidenceRecord
        {
            Kind = EvidenceKind.Denial, Shard = id.Shard, Position = id.Position, Node = "silo-1", Time = input.Time, RequestId = new Guid((int)id.Position, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
            Input = input, Verdict = verdict, Error = "invalid_scope",
        };
        return verdict.GrantsAny
            ? record with
            {
                Kind = EvidenceKind.Permit, Error = null, JwtId = $"jti-{id.Position:000000000000000000}", KeyId = "the-key-that-signed-this-token-2026-11-1234", ExpiresAt = input.Time + verdict.Lifetime,
                SigningInputHash = new string('A', 43), SpentAssertion = new string('0', 32),
            }
            : record;
    }

    private static Identity First(int i) => new()
    {
        Id = $"ledger-client-{i:000000}",
        Name = $"Client {i}",
        Memberships =
        [
            new Membership { Group = Readers },
            .. i % 3 == 0 ? (Membership[])[new Membership { Group = Exporters }] : [],
            .. i % 5 == 0 ? (Membership[])[new Membership { Group = Auditors }] : [],
        ],
    };

    private static Identity Second(Identity identity) =>
        identity with { Memberships = [.. identity.Memberships.Select(member => member.Group == Exporters ? member with { RemovedAt = DateTimeOffset.UnixEpoch } : member)] };

    private static PolicyDocument Document((string Id, string Text)[] policies) =>
        new([new PolicyFile("policies/ledger.cedar", string.Join('\n', policies.Select(policy => $"@id(\"{policy.Id}\") {policy.Text}")))], null) { Actions = ActionDeclarations.Of(Api.Scopes, null) };
}
