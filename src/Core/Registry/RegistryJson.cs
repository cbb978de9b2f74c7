using System.Collections.Immutable;
using System.Text.Json;
using Assay.Cedar;
using Assay.Core.Forensics;
using Assay.Core.Json;
using Assay.Core.Policies;
using Assay.Core.Tokens;

namespace Assay.Core.Registry;

/// <summary>
/// Objects at rest and between silos: UTF-8 JSON with its version as <c>"v"</c>, read strictly. An unknown, missing or doubled member or a
/// wrong type is a <see cref="FormatException"/> that names the place, because guessing at rest is guessing about rights. What is absent in
/// the object is left out, and lists that are empty when nobody says otherwise.
/// </summary>
public static class RegistryJson
{
    /// <summary>The version of the encoding, written as <c>v</c>.</summary>
    public const int Version = 1;

    internal static readonly Words<CredentialKind> CredentialKinds = new(("public-key", CredentialKind.PublicKey), ("secret", CredentialKind.Secret));

    public static ReadOnlyMemory<byte> Write(Identity identity) => StrictDocument.Encode(identity, Version, WriteMembers);

    public static ReadOnlyMemory<byte> Write(Group group) => StrictDocument.Encode(group, Version, WriteMembers);

    public static ReadOnlyMemory<byte> Write(Api api) => StrictDocument.Encode(api, Version, WriteMembers);

    public static ReadOnlyMemory<byte> Write(SigningKey key) => StrictDocument.Encode(key, Version, WriteMembers);

    public static ReadOnlyMemory<byte> Write(PolicyDocument document) => StrictDocument.Encode(document, Version, RegistryParts.WriteMembers);

    public static ReadOnlyMemory<byte> Write(PolicyPointer pointer) => StrictDocument.Encode(pointer, Version, WriteMembers);

    public static ReadOnlyMemory<byte> Write(ShadowPointer pointer) => StrictDocument.Encode(pointer, Version, WriteMembers);

    public static ReadOnlyMemory<byte> Write(RevocationNote note) => StrictDocument.Encode(note, Version, WriteMembers);

    public static ReadOnlyMemory<byte> Write(Timeline timeline) => StrictDocument.Encode(timeline, Version, WriteMembers);

    public static ReadOnlyMemory<byte> Write(Containment containment) => StrictDocument.Encode(containment, Version, WriteMembers);

    public static Identity ReadIdentity(ReadOnlySpan<byte> json) =>
        IdentityReader.TryRead(json, Version, null, out var identity) ? identity : ReadIdentityStrictly(json);

    /// <summary>
    /// As <see cref="ReadIdentity(ReadOnlySpan{byte})"/>, without what no decision asks for: public keys and hashes of secrets, most of what an identity holds. Not to be written back.
    /// </summary>
    /// <param name="id">Its id, as the caller holds it: held once, then.</param>
    public static Identity ReadIdentityToDecide(ReadOnlySpan<byte> json, string id) =>
        IdentityReader.TryRead(json, Version, id, out var identity) ? identity : WithoutProofs(ReadIdentityStrictly(json));

    internal static Identity ReadIdentityStrictly(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "identity", Version, ReadIdentity);

    public static Group ReadGroup(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "group", Version, ReadGroup);

    public static Api ReadApi(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "api", Version, ReadApi);

    public static SigningKey ReadSigningKey(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "signing key", Version, ReadSigningKey);

    public static PolicyDocument ReadPolicyDocument(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "policy document", Version, RegistryParts.ReadPolicies);

    public static PolicyPointer ReadPolicyPointer(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "active policy", Version, ReadPolicyPointer);

    public static ShadowPointer ReadShadowPointer(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "shadow policy", Version, ReadShadowPointer);

    public static RevocationNote ReadRevocation(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "revocation", Version, ReadRevocation);

    public static Timeline ReadTimeline(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "timeline", Version, ReadTimeline);

    public static Containment ReadContainment(ReadOnlySpan<byte> json) => StrictDocument.Decode(json, "containment", Version, ReadContainment);

    private static void WriteMembers(Utf8JsonWriter json, Identity identity)
    {
        json.WriteString("id"u8, identity.Id);
        json.WriteString("kind"u8, RegistryParts.IdentityKinds.Of(identity.Kind));
        json.WriteText("name", identity.Name);
        json.WriteText("owner", identity.Owner);
        json.WriteText("managedBy", identity.ManagedBy);
        json.WriteTexts("grantTypes", identity.GrantTypes);
        json.WriteText("defaultResource", identity.DefaultResource);
        if (identity.RequestsPerSecond is { } limit)
            json.WriteNumber("requestsPerSecond"u8, limit);
        json.WriteRecord("attributes", identity.Attributes);
        json.WriteObjects("credentials", identity.Credentials, WriteMembers);
        json.WriteObjects("memberships", identity.Memberships, WriteMembers);
        json.WriteObjects("signals", identity.Signals, WriteMembers);
        json.WriteMoment("disabledAt", identity.DisabledAt);
        json.WriteText("disabledReason", identity.DisabledReason);
    }

    private static Identity ReadIdentity(StrictObject json) => new()
    {
        Id = json.Text("id"),
        Kind = json.Word("kind", RegistryParts.IdentityKinds),
        Name = json.OptionalText("name"),
        Owner = json.OptionalSharedText("owner"),
        ManagedBy = json.OptionalSharedText("managedBy"),
        GrantTypes = json.SharedTexts("grantTypes"),
        DefaultResource = json.OptionalSharedText("defaultResource"),
        RequestsPerSecond = json.OptionalInt("requestsPerSecond"),
        Attributes = json.Record("attributes"),
        Credentials = json.Objects("credentials", ReadCredential),
        Memberships = json.Objects("memberships", ReadMembership),
        Signals = json.Objects("signals", ReadSignal),
        DisabledAt = json.OptionalMoment("disabledAt"),
        DisabledReason = json.OptionalText("disabledReason"),
    };

    private static void WriteMembers(Utf8JsonWriter json, Credential credential)
    {
        json.WriteString("handle"u8, credential.Handle);
        json.WriteString("kind"u8, CredentialKinds.Of(credential.Kind));
        json.WriteText("publicJwk", credential.PublicJwk);
        json.WriteText("secretHash", credential.SecretHash);
        json.WriteMoment("createdAt", credential.CreatedAt);
        json.WriteMoment("expiresAt", credential.ExpiresAt);
        json.WriteMoment("revokedAt", credential.RevokedAt);
        json.WriteMoment("frozenAt", credential.FrozenAt);
        json.WriteText("managedBy", credential.ManagedBy);
    }

    private static Credential ReadCredential(StrictObject json) => new()
    {
        Handle = json.Text("handle"),
        Kind = json.Word("kind", CredentialKinds),
        PublicJwk = json.OptionalText("publicJwk"),
        SecretHash = json.OptionalText("secretHash"),
        CreatedAt = json.Moment("createdAt"),
        ExpiresAt = json.OptionalMoment("expiresAt"),
        RevokedAt = json.OptionalMoment("revokedAt"),
        FrozenAt = json.OptionalMoment("frozenAt"),
        ManagedBy = json.OptionalSharedText("managedBy"),
    };

    private static Identity WithoutProofs(Identity identity) => identity with
    {
        Credentials = ImmutableArray.CreateRange(identity.Credentials, static credential => credential with { PublicJwk = null, SecretHash = null }),
    };

    private static void WriteMembers(Utf8JsonWriter json, Membership membership)
    {
        json.WriteString("group"u8, membership.Group.ToString());
        json.WriteMoment("expiresAt", membership.ExpiresAt);
        json.WriteText("managedBy", membership.ManagedBy);
        json.WriteMoment("removedAt", membership.RemovedAt);
    }

    private static Membership ReadMembership(StrictObject json) => new()
    {
        Group = json.SharedUid("group"),
        ExpiresAt = json.OptionalMoment("expiresAt"),
        ManagedBy = json.OptionalSharedText("managedBy"),
        RemovedAt = json.OptionalMoment("removedAt"),
    };

    private static void WriteMembers(Utf8JsonWriter json, RiskSignal signal)
    {
        json.WriteString("name"u8, signal.Name);
        json.WriteString("source"u8, signal.Source);
        json.WriteNumber("weight"u8, signal.Weight);
        json.WriteMoment("raisedAt", signal.RaisedAt);
        json.WriteSpan("halfLife", signal.HalfLife);
        json.WriteMoment("expiresAt", signal.ExpiresAt);
    }

    private static RiskSignal ReadSignal(StrictObject json) => new()
    {
        Name = json.Text("name"),
        Source = json.Text("source"),
        Weight = json.Int("weight"),
        RaisedAt = json.Moment("raisedAt"),
        HalfLife = json.OptionalSpan("halfLife"),
        ExpiresAt = json.OptionalMoment("expiresAt"),
    };

    private static void WriteMembers(Utf8JsonWriter json, Group group)
    {
        json.WriteString("uid"u8, group.Uid.ToString());
        json.WriteText("description", group.Description);
        json.WriteText("managedBy", group.ManagedBy);
        json.WriteUids("parents", group.Parents);
        json.WriteRecord("attributes", group.Attributes);
    }

    private static Group ReadGroup(StrictObject json) => new()
    {
        Uid = json.Uid("uid"),
        Description = json.OptionalText("description"),
        ManagedBy = json.OptionalText("managedBy"),
        Parents = json.Uids("parents"),
        Attributes = json.Record("attributes"),
    };

    private static void WriteMembers(Utf8JsonWriter json, Api api)
    {
        json.WriteString("resource"u8, api.Resource);
        json.WriteText("name", api.Name);
        json.WriteText("managedBy", api.ManagedBy);
        json.WriteString("policyDomain"u8, api.PolicyDomain);
        json.WriteObjects("scopes", api.Scopes, RegistryParts.WriteMembers);
        json.WriteSpan("maxTokenLifetime", api.MaxTokenLifetime);
        json.WriteTexts("resourceServers", api.ResourceServers);
        json.WriteUids("parents", api.Parents);
        json.WriteRecord("attributes", api.Attributes);
    }

    private static Api ReadApi(StrictObject json) => new()
    {
        Resource = json.Text("resource"),
        Name = json.OptionalText("name"),
        ManagedBy = json.OptionalText("managedBy"),
        PolicyDomain = json.Text("policyDomain"),
        Scopes = json.Objects("scopes", RegistryParts.ReadScope),
        MaxTokenLifetime = json.OptionalSpan("maxTokenLifetime"),
        ResourceServers = json.Texts("resourceServers"),
        Parents = json.Uids("parents"),
        Attributes = json.Record("attributes"),
    };

    private static void WriteMembers(Utf8JsonWriter json, SigningKey key)
    {
        json.WriteString("keyId"u8, key.KeyId);
        json.WriteString("purpose"u8, key.Purpose);
        json.WriteString("algorithm"u8, key.Algorithm);
        json.WriteString("publicJwk"u8, key.PublicJwk);
        json.WriteString("wrappedPrivateKey"u8, key.WrappedPrivateKey);
        json.WriteMoment("announcedAt", key.AnnouncedAt);
        json.WriteMoment("activatesAt", key.ActivatesAt);
        json.WriteMoment("retiresAt", key.RetiresAt);
        json.WriteMoment("removedAt", key.RemovedAt);
        json.WriteMoment("withdrawnAt", key.WithdrawnAt);
    }

    private static SigningKey ReadSigningKey(StrictObject json) => new()
    {
        KeyId = json.Text("keyId"),
        Purpose = json.Text("purpose"),
        Algorithm = json.Text("algorithm"),
        PublicJwk = json.Text("publicJwk"),
        WrappedPrivateKey = json.Text("wrappedPrivateKey"),
        AnnouncedAt = json.Moment("announcedAt"),
        ActivatesAt = json.OptionalMoment("activatesAt"),
        RetiresAt = json.OptionalMoment("retiresAt"),
        RemovedAt = json.OptionalMoment("removedAt"),
        WithdrawnAt = json.OptionalMoment("withdrawnAt"),
    };

    private static void WriteMembers(Utf8JsonWriter json, PolicyPointer pointer)
    {
        json.WriteString("active"u8, pointer.Active);
        json.WriteTexts("previous", pointer.Previous);
    }

    private static PolicyPointer ReadPolicyPointer(StrictObject json) => new(json.Text("active"), json.Texts("previous"));

    private static void WriteMembers(Utf8JsonWriter json, ShadowPointer pointer) => json.WriteString("version"u8, pointer.Version);

    private static ShadowPointer ReadShadowPointer(StrictObject json) => new(json.Text("version"));

    private static void WriteMembers(Utf8JsonWriter json, RevocationNote note)
    {
        json.WriteString("id"u8, note.Id);
        json.WriteString("reason"u8, note.Reason);
    }

    private static void WriteMembers(Utf8JsonWriter json, Timeline timeline)
    {
        json.WriteNumber("number"u8, timeline.Number);
        json.WriteMoment("openedAt", timeline.OpenedAt);
        json.WriteNumber("firstShard"u8, timeline.FirstShard);
        json.WriteNumber("lastNumber"u8, timeline.LastNumber);
        json.WriteNumber("lastShard"u8, timeline.LastShard);
        json.WriteObjects("ends", timeline.Ends, static (writer, end) =>
        {
            writer.WriteNumber("shard"u8, end.Shard);
            writer.WriteNumber("size"u8, end.Size);
        });
    }

    private static Timeline ReadTimeline(StrictObject json) => new(
        json.Int("number"),
        json.Moment("openedAt"),
        json.Long("firstShard"),
        json.Long("lastNumber"),
        json.Long("lastShard"),
        json.Objects("ends", static end => new ShardEnd(end.Long("shard"), end.Long("size"))));

    private static RevocationNote ReadRevocation(StrictObject json) => new(json.Text("id"), json.Text("reason"));

    private static void WriteMembers(Utf8JsonWriter json, Containment containment)
    {
        json.WriteString("kind"u8, Containment.Kinds.Of(containment.Kind));
        json.WriteString("name"u8, containment.Name);
        json.WriteText("identity", containment.Identity);
        json.WriteString("reason"u8, containment.Reason);
        json.WriteMoment("at", containment.At);
        json.WriteBoolean("froze"u8, containment.Froze);
    }

    private static Containment ReadContainment(StrictObject json) => new()
    {
        Kind = json.Word("kind", Containment.Kinds),
        Name = json.Text("name"),
        Identity = json.OptionalText("identity"),
        Reason = json.Text("reason"),
        At = json.Moment("at"),
        Froze = json.Flag("froze"),
    };
}

/// <summary>Which policy set is in force in a domain.</summary>
/// <param name="Active">The content hash of the set in force.</param>
/// <param name="Previous">The sets before it, newest first.</param>
public sealed record PolicyPointer(string Active, ImmutableArray<string> Previous);

/// <summary>Which policy set is asked beside the one in force in a domain.</summary>
/// <param name="Version">Its content hash.</param>
public sealed record ShadowPointer(string Version);

/// <summary>Why something was revoked.</summary>
/// <param name="Id">What: a <see cref="Revocation.RevocationId"/> as text.</param>
public sealed record RevocationNote(string Id, string Reason);
