using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Assay.Core.Decisions;
using Assay.Core.Json;

namespace Assay.Core.Evidence;

/// <summary>
/// A record as an event of the Open Cybersecurity Schema Framework (OCSF 1.4.0), for systems that gather security events. What has no place in the schema is under <c>unmapped</c>. The
/// mapping is in <c>docs/evidence-export.md</c>.
/// </summary>
public static class OcsfEvent
{
    public const string SchemaVersion = "1.4.0";

    private const int IdentityAndAccess = 3;
    private const int Authentication = 3002;
    private const int AuthorizeSession = 3003;
    private const int EntityManagement = 3004;

    /// <summary>Whether a record is an event: one that says only something about the log is not.</summary>
    public static bool IsOne(EvidenceRecord record) => record.Kind is EvidenceKind.Permit or EvidenceKind.Denial or EvidenceKind.Refusal or EvidenceKind.Admin;

    /// <summary>Writes one event as a line of JSON, its end included.</summary>
    /// <param name="log">The origin of the log that the record is in.</param>
    /// <exception cref="ArgumentException">The record is no event.</exception>
    public static void Write(IBufferWriter<byte> output, EvidenceRecord record, string log)
    {
        var (type, activity, name) = record.Kind switch
        {
            EvidenceKind.Permit or EvidenceKind.Denial => (AuthorizeSession, 1, "Assign Privileges"),
            EvidenceKind.Refusal => (Authentication, 1, "Logon"),
            EvidenceKind.Admin => (EntityManagement, ActivityOf(record.Admin!.Action), record.Admin.Action),
            _ => throw new ArgumentException($"a record of kind {record.Kind} is no event", nameof(record)),
        };
        using (var json = new Utf8JsonWriter(output, StrictDocument.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteNumber("class_uid"u8, type);
            json.WriteNumber("category_uid"u8, IdentityAndAccess);
            json.WriteNumber("activity_id"u8, activity);
            json.WriteString("activity_name"u8, name);
            json.WriteNumber("type_uid"u8, type * 100 + activity);
            json.WriteNumber("time"u8, record.Time.ToUnixTimeMilliseconds());
            json.WriteNumber("severity_id"u8, record.Kind is EvidenceKind.Denial or EvidenceKind.Refusal ? 2 : 1);
            WriteStatus(json, record);
            WriteMetadata(json, record, log);
            if (record.Admin is { } act)
                WriteAct(json, act);
            if (record.Input is { } input)
                WriteDecision(json, record, input);
            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    /// <summary>Create 1, Update 3, Delete 4: by what administrators' acts are called.</summary>
    private static int ActivityOf(string action) =>
        action.StartsWith("create", StringComparison.Ordinal) || action.StartsWith("store", StringComparison.Ordinal) ? 1
        : action.StartsWith("delete", StringComparison.Ordinal) || action.StartsWith("drop", StringComparison.Ordinal) ? 4
        : 3;

    private static void WriteStatus(Utf8JsonWriter json, EvidenceRecord record)
    {
        var isSuccess = record.Kind is EvidenceKind.Permit or EvidenceKind.Admin;
        json.WriteNumber("status_id"u8, isSuccess ? 1 : 2);
        json.WriteString("status"u8, isSuccess ? "Success"u8 : "Failure"u8);
        json.WriteText("status_code", record.Error);
        json.WriteText("status_detail", record.Refusal ?? ReasonsOf(record.Verdict));
    }

    /// <summary>What policy authors wrote; null when they wrote nothing.</summary>
    private static string? ReasonsOf(Verdict? verdict)
    {
        var reasons = verdict?.Scopes.SelectMany(scope => scope.Reasons).Distinct(StringComparer.Ordinal).ToImmutableArray() ?? [];
        return reasons.IsEmpty ? null : string.Join("; ", reasons);
    }

    private static void WriteMetadata(Utf8JsonWriter json, EvidenceRecord record, string log)
    {
        json.WriteStartObject("metadata"u8);
        json.WriteString("version"u8, SchemaVersion);
        json.WriteStartObject("product"u8);
        json.WriteString("name"u8, "Assay");
        json.WriteString("vendor_name"u8, "Assay");
        json.WriteEndObject();
        json.WriteString("uid"u8, string.Create(CultureInfo.InvariantCulture, $"{record.Shard}/{record.Position}"));
        json.WriteString("log_name"u8, log);
        json.WriteString("log_provider"u8, record.Node);
        json.WriteString("correlation_uid"u8, record.RequestId);
        json.WriteEndObject();
    }

    private static void WriteAct(Utf8JsonWriter json, AdminAct act)
    {
        json.WriteStartObject("actor"u8);
        json.WriteStartObject("user"u8);
        json.WriteString("uid"u8, act.Actor);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartObject("entity"u8);
        json.WriteString("name"u8, act.Target);
        json.WriteEndObject();
        json.WriteStartObject("unmapped"u8);
        json.WriteNumber("feed_number"u8, act.Number);
        json.WriteEndObject();
    }

    private static void WriteDecision(Utf8JsonWriter json, EvidenceRecord record, DecisionInput input)
    {
        json.WriteStartObject("user"u8);
        json.WriteString("uid"u8, input.ClientId);
        json.WriteString("name"u8, input.ClientId);
        json.WriteString("domain"u8, input.Realm);
        json.WriteString("credential_uid"u8, input.CredentialHandle);
        json.WriteEndObject();
        if (record.Kind == EvidenceKind.Refusal)
        {
            json.WriteNumber("auth_protocol_id"u8, 6); // OAuth 2.0
            json.WriteString("auth_protocol"u8, input.AuthenticationMethod);
            json.WriteStartObject("service"u8);
            json.WriteString("name"u8, input.Resource.Length > 0 ? input.Resource : "unknown");
            json.WriteEndObject();
        }
        else
        {
            // What was granted; of a denial, what was asked for: its status says that none of it was.
            json.WriteTexts("privileges", record.Verdict!.GrantsAny ? record.Verdict.GrantedScopes() : input.Scopes);
        }

        if (record.JwtId is { } jti)
        {
            json.WriteStartObject("session"u8);
            json.WriteString("uid"u8, jti);
            json.WriteNumber("created_time"u8, record.Time.ToUnixTimeMilliseconds());
            if (record.ExpiresAt is { } end)
                json.WriteNumber("expiration_time"u8, end.ToUnixTimeMilliseconds());
            json.WriteString("credential_uid"u8, input.CredentialHandle);
            json.WriteEndObject();
        }

        if (input.OriginIp is { } ip)
        {
            json.WriteStartObject("src_endpoint"u8);
            json.WriteString("ip"u8, ip);
            json.WriteEndObject();
        }

        WriteUnmapped(json, record, input);
    }

    private static void WriteUnmapped(Utf8JsonWriter json, EvidenceRecord record, DecisionInput input)
    {
        json.WriteStartObject("unmapped"u8);
        json.WriteString("grant_type"u8, input.GrantType);
        json.WriteString("authentication_method"u8, input.AuthenticationMethod);
        json.WriteString("binding"u8, input.Binding);
        json.WriteString("resource"u8, input.Resource);
        json.WriteTexts("scopes_requested", input.Scopes);
        json.WriteString("policy_domain"u8, input.PolicyDomain);
        json.WriteString("policy_version"u8, input.PolicyVersion);
        json.WriteNumber("risk_score"u8, input.Risk.Score);
        json.WriteString("risk_level"u8, input.Risk.Level);
        json.WriteTexts("risk_signals", input.Risk.Signals);
        json.WriteNumber("entitlement_age_ms"u8, (long)input.EntitlementAge.TotalMilliseconds);
        json.WriteNumber("risk_age_ms"u8, (long)input.RiskAge.TotalMilliseconds);
        json.WriteText("signing_key", record.KeyId);
        json.WriteText("signing_input_sha256", record.SigningInputHash);
        if (record.Verdict is { } verdict)
        {
            json.WriteObjects("scopes", verdict.Scopes, static (writer, scope) =>
            {
                writer.WriteString("scope"u8, scope.Scope);
                writer.WriteString("outcome"u8, ScopeOutcomes.WordOf(scope.Outcome));
                writer.WriteTexts("policies", scope.Policies);
                writer.WriteTexts("errors", scope.Errors);
                writer.WriteTexts("step_up", scope.StepUp);
            });
        }

        json.WriteEndObject();
    }
}
