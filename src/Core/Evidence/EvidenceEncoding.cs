using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Assay.Core.Decisions;
using Assay.Core.Json;
using Assay.Core.Shadowing;
using Assay.Core.Transparency;

namespace Assay.Core.Evidence;

/// <summary>Evidence at rest: compact UTF-8 JSON with its version as <c>"v"</c>. Written on the way of every token, so each thread keeps its writer.</summary>
internal static class EvidenceEncoding
{
    private const int LargestKept = 64 * 1024;

    private static readonly Words<EvidenceKind> Kinds = new(
        ("permit", EvidenceKind.Permit),
        ("denial", EvidenceKind.Denial),
        ("refusal", EvidenceKind.Refusal),
        ("void", EvidenceKind.Void),
        ("admin", EvidenceKind.Admin),
        ("checkpoint", EvidenceKind.Checkpoint));

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json)? kept;

    public static byte[] Encode(EvidenceRecord record)
    {
        var (buffer, json) = Take();
        Write(json, record);
        var bytes = buffer.WrittenSpan.ToArray();
        Keep((buffer, json));
        return bytes;
    }

    public static RentedRecord Encode(in DecisionEvidence record)
    {
        var (buffer, json) = Take();
        Write(json, record);
        var rented = RentedRecord.Of(buffer.WrittenSpan);
        Keep((buffer, json));
        return rented;
    }

    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json) Take()
    {
        var (buffer, json) = kept ?? Make();
        kept = null; // until it is whole again: an exception leaves no half-used writer behind
        json.Reset(buffer);
        return (buffer, json);
    }

    private static void Keep((ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json) written)
    {
        if (written.Buffer.Capacity > LargestKept)
            return;
        written.Buffer.ResetWrittenCount();
        kept = written;
    }

    public static void Encode(EvidenceRecord record, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, StrictDocument.WriterOptions);
        Write(json, record);
    }

    public static EvidenceRecord Decode(ReadOnlySpan<byte> json) =>
        StrictDocument.Decode(json, "evidence", EvidenceRecord.CurrentVersion, static members =>
        {
            var record = Read(members);
            members.End(); // a misspelt member is named before the one that is missed for it
            return Missing(record) is { } missing
                ? throw new FormatException($"evidence: a record of kind {Kinds.Of(record.Kind)} needs {missing}")
                : record;
        });

    private static void Write(Utf8JsonWriter json, in DecisionEvidence record)
    {
        WriteHead(json, record.Kind, record.Shard, record.Position, record.Node, record.Input.Time, record.RequestId);
        WriteDecision(json, record.Input, record.Verdict, record.Refusal, record.Error);
        if (!record.Token.JwtId.IsEmpty)
            WriteToken(json, record.Token);
        if (!record.SpentAssertion.IsEmpty)
            json.WriteString("spentAssertion"u8, record.SpentAssertion);
        WriteShadow(json, record.Shadow);
        json.WriteEndObject();
        json.Flush();
    }

    private static void WriteToken(Utf8JsonWriter json, in TokenEvidence token)
    {
        json.WriteString("jti"u8, token.JwtId);
        json.WriteText("kid", token.KeyId);
        json.WriteNumber("expiresAt"u8, token.ExpiresAt.ToUnixTimeMilliseconds());
        Span<byte> hash = stackalloc byte[Base64Url.GetEncodedLength(SHA256.HashSizeInBytes)];
        json.WriteString("signingInputHash"u8, hash[..Base64Url.EncodeToUtf8(token.SigningInputHash, hash)]);
        if (token.StatusList is { } list)
            WriteStatus(json, list, token.StatusIndex);
    }

    private static void Write(Utf8JsonWriter json, EvidenceRecord record)
    {
        WriteHead(json, record.Kind, record.Shard, record.Position, record.Node, record.Time, record.RequestId);
        WriteDecision(json, record.Input, record.Verdict, record.Refusal, record.Error);
        json.WriteText("jti", record.JwtId);
        json.WriteText("kid", record.KeyId);
        if (record.ExpiresAt is { } end)
            json.WriteNumber("expiresAt"u8, end.ToUnixTimeMilliseconds());
        json.WriteText("signingInputHash", record.SigningInputHash);
        if (record.Status is { } status)
            WriteStatus(json, status.List, status.Index);
        json.WriteText("spentAssertion", record.SpentAssertion);
        json.WriteText("identity", record.Identity);
        WriteShadow(json, record.Shadow);
        if (record.Admin is { } admin)
        {
            json.WriteStartObject("admin"u8);
            json.WriteString("actor"u8, admin.Actor);
            json.WriteString("action"u8, admin.Action);
            json.WriteString("target"u8, admin.Target);
            json.WriteNumber("number"u8, admin.Number);
            if (admin.Details is { } details)
            {
                json.WriteString("reason"u8, details.Reason);
                json.WriteTexts("parts", details.Parts);
            }

            json.WriteEndObject();
        }

        if (record.Heads is { } heads)
            WriteHeads(json, heads);

        json.WriteEndObject();
        json.Flush();
    }

    private static void WriteHead(Utf8JsonWriter json, EvidenceKind kind, long shard, long position, string node, DateTimeOffset time, Guid requestId)
    {
        json.WriteStartObject();
        json.WriteNumber("v"u8, EvidenceRecord.CurrentVersion);
        json.WriteString("kind"u8, Kinds.Of(kind));
        json.WriteNumber("shard"u8, shard);
        json.WriteNumber("position"u8, position);
        json.WriteString("node"u8, node);
        json.WriteNumber("time"u8, time.ToUnixTimeMilliseconds());
        json.WriteString("requestId"u8, requestId);
    }

    private static void WriteDecision(Utf8JsonWriter json, DecisionInput? input, Verdict? verdict, string? refusal, string? error)
    {
        if (input is not null)
        {
            json.WriteStartObject("input"u8);
            DecisionJson.WriteMembers(json, input);
            json.WriteEndObject();
        }

        if (verdict is not null)
        {
            json.WriteStartObject("verdict"u8);
            DecisionJson.WriteMembers(json, verdict);
            json.WriteEndObject();
        }

        json.WriteText("refusal", refusal);
        json.WriteText("error", error);
    }

    private static void WriteStatus(Utf8JsonWriter json, string list, int index)
    {
        json.WriteStartObject("status"u8);
        json.WriteString("list"u8, list);
        json.WriteNumber("index"u8, index);
        json.WriteEndObject();
    }

    private static void WriteShadow(Utf8JsonWriter json, ShadowAnswer? shadow)
    {
        if (shadow is null)
            return;

        json.WriteStartObject("shadow"u8);
        DecisionJson.WriteMembers(json, shadow);
        json.WriteEndObject();
    }

    private static void WriteHeads(Utf8JsonWriter json, LogHeads heads)
    {
        Span<byte> root = stackalloc byte[TreeHash.Size];
        json.WriteStartArray("heads"u8);
        foreach (var head in heads.Shards)
        {
            head.Root.CopyTo(root);
            json.WriteStartObject();
            json.WriteNumber("shard"u8, head.Shard);
            json.WriteNumber("size"u8, head.Size);
            json.WriteBase64String("root"u8, root);
            if (head.IsSealed)
                json.WriteBoolean("sealed"u8, true);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static EvidenceRecord Read(StrictObject json) => new()
    {
        Kind = json.Word("kind", Kinds),
        Shard = json.Long("shard"),
        Position = json.Long("position"),
        Node = json.Text("node"),
        Time = json.UnixMilliseconds("time"),
        RequestId = Guid.TryParseExact(json.Text("requestId"), "D", out var id) ? id : throw json.Bad("requestId", "expected a UUID"),
        Input = json.OptionalObject("input", DecisionJson.ReadInput),
        Verdict = json.OptionalObject("verdict", DecisionJson.ReadVerdict),
        Refusal = json.OptionalText("refusal"),
        Error = json.OptionalText("error"),
        JwtId = json.OptionalText("jti"),
        KeyId = json.OptionalText("kid"),
        ExpiresAt = json.OptionalLong("expiresAt") is null ? null : json.UnixMilliseconds("expiresAt"),
        SigningInputHash = Hash(json),
        Status = json.OptionalObject("status", static status => new TokenStatus(status.Text("list"), status.Int("index"))),
        SpentAssertion = Spent(json),
        Identity = json.OptionalText("identity"),
        Shadow = json.OptionalObject("shadow", DecisionJson.ReadShadow),
        Admin = json.OptionalObject("admin", ReadAct),
        Heads = json.Objects("heads", ReadHead) is { IsEmpty: false } heads ? new LogHeads(heads) : null,
    };

    private static AdminAct ReadAct(StrictObject act) => new(
        act.Text("actor"),
        act.Text("action"),
        act.Text("target"),
        act.Long("number"),
        act.OptionalText("reason") is { } reason ? new ActDetails(reason, act.Texts("parts")) : null);

    private static ShardHead ReadHead(StrictObject head) => new(
        head.Long("shard"),
        head.Long("size"),
        TreeHash.TryParse(head.Text("root"), out var root) ? root : throw head.Bad("root", "expected 32 bytes in base64"),
        head.Flag("sealed"));

    private static string? Hash(StrictObject json)
    {
        var text = json.OptionalText("signingInputHash");
        return text is null || (Base64Url.IsValid(text, out var length) && length == SHA256.HashSizeInBytes)
            ? text
            : throw json.Bad("signingInputHash", "expected 32 bytes in base64url");
    }

    private static string? Spent(StrictObject json)
    {
        var text = json.OptionalText("spentAssertion");
        return text is null || (text.Length == 32 && !text.AsSpan().ContainsAnyExcept("0123456789abcdef"))
            ? text
            : throw json.Bad("spentAssertion", "expected 32 lower-case hex digits");
    }

    /// <summary>What a record of its kind cannot be without.</summary>
    private static string? Missing(EvidenceRecord record) => record.Kind switch
    {
        EvidenceKind.Permit when record.Input is null || record.Verdict is not { GrantsAny: true } => "an input, and a verdict that grants a scope",
        EvidenceKind.Permit when record.JwtId is null || record.KeyId is null || record.ExpiresAt is null || record.SigningInputHash is null =>
            "jti, kid, expiresAt and signingInputHash",
        EvidenceKind.Denial when record.Input is null || record.Verdict is not { GrantsAny: false } || record.Error is null =>
            "an input, a verdict that grants nothing, and an error",
        EvidenceKind.Refusal when record.Input is null || record.Refusal is null || record.Error is null => "an input, a refusal and an error",
        EvidenceKind.Admin when record.Admin is null => "an admin act",
        EvidenceKind.Checkpoint when record.Heads is null => "heads of shards",
        _ => null,
    };

    private static (ArrayBufferWriter<byte>, Utf8JsonWriter) Make()
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        return (buffer, new Utf8JsonWriter(buffer, StrictDocument.WriterOptions));
    }
}
