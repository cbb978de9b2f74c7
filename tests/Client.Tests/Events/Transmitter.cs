using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace Assay.Client.Tests.Events;

/// <summary>An issuer that also tells events (SSF 1.0, RFC 8936): streams that are polled for, each holding back what was not taken yet.</summary>
internal sealed class Transmitter : IAsyncDisposable
{
    public const string SessionRevoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

    private readonly Lock gate = new();
    private readonly Dictionary<string, string> waiting = [];
    private readonly Channel<(HashSet<string> Taken, JsonElement Errors)> settled = Channel.CreateUnbounded<(HashSet<string>, JsonElement)>();
    private readonly Channel<string> told = Channel.CreateUnbounded<string>();
    private TaskCompletionSource news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int streams;
    private int tokens;

    /// <summary>Beside whatever else that issuer does; it is not disposed.</summary>
    public Transmitter(Issuer issuer)
    {
        Issuer = issuer;
        Signer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        issuer.Token = context => Issuer.Json(context, $$"""{"access_token":"token-{{Interlocked.Increment(ref tokens)}}","token_type":"Bearer","expires_in":300}""");
        issuer.Others["/.well-known/ssf-configuration"] = context => Issuer.Json(
            context, $$"""{"issuer":"{{issuer.Url}}","jwks_uri":"{{issuer.Url}}/keys","configuration_endpoint":"{{issuer.Url}}/streams","add_subject_endpoint":"{{issuer.Url}}/add"}""");
        issuer.Others["/keys"] = Keys;
        issuer.Others["/streams"] = Streams;
        issuer.Others["/add"] = Add;
    }

    public Issuer Issuer { get; }

    public ECDsa Signer { get; }

    public string KeyId { get; set; } = "key-1";

    /// <summary>What it answers when a stream is asked for, or a subject by its name ("*" for everybody).</summary>
    public int OnCreate { get; set; } = 201;

    public ConcurrentDictionary<string, int> OnAdd { get; } = [];

    public ConcurrentQueue<string> Subjects { get; } = new();

    public ConcurrentQueue<string> Deleted { get; } = new();

    public int Creations => streams;

    public int KeyReads { get; private set; }

    public int TokenRequests => tokens;

    /// <summary>The client it tells events to.</summary>
    public string Receiver { get; init; } = "exporter";

    public static async Task<Transmitter> Start() => new(await Issuer.Start());

    public AssayClient Client(bool listens = true, Microsoft.Extensions.Logging.ILogger? log = null, TimeProvider? clock = null) => new(new AssayClientOptions
    {
        Issuer = new Uri(Issuer.Url), ClientId = "exporter", Credential = AssayCredential.FromSecret("secret"), ListenForChanges = listens, Logger = log ?? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance,
        TimeProvider = clock ?? TimeProvider.System, Timeout = TimeSpan.FromMinutes(2), AttemptTimeout = TimeSpan.FromMinutes(2),
    });

    /// <summary>An event; returns its name.</summary>
    /// <param name="change">Changes the claims before they are signed.</param>
    public string Tell(string type, string? about, string details = "{}", Action<JsonObject>? change = null)
    {
        var (name, token) = Event(type, about, details, change);
        Send(name, token);
        return name;
    }

    public void Send(string name, string token)
    {
        lock (gate)
            waiting[name] = token;
        Beat();
    }

    public (string Name, string Token) Event(string type, string? about, string details = "{}", Action<JsonObject>? change = null)
    {
        var name = Guid.NewGuid().ToString("N");
        var claims = new JsonObject
        {
            ["iss"] = Issuer.Url, ["jti"] = name, ["iat"] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds(), ["aud"] = Receiver, ["txn"] = "1",
            ["sub_id"] = about is null
                ? new JsonObject { ["format"] = "complex", ["tenant"] = new JsonObject { ["format"] = "opaque", ["id"] = "default" } }
                : new JsonObject { ["format"] = "iss_sub", ["iss"] = Issuer.Url, ["sub"] = about },
            ["events"] = new JsonObject { [type] = JsonNode.Parse(details) },
        };
        change?.Invoke(claims);
        return (name, Signed.Set(claims, Signer, KeyId));
    }

    /// <summary>Waits until the client has said that it has this event, which is after it acted on it.</summary>
    public async Task Taken(string name)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!(await settled.Reader.ReadAsync(patience.Token)).Taken.Contains(name))
        {
        }
    }

    /// <summary>Waits until the client refuses one, and answers with what it says of it.</summary>
    public async Task<JsonElement> Refusal()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            if (await settled.Reader.ReadAsync(patience.Token) is { Errors.ValueKind: JsonValueKind.Object } said)
                return said.Errors;
        }
    }

    /// <summary>Waits until something happened: <c>created</c>, <c>added …</c>, <c>polled …</c>, <c>deleted …</c>.</summary>
    public async Task Until(string what)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await told.Reader.ReadAsync(patience.Token) != what)
        {
        }
    }

    /// <summary>Forgets all streams: polls of them find nothing.</summary>
    public void Lose()
    {
        foreach (var path in Issuer.Others.Keys.Where(static path => path.StartsWith("/poll/", StringComparison.Ordinal)).ToList())
            Issuer.Others[path] = static context => { context.Response.StatusCode = 404; return Task.CompletedTask; };
        Beat();
    }

    public async ValueTask DisposeAsync()
    {
        await Issuer.DisposeAsync();
        Signer.Dispose();
    }

    private Task Keys(HttpContext context)
    {
        KeyReads++;
        return Issuer.Json(context, $$"""{"keys":[{{Signed.Key(Signer, KeyId)}}]}""");
    }

    private async Task Streams(HttpContext context)
    {
        if (HttpMethods.IsDelete(context.Request.Method))
        {
            Deleted.Enqueue(context.Request.Query["stream_id"].Single()!);
            context.Response.StatusCode = 204;
            told.Writer.TryWrite("deleted");
            return;
        }

        var id = Interlocked.Increment(ref streams);
        if (OnCreate == 201)
            Issuer.Others[$"/poll/{id}"] = Poll;
        await Issuer.Json(context, $$$"""{"stream_id":"{{{id}}}","delivery":{"method":"urn:ietf:rfc:8936","endpoint_url":"{{{Issuer.Url}}}/poll/{{{id}}}"}}""", OnCreate);
        told.Writer.TryWrite("created");
    }

    private async Task Add(HttpContext context)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var subject = body.RootElement.GetProperty("subject");
        var name = subject.TryGetProperty("sub", out var sub) ? sub.GetString()! : "*";
        Subjects.Enqueue(name);
        context.Response.StatusCode = OnAdd.GetValueOrDefault(name, 200);
        told.Writer.TryWrite("added " + name);
    }

    private async Task Poll(HttpContext context)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var taken = body.RootElement.GetProperty("ack").EnumerateArray().Select(static item => item.GetString()!).ToHashSet();
        var errors = body.RootElement.TryGetProperty("setErrs", out var said) ? said.Clone() : default;
        lock (gate)
        {
            foreach (var name in taken)
                waiting.Remove(name);
            if (errors.ValueKind == JsonValueKind.Object)
            {
                foreach (var member in errors.EnumerateObject())
                    waiting.Remove(member.Name);
            }
        }

        settled.Writer.TryWrite((taken, errors));
        told.Writer.TryWrite("polled");
        while (true)
        {
            Task next;
            string sets;
            lock (gate)
            {
                next = news.Task;
                sets = waiting.Count == 0 ? "" : JsonSerializer.Serialize(waiting);
            }

            if (sets != "")
            {
                await Issuer.Json(context, $$"""{"sets":{{sets}}}""");
                return;
            }

            if (Issuer.Others[context.Request.Path.Value!] != Poll)
            {
                context.Response.StatusCode = 404;
                return;
            }

            await next.WaitAsync(context.RequestAborted);
        }
    }

    private void Beat() => Interlocked.Exchange(ref news, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
}

/// <summary>Tokens signed by hand.</summary>
internal static class Signed
{
    public static string Set(JsonObject claims, ECDsa key, string keyId, string algorithm = "ES256", string type = "secevent+jwt") =>
        Compact($$"""{"alg":"{{algorithm}}","typ":"{{type}}","kid":"{{keyId}}"}""", claims.ToJsonString(), input => key.SignData(input, HashAlgorithmName.SHA256));

    public static string Compact(string header, string claims, Func<byte[], byte[]> sign)
    {
        var input = $"{Encode(header)}.{Encode(claims)}";
        return $"{input}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(input)))}";
    }

    public static string Key(ECDsa key, string keyId, string? algorithm = "ES256")
    {
        var point = key.ExportParameters(includePrivateParameters: false);
        return JsonSerializer.Serialize(new
        {
            kty = "EC", crv = key.KeySize == 256 ? "P-256" : "P-384", use = "sig", alg = algorithm, kid = keyId, x = Base64Url.EncodeToString(point.Q.X), y = Base64Url.EncodeToString(point.Q.Y),
        });
    }

    public static string Key(RSA key, string keyId)
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        return JsonSerializer.Serialize(new { kty = "RSA", kid = keyId, n = Base64Url.EncodeToString(parameters.Modulus), e = Base64Url.EncodeToString(parameters.Exponent) });
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
