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

    // Those that all but few requests have.
    private static readonly StringValue ClientCredentials = Value.Of("client_credentials");
    private static readonly StringValue Unbound = Value.Of("none");
    private static readonly StringValue PrivateKey = Value.Of("private_key_jwt");
    private static readonly StringValue SecretInHeader = Value.Of("client_secret_basic");
    private static readonly StringValue SecretInBody = Value.Of("client_secret_post");

    private static readonly RecordShape WithOrigin = new("time", "grantType", "client", "binding", "risk", "origin", "entitlementsAge", "riskAge", "delegationDepth");
    private static readonly RecordShape WithoutOrigin = new("time", "grantType", "client", "binding", "risk", "entitlementsAge", "riskAge", "delegationDepth");
    private static readonly RecordShape ClientShape = new("method", "credential", "assurance");
    private static readonly RecordShape RiskShape = new("score", "level", "signals");
    private static readonly RecordShape OriginShape = new("ip");
    private static readonly RecordValue NoRisk = Of(RiskAssessment.None);

    // Of addresses that ask often. Of a fixed size: one takes the place of another, which costs reading it again.
    private static readonly KnownOrigin?[] Origins = new KnownOrigin?[256];

    /// <summary>The context of one request; all its scopes share it.</summary>
    public static RecordValue Of(DecisionInput input) => Of(input, Client(input.AuthenticationMethod, input.CredentialHandle));

    /// <summary>The same with what is kept of the stage.</summary>
    internal static RecordValue Of(DecisionInput input, DecisionStage stage) => Of(input, stage.ClientOf(input.AuthenticationMethod, input.CredentialHandle));

    private static RecordValue Of(DecisionInput input, RecordValue client) => Of(
        input.Time,
        Word(input.GrantType),
        client,
        Word(input.Binding),
        Risk(input.Risk),
        Origin(input.OriginIp),
        input.EntitlementAge,
        input.RiskAge);

    /// <summary>The context of parts, which may be shared by many requests.</summary>
    internal static RecordValue Of(
        DateTimeOffset moment, Value grant, RecordValue who, Value bound, RecordValue assessed, RecordValue? from, TimeSpan entitlementAge, TimeSpan ageOfRisk)
    {
        var (time, age) = (Value.Datetime(moment), Value.Duration(entitlementAge));
        var riskAge = ageOfRisk == entitlementAge ? age : Value.Duration(ageOfRisk);
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
        ClientShape, Word(method), Value.Of(credential), Value.Of(AssuranceOf(method)));

    /// <summary>Whether it is what <see cref="Client"/> makes of these.</summary>
    internal static bool IsClient(RecordValue client, string method, string credential) => Says(client, "credential", credential) && Says(client, "method", method);

    internal static RecordValue Risk(RiskAssessment risk) => ReferenceEquals(risk, RiskAssessment.None) ? NoRisk : Of(risk);

    internal static RecordValue? Origin(string? ip)
    {
        if (ip is null)
            return null;

        ref var place = ref Origins[(uint)ip.GetHashCode(StringComparison.Ordinal) % (uint)Origins.Length];
        if (Volatile.Read(ref place) is { } known && known.Ip == ip)
            return known.Origin;
        if (!Value.TryIp(Unmapped(ip), out var address))
            return null;
        var origin = Value.Record(OriginShape, address);
        Volatile.Write(ref place, new KnownOrigin(ip, origin));
        return origin;
    }

    private static RecordValue Of(RiskAssessment risk) => Value.Record(RiskShape, Value.Of((long)risk.Score), Value.Of(risk.Level), Names(risk.Signals));

    private static StringValue Word(string text) => text switch
    {
        "client_credentials" => ClientCredentials,
        "none" => Unbound,
        "private_key_jwt" => PrivateKey,
        "client_secret_basic" => SecretInHeader,
        "client_secret_post" => SecretInBody,
        _ => Value.Of(text),
    };

    private static bool Says(RecordValue record, string name, string text) => record.TryGetValue(name, out var value) && value is StringValue said && said.Value == text;

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

    private sealed record KnownOrigin(string Ip, RecordValue Origin);
}
