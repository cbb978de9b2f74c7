using System.Text.Json;
using Assay.Core.Json;
using Assay.Core.Replay;
using Assay.Core.Risk;
using Assay.Core.Shadowing;

namespace Assay.Core.Decisions;

/// <summary>
/// Inputs, verdicts and what a shadow set said, as evidence holds them and silos send them to each other: compact UTF-8 JSON, times in milliseconds (since 1970 for
/// moments), empty lists and unknown things left out. Read strictly: a <see cref="FormatException"/> says what is wrong and where.
/// </summary>
public static class DecisionJson
{
    private const int Version = 1;

    internal static readonly Words<ScopeOutcome> Outcomes = new(
        ("granted", ScopeOutcome.Granted),
        ("unknownScope", ScopeOutcome.UnknownScope),
        ("noPermit", ScopeOutcome.NoPermit),
        ("forbidden", ScopeOutcome.Forbidden),
        ("stepUpRequired", ScopeOutcome.StepUpRequired),
        ("bindingRequired", ScopeOutcome.BindingRequired),
        ("policyError", ScopeOutcome.PolicyError));

    public static byte[] Write(DecisionInput input) => StrictDocument.Encode(input, Version, WriteMembers);

    public static byte[] Write(Verdict verdict) => StrictDocument.Encode(verdict, Version, WriteMembers);

    public static byte[] Write(ShadowAnswer shadow) => StrictDocument.Encode(shadow, Version, WriteMembers);

    public static DecisionInput ReadInput(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "decision input", Version, ReadInput);

    public static Verdict ReadVerdict(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "verdict", Version, ReadVerdict);

    public static ShadowAnswer ReadShadow(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "shadow answer", Version, ReadShadow);

    internal static void WriteMembers(Utf8JsonWriter json, DecisionInput input)
    {
        json.WriteString("realm"u8, input.Realm);
        json.WriteString("clientId"u8, input.ClientId);
        json.WriteNumber("time"u8, input.Time.ToUnixTimeMilliseconds());
        json.WriteString("grantType"u8, input.GrantType);
        json.WriteString("method"u8, input.AuthenticationMethod);
        json.WriteString("credential"u8, input.CredentialHandle);
        json.WriteString("binding"u8, input.Binding);
        json.WriteString("resource"u8, input.Resource);
        json.WriteTexts("scopes", input.Scopes);
        if (input.OriginIp is { } ip)
            json.WriteString("ip"u8, ip);
        json.WriteStartObject("risk"u8);
        json.WriteNumber("score"u8, input.Risk.Score);
        json.WriteString("level"u8, input.Risk.Level);
        json.WriteTexts("signals", input.Risk.Signals);
        json.WriteEndObject();
        json.WriteNumber("entitlementAge"u8, Milliseconds(input.EntitlementAge));
        json.WriteNumber("riskAge"u8, Milliseconds(input.RiskAge));
        json.WriteNumber("identityNumber"u8, input.IdentityNumber);
        json.WriteNumber("directoryNumber"u8, input.DirectoryNumber);
        json.WriteString("policyDomain"u8, input.PolicyDomain);
        json.WriteString("policyVersion"u8, input.PolicyVersion);
        json.WriteNumber("defaultLifetime"u8, Milliseconds(input.DefaultLifetime));
        json.WriteNumber("maxLifetime"u8, Milliseconds(input.MaxLifetime));
    }

    internal static DecisionInput ReadInput(StrictObject json) => new()
    {
        Realm = json.Text("realm"),
        ClientId = json.Text("clientId"),
        Time = json.UnixMilliseconds("time"),
        GrantType = json.Text("grantType"),
        AuthenticationMethod = json.Text("method"),
        CredentialHandle = json.Text("credential"),
        Binding = json.Text("binding"),
        Resource = json.Text("resource"),
        Scopes = json.Texts("scopes"),
        OriginIp = json.OptionalText("ip"),
        Risk = json.Object("risk", ReadRisk),
        EntitlementAge = json.Milliseconds("entitlementAge"),
        RiskAge = json.Milliseconds("riskAge"),
        IdentityNumber = json.Long("identityNumber"),
        DirectoryNumber = json.Long("directoryNumber"),
        PolicyDomain = json.Text("policyDomain"),
        PolicyVersion = json.Text("policyVersion"),
        DefaultLifetime = json.Milliseconds("defaultLifetime"),
        MaxLifetime = json.Milliseconds("maxLifetime"),
    };

    internal static RiskAssessment ReadRisk(StrictObject json) => new(json.Int("score"), json.Text("level"), json.Texts("signals"));

    internal static void WriteMembers(Utf8JsonWriter json, Verdict verdict)
    {
        json.WriteStartArray("scopes"u8);
        foreach (var scope in verdict.Scopes)
        {
            json.WriteStartObject();
            json.WriteString("scope"u8, scope.Scope);
            json.WriteString("outcome"u8, Outcomes.Of(scope.Outcome));
            json.WriteTexts("policies", scope.Policies);
            json.WriteTexts("errors", scope.Errors);
            json.WriteTexts("stepUp", scope.StepUp);
            json.WriteTexts("reasons", scope.Reasons);
            json.WriteTexts("publicReasons", scope.PublicReasons);
            if (scope.MaxLifetime is { } lifetime)
                json.WriteNumber("maxLifetime"u8, Milliseconds(lifetime));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("lifetime"u8, Milliseconds(verdict.Lifetime));
    }

    internal static Verdict ReadVerdict(StrictObject json) => new(json.Objects("scopes", ReadScope), json.Milliseconds("lifetime"));

    private static ScopeDecision ReadScope(StrictObject json) => new()
    {
        Scope = json.Text("scope"),
        Outcome = json.Word("outcome", Outcomes),
        Policies = json.Texts("policies"),
        Errors = json.Texts("errors"),
        StepUp = json.Texts("stepUp"),
        Reasons = json.Texts("reasons"),
        PublicReasons = json.Texts("publicReasons"),
        MaxLifetime = json.OptionalMilliseconds("maxLifetime"),
    };

    internal static void WriteMembers(Utf8JsonWriter json, ShadowAnswer shadow)
    {
        json.WriteString("version"u8, shadow.Version);
        if (!shadow.Scopes.IsEmpty)
        {
            json.WriteStartArray("scopes"u8);
            foreach (var scope in shadow.Scopes)
            {
                json.WriteStartObject();
                json.WriteString("scope"u8, scope.Scope);
                json.WriteString("outcome"u8, Outcomes.Of(scope.Outcome));
                json.WriteTexts("stepUp", scope.StepUp);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        if (shadow.Lifetime is { } lifetime)
            json.WriteNumber("lifetime"u8, Milliseconds(lifetime));
        json.WriteText("fault", shadow.Fault);
    }

    internal static ShadowAnswer ReadShadow(StrictObject json) => new(
        json.Text("version"),
        json.Objects("scopes", static scope => new ScopeAnswer(scope.Text("scope"), scope.Word("outcome", Outcomes), scope.Texts("stepUp"))),
        json.OptionalMilliseconds("lifetime"),
        json.OptionalText("fault"));

    private static long Milliseconds(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMillisecond;
}
