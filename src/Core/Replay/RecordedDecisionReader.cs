using System.Collections.Immutable;
using System.Text.Json;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Json;

namespace Assay.Core.Replay;

/// <summary>
/// Reads decisions out of stored records without building what a comparison does not need: texts and parts of contexts that many records share are made
/// once. It reads what <see cref="EvidenceRecord.Decode"/> reads, up to the verdict. For one thread.
/// </summary>
public sealed class RecordedDecisionReader
{
    private const int KeptTexts = 65_536;
    private const int KeptParts = 16_384;

    private static readonly byte[][] RecordMembers = ["v"u8.ToArray(), "kind"u8.ToArray(), "time"u8.ToArray(), "input"u8.ToArray(), "verdict"u8.ToArray()];

    private static readonly byte[][] InputMembers =
    [
        "realm"u8.ToArray(), "clientId"u8.ToArray(), "time"u8.ToArray(), "grantType"u8.ToArray(), "method"u8.ToArray(), "credential"u8.ToArray(), "binding"u8.ToArray(),
        "resource"u8.ToArray(), "scopes"u8.ToArray(), "ip"u8.ToArray(), "risk"u8.ToArray(), "entitlementAge"u8.ToArray(), "riskAge"u8.ToArray(), "identityNumber"u8.ToArray(),
        "directoryNumber"u8.ToArray(), "policyDomain"u8.ToArray(), "policyVersion"u8.ToArray(), "defaultLifetime"u8.ToArray(), "maxLifetime"u8.ToArray(),
    ];

    /// <summary>All but scopes and ip, which are left out when there are none.</summary>
    private const int InputNeeded = (1 << 19) - 1 & ~(1 << 8) & ~(1 << 9);

    private static readonly byte[][] ScopeMembers =
    [
        "scope"u8.ToArray(), "outcome"u8.ToArray(), "policies"u8.ToArray(), "errors"u8.ToArray(), "stepUp"u8.ToArray(), "reasons"u8.ToArray(), "publicReasons"u8.ToArray(),
        "maxLifetime"u8.ToArray(),
    ];

    private static readonly byte[][] VerdictMembers = ["scopes"u8.ToArray(), "lifetime"u8.ToArray()];

    private readonly ByteKeyed<Shared> texts = new(KeptTexts);
    private readonly ByteKeyed<RecordValue> risks = new(KeptParts);
    private readonly Dictionary<(string Method, string Credential), RecordValue> clients = [];
    private readonly Dictionary<string, RecordValue?> origins = new(StringComparer.Ordinal);
    private readonly List<string> scopes = [];

    /// <summary>The decision that was read last; complete only when that was a <see cref="RecordedKind.Decision"/>.</summary>
    public RecordedDecision Current { get; } = new();

    /// <summary>Reads one stored record, of decisions made from <paramref name="since"/> on and before <paramref name="until"/>.</summary>
    /// <exception cref="FormatException">It is not a whole record.</exception>
    public RecordedKind Read(ReadOnlySpan<byte> record, DateTimeOffset since, DateTimeOffset until)
    {
        try
        {
            return ReadRecord(record, since, until);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new FormatException($"evidence: {fault.Message}", fault);
        }
    }

    private RecordedKind ReadRecord(ReadOnlySpan<byte> record, DateTimeOffset since, DateTimeOffset until)
    {
        var json = new Utf8JsonReader(record);
        Enter(ref json);
        RecordedKind? kind = null;
        DateTimeOffset? time = null;
        var (hasInput, hasVerdict) = (false, false);
        for (int next = 0, seen = 0; ReadMember(ref json);)
        {
            var member = Find(ref json, RecordMembers, ref next);
            if (member >= 0)
                Once(member, ref seen);
            json.Read();
            switch (member)
            {
                case 0:
                    if (Number(ref json) is not (>= 1 and <= EvidenceRecord.CurrentVersion))
                        throw new FormatException("evidence: its version is not known here");
                    break;
                case 1:
                    kind = json.ValueTextEquals("permit"u8) || json.ValueTextEquals("denial"u8) ? RecordedKind.Decision
                        : json.ValueTextEquals("refusal"u8) ? RecordedKind.Refusal
                        : RecordedKind.NotADecision;
                    break;
                case 2:
                    time = Moment(ref json);
                    break;
                case 3:
                    ReadInput(ref json, record);
                    hasInput = true;
                    break;
                case 4:
                    ReadVerdict(ref json);
                    hasVerdict = true;
                    break;
                default:
                    json.Skip();
                    break;
            }

            // Written in this order, so most of a record that is not wanted is not looked at; the batch's checksum has vouched for the rest.
            if (kind is null || time is not { } at)
                continue;
            if (at < since || at >= until)
                return RecordedKind.OutsideTime;
            if (kind != RecordedKind.Decision)
                return kind.Value;
            if (hasInput && hasVerdict)
                return Compared();
        }

        throw new FormatException("evidence: a decision needs kind, time, input and verdict");
    }

    private RecordedKind Compared()
    {
        var answers = Current.Answers.Scopes;
        if (answers.Length != scopes.Count)
            throw new FormatException("evidence: the verdict is not about the scopes asked for");
        for (var i = 0; i < answers.Length; i++)
        {
            if (answers[i].Scope != scopes[i])
                throw new FormatException("evidence: the verdict is not about the scopes asked for");
        }

        return RecordedKind.Decision;
    }

    private void ReadInput(ref Utf8JsonReader json, ReadOnlySpan<byte> record)
    {
        Open(ref json);
        scopes.Clear();
        string method = "", credential = "";
        Value grant = Value.Of("");
        Value? binding = null;
        RecordValue? risk = null, origin = null;
        TimeSpan entitlementAge = default, riskAge = default;
        var seen = 0;
        for (var next = 0; ReadMember(ref json);)
        {
            var member = Known(ref json, InputMembers, ref next, ref seen);
            json.Read();
            switch (member)
            {
                case 0:
                    Current.Realm = Text(ref json).Text;
                    break;
                case 1:
                    Current.ClientId = Text(ref json).Text;
                    break;
                case 2:
                    Current.Time = Moment(ref json);
                    break;
                case 3:
                    grant = Text(ref json).Value;
                    break;
                case 4:
                    method = Text(ref json).Text;
                    break;
                case 5:
                    credential = Text(ref json).Text;
                    break;
                case 6:
                    var bound = Text(ref json);
                    (Current.Binding, binding) = (bound.Text, bound.Value);
                    break;
                case 7:
                    Current.Resource = Text(ref json).Text;
                    break;
                case 8:
                    for (Open(ref json, JsonTokenType.StartArray); json.Read() && json.TokenType != JsonTokenType.EndArray;)
                        scopes.Add(Text(ref json).Text);
                    break;
                case 9:
                    origin = Origin(Text(ref json).Text);
                    break;
                case 10:
                    risk = Risk(ref json, record);
                    break;
                case 11:
                    entitlementAge = Span(ref json);
                    break;
                case 12:
                    riskAge = Span(ref json);
                    break;
                case 13:
                    Current.IdentityNumber = Number(ref json);
                    break;
                case 14:
                    Current.DirectoryNumber = Number(ref json);
                    break;
                case 15:
                    Current.PolicyDomain = Text(ref json).Text;
                    break;
                case 16:
                    Current.PolicyVersion = Text(ref json).Text;
                    break;
                case 17:
                    Current.DefaultLifetime = Span(ref json);
                    break;
                case 18:
                    Current.MaxLifetime = Span(ref json);
                    break;
            }
        }

        if ((seen & InputNeeded) != InputNeeded)
            throw new FormatException("evidence.input: a member is missing");
        Current.Context = DecisionContext.Of(Current.Time, grant, Client(method, credential), binding!, risk!, origin, entitlementAge, riskAge);
    }

    private void ReadVerdict(ref Utf8JsonReader json)
    {
        Open(ref json);
        Current.Answers.Clear();
        var seen = 0;
        for (var next = 0; ReadMember(ref json);)
        {
            var member = Known(ref json, VerdictMembers, ref next, ref seen);
            json.Read();
            if (member == 1)
            {
                Current.Answers.Lifetime = Span(ref json);
                continue;
            }

            for (Open(ref json, JsonTokenType.StartArray); json.Read() && json.TokenType != JsonTokenType.EndArray;)
                ReadScope(ref json);
        }

        if (seen != 3)
            throw new FormatException("evidence.verdict: a member is missing");
    }

    private void ReadScope(ref Utf8JsonReader json)
    {
        Open(ref json);
        var (scope, outcome) = ("", ScopeOutcome.NoPermit);
        ImmutableArray<string> stepUp = [];
        var seen = 0;
        for (var next = 0; ReadMember(ref json);)
        {
            var member = Known(ref json, ScopeMembers, ref next, ref seen);
            json.Read();
            switch (member)
            {
                case 0:
                    scope = Text(ref json).Text;
                    break;
                case 1:
                    outcome = Outcome(ref json);
                    break;
                case 4:
                    for (Open(ref json, JsonTokenType.StartArray); json.Read() && json.TokenType != JsonTokenType.EndArray;)
                        stepUp = stepUp.Add(Text(ref json).Text);
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        if ((seen & 3) != 3)
            throw new FormatException("evidence.verdict.scopes: a member is missing");
        Current.Answers.Add(new ScopeAnswer(scope, outcome, stepUp));
    }

    private static ScopeOutcome Outcome(ref Utf8JsonReader json) =>
        json.ValueTextEquals("granted"u8) ? ScopeOutcome.Granted
        : DecisionJson.Outcomes.TryFind(json.GetString() ?? "", out var outcome) ? outcome
        : throw new FormatException("evidence.verdict.scopes: an outcome is not known here");

    private RecordValue Client(string method, string credential)
    {
        if (clients.TryGetValue((method, credential), out var known))
            return known;
        if (clients.Count >= KeptParts)
            clients.Clear();
        return clients[(method, credential)] = DecisionContext.Client(method, credential);
    }

    private RecordValue? Origin(string ip)
    {
        if (origins.TryGetValue(ip, out var known))
            return known;
        if (origins.Count >= KeptParts)
            origins.Clear();
        return origins[ip] = DecisionContext.Origin(ip);
    }

    private RecordValue Risk(ref Utf8JsonReader json, ReadOnlySpan<byte> record)
    {
        var start = (int)json.TokenStartIndex;
        json.Skip();
        var bytes = record[start..(int)json.BytesConsumed];
        if (risks.TryGet(bytes, out var known))
            return known;

        using var parsed = JsonDocument.Parse(bytes.ToArray(), new JsonDocumentOptions { AllowDuplicateProperties = false });
        var members = new StrictObject(parsed.RootElement, "evidence.input.risk");
        var risk = DecisionContext.Risk(DecisionJson.ReadRisk(members));
        members.End();
        risks.Keep(bytes, risk);
        return risk;
    }

    private Shared Text(ref Utf8JsonReader json)
    {
        Open(ref json, JsonTokenType.String);
        if (!json.ValueIsEscaped && texts.TryGet(json.ValueSpan, out var known))
            return known;

        var text = json.GetString()!;
        var shared = new Shared(text, Value.Of(text));
        if (!json.ValueIsEscaped)
            texts.Keep(json.ValueSpan, shared);
        return shared;
    }

    private static long Number(ref Utf8JsonReader json) =>
        json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var number) ? number : throw new FormatException("evidence: expected a whole number");

    private static DateTimeOffset Moment(ref Utf8JsonReader json)
    {
        var milliseconds = Number(ref json);
        return milliseconds is >= -62_135_596_800_000 and <= 253_402_300_799_999
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : throw new FormatException("evidence: a moment outside the years 1 to 9999");
    }

    private static TimeSpan Span(ref Utf8JsonReader json)
    {
        var milliseconds = Number(ref json);
        return Math.Abs((decimal)milliseconds) <= TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMillisecond
            ? new TimeSpan(milliseconds * TimeSpan.TicksPerMillisecond)
            : throw new FormatException("evidence: too long a span of time");
    }

    private static void Enter(ref Utf8JsonReader json)
    {
        json.Read();
        Open(ref json);
    }

    private static void Open(ref Utf8JsonReader json, JsonTokenType expected = JsonTokenType.StartObject)
    {
        if (json.TokenType != expected)
            throw new FormatException($"evidence: expected {expected}, found {json.TokenType}");
    }

    private static bool ReadMember(ref Utf8JsonReader json) => json.Read() && json.TokenType == JsonTokenType.PropertyName;

    private static int Known(ref Utf8JsonReader json, byte[][] members, ref int next, ref int seen)
    {
        var member = Find(ref json, members, ref next);
        if (member < 0)
            throw new FormatException($"evidence: the member \"{json.GetString()}\" is not known here");
        Once(member, ref seen);
        return member;
    }

    private static void Once(int member, ref int seen)
    {
        if ((seen & 1 << member) != 0)
            throw new FormatException("evidence: a member appears twice");
        seen |= 1 << member;
    }

    /// <summary>Which member it is, tried from the one that is written next; -1 when it is none of them.</summary>
    private static int Find(ref Utf8JsonReader json, byte[][] members, ref int next)
    {
        for (var tried = 0; tried < members.Length; tried++)
        {
            var at = next + tried < members.Length ? next + tried : next + tried - members.Length;
            if (!json.ValueTextEquals(members[at]))
                continue;
            next = at + 1 < members.Length ? at + 1 : 0;
            return at;
        }

        return -1;
    }

    /// <summary>A text, as text and as policies see it.</summary>
    private sealed record Shared(string Text, StringValue Value);
}
