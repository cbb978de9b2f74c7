using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Assay.Workloads;

/// <summary>
/// Who asks. Keys follow from a seed, so a million identities are a small file; secrets are made by the cluster, so those stand in it. The file opens
/// all of them: mode 0600, and only for clusters made to be measured.
/// </summary>
public sealed record Population
{
    public const string Resource = "https://load.example";

    /// <summary>May introspect tokens for <see cref="Resource"/>.</summary>
    public const string ApiId = "load-api";

    private readonly ConcurrentDictionary<int, ClientKey> keys = [];

    /// <summary>The issuer, as tokens name it and assertions address it.</summary>
    public required string Issuer { get; init; }

    public required int Count { get; init; }

    public required byte[] Seed { get; init; }

    /// <summary>Of the first so many identities.</summary>
    public required string[] Secrets { get; init; }

    public required string ApiSecret { get; init; }

    /// <summary>Who may prepare and disturb the cluster, and the file with its key.</summary>
    public required string AdminId { get; init; }

    public required string AdminKeyFile { get; init; }

    public static string Id(int number) => "load-" + number.ToString("D7", CultureInfo.InvariantCulture);

    /// <summary>Parsed once, which costs more than signing with it.</summary>
    public ClientKey Key(int number) => keys.GetOrAdd(number, static (number, seed) => ClientKey.Derive(Id(number), seed), Seed);

    public static Population Read(string file) =>
        JsonSerializer.Deserialize<Population>(File.ReadAllBytes(file), JsonSerializerOptions.Web) ?? throw new InvalidDataException($"{file} is no population");

    public void Write(string file)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(file, options);
        JsonSerializer.Serialize(stream, this, JsonSerializerOptions.Web);
    }
}

/// <summary>An EC key on P-256, and what is signed with it.</summary>
public sealed class ClientKey
{
    private const string Type = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    private readonly ECDsa key;
    private readonly string header;
    private readonly ECPoint point;

    private ClientKey(string clientId, ECDsa key, string? keyId)
    {
        ClientId = clientId;
        this.key = key;
        point = key.ExportParameters(includePrivateParameters: false).Q;
        KeyId = keyId ?? Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Jwk)));
        header = Base64Url.EncodeToString(Encoding.ASCII.GetBytes($$"""{"alg":"ES256","typ":"client-authentication+jwt","kid":"{{KeyId}}"}"""));
    }

    public string ClientId { get; }

    /// <summary>The thumbprint (RFC 7638), unless its file says otherwise.</summary>
    public string KeyId { get; }

    /// <summary>The public half, in the form whose hash is the thumbprint.</summary>
    public string Jwk => $$"""{"crv":"P-256","kty":"EC","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}""";

    /// <summary>The key that follows from a seed for that name.</summary>
    public static ClientKey Derive(string clientId, byte[] seed)
    {
        var scalar = HMACSHA256.HashData(seed, Encoding.ASCII.GetBytes(clientId));
        scalar[0] &= 0x7f; // below the order of the curve
        return new ClientKey(clientId, ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = scalar }), null);
    }

    /// <summary>A private JWK, as <c>bootstrap.jwk</c> is one.</summary>
    public static ClientKey ReadJwk(string clientId, string file)
    {
        using var jwk = JsonDocument.Parse(File.ReadAllBytes(file));
        byte[] Member(string name) => Base64Url.DecodeFromChars(jwk.RootElement.GetProperty(name).GetString());
        var pair = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = Member("d"), Q = new ECPoint { X = Member("x"), Y = Member("y") } });
        return new ClientKey(clientId, pair, jwk.RootElement.TryGetProperty("kid", out var kid) ? kid.GetString() : null);
    }

    /// <summary>A private key in PEM, as other servers are given them.</summary>
    public static ClientKey ReadPem(string clientId, string file, string keyId)
    {
        var pair = ECDsa.Create();
        pair.ImportFromPem(File.ReadAllText(file));
        return new ClientKey(clientId, pair, keyId);
    }

    /// <summary>A fresh assertion (RFC 7523 §3), for one use.</summary>
    public string Assertion(string audience, DateTimeOffset now, TimeSpan life)
    {
        Span<byte> random = stackalloc byte[16];
        Random.Shared.NextBytes(random); // unique is all it has to be here
        var claims = $$"""{"iss":"{{ClientId}}","sub":"{{ClientId}}","aud":"{{audience}}","iat":{{now.ToUnixTimeSeconds()}},"exp":{{(now + life).ToUnixTimeSeconds()}},"jti":"{{Convert.ToHexStringLower(random)}}"}""";
        var input = header + "." + Base64Url.EncodeToString(Encoding.ASCII.GetBytes(claims));
        Span<byte> signature = stackalloc byte[64];
        key.SignData(Encoding.ASCII.GetBytes(input), signature, HashAlgorithmName.SHA256);
        return input + "." + Base64Url.EncodeToString(signature);
    }

    /// <summary>The form parameters that carry one (RFC 7521 §4.2).</summary>
    public string Proof(string audience, DateTimeOffset now, TimeSpan life) => $"client_assertion_type={Type}&client_assertion={Assertion(audience, now, life)}";
}
