using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Risk;
using CsCheck;

namespace Assay.Core.Tests.Decisions;

/// <summary>Random identities, directories, policies and requests, such that every outcome comes about.</summary>
internal static class Situations
{
    private static readonly DateTimeOffset Now = Example.Now;
    private static readonly EntityUid[] Groups = [.. "abc".Select(name => new EntityUid(EntityTypes.Role, name.ToString()))];
    private static readonly string[] Scopes = ["list", "export", "pay", "other"];

    private static readonly Gen<Membership> Memberships = Gen.Select(Gen.OneOfConst(Groups), Times(), Gen.Int[0, 4], (group, expires, removed) => new Membership
    {
        Group = group, ExpiresAt = expires, RemovedAt = removed == 0 ? Now.AddDays(-1) : null,
    });

    private static readonly Gen<RiskSignal> Signals = Gen.Select(
        Gen.OneOfConst("leak", "travel", "rate"), Gen.Int[1, 100], Gen.Int[0, 72], Generate.Maybe(Gen.Int[1, 48].Select(hours => TimeSpan.FromHours(hours))), Times(),
        (name, weight, age, halfLife, expires) => new RiskSignal
        {
            Name = name, Source = "admin", Weight = weight, RaisedAt = Now.AddHours(-age), HalfLife = halfLife, ExpiresAt = expires,
        });

    private static readonly Gen<Identity> Identities = Gen.Select(
        Gen.Bool, Generate.Text.Null(), Generate.Attributes, Generate.List(Memberships), Generate.List(Signals),
        (person, name, attributes, memberships, signals) => new Identity
        {
            Id = "client", Kind = person ? IdentityKind.Person : IdentityKind.Workload, Name = name, Attributes = attributes, Memberships = memberships, Signals = signals,
        });

    // a lies in b, b in c, where they are there at all.
    private static readonly Gen<ImmutableArray<Group>> Directories = Gen.Bool.Array[6].Select(bits => Enumerable.Range(0, 3)
        .Where(i => bits[i])
        .Select(i => new Group { Uid = Groups[i], Parents = i < 2 && bits[i + 3] ? [Groups[i + 1]] : [] })
        .ToImmutableArray());

    private static readonly Gen<Api> Apis = Gen.Select(Gen.Bool.Array[6], Generate.Maybe(Gen.Int[60, 900]), (bits, life) => new Api
    {
        Resource = Example.Payments,
        Scopes = [.. Enumerable.Range(0, 3).Select(i => new ApiScope(Scopes[i], null, bits[i] ? ["family"] : []))],
        MaxTokenLifetime = life is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
    });

    private static readonly Gen<string> Conditions = Gen.OneOfConst(
        "", "when { principal in Assay::Role::\"a\" }", "when { principal in Assay::Role::\"c\" }", "unless { action in Action::\"family\" }",
        "when { context.risk.score >= 50 }", "when { context.risk.level == \"low\" }", "when { context.risk.signals.contains(\"leak\") }",
        "when { context has origin && context.origin.ip.isInRange(ip(\"10.0.0.0/8\")) }", "when { context.client.assurance >= 2 }", "when { principal has name }",
        "when { principal.name like \"*a*\" }", "when { context.colour == 1 }", "when { context.time > datetime(\"2026-01-31T12:00:00Z\") }",
        "when { context.entitlementsAge < duration(\"30s\") }", "when { principal is Assay::Person }", "when { action == Action::\"pay\" }");

    private static readonly Gen<string> Permits = Gen.Select(
        Gen.OneOfConst("", "", "@bind(\"any\") ", "@bind(\"dpop\") "), Gen.OneOfConst("", "@max_ttl(\"90s\") ", "@max_ttl(\"12m\") "), Gen.OneOfConst("", "@reason(\"so\") "), Conditions,
        (bind, life, reason, condition) => $"{bind}{life}{reason}permit (principal, action, resource) {condition};");

    private static readonly Gen<string> Forbids = Gen.Select(
        Gen.OneOfConst("@step_up(\"approval\") ", "@step_up(\"attestation\") ", ""), Gen.OneOfConst("", "@reason(\"no\") @public "), Conditions.Where(condition => condition.Length > 0),
        (stepUp, reason, condition) => $"{stepUp}{reason}forbid (principal, action, resource) {condition};");

    // No schema twice as often as one; one that knows all scopes in the family, and one that lacks some.
    private static readonly Gen<string?> Actions = Gen.OneOfConst(
        null, null, ActionDeclarations.Of(Scopes[..3].Select(scope => new ApiScope(scope, null, ["family"])), null), ActionDeclarations.Of([new ApiScope("list", null, [])], null));

    private static readonly Gen<PolicyDocument> Documents = Gen.Select(
        Permits.Array[0, 4], Forbids.Array[0, 2], Actions, Gen.OneOfConst(null, null, "namespace Assay { entity Workload in [Role, Team] = { tier?: Long }; }"),
        (permits, forbids, actions, schema) => new PolicyDocument(
            [new PolicyFile("permits.cedar", string.Join('\n', permits)), new PolicyFile("forbids.cedar", string.Join('\n', forbids))], schema) { Actions = actions });

    private static readonly Gen<DecisionInput> Asks = Gen.Select(
        Gen.Shuffle(Scopes, 0, 4), Gen.OneOfConst("none", "dpop", "mtls"), Gen.OneOfConst(null, "10.0.0.1", "192.0.2.1", "?"), Gen.OneOfConst("private_key_jwt", "client_secret_basic"),
        Gen.Long[0, 60 * TimeSpan.TicksPerSecond], Gen.Long[-TimeSpan.TicksPerHour, TimeSpan.TicksPerHour],
        (scopes, binding, ip, method, age, time) => Example.Input with
        {
            ClientId = "client",
            Scopes = [.. scopes],
            Binding = binding,
            OriginIp = ip,
            AuthenticationMethod = method,
            EntitlementAge = TimeSpan.FromTicks(age),
            Time = Now.AddTicks(time),
        });

    /// <summary>The risk of the request is that of the identity at that moment.</summary>
    public static readonly Gen<(Identity Identity, ImmutableArray<Group> Groups, Api Api, PolicyDocument Policies, DecisionInput Input)> All =
        Gen.Select(Identities, Directories, Apis, Documents, Asks, (identity, groups, api, policies, input) =>
            (identity, groups, api, policies, input with { Risk = RiskScore.Assess(identity.Signals, input.Time) }));

    /// <summary>Other policies for the same requests.</summary>
    public static Gen<PolicyDocument> Policies => Documents;

    /// <summary>The record of a decision.</summary>
    public static EvidenceRecord Record(DecisionInput input, Verdict verdict)
    {
        var record = new EvidenceRecord { Kind = EvidenceKind.Denial, Shard = 1, Position = 2, Node = "n", Time = input.Time, Input = input, Verdict = verdict, Error = "invalid_scope" };
        return verdict.GrantsAny
            ? record with { Kind = EvidenceKind.Permit, Error = null, JwtId = "j", KeyId = "k", ExpiresAt = input.Time, SigningInputHash = new string('A', 43) }
            : record;
    }

    private static Gen<DateTimeOffset?> Times() => Generate.Maybe(Gen.Long[-TimeSpan.TicksPerHour, TimeSpan.TicksPerHour].Select(ticks => Now.AddTicks(ticks)));
}
