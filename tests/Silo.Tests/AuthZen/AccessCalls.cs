using System.Net.Http.Headers;
using System.Text;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Conformance;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.AuthZen;

/// <summary>Questions as an API's server asks them.</summary>
internal static class AccessCalls
{
    public const string Resource = "urn:assay:authzen";
    public const string Evaluation = "/access/v1/evaluation";
    public const string Evaluations = "/access/v1/evaluations";
    public const string Search = "/access/v1/search/";

    public static Task<string> AccessToken(this RunningSilo silo, string id = TokenQuestions.ResourceServer, string scopes = "access.evaluate access.search") =>
        silo.TokenFor(id, silo.KeyFile(id), Resource, scopes);

    public static string Question(string subject, string action, string resource = TokenRequests.Payments, string type = "workload", string? more = null) =>
        $$"""{"subject":{"type":"{{type}}","id":"{{subject}}"},"action":{"name":"{{action}}"},"resource":{"type":"api","id":"{{resource}}"}{{(more is null ? "" : "," + more)}}}""";

    public static Task<RawAnswer> Access(
        this RunningSilo silo, string path, string body, string? token, string? requestId = null, string mediaType = "application/json") =>
        silo.Access(path, Encoding.UTF8.GetBytes(body), token, requestId, mediaType);

    public static async Task<RawAnswer> Access(
        this RunningSilo silo, string path, byte[] body, string? token, string? requestId = null, string mediaType = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, silo.Url + path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(mediaType);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (requestId is not null)
            request.Headers.TryAddWithoutValidation("X-Request-ID", requestId);
        var response = await silo.Http.SendAsync(request);
        return new RawAnswer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType?.MediaType, response);
    }

    public static string? RequestId(this RawAnswer answer) => answer.Response.Headers.TryGetValues("X-Request-ID", out var values) ? string.Join('|', values) : null;
}
