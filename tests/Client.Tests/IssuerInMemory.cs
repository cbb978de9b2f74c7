using System.Net;
using System.Text;
using System.Text.Json;

namespace Assay.Client.Tests;

/// <summary>An issuer at several addresses, without a network: what each answers is up to the test. Safe for many threads at once.</summary>
internal sealed class IssuerInMemory : HttpMessageHandler
{
    public const string Url = "https://id.example";

    private readonly List<Call> calls = [];

    /// <param name="Host">The address that was asked.</param>
    /// <param name="IsToken">Else for metadata.</param>
    /// <param name="Form">The fields of a form, or the texts in the JSON of a request for several tokens.</param>
    /// <param name="Wanted">In a request for several tokens each of them, as its JSON; null for one.</param>
    public sealed record Call(string Host, string Path, bool IsToken, IReadOnlyDictionary<string, string> Form, IReadOnlyList<string>? Wanted, string? Authorization)
    {
        public string Assertion => Form["client_assertion"];
    }

    /// <summary>Answers a request for a token, or for several; null for grants.</summary>
    public Func<Call, CancellationToken, Task<HttpResponseMessage?>> Token { get; set; } = (_, _) => Task.FromResult<HttpResponseMessage?>(null);

    /// <summary>What the metadata says of it, as JSON.</summary>
    public string BatchEndpoint { get; set; } = $"\"{Url}/oauth/token/batch\"";

    /// <summary>Addresses where nobody is.</summary>
    public HashSet<string> Away { get; } = [];

    public IReadOnlyList<Call> Calls
    {
        get
        {
            lock (calls)
                return [.. calls];
        }
    }

    public IReadOnlyList<string> TokenHosts => [.. Calls.Where(call => call.IsToken).Select(call => call.Host)];

    public AssayClient Client(TimeProvider clock, AssayCredential? credential = null, Action<AssayClientOptions>? configure = null)
    {
        var options = new AssayClientOptions
        {
            Issuer = new Uri(Url),
            ClientId = "exporter",
            Credential = credential ?? AssayCredential.FromSecret("s"),
            TimeProvider = clock,
            Timeout = TimeSpan.FromMinutes(2), // its timers run in real time, and a machine may stand still for a while
            AttemptTimeout = TimeSpan.FromMinutes(2),
            HttpClient = new HttpClient(this, disposeHandler: false),
        };
        configure?.Invoke(options);
        return new AssayClient(options);
    }

    public static Task<HttpResponseMessage?> Answer(HttpStatusCode status, string body, Action<HttpResponseMessage>? shape = null)
    {
        var response = new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        shape?.Invoke(response);
        return Task.FromResult<HttpResponseMessage?>(response);
    }

    /// <summary>Answers for several requests.</summary>
    public static Task<HttpResponseMessage?> Answers(params IEnumerable<string> responses) =>
        Answer(HttpStatusCode.OK, $$"""{"responses":[{{string.Join(',', responses)}}]}""");

    /// <summary>503, with as many seconds to wait if there are any.</summary>
    public static Task<HttpResponseMessage?> Unavailable(int? retryAfter = null) =>
        Answer(HttpStatusCode.ServiceUnavailable, """{"error":"temporarily_unavailable"}""", response =>
        {
            if (retryAfter is { } seconds)
                response.Headers.RetryAfter = new(TimeSpan.FromSeconds(seconds));
        });

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is { } content ? await content.ReadAsStringAsync(cancellationToken) : "";
        var (form, wanted) = request.Content?.Headers.ContentType?.MediaType == "application/json" ? Several(body) : (One(body), null);
        var call = new Call(
            request.RequestUri!.Host, request.RequestUri.AbsolutePath, request.Method == HttpMethod.Post, form, wanted, request.Headers.Authorization?.ToString());
        lock (calls)
            calls.Add(call);

        bool isAway;
        lock (Away)
            isAway = Away.Contains(call.Host);
        if (isAway)
            throw new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused");

        var answer = call.IsToken
            ? await Token(call, cancellationToken) ?? await Grant(call)
            : await Answer(HttpStatusCode.OK, $$"""{"issuer":"{{Url}}","token_endpoint":"{{Url}}/oauth/token","token_batch_endpoint":{{BatchEndpoint}}}""");
        answer!.RequestMessage = request;
        return answer;
    }

    private static Task<HttpResponseMessage?> Grant(Call call) => call.Wanted is { } wanted
        ? Answers(wanted.Select((_, place) => $$"""{"status":200,"access_token":"{{place}} of {{call.Host}}","token_type":"Bearer","expires_in":300}"""))
        : Answer(HttpStatusCode.OK, $$"""{"access_token":"of {{call.Host}}","token_type":"Bearer","expires_in":300}""");

    private static Dictionary<string, string> One(string body) =>
        body.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(field => field.Split('='))
            .ToDictionary(field => field[0], field => Uri.UnescapeDataString(field[1].Replace('+', ' ')));

    private static (Dictionary<string, string> Form, IReadOnlyList<string>? Wanted) Several(string body)
    {
        using var json = JsonDocument.Parse(body);
        return (
            json.RootElement.EnumerateObject().Where(member => member.Name != "requests").ToDictionary(member => member.Name, member => member.Value.GetString()!),
            [.. json.RootElement.GetProperty("requests").EnumerateArray().Select(wanted => wanted.GetRawText())]);
    }
}
