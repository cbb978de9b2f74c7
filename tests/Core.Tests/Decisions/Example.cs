using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Risk;

namespace Assay.Core.Tests.Decisions;

/// <summary>An exporter that asks a payments API, to be changed where a test is about it.</summary>
internal static class Example
{
    public const string Payments = "https://payments.example";

    public static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    public static readonly EntityUid Exporters = new(EntityTypes.Role, "exporters");

    public static readonly Identity Exporter = new() { Id = "exporter", Memberships = [new Membership { Group = Exporters }] };

    public static readonly Api PaymentsApi = new()
    {
        Resource = Payments,
        Scopes = [new ApiScope("list", null, ["reading"]), new ApiScope("export", null, ["reading"]), new ApiScope("pay", null, [])],
    };

    public static readonly DirectorySnapshot Directory = DirectorySnapshot.Of([new Group { Uid = Exporters }], [PaymentsApi]);

    public static DecisionStage Stage => DecisionStage.Of(Directory, Exporter, Payments, Now)!;

    public static readonly DecisionInput Input = new()
    {
        Realm = "default",
        ClientId = "exporter",
        Time = Now,
        GrantType = "client_credentials",
        AuthenticationMethod = "private_key_jwt",
        CredentialHandle = "thumb",
        Resource = Payments,
        Scopes = ["list"],
        Risk = RiskAssessment.None,
        EntitlementAge = TimeSpan.FromSeconds(1),
        RiskAge = TimeSpan.FromSeconds(1),
        IdentityNumber = 7,
        DirectoryNumber = 9,
        PolicyDomain = PolicyDomains.Tokens,
        PolicyVersion = "v",
        DefaultLifetime = TimeSpan.FromMinutes(5),
        MaxLifetime = TimeSpan.FromMinutes(15),
    };

    /// <summary>A set without a schema, so that it may also say what no schema would let pass.</summary>
    public static LoadedPolicySet Policies(string text)
    {
        var loaded = LoadedPolicySet.LoadStored(new PolicyDocument([new PolicyFile("p.cedar", text)], null));
        Assert.Empty(loaded.Faults);
        return loaded.Set!;
    }

    public static Verdict Decide(string policies, DecisionInput? input = null, Identity? identity = null, DirectorySnapshot? directory = null) =>
        Decider.Decide(Policies(policies), directory ?? Directory, identity ?? Exporter, input ?? Input);

    /// <summary>Whether a condition over principal, action, resource and context holds.</summary>
    public static bool Holds(string condition, DecisionInput? input = null, Identity? identity = null, DirectorySnapshot? directory = null) =>
        Decide($"permit (principal, action, resource) when {{ {condition} }};", input, identity, directory).Scopes[0] switch
        {
            { Outcome: ScopeOutcome.Granted } => true,
            { Outcome: ScopeOutcome.NoPermit, Errors.IsEmpty: true } => false,
            var other => throw new InvalidOperationException(string.Join(", ", other.Errors)),
        };
}
