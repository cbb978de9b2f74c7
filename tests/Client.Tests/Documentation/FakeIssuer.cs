using System.Net;
using System.Net.Http.Json;

/// <summary>Grants every scope that is asked for. What was asked for is in Requests.</summary>
internal sealed class FakeIssuer : HttpMessageHandler
{
    public List<string> Requests { get; } = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var issuer = request.RequestUri!.GetLeftPart(UriPartial.Authority);
        if (request.Method == HttpMethod.Get) // RFC 8414
            return Answer(new { issuer, token_endpoint = issuer + "/oauth/token" });

        Requests.Add(await request.Content!.ReadAsStringAsync(cancellationToken));
        return Answer(new { access_token = "a-token", token_type = "Bearer", expires_in = 300 });
    }

    private static HttpResponseMessage Answer(object content) => new(HttpStatusCode.OK) { Content = JsonContent.Create(content) };
}
