using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Core.Risk;

namespace Assay.Core.SharedSignals;

/// <summary>
/// What a change means to those who hold tokens or take them (CAEP 1.0): a function of two versions of an identity, or of a revocation. Reasons are general
/// words: what an administrator wrote down, and which signals were raised, is for the record and not for whoever listens.
/// </summary>
public static class CaepEvents
{
    private const string SystemActor = "system";

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What became of an identity, in a fixed order: credentials, entitlements, risk. Nothing when it was deleted: the revocation beside it says so.</summary>
    /// <param name="at">When the change was committed: memberships that were over by then were not taken away by it.</param>
    /// <param name="actor">Who made it: a client id or <c>system</c>.</param>
    public static ImmutableArray<SecurityEvent> Of(string id, Identity? before, Identity? after, DateTimeOffset at, string actor)
    {
        if (after is null)
            return [];

        var events = ImmutableArray.CreateBuilder<SecurityEvent>();
        AddCredentials(events, id, before, after, at, actor);
        if (before is not null)
        {
            AddNarrowing(events, id, before, after, at, actor);
            AddRisk(events, id, before, after, at, actor);
        }

        return events.DrainToImmutable();
    }

    /// <summary>The end of tokens that were out.</summary>
    /// <param name="owner">Whose they are; null when that is not known, and not asked when it is everybody's.</param>
    public static SecurityEvent Of(RevocationId revoked, string? owner, DateTimeOffset at, string actor)
    {
        var about = revoked.Kind switch
        {
            RevocationKind.Identity => revoked.Name,
            RevocationKind.Key or RevocationKind.PolicyVersion => null,
            _ => owner,
        };
        var payload = Payload(at, about, actor, ReasonOf(revoked), json =>
        {
            if (revoked.Kind != RevocationKind.Identity)
                json.WriteString($"urn:assay:{RevocationId.WordOf(revoked.Kind)}", revoked.Name);
            if (revoked.Window is { } window)
            {
                json.WriteStartObject("urn:assay:issued"u8);
                if (window.Since is { } since)
                    json.WriteNumber("since"u8, since);
                if (window.Until is { } until)
                    json.WriteNumber("until"u8, until);
                json.WriteEndObject();
            }
        });
        return new SecurityEvent(EventTypes.SessionRevoked, about, revoked.Kind == RevocationKind.Jti ? revoked.Name : null, at, payload);
    }

    /// <summary>Of a level of <see cref="RiskScore.LevelOf"/>; CAEP has no fourth.</summary>
    public static string LevelOf(string level) => level switch
    {
        "low" => "LOW",
        "medium" => "MEDIUM",
        _ => "HIGH",
    };

    private static void AddCredentials(
        ImmutableArray<SecurityEvent>.Builder events, string id, Identity? before, Identity after, DateTimeOffset at, string actor)
    {
        var known = (before?.Credentials ?? []).ToDictionary(credential => credential.Handle, StringComparer.Ordinal);
        foreach (var credential in after.Credentials)
        {
            var change = known.Remove(credential.Handle, out var earlier) switch
            {
                false when credential.RevokedAt is null => ("create", "a credential was added"),
                true when earlier!.RevokedAt is null && credential.RevokedAt is not null => ("revoke", "a credential was revoked"),
                true when credential.RevokedAt is null && earlier!.FrozenAt is null != credential.FrozenAt is null =>
                    credential.FrozenAt is null ? ("update", "a credential is in use again") : ("revoke", "a credential was taken out of use"),
                true when earlier!.RevokedAt is null && earlier.ExpiresAt != credential.ExpiresAt => ("update", "a credential ends at another time"),
                _ => default((string, string)?),
            };
            if (change is { } made)
                Add(credential, made.Item1, made.Item2);
        }

        foreach (var gone in (before?.Credentials ?? []).Where(credential => known.ContainsKey(credential.Handle) && credential.RevokedAt is null))
            Add(gone, "delete", "a credential was removed");

        void Add(Credential credential, string change, string reason) => events.Add(new SecurityEvent(
            EventTypes.CredentialChange, id, null, at, Payload(at, id, actor, reason, json =>
            {
                json.WriteString("credential_type"u8, credential.Kind == CredentialKind.Secret ? "secret" : "public-key");
                json.WriteString("change_type"u8, change);
                json.WriteString("friendly_name"u8, credential.Handle);
            })));
    }

    /// <summary>Roles and teams that were taken away; the claims have what is left of them (RFC 9068 §2.2.3.1).</summary>
    private static void AddNarrowing(
        ImmutableArray<SecurityEvent>.Builder events, string id, Identity before, Identity after, DateTimeOffset at, string actor)
    {
        string[] rolesBefore = Groups(before, EntityTypes.Role, at), roles = Groups(after, EntityTypes.Role, at);
        string[] teamsBefore = Groups(before, EntityTypes.Team, at), teams = Groups(after, EntityTypes.Team, at);
        var (lostRoles, lostTeams) = (rolesBefore.Except(roles).Any(), teamsBefore.Except(teams).Any());
        if (!lostRoles && !lostTeams)
            return;

        events.Add(new SecurityEvent(EventTypes.TokenClaimsChange, id, null, at, Payload(at, id, actor, "an entitlement was removed", json =>
        {
            json.WriteStartObject("claims"u8);
            if (lostRoles)
                Write(json, "roles", roles);
            if (lostTeams)
                Write(json, "groups", teams);
            json.WriteEndObject();
        })));
    }

    private static void AddRisk(ImmutableArray<SecurityEvent>.Builder events, string id, Identity before, Identity after, DateTimeOffset at, string actor)
    {
        if (before.Signals.AsSpan().SequenceEqual(after.Signals.AsSpan()))
            return;
        var (previous, current) = (LevelOf(RiskScore.Assess(before.Signals, at).Level), LevelOf(RiskScore.Assess(after.Signals, at).Level));
        if (previous == current)
            return;

        events.Add(new SecurityEvent(EventTypes.RiskLevelChange, id, null, at, Payload(at, id, actor, "the risk signals changed", json =>
        {
            json.WriteString("principal"u8, "USER"u8);
            json.WriteString("current_level"u8, current);
            json.WriteString("previous_level"u8, previous);
        })));
    }

    private static string[] Groups(Identity identity, string type, DateTimeOffset at) =>
        [.. identity.Memberships.Where(membership => membership.Group.Type == type && membership.IsLiveAt(at)).Select(membership => membership.Group.Id).Order(StringComparer.Ordinal)];

    private static string ReasonOf(RevocationId revoked) => revoked.Kind switch
    {
        RevocationKind.Jti => "the token was revoked",
        RevocationKind.Identity => "the tokens of this identity were revoked",
        RevocationKind.Credential => "the tokens of a credential were revoked",
        RevocationKind.Key => "a signing key is not trusted any more",
        _ => "the tokens of a policy version were revoked",
    };

    private static string Payload(DateTimeOffset at, string? about, string actor, string reason, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            write(json);
            json.WriteNumber("event_timestamp"u8, at.ToUnixTimeSeconds());
            json.WriteString("initiating_entity"u8, actor == SystemActor ? "system" : actor == about ? "user" : "admin");
            json.WriteStartObject("reason_admin"u8);
            json.WriteString("en"u8, reason);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, string name, string[] texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
