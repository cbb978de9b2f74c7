using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Assay.Core.Transparency;

/// <summary>A text with signatures under it (C2SP signed-note).</summary>
/// <param name="Text">Ends in a newline, which is signed too.</param>
public sealed record SignedNote(string Text, ImmutableArray<NoteSignature> Signatures)
{
    /// <summary>Bytes of a note that is read: the heads of some ten thousand shards.</summary>
    public const int MaxLength = 4 * 1024 * 1024;

    private const int MaxSignatures = 64;
    private const string Dash = "— ";

    /// <summary>Signs a text with one key.</summary>
    public static SignedNote Sign(string text, NoteKey key, System.Security.Cryptography.ECDsa privateKey) =>
        new(text, [new NoteSignature(key.Name, key.Id, NoteKey.Sign(text, privateKey))]);

    /// <exception cref="FormatException">It is no signed note; the message says why.</exception>
    public static SignedNote Parse(string note)
    {
        if (note.Length > MaxLength)
            throw new FormatException($"the note is over {MaxLength} characters");
        foreach (var character in note)
        {
            if (character < ' ' && character != '\n')
                throw new FormatException("the note holds control characters");
        }

        var end = note.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (end < 1 || !note.EndsWith('\n') || end + 2 == note.Length)
            throw new FormatException("the note has no signatures after a blank line");

        var lines = note[(end + 2)..^1].Split('\n');
        if (lines.Length > MaxSignatures)
            throw new FormatException($"the note has more than {MaxSignatures} signatures");
        return new SignedNote(note[..(end + 1)], [.. lines.Select(ParseSignature)]);
    }

    /// <summary>
    /// Whether one of these keys signed it. False too when a signature claims to be of one of them and is not (C2SP signed-note: reject the whole note).
    /// </summary>
    public bool IsSignedBy(IEnumerable<NoteKey> keys, out NoteKey? by)
    {
        by = null;
        var known = keys.ToLookup(key => (key.Name, key.Id));
        foreach (var signature in Signatures)
        {
            foreach (var key in known[(signature.Name, signature.KeyId)])
            {
                if (!key.Verify(Text, signature.Signature.AsSpan()))
                    return false;
                by ??= key;
            }
        }

        return by is not null;
    }

    public override string ToString()
    {
        var note = new StringBuilder(Text).Append('\n');
        foreach (var signature in Signatures)
            note.Append(signature).Append('\n');
        return note.ToString();
    }

    /// <exception cref="FormatException">It is no line with a signature.</exception>
    public static NoteSignature ParseSignature(string line)
    {
        var parts = line.StartsWith(Dash, StringComparison.Ordinal) ? line[Dash.Length..].Split(' ') : [];
        return parts is [{ Length: > 0 } name, { } encoded] && !name.Contains('+', StringComparison.Ordinal)
            ? NoteSignature.Parse(name, encoded)
            : throw new FormatException("a signature line is not of the form: dash, key name, base64");
    }
}

/// <param name="KeyId">A short name of the key, not a proof of it.</param>
public sealed record NoteSignature(string Name, uint KeyId, ImmutableArray<byte> Signature)
{
    /// <summary>Key id and signature in base64, as it stands in a line.</summary>
    public string Encoded
    {
        get
        {
            var bytes = new byte[4 + Signature.Length];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, KeyId);
            Signature.CopyTo(bytes.AsSpan(4));
            return Convert.ToBase64String(bytes);
        }
    }

    internal static NoteSignature Parse(string name, string encoded)
    {
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, bytes, out var length) || length < 5)
            throw new FormatException("a signature is not base64 of a key id and a signature");
        return new NoteSignature(name, BinaryPrimitives.ReadUInt32BigEndian(bytes), [.. bytes.AsSpan(4, length - 4)]);
    }

    public bool Equals(NoteSignature? other) => other is not null && Name == other.Name && KeyId == other.KeyId && Signature.AsSpan().SequenceEqual(other.Signature.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Name, KeyId);

    public override string ToString() => $"— {Name} {Encoded}";
}
