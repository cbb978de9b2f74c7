using System.Text;
using System.Text.Json;

namespace Assay.Core.Jose;

/// <summary>The header of all tokens a key signs, encoded once: base64url and the dot behind it.</summary>
public sealed class JwsHeaderSegment
{
    private readonly byte[] text;

    /// <exception cref="ArgumentException">A part is empty, over 128 characters or not printable ASCII.</exception>
    public JwsHeaderSegment(string alg, string typ, string kid)
    {
        Check(alg, nameof(alg));
        Check(typ, nameof(typ));
        Check(kid, nameof(kid));
        (Alg, Kid) = (alg, kid);

        var json = new System.Buffers.ArrayBufferWriter<byte>(128);
        using (var writer = new Utf8JsonWriter(json, JwtWriter.JsonOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("typ"u8, typ);
            writer.WriteString("alg"u8, alg);
            writer.WriteString("kid"u8, kid);
            writer.WriteEndObject();
        }

        text = Encoding.ASCII.GetBytes(Base64UrlText.Encode(json.WrittenSpan) + ".");
    }

    public string Alg { get; }

    public string Kid { get; }

    /// <summary>The segment, ending in a dot.</summary>
    public ReadOnlySpan<byte> Text => text;

    private static void Check(string part, string name)
    {
        if (!JoseHeader.IsPrintable(part, JoseHeader.MaxKidLength))
            throw new ArgumentException("Must be 1 to 128 printable ASCII characters.", name);
    }
}
