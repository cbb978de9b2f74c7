using System.Collections.Immutable;
using System.Net;
using Assay.Cedar;
using Assay.Core.Risk;

namespace Assay.Core.Decisions;

/// <summary>
/// The Cedar context every action shares (<c>Assay::Context</c>, described in docs/policy.md). What is not known is absent, never guessed, so
/// policies guard it with <c>has</c>.
/// </summary>
public static class DecisionContext
{
    // Nobody acts for anybody else yet.
    private static readonly Value Nobody = Value.Of(0);

    private static readonly RecordShape WithOrigin = new("time", "grantType", "client", "binding", "risk", "origin", "entitlementsAge", "riskAge", "delegationDepth");
    private static readonly RecordShape WithoutOrigin = new("time", "grantType", "client", "binding", "risk", "entitlementsAge", "riskAge", "delegationDepth");
    private static readonly RecordShape ClientShape = new("method", "credential", "assurance");
    private static readonly RecordShape RiskShape = new("score", "level", "signals");
    private static readonly RecordShape OriginShape = new("ip");

    /// <summary>The context of one request; all its scopes share it.</summary>
    public static RecordValue Of(DecisionInput input) => Of(
        input.Time,
        Value.Of(input.GrantType),
        Client(input.AuthenticationMethod, input.CredentialHandle),
        Value.Of(input.Binding),
        Risk(input.Risk),
        Origin(input.OriginIp),
        input.EntitlementAge,
        input.RiskAge);

    /// <summary>The context of parts, which may be shared by many requests.</summary>
    internal static RecordValue Of(
        DateTimeOffset moment, Value grant, RecordValue who, Value bound, RecordValue assessed, RecordValue? from, TimeSpan entitlementAge, TimeSpan ageOfRisk)
    {
        var (time, age, riskAge) = (Value.Datetime(moment), Value.Duration(entitlementAge), Value.Duration(ageOfRisk));
        return from is { } origin
            ? Value.Record(WithOrigin, time, grant, who, bound, assessed, origin, age, riskAge, Nobody)
            : Value.Record(WithoutOrigin, time, grant, who, bound, assessed, age, riskAge, Nobody);
    }

    /// <summary>1 for a shared secret, 2 for proof of possession of a key, 0 for what is not known here.</summary>
    public static long AssuranceOf(string method) => method switch
    {
        "private_key_jwt" => 2,
        "client_secret_basic" or "client_secret_post" => 1,
        _ => 0,
    };

    internal static RecordValue Client(string method, string credential) => Value.Record(
        ClientShape, Value.Of(method), Value.Of(credential), Value.Of(AssuranceOf(method)));

    internal static RecordValue Risk(RiskAssessment risk) => Value.Record(
        RiskShape, Value.Of((long)risk.Score), Value.Of(risk.Level), Names(risk.Signals));

    internal static RecordValue? Origin(string? ip) => ip is not null && Value.TryIp(Unmapped(ip), out var address) ? Value.Record(OriginShape, address) : null;

    // A dual-stack socket shows IPv4 callers as ::ffff:192.0.2.1, which no range of IPv4 addresses holds.
    private static string Unmapped(string ip) =>
        ip.StartsWith("::ffff:", StringComparison.OrdinalIgnoreCase) && IPAddress.TryParse(ip, out var address) && address.IsIPv4MappedToIPv6
            ? address.MapToIPv4().ToString()
            : ip;

    private static SetValue Names(ImmutableArray<string> names)
    {
        if (names.IsEmpty)
            return SetValue.Empty;

        var values = new Value[names.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = Value.Of(names[i]);
        return Value.Set(values);
    }
}
