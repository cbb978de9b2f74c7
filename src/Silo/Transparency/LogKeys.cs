using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Assay.Core.Registry;
using Assay.Core.Transparency;
using Assay.Grains.Authority;
using Assay.Grains.Keys;

namespace Assay.Silo.Transparency;

/// <summary>
/// The keys that verify checkpoints, every one that ever was: a checkpoint outlives the key that signed it. A withdrawn one is among them, because the trees it
/// signed are covered by later signatures of others.
/// </summary>
internal static class LogKeys
{
    /// <param name="name">The origin under which they sign.</param>
    public static ImmutableArray<NoteKey> Of(SiloSnapshot view, string name) =>
        [.. view.Keys.Where(key => key.Purpose == KeyPurposes.Checkpoint).OrderBy(key => key.AnnouncedAt).ThenBy(key => key.KeyId, StringComparer.Ordinal).Select(key => Of(key, name))];

    private static NoteKey Of(SigningKey key, string name)
    {
        using var jwk = JsonDocument.Parse(key.PublicJwk);
        byte[] Coordinate(string member) => Base64Url.DecodeFromChars(jwk.RootElement.GetProperty(member).GetString());
        using var pair = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Coordinate("x"), Y = Coordinate("y") } });
        return NoteKey.Of(name, pair.ExportSubjectPublicKeyInfo());
    }
}
