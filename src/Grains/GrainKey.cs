using System.Text;
using Assay.Core.Registry;

namespace Assay.Grains;

/// <summary>Grain keys are <c>realm/name</c>: the realm is the first part of every key.</summary>
public static class GrainKey
{
    /// <summary>The only realm there is today.</summary>
    public const string DefaultRealm = "default";

    public static string For(string realm, string name) => string.Concat(realm, "/", name);

    /// <summary>As <see cref="For"/>, of a policy domain: each decision asks for it, and there are few.</summary>
    public static string ForDomain(string realm, string domain) => (realm, domain) switch
    {
        (DefaultRealm, PolicyDomains.Tokens) => DefaultRealm + "/" + PolicyDomains.Tokens,
        _ => For(realm, domain),
    };

    public static (string Realm, string Name) Parse(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && slash < key.Length - 1
            ? (key.AsSpan(0, slash) is DefaultRealm ? DefaultRealm : key[..slash], key[(slash + 1)..])
            : throw new ArgumentException($"'{key}' is not of the form realm/name", nameof(key));
    }

    /// <summary>As the other, of the key as Orleans holds it: UTF-8.</summary>
    public static (string Realm, string Name) Parse(ReadOnlySpan<byte> key)
    {
        var slash = key.IndexOf((byte)'/');
        return slash > 0 && slash < key.Length - 1
            ? (key[..slash].SequenceEqual("default"u8) ? DefaultRealm : Encoding.UTF8.GetString(key[..slash]), Encoding.UTF8.GetString(key[(slash + 1)..]))
            : throw new ArgumentException($"'{Encoding.UTF8.GetString(key)}' is not of the form realm/name", nameof(key));
    }
}
