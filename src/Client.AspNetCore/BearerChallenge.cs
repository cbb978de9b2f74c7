using System.Text;

namespace Assay.Client.AspNetCore;

/// <summary>The value of <c>WWW-Authenticate</c> (RFC 6750 §3, RFC 9470 §3, RFC 9728 §5.1).</summary>
internal static class BearerChallenge
{
    public static string For(AssayValidationOptions options, string? error = null, params ReadOnlySpan<(string Name, string Value)> parameters)
    {
        var challenge = new StringBuilder("Bearer");
        if (error is not null)
            Append(challenge, "error", error);
        foreach (var (name, value) in parameters)
            Append(challenge, name, value);
        if (ResourceMetadata.Address(options.Resource!) is { } address)
            Append(challenge, "resource_metadata", address);
        return challenge.ToString();
    }

    private static void Append(StringBuilder challenge, string name, string value) =>
        challenge.Append(challenge.Length == "Bearer".Length ? " " : ", ").Append(name).Append("=\"").Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
}
