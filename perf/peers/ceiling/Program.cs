// The limit of the machine: what an answer costs when nothing is decided and nothing is kept.
//   POST /noop        constant JSON, body not read
//   POST /token       form parsed, one fixed claim set signed, JSON serialized: the ceiling
//   POST /tokenx      the same by hand: form scanned in the request's buffers, no response object
//   POST /pkjwt       form parsed, one ES256 assertion verified with a key parsed before, one token signed: ceiling-pkjwt
//   POST /batch?n=64  n tokens signed for one request
// HTTP/1.1 on PORT, HTTP/2 without TLS on PORT + 1.
using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Server.Kestrel.Core;

var port = int.Parse(Environment.GetEnvironmentVariable("PORT") ?? "5100", CultureInfo.InvariantCulture);
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    kestrel.ListenLocalhost(port, listen => listen.Protocols = HttpProtocols.Http1);
    kestrel.ListenLocalhost(port + 1, listen => listen.Protocols = HttpProtocols.Http2);
});
await using var app = builder.Build();

using var key = ECDsa.Create();
key.ImportFromPem(File.ReadAllText(Environment.GetEnvironmentVariable("SIGN_KEY_PEM")!));
using var client = ECDsa.Create();
client.ImportFromPem(File.ReadAllText(Environment.GetEnvironmentVariable("CLIENT_KEY_PEM")!));
var header = Base64Url.EncodeToString("""{"alg":"ES256","typ":"at+jwt","kid":"k1"}"""u8);
const string Claims = """{"iss":"https://issuer.example","sub":"spiffe://example/ns/default/sa/worker-000001","aud":"https://api.example","client_id":"worker-000001","scope":"orders.read orders.write","iat":1790000000,"exp":1790000300,"jti":"0123456789abcdef0123456789abcdef","dec":"01J0000000000000000000000"}""";
var signingInput = Encoding.ASCII.GetBytes(header + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Claims)));
var constant = """{"access_token":"x","token_type":"Bearer","expires_in":300}"""u8.ToArray();

app.MapPost("/noop", context =>
{
    context.Response.ContentType = "application/json";
    context.Response.ContentLength = constant.Length;
    return context.Response.Body.WriteAsync(constant).AsTask();
});
app.MapPost("/token", async context =>
{
    var form = await context.Request.ReadFormAsync();
    if (form["grant_type"] != "client_credentials")
    {
        context.Response.StatusCode = 400;
        return;
    }

    var json = JsonSerializer.SerializeToUtf8Bytes(new TokenAnswer(Sign(), "Bearer", 300), Answers.Default.TokenAnswer);
    context.Response.Headers.CacheControl = "no-store";
    context.Response.ContentType = "application/json";
    context.Response.ContentLength = json.Length;
    await context.Response.Body.WriteAsync(json);
});
app.MapPost("/tokenx", async context =>
{
    var reader = context.Request.BodyReader;
    ReadResult read;
    while (!(read = await reader.ReadAsync()).IsCompleted)
        reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
    var asks = Asks(read.Buffer);
    reader.AdvanceTo(read.Buffer.End);
    if (!asks)
    {
        context.Response.StatusCode = 400;
        return;
    }

    Write(context);
    await context.Response.BodyWriter.FlushAsync();
});
app.MapPost("/pkjwt", async context =>
{
    var form = await context.Request.ReadFormAsync();
    if (!Proves(form["client_assertion"].ToString()))
    {
        context.Response.StatusCode = 401;
        return;
    }

    Write(context);
    await context.Response.BodyWriter.FlushAsync();
});
app.MapPost("/batch", async (HttpContext context, int n) =>
{
    await context.Request.ReadFormAsync();
    context.Response.ContentType = "application/json";
    var writer = context.Response.BodyWriter;
    writer.Write("{\"tokens\":["u8);
    for (var i = 0; i < n; i++)
    {
        writer.Write(i > 0 ? ",{\"access_token\":\""u8 : "{\"access_token\":\""u8);
        var text = writer.GetSpan(signingInput.Length + 90);
        writer.Advance(Put(text));
        writer.Write("\"}"u8);
    }

    writer.Write("]}"u8);
    await writer.FlushAsync();
});
await app.RunAsync();

string Sign()
{
    Span<byte> signature = stackalloc byte[64];
    key.SignData(signingInput, signature, HashAlgorithmName.SHA256);
    return string.Concat(Encoding.ASCII.GetString(signingInput), ".", Base64Url.EncodeToString(signature));
}

int Put(Span<byte> text)
{
    Span<byte> signature = stackalloc byte[64];
    key.SignData(signingInput, signature, HashAlgorithmName.SHA256);
    signingInput.CopyTo(text);
    text[signingInput.Length] = (byte)'.';
    Base64Url.EncodeToUtf8(signature, text[(signingInput.Length + 1)..], out _, out var written);
    return signingInput.Length + 1 + written;
}

void Write(HttpContext context)
{
    ReadOnlySpan<byte> before = "{\"access_token\":\""u8, after = "\",\"token_type\":\"Bearer\",\"expires_in\":300}"u8;
    var body = context.Response.BodyWriter.GetSpan(before.Length + signingInput.Length + 90 + after.Length);
    before.CopyTo(body);
    var at = before.Length + Put(body[before.Length..]);
    after.CopyTo(body[at..]);
    context.Response.ContentType = "application/json";
    context.Response.Headers.CacheControl = "no-store";
    context.Response.ContentLength = at + after.Length;
    context.Response.BodyWriter.Advance(at + after.Length);
}

bool Proves(string assertion)
{
    var (first, last) = (assertion.IndexOf('.', StringComparison.Ordinal), assertion.LastIndexOf('.'));
    if (last <= first)
        return false;
    Span<byte> signature = stackalloc byte[66];
    if (!Base64Url.TryDecodeFromChars(assertion.AsSpan(last + 1), signature, out var length) || length != 64)
        return false;
    Span<byte> signed = stackalloc byte[1024];
    if (!client.VerifyData(signed[..Encoding.ASCII.GetBytes(assertion.AsSpan(0, last), signed)], signature[..64], HashAlgorithmName.SHA256))
        return false;

    Span<byte> payload = stackalloc byte[1024];
    Base64Url.TryDecodeFromChars(assertion.AsSpan(first + 1, last - first - 1), payload, out length);
    var claims = new Utf8JsonReader(payload[..length]);
    while (claims.Read())
    {
        if (claims.TokenType == JsonTokenType.PropertyName && claims.ValueTextEquals("exp"u8))
            return claims.Read() && claims.GetInt64() > 0;
    }

    return false;
}

static bool Asks(in ReadOnlySequence<byte> body)
{
    var text = body.IsSingleSegment ? body.FirstSpan : body.ToArray();
    foreach (var parameter in text.Split((byte)'&'))
    {
        if (text[parameter].SequenceEqual("grant_type=client_credentials"u8))
            return true;
    }

    return false;
}

internal sealed record TokenAnswer(
    [property: JsonPropertyName("access_token")] string AccessToken, [property: JsonPropertyName("token_type")] string TokenType, [property: JsonPropertyName("expires_in")] int ExpiresIn);

[JsonSerializable(typeof(TokenAnswer))]
internal sealed partial class Answers : JsonSerializerContext;
