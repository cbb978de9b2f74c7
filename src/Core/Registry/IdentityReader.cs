using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Assay.Cedar;
using Assay.Core.Json;

namespace Assay.Core.Registry;

/// <summary>
/// Reads identities as they are nearly always stored, in one pass and without a document in between: a silo that starts reads them by the hundred thousand. It gives up
/// at whatever is unusual, and <see cref="StrictObject"/> reads that or says what is wrong with it; so it accepts nothing that the strict reader refuses, and means the same by it.
/// </summary>
internal ref struct IdentityReader
{
    /// <summary>Longer texts that nobody keeps are read as texts all the same.</summary>
    private const int LongestGlance = 512;

    private const int LongestMoment = 32;

    private readonly ReadOnlySpan<byte> json;
    private readonly int version;
    private readonly string? known;
    private Utf8JsonReader reader;

    private IdentityReader(ReadOnlySpan<byte> json, int version, string? known)
    {
        this.json = json;
        (this.version, this.known) = (version, known);
        reader = new Utf8JsonReader(json);
    }

    /// <param name="known">The id to be expected, to read without what no decision asks for: keys and hashes of credentials; null to read all.</param>
    /// <returns>False when it has to be read strictly.</returns>
    public static bool TryRead(ReadOnlySpan<byte> json, int version, string? known, [NotNullWhen(true)] out Identity? identity)
    {
        try
        {
            var reading = new IdentityReader(json, version, known);
            return reading.TryIdentity(out identity) && !reading.reader.Read(); // and nothing after it
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException or CedarDataException)
        {
            identity = null;
            return false;
        }
    }

    private bool TryIdentity([NotNullWhen(true)] out Identity? identity)
    {
        identity = null;
        string? id = null, name = null, owner = null, managedBy = null, resource = null, disabledReason = null;
        var kind = default(IdentityKind);
        ImmutableArray<string> grantTypes = [];
        var attributes = RecordValue.Empty;
        ImmutableArray<Credential> credentials = [];
        ImmutableArray<Membership> memberships = [];
        int? limit = null;
        DateTimeOffset? disabledAt = null;
        var seen = Seen.None;

        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return false;
        while (Next())
        {
            // The name is looked at before the value is: afterwards the reader is there.
            var member =
                reader.ValueTextEquals("v"u8) ? Seen.Version
                : reader.ValueTextEquals("id"u8) ? Seen.Id
                : reader.ValueTextEquals("kind"u8) ? Seen.Kind
                : reader.ValueTextEquals("name"u8) ? Seen.Name
                : reader.ValueTextEquals("owner"u8) ? Seen.Owner
                : reader.ValueTextEquals("managedBy"u8) ? Seen.ManagedBy
                : reader.ValueTextEquals("grantTypes"u8) ? Seen.GrantTypes
                : reader.ValueTextEquals("defaultResource"u8) ? Seen.Resource
                : reader.ValueTextEquals("credentials"u8) ? Seen.Credentials
                : reader.ValueTextEquals("memberships"u8) ? Seen.Memberships
                : reader.ValueTextEquals("requestsPerSecond"u8) ? Seen.Limit
                : reader.ValueTextEquals("attributes"u8) ? Seen.Attributes
                : reader.ValueTextEquals("disabledAt"u8) ? Seen.DisabledAt
                : reader.ValueTextEquals("disabledReason"u8) ? Seen.DisabledReason
                : Seen.None; // signals, which most do not have, and what is not known
            if (!IsNew(member, ref seen) || !reader.Read())
                return false;

            var isRead = member switch
            {
                Seen.Version => reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var found) && found == version,
                Seen.Id => TryId(out id),
                Seen.Kind => TryShared(out var word) && RegistryParts.IdentityKinds.TryFind(word, out kind),
                Seen.Name => TryText(out name),
                Seen.Owner => TryShared(out owner),
                Seen.ManagedBy => TryShared(out managedBy),
                Seen.GrantTypes => TryGrantTypes(out grantTypes),
                Seen.Resource => TryShared(out resource),
                Seen.Credentials => TryCredentials(out credentials),
                Seen.Memberships => TryMemberships(out memberships),
                Seen.Limit => TryInt(out limit),
                Seen.Attributes => TryAttributes(out attributes),
                Seen.DisabledAt => TryMoment(out disabledAt),
                _ => TryText(out disabledReason),
            };
            if (!isRead)
                return false;
        }

        const Seen needed = Seen.Version | Seen.Id | Seen.Kind;
        if (reader.TokenType != JsonTokenType.EndObject || (seen & needed) != needed)
            return false;

        identity = new Identity
        {
            Id = id!,
            Kind = kind,
            Name = name,
            Owner = owner,
            ManagedBy = managedBy,
            GrantTypes = grantTypes,
            DefaultResource = resource,
            RequestsPerSecond = limit,
            Attributes = attributes,
            Credentials = credentials,
            Memberships = memberships,
            DisabledAt = disabledAt,
            DisabledReason = disabledReason,
        };
        return true;
    }

    private bool TryCredentials(out ImmutableArray<Credential> credentials)
    {
        credentials = [];
        if (reader.TokenType != JsonTokenType.StartArray)
            return false;

        Credential? first = null; // most have one
        ImmutableArray<Credential>.Builder? all = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (!TryCredential(out var credential))
                return false;
            if (first is null)
                first = credential;
            else
                (all ??= StartedWith(first)).Add(credential);
        }

        credentials = all?.DrainToImmutable() ?? (first is null ? [] : [first]);
        return reader.TokenType == JsonTokenType.EndArray;
    }

    private bool TryCredential([NotNullWhen(true)] out Credential? credential)
    {
        credential = null;
        string? handle = null, jwk = null, hash = null, managedBy = null;
        CredentialKind? kind = null;
        DateTimeOffset? createdAt = null, expiresAt = null, revokedAt = null, frozenAt = null;
        var seen = Seen.None;

        if (reader.TokenType != JsonTokenType.StartObject)
            return false;
        while (Next())
        {
            var member =
                reader.ValueTextEquals("handle"u8) ? Seen.Id
                : reader.ValueTextEquals("kind"u8) ? Seen.Kind
                : reader.ValueTextEquals("publicJwk"u8) ? Seen.PublicJwk
                : reader.ValueTextEquals("createdAt"u8) ? Seen.CreatedAt
                : reader.ValueTextEquals("managedBy"u8) ? Seen.ManagedBy
                : reader.ValueTextEquals("secretHash"u8) ? Seen.SecretHash
                : reader.ValueTextEquals("expiresAt"u8) ? Seen.ExpiresAt
                : reader.ValueTextEquals("revokedAt"u8) ? Seen.RevokedAt
                : reader.ValueTextEquals("frozenAt"u8) ? Seen.FrozenAt
                : Seen.None;
            if (!IsNew(member, ref seen) || !reader.Read())
                return false;

            var isRead = member switch
            {
                Seen.Id => TryText(out handle),
                Seen.Kind => TryCredentialKind(out kind),
                Seen.PublicJwk => known is null ? TryText(out jwk) : TryGlance(),
                Seen.SecretHash => known is null ? TryText(out hash) : TryGlance(),
                Seen.ManagedBy => TryShared(out managedBy),
                Seen.CreatedAt => TryMoment(out createdAt),
                Seen.ExpiresAt => TryMoment(out expiresAt),
                Seen.RevokedAt => TryMoment(out revokedAt),
                _ => TryMoment(out frozenAt),
            };
            if (!isRead)
                return false;
        }

        if (reader.TokenType != JsonTokenType.EndObject || handle is null || kind is not { } proof || createdAt is not { } at)
            return false;
        credential = new Credential
        {
            Handle = handle,
            Kind = proof,
            PublicJwk = jwk,
            SecretHash = hash,
            CreatedAt = at,
            ExpiresAt = expiresAt,
            RevokedAt = revokedAt,
            FrozenAt = frozenAt,
            ManagedBy = managedBy,
        };
        return true;
    }

    /// <summary>Those that many identities have alike are held once, and read once.</summary>
    private bool TryMemberships(out ImmutableArray<Membership> memberships)
    {
        memberships = [];
        if (reader.TokenType != JsonTokenType.StartArray)
            return false;

        var from = (int)reader.TokenStartIndex;
        var ahead = reader;
        ahead.Skip();
        var text = json[from..(int)ahead.BytesConsumed];
        if (AlikePool<ImmutableArray<Membership>>.TryGet(text, out memberships))
        {
            reader = ahead;
            return true;
        }

        var read = ImmutableArray.CreateBuilder<Membership>();
        var isAlike = true;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (!TryMembership(out var membership))
                return false;
            isAlike &= membership is { ExpiresAt: null, RemovedAt: null }; // moments are one identity's own
            read.Add(membership);
        }

        memberships = read.DrainToImmutable();
        if (isAlike)
            AlikePool<ImmutableArray<Membership>>.Add(text, memberships);
        return reader.TokenType == JsonTokenType.EndArray;
    }

    private bool TryMembership([NotNullWhen(true)] out Membership? membership)
    {
        membership = null;
        EntityUid? group = null;
        string? managedBy = null;
        DateTimeOffset? expiresAt = null, removedAt = null;
        var seen = Seen.None;

        if (reader.TokenType != JsonTokenType.StartObject)
            return false;
        while (Next())
        {
            var member =
                reader.ValueTextEquals("group"u8) ? Seen.Id
                : reader.ValueTextEquals("managedBy"u8) ? Seen.ManagedBy
                : reader.ValueTextEquals("expiresAt"u8) ? Seen.ExpiresAt
                : reader.ValueTextEquals("removedAt"u8) ? Seen.RemovedAt
                : Seen.None;
            if (!IsNew(member, ref seen) || !reader.Read())
                return false;

            var isRead = member switch
            {
                Seen.Id => TryGroup(out group),
                Seen.ManagedBy => TryShared(out managedBy),
                Seen.ExpiresAt => TryMoment(out expiresAt),
                _ => TryMoment(out removedAt),
            };
            if (!isRead)
                return false;
        }

        if (reader.TokenType != JsonTokenType.EndObject || group is not { } uid)
            return false;
        membership = new Membership { Group = uid, ExpiresAt = expiresAt, ManagedBy = managedBy, RemovedAt = removedAt };
        return true;
    }

    private bool TryGrantTypes(out ImmutableArray<string> texts)
    {
        texts = [];
        if (reader.TokenType != JsonTokenType.StartArray)
            return false;

        var ahead = reader;
        ahead.Skip();
        var text = json[(int)reader.TokenStartIndex..(int)ahead.BytesConsumed];
        if (!AlikePool<ImmutableArray<string>>.TryGet(text, out texts))
        {
            var read = ImmutableArray.CreateBuilder<string>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (!TryShared(out var one))
                    return false;
                read.Add(one);
            }

            texts = read.DrainToImmutable();
            AlikePool<ImmutableArray<string>>.Add(text, texts);
        }

        reader = ahead;
        return true;
    }

    private bool TryAttributes(out RecordValue attributes)
    {
        var ahead = reader;
        ahead.Skip();
        var text = json[(int)reader.TokenStartIndex..(int)ahead.BytesConsumed];
        reader = ahead;
        if (AlikePool<RecordValue>.TryGet(text, out attributes!))
            return true;

        using var document = JsonDocument.Parse(text.ToArray(), StrictDocument.ReaderOptions);
        attributes = CedarJson.ReadContext(document.RootElement);
        AlikePool<RecordValue>.Add(text, attributes);
        return true;
    }

    /// <summary>At the name of the next member; false at what is none.</summary>
    private bool Next() => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    private static bool IsNew(Seen member, ref Seen seen)
    {
        if (member == Seen.None || (seen & member) != 0)
            return false;
        seen |= member;
        return true;
    }

    private bool TryText([NotNullWhen(true)] out string? text)
    {
        text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return text is not null;
    }

    private bool TryId([NotNullWhen(true)] out string? id)
    {
        if (known is null || reader.TokenType != JsonTokenType.String || !reader.ValueTextEquals(known))
            return TryText(out id);
        id = known;
        return true;
    }

    /// <summary>A text that many objects have in common: most often it is not even made.</summary>
    private bool TryShared([NotNullWhen(true)] out string? text)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            text = null;
            return false;
        }

        if (AlikePool<string>.TryGet(reader.ValueSpan, out text)) // as it is written, so what is escaped is another text
            return true;
        text = TextPool.Of(reader.GetString()!);
        AlikePool<string>.Add(reader.ValueSpan, text);
        return true;
    }

    /// <summary>A text that is one, and is not kept.</summary>
    private bool TryGlance()
    {
        if (reader.TokenType != JsonTokenType.String)
            return false;
        if (reader.ValueSpan.Length > LongestGlance)
            return reader.GetString() is not null;
        Span<char> text = stackalloc char[LongestGlance];
        reader.CopyString(text);
        return true;
    }

    private bool TryInt(out int? number)
    {
        number = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var value) ? value : null;
        return number is not null;
    }

    private bool TryMoment(out DateTimeOffset? moment)
    {
        moment = null;
        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length > LongestMoment)
            return false;
        Span<char> text = stackalloc char[LongestMoment];
        if (!StrictObject.TryParse(text[..reader.CopyString(text)], out var read))
            return false;
        moment = read;
        return true;
    }

    private bool TryCredentialKind(out CredentialKind? kind)
    {
        kind = null;
        if (!TryShared(out var word) || !RegistryJson.CredentialKinds.TryFind(word, out var found))
            return false;
        kind = found;
        return true;
    }

    private bool TryGroup(out EntityUid? group)
    {
        group = null;
        if (!TryText(out var text) || !EntityUid.TryParse(text, out var uid))
            return false;
        group = new EntityUid(TextPool.Of(uid.Type), TextPool.Of(uid.Id));
        return true;
    }

    private static ImmutableArray<Credential>.Builder StartedWith(Credential first)
    {
        var all = ImmutableArray.CreateBuilder<Credential>(4);
        all.Add(first);
        return all;
    }

    /// <summary>Members of one object that were read.</summary>
    [Flags]
    private enum Seen
    {
        None = 0,
        Version = 1 << 0,
        Id = 1 << 1, // what names the object: id, handle, group
        Kind = 1 << 2,
        Name = 1 << 3,
        Owner = 1 << 4,
        ManagedBy = 1 << 5,
        GrantTypes = 1 << 6,
        Resource = 1 << 7,
        Credentials = 1 << 8,
        Memberships = 1 << 9,
        Limit = 1 << 10,
        Attributes = 1 << 11,
        DisabledAt = 1 << 12,
        DisabledReason = 1 << 13,
        PublicJwk = 1 << 14,
        SecretHash = 1 << 15,
        CreatedAt = 1 << 16,
        ExpiresAt = 1 << 17,
        RevokedAt = 1 << 18,
        FrozenAt = 1 << 19,
        RemovedAt = 1 << 20,
    }
}
