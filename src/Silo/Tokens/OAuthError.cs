using System.Text;
using System.Text.Json;

namespace Assay.Silo.Tokens;

/// <summary>An error answer of an OAuth endpoint (RFC 6749 §5.2 and its extensions).</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">The registered error code.</param>
/// <param name="Description">For people; printable ASCII without quotes and backslashes.</param>
internal sealed record OAuthError(int Status, string Code, string? Description = null)
{
    /// <summary>What <c>WWW-Authenticate</c> says; every 401 has one (RFC 9110 §11.6.1).</summary>
    public string? Challenge { get; init; }

    /// <summary>When to try again, for 429 and 503.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Leads to the record of the denial: <c>assay explain</c> takes it.</summary>
    public string? DecisionId { get; init; }

    /// <summary>Verifications that would open a withheld scope.</summary>
    public IReadOnlyList<string> StepUp { get; init; } = [];

    public static OAuthError InvalidRequest(string description) => new(400, "invalid_request", description);

    public static OAuthError InvalidClient(string description = "client authentication failed") =>
        new(401, "invalid_client", description) { Challenge = "Basic realm=\"assay\", charset=\"UTF-8\"" };

    public static OAuthError TooMany(TimeSpan retryAfter) =>
        new(429, "temporarily_unavailable", "too many requests") { RetryAfter = retryAfter };

    public static OAuthError Unavailable(string description, TimeSpan? retryAfter = null) =>
        new(503, "temporarily_unavailable", description) { RetryAfter = retryAfter ?? TimeSpan.FromSeconds(1) };

    public async Task Write(HttpResponse response, CancellationToken cancellationToken)
    {
        OAuthAnswer.Begin(response, Status);
        if (Challenge is not null)
            response.Headers.WWWAuthenticate = Challenge;
        if (RetryAfter is { } wait)
            response.Headers.RetryAfter = WholeSeconds(wait).ToString(System.Globalization.CultureInfo.InvariantCulture);

        var body = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            WriteTo(writer);
            writer.WriteEndObject();
        }

        response.ContentLength = body.WrittenCount;
        await response.BodyWriter.WriteAsync(body.WrittenMemory, cancellationToken);
    }

    /// <summary>Its members, into an object that is open.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteString("error"u8, Code);
        if (Description is not null)
            writer.WriteString("error_description"u8, Printable(Description));
        if (StepUp.Count > 0)
        {
            writer.WriteStartArray("step_up"u8);
            foreach (var verification in StepUp)
                writer.WriteStringValue(verification);
            writer.WriteEndArray();
        }

        if (DecisionId is not null)
            writer.WriteString("decision_id"u8, DecisionId);
    }

    public static int WholeSeconds(TimeSpan wait) => Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds));

    /// <summary>RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.</summary>
    private static string Printable(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
            clean.Append(c is >= ' ' and <= '~' and not '"' and not '\\' ? c : '\'');
        return clean.ToString();
    }
}
