using System.Buffers.Text;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Assay.Client.Tests.Validation;

/// <summary>An issuer that makes whatever token a test asks for, also wrong ones, and serves its keys and one status list.</summary>
internal sealed class TokenMaker : IAsyncDisposable
{
    public const string Api = "https://ledger.example/v1";

    private readonly Issuer issuer;
    private readonly List<(string KeyId, ECDsa Key)> keys = [];
    private readonly byte[] states = new byte[4];

    private TokenMaker(Issuer issuer)
    {
        this.issuer = issuer;
        issuer.Metadata = context => Issuer.Json(context, $$"""{"issuer":"{{Url}}","token_endpoint":"{{Url}}/oauth/token","jwks_uri":"{{Url}}/oauth/jwks"}""");
        issuer.Others["/oauth/jwks"] = Keys;
        issuer.Others["/status-lists/1"] = List;
        ChangeList = static _ => { };
        ListKey = AddKey("key-1");
    }

    public Issuer Issuer => issuer;

    public string Url => issuer.Url;

    public string ListUrl => Url + "/status-lists/1";

    /// <summary>Changes the claims of the status list before they are signed.</summary>
    public Action<JsonObject> ChangeList { get; set; }

    public string ListType { get; set; } = "statuslist+jwt";

    public ECDsa ListKey { get; set; }

    public int ListStatus { get; set; } = 200;

    public int KeyReads { get; private set; }

    public int ListReads { get; private set; }

    /// <summary>What the API said it would take when it last asked for the list.</summary>
    public string? ListAccept { get; private set; }

    public static async Task<TokenMaker> Start() => new(await Issuer.Start());

    public ECDsa AddKey(string keyId)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        keys.Add((keyId, key));
        return key;
    }

    public void Revoke(int index) => states[index / 8] |= (byte)(1 << (index % 8));

    /// <summary>A token that passes, but for what the test changes.</summary>
    public string Token(Action<JsonObject>? claims = null, string type = "at+jwt", string? keyId = null, int index = 3)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var payload = new JsonObject
        {
            ["iss"] = Url, ["aud"] = Api, ["sub"] = "exporter", ["client_id"] = "exporter", ["iat"] = now, ["exp"] = now + 300, ["jti"] = Guid.NewGuid().ToString("N"),
            ["scope"] = "ledger:read ledger:list",
            ["status"] = new JsonObject { ["status_list"] = new JsonObject { ["idx"] = index, ["uri"] = ListUrl } },
        };
        claims?.Invoke(payload);
        var (kid, key) = keys.Single(key => key.KeyId == (keyId ?? "key-1"));
        return Sign(payload, type, kid, key);
    }

    public async ValueTask DisposeAsync()
    {
        await issuer.DisposeAsync();
        foreach (var (_, key) in keys)
            key.Dispose();
    }

    private static string Sign(JsonObject payload, string type, string keyId, ECDsa key)
    {
        var input = Encode($$"""{"alg":"ES256","typ":"{{type}}","kid":"{{keyId}}"}""") + "." + Encode(payload.ToJsonString());
        return input + "." + Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256));
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private Task Keys(HttpContext context)
    {
        KeyReads++;
        var set = keys.Where(key => key.KeyId != "unpublished").Select(entry =>
        {
            var point = entry.Key.ExportParameters(includePrivateParameters: false).Q;
            return new { kty = "EC", crv = "P-256", use = "sig", alg = "ES256", kid = entry.KeyId, x = Base64Url.EncodeToString(point.X), y = Base64Url.EncodeToString(point.Y) };
        });
        return Issuer.Json(context, JsonSerializer.Serialize(new { keys = set }));
    }

    private Task List(HttpContext context)
    {
        ListReads++;
        ListAccept = context.Request.Headers.Accept;
        if (ListStatus != 200)
        {
            context.Response.StatusCode = ListStatus;
            return Task.CompletedTask;
        }

        using var packed = new MemoryStream();
        using (var packing = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            packing.Write(states);
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["sub"] = ListUrl, ["iat"] = now, ["exp"] = now + 300, ["ttl"] = 30,
            ["status_list"] = new JsonObject { ["bits"] = 1, ["lst"] = Base64Url.EncodeToString(packed.ToArray()) },
        };
        ChangeList(claims);
        context.Response.ContentType = "application/statuslist+jwt";
        return context.Response.WriteAsync(Sign(claims, ListType, "key-1", ListKey));
    }
}
