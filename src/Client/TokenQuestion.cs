using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace Assay.Client;

/// <summary>One token, by the form of RFC 6749 §4.4.2.</summary>
internal sealed class TokenQuestion(TokenRequest asked) : Question<TokenResponse>
{
    public override bool IsBatch => false;

    public override int MaxAnswerBytes => ResponseBody.MaxBytes;

    public override Uri Endpoint(IssuerEndpoints endpoints) => endpoints.Token;

    public override List<KeyValuePair<string, string>> Fields()
    {
        List<KeyValuePair<string, string>> form = [new("grant_type", "client_credentials")];
        if (asked.Resource is { } resource)
            form.Add(new("resource", resource));
        if (asked.Names.Length > 0)
            form.Add(new("scope", string.Join(' ', asked.Names)));
        return form;
    }

    public override HttpContent Content(List<KeyValuePair<string, string>> fields) => new FormUrlEncodedContent(fields);

    public override TokenResponse Read(byte[] body, Uri url)
    {
        GrantJson? grant = null;
        try
        {
            grant = JsonSerializer.Deserialize(body, ClientJson.Default.GrantJson);
        }
        catch (JsonException)
        {
            // The exception could quote the token; what is wrong is told below.
        }

        return TokenAnswer.Granted(grant, asked)
            ?? throw new AssayTokenException(TokenFailure.NotAnIssuer, $"The token endpoint {url} answered 200, but not with access_token, token_type and expires_in.")
            {
                StatusCode = HttpStatusCode.OK,
            };
    }

    public override Activity? StartActivity() => ClientTelemetry.StartAsking(asked);
}
