using System.Collections.Immutable;
using Assay.Cedar;

namespace Assay.Core.Decisions;

/// <summary>
/// The Cedar context every action shares (<c>Assay::Context</c>). What is not known is absent, never guessed, so policies guard it with <c>has</c>.
/// </summary>
public static class DecisionContext
{
    public static RecordValue Of(DecisionInput input)
    {
        var fields = new List<KeyValuePair<string, Value>>(11)
        {
            new("time", Value.Datetime(input.Time)),
            new("grantType", Value.Of(input.GrantType)),
            new("client", Value.Record(
                ("method", Value.Of(input.AuthenticationMethod)),
                ("credential", Value.Of(input.CredentialHandle)),
                ("assurance", Value.Of(AssuranceOf(input.AuthenticationMethod))))),
            new("binding", Value.Of(input.Binding)),
            new("risk", Value.Record(
                ("score", Value.Of((long)input.Risk.Score)),
                ("level", Value.Of(input.Risk.Level)),
                ("signals", Names(input.Risk.Signals)))),
            new("entitlementsAge", Value.Duration(input.EntitlementAge)),
            new("riskAge", Value.Duration(input.RiskAge)),
            new("delegationDepth", Value.Of(0L)),
        };
        if (input.OriginIp is { } ip && Value.TryIp(ip, out var address))
            fields.Add(new("origin", Value.Record(("ip", address))));
        return Value.Record(fields);
    }

    /// <summary>1 for a shared secret, 2 for a proof of possession of a key.</summary>
    public static long AssuranceOf(string method) => method == "private_key_jwt" ? 2 : 1;

    private static SetValue Names(ImmutableArray<string> names)
    {
        var values = new Value[names.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = Value.Of(names[i]);
        return Value.Set(values);
    }
}
