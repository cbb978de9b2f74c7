using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Assay.Core.Evidence;

namespace Assay.Core.Transparency;

/// <summary>
/// The log as lines of JSON (NDJSON): first <c>log</c> with a cluster checkpoint, then each <c>batch</c> with its leaves before its <c>record</c>s, each with its salt, and
/// <c>end</c> last. Records are in it byte for byte.
/// </summary>
public static class LogExport
{
    public const string MediaType = "application/x-ndjson";
    private const int Version = 1;

    public static void WriteLog(IBufferWriter<byte> output, SignedNote checkpoint)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "log"u8);
            json.WriteNumber("v"u8, Version);
            json.WriteString("checkpoint"u8, checkpoint.ToString());
            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    public static void Write(IBufferWriter<byte> output, LoggedBatch batch)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "batch"u8);
            json.WriteNumber("shard"u8, batch.Shard);
            json.WriteNumber("first"u8, batch.First);
            json.WriteNumber("count"u8, batch.Count);
            json.WriteNumber("at"u8, batch.CommittedAt.ToUnixTimeMilliseconds());
            json.WriteString("checksum"u8, batch.Checksum.ToString("x16", CultureInfo.InvariantCulture));
            json.WriteBase64String("root"u8, batch.Root.Span);
            json.WriteBase64String("signature"u8, batch.Signature.Span);
            json.WriteBase64String("leaves"u8, batch.Leaves.Span);
            if (batch.IsDropped)
                json.WriteBoolean("dropped"u8, true);
            else if (batch.Records is null)
                json.WriteBase64String("unreadable"u8, batch.Unreadable.Span);
            else
                json.WriteNumber("records"u8, batch.Records.Value.Length);
            json.WriteEndObject();
        }

        output.Write("\n"u8);
        if (batch.Records is not { } records)
            return;
        for (var i = 0; i < records.Length; i++)
            WriteRecord(output, batch.First + i, Salt(batch, i), records[i].Span);
    }

    public static void WriteEnd(IBufferWriter<byte> output, long batches)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "end"u8);
            json.WriteNumber("batches"u8, batches);
            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    /// <summary>Reads an export, batch by batch.</summary>
    public static LogReader Read(Stream input) => new(input);

    private static ReadOnlySpan<byte> Salt(LoggedBatch batch, int i) =>
        batch.Salts.Length >= (i + 1) * EvidenceLeaf.SaltSize ? batch.Salts.Span.Slice(i * EvidenceLeaf.SaltSize, EvidenceLeaf.SaltSize) : default;

    private static void WriteRecord(IBufferWriter<byte> output, long position, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> record)
    {
        var isLine = IsOneLineOfJson(record);
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "record"u8);
            json.WriteNumber("position"u8, position);
            json.WriteBase64String("salt"u8, salt);
            if (isLine)
            {
                json.WritePropertyName("record"u8);
                json.WriteRawValue(record, skipInputValidation: true);
            }
            else
            {
                json.WriteBase64String("bytes"u8, record);
            }

            json.WriteEndObject();
        }

        output.Write("\n"u8);
    }

    /// <summary>What is in the store may be anything; only an object in one line, without blanks around it, can stand in a line as it is.</summary>
    private static bool IsOneLineOfJson(ReadOnlySpan<byte> record)
    {
        if (record is not [(byte)'{', .., (byte)'}'] || record.ContainsAny((byte)'\n', (byte)'\r'))
            return false;
        try
        {
            var json = new Utf8JsonReader(record, new JsonReaderOptions { MaxDepth = LogReader.MaxDepth });
            while (json.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

/// <summary>Reads the lines of <see cref="LogExport"/>. For one thread; the batch that was read is good until the next.</summary>
public sealed class LogReader(Stream input)
{
    internal const int MaxDepth = 130;
    private const int MaxLine = 64 * 1024 * 1024;

    private readonly ArrayBufferWriter<byte> content = new(1 << 20);
    private byte[] buffer = new byte[1 << 20];
    private int start;
    private int end;
    private long line;

    /// <summary>The cluster checkpoint at the top; after <see cref="ReadHead"/>.</summary>
    public SignedNote? Checkpoint { get; private set; }

    /// <summary>Whether the last line was there; without it the export was cut off.</summary>
    public bool IsWhole { get; private set; }

    /// <exception cref="FormatException">It is no export.</exception>
    public async ValueTask<SignedNote> ReadHead(CancellationToken cancellationToken = default)
    {
        var first = await Line(cancellationToken) ?? throw new FormatException("the export is empty");
        try
        {
            using var json = JsonDocument.Parse(first);
            if (json.RootElement.GetProperty("type").GetString() != "log" || json.RootElement.GetProperty("v").GetInt32() != 1)
                throw new FormatException("the first line does not begin a log of version 1");
            return Checkpoint = SignedNote.Parse(json.RootElement.GetProperty("checkpoint").GetString()!);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"the first line does not begin a log: {fault.Message}", fault);
        }
    }

    /// <summary>The next batch with its records; null after the last.</summary>
    /// <exception cref="FormatException">A line is not what it should be; the message says which.</exception>
    public async ValueTask<LoggedBatch?> Next(CancellationToken cancellationToken = default)
    {
        if (await Line(cancellationToken) is not { } first)
            return null;
        var (batch, records) = ParseBatch(first.Span);
        if (batch is null)
        {
            IsWhole = true;
            return await Line(cancellationToken) is null ? null : throw Bad("something follows the end");
        }

        if (records < 0)
            return batch;
        var salts = new byte[records * EvidenceLeaf.SaltSize];
        content.ResetWrittenCount();
        var lengths = new int[records];
        for (var i = 0; i < records; i++)
        {
            if (await Line(cancellationToken) is not { } next)
                throw Bad("the export ends inside a batch");
            lengths[i] = ParseRecord(next.Span, batch.First + i, salts.AsSpan(i * EvidenceLeaf.SaltSize, EvidenceLeaf.SaltSize));
        }

        var slices = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>(records);
        var at = 0;
        foreach (var length in lengths)
        {
            slices.Add(content.WrittenMemory.Slice(at, length));
            at += length;
        }

        (batch.Salts, batch.Records) = (salts, slices.MoveToImmutable());
        return batch;
    }

    private (LoggedBatch? Batch, int Records) ParseBatch(ReadOnlySpan<byte> text)
    {
        string? type = null;
        long shard = -1, first = -1, at = 0;
        int count = -1, records = -1;
        ulong checksum = 0;
        byte[] root = [], signature = [], leaves = [], unreadable = [];
        var isDropped = false;
        try
        {
            var json = new Utf8JsonReader(text);
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var name = json.GetString();
                json.Read();
                switch (name)
                {
                    case "type": type = json.GetString(); break;
                    case "shard": shard = json.GetInt64(); break;
                    case "first": first = json.GetInt64(); break;
                    case "count": count = json.GetInt32(); break;
                    case "records": records = json.GetInt32(); break;
                    case "at": at = json.GetInt64(); break;
                    case "checksum": checksum = ulong.Parse(json.GetString()!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture); break;
                    case "root": root = json.GetBytesFromBase64(); break;
                    case "signature": signature = json.GetBytesFromBase64(); break;
                    case "leaves": leaves = json.GetBytesFromBase64(); break;
                    case "unreadable": unreadable = json.GetBytesFromBase64(); break;
                    case "dropped": isDropped = json.GetBoolean(); break;
                    default: json.Skip(); break;
                }
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            throw Bad(fault.Message);
        }

        if (type == "end")
            return (null, 0);
        if (type != "batch" || shard < 0 || first < 0 || count < 0 || records < -1 || records > MaxLine)
            throw Bad("expected a batch");
        var batch = new LoggedBatch
        {
            Shard = shard, First = first, Count = count, CommittedAt = DateTimeOffset.FromUnixTimeMilliseconds(at), Checksum = checksum, Root = root, Signature = signature,
            Leaves = leaves, IsDropped = isDropped, Unreadable = unreadable,
        };
        return (batch, records);
    }

    /// <summary>Appends the bytes of the record; answers how many.</summary>
    private int ParseRecord(ReadOnlySpan<byte> text, long position, Span<byte> salt)
    {
        if (ParseUsual(text, position, salt) is { } usual)
            return usual;

        var length = -1;
        var found = -1L;
        try
        {
            var json = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = MaxDepth });
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("record"u8))
                {
                    json.Read();
                    var from = (int)json.TokenStartIndex;
                    json.Skip();
                    length = (int)json.BytesConsumed - from;
                    content.Write(text.Slice(from, length));
                }
                else if (json.ValueTextEquals("salt"u8))
                {
                    json.Read();
                    // A salt of another length is none: the record will not fit its leaf.
                    if (json.GetBytesFromBase64() is { Length: EvidenceLeaf.SaltSize } bytes)
                        bytes.CopyTo(salt);
                }
                else if (json.ValueTextEquals("position"u8))
                {
                    json.Read();
                    found = json.GetInt64();
                }
                else if (json.ValueTextEquals("bytes"u8))
                {
                    json.Read();
                    var bytes = json.GetBytesFromBase64();
                    content.Write(bytes);
                    length = bytes.Length;
                }
                else
                {
                    json.Read();
                    json.Skip();
                }
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException)
        {
            throw Bad(fault.Message);
        }

        return found == position && length >= 0 ? length : throw Bad(string.Create(CultureInfo.InvariantCulture, $"expected the record at position {position}"));
    }

    /// <summary>
    /// A record's line as <see cref="LogExport"/> writes it, without reading the JSON of the record: the leaf says whether it is the right one. Null when it is laid
    /// out in another way.
    /// </summary>
    private int? ParseUsual(ReadOnlySpan<byte> text, long position, Span<byte> salt)
    {
        var rest = text;
        if (!Take(ref rest, "{\"type\":\"record\",\"position\":"u8) || !Utf8Parser.TryParse(rest, out long found, out var digits) || found != position)
            return null;
        rest = rest[digits..];
        const int encoded = 24; // 16 bytes
        if (!Take(ref rest, ",\"salt\":\""u8) || rest.Length < encoded
            || Base64.DecodeFromUtf8(rest[..encoded], salt, out _, out var bytes) != OperationStatus.Done || bytes != EvidenceLeaf.SaltSize)
            return null;
        rest = rest[encoded..];
        if (!Take(ref rest, "\",\"record\":"u8) || rest is not [(byte)'{', .., (byte)'}', (byte)'}'])
            return null;
        content.Write(rest[..^1]);
        return rest.Length - 1;
    }

    private static bool Take(ref ReadOnlySpan<byte> rest, ReadOnlySpan<byte> expected)
    {
        if (!rest.StartsWith(expected))
            return false;
        rest = rest[expected.Length..];
        return true;
    }

    /// <summary>The next line without its end; null after the last.</summary>
    private async ValueTask<ReadOnlyMemory<byte>?> Line(CancellationToken cancellationToken)
    {
        for (var searched = start; ; )
        {
            var at = buffer.AsSpan(searched, end - searched).IndexOf((byte)'\n');
            if (at >= 0)
            {
                var found = buffer.AsMemory(start, searched + at - start);
                start = searched + at + 1;
                line++;
                return found;
            }

            if (start > 0)
            {
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, end) = (0, end - start);
            }

            searched = end;
            if (end == buffer.Length)
            {
                if (buffer.Length >= MaxLine)
                    throw Bad("the line is too long");
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            var read = await input.ReadAsync(buffer.AsMemory(end), cancellationToken);
            if (read == 0)
                return end == start ? null : throw Bad("it ends inside a line");
            end += read;
        }
    }

    private FormatException Bad(string how) => new(string.Create(CultureInfo.InvariantCulture, $"line {line}: {how}"));
}
