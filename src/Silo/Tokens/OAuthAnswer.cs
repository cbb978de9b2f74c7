namespace Assay.Silo.Tokens;

/// <summary>What all answers of the token endpoint and its like have in common.</summary>
internal static class OAuthAnswer
{
    /// <summary>RFC 6749 §5.1: JSON, and nobody on the way may keep it.</summary>
    public static void Begin(HttpResponse response, int status)
    {
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-store";
        response.Headers.Pragma = "no-cache";
    }

    /// <summary>Answers with an error.</summary>
    /// <returns>Its code, for whoever counts.</returns>
    public static async Task<string> Refuse(HttpContext context, OAuthError error)
    {
        await error.Write(context.Response, context.RequestAborted);
        return error.Code;
    }
}
