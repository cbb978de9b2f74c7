using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;

namespace Assay.Core.Jose;

/// <summary>Why <see cref="StrictJson"/> refused a text.</summary>
internal enum JsonFault
{
    None,
    NotUnicode,
    NotAnObject,
    DuplicateMember,
    TooDeep,
    TooManyMembers,
}

/// <summary>
/// What every JSON text from outside must be before anything reads it: valid UTF-8 with no lone surrogate behind an escape,
/// one object, no member name twice in any object (also not spelt with escapes; RFC 7515 §4, RFC 7519 §4), and bounded.
/// </summary>
internal static class StrictJson
{
    public const int MaxDepth = 16;

    /// <summary>Names of all objects open at one time. It bounds the pairwise comparison below.</summary>
    public const int MaxOpenMembers = 256;

    public static JsonFault CheckObject(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
            return JsonFault.NotUnicode;

        byte[]? scratch = null;
        try
        {
            return Walk(json, ref scratch);
        }
        catch (JsonException)
        {
            return JsonFault.NotAnObject;
        }
        catch (InvalidOperationException) // an escape that names half a surrogate pair
        {
            return JsonFault.NotUnicode;
        }
        finally
        {
            if (scratch is not null)
                ArrayPool<byte>.Shared.Return(scratch, clearArray: true);
        }
    }

    private static JsonFault Walk(ReadOnlySpan<byte> json, ref byte[]? scratch)
    {
        Span<Name> names = stackalloc Name[MaxOpenMembers];
        Span<int> firstOfObject = stackalloc int[MaxDepth];
        var count = 0;
        var scratchUsed = 0;
        // One level more than allowed, so that the limit is ours to report.
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth + 1 });

        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray when reader.CurrentDepth >= MaxDepth:
                    return JsonFault.TooDeep;

                case JsonTokenType.StartObject:
                    firstOfObject[reader.CurrentDepth] = count;
                    break;

                case JsonTokenType.EndObject:
                    count = firstOfObject[reader.CurrentDepth];
                    break;

                case JsonTokenType.PropertyName:
                    if (count == MaxOpenMembers)
                        return JsonFault.TooManyMembers;
                    var name = Unescaped(json, ref reader, ref scratch, ref scratchUsed);
                    if (Contains(names[firstOfObject[reader.CurrentDepth - 1]..count], name, json, scratch))
                        return JsonFault.DuplicateMember;
                    names[count++] = name;
                    break;

                case JsonTokenType.String when reader.ValueIsEscaped:
                    // Checked, not kept: names so far and this value are disjoint parts of the text, so it fits behind them.
                    scratch ??= ArrayPool<byte>.Shared.Rent(json.Length);
                    reader.CopyString(scratch.AsSpan(scratchUsed));
                    break;
            }

            if (reader.CurrentDepth == 0 && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.EndObject))
                return JsonFault.NotAnObject;
        }

        return JsonFault.None;
    }

    private static Name Unescaped(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, ref byte[]? scratch, ref int scratchUsed)
    {
        if (!reader.ValueIsEscaped)
            return new Name((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length, InScratch: false);

        scratch ??= ArrayPool<byte>.Shared.Rent(json.Length);
        var name = new Name(scratchUsed, reader.CopyString(scratch.AsSpan(scratchUsed)), InScratch: true);
        scratchUsed += name.Length;
        return name;
    }

    private static bool Contains(ReadOnlySpan<Name> names, Name name, ReadOnlySpan<byte> json, ReadOnlySpan<byte> scratch)
    {
        var text = name.Text(json, scratch);
        foreach (var other in names)
        {
            if (other.Length == text.Length && other.Text(json, scratch).SequenceEqual(text))
                return true;
        }

        return false;
    }

    private readonly record struct Name(int Start, int Length, bool InScratch)
    {
        public ReadOnlySpan<byte> Text(ReadOnlySpan<byte> json, ReadOnlySpan<byte> scratch) =>
            (InScratch ? scratch : json).Slice(Start, Length);
    }
}
