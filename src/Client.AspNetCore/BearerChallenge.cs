using System.Text;

namespace Assay.Client.AspNetCore;

/// <summary>The value of <c>WWW-Authenticate</c> (RFC 6750 §3, RFC 9470 §3, RFC 9728 §5.1).</summary>
internal static class BearerChallenge
{
    public static string For(AssayValidationOptions options, string? error = null, params ReadOnlySpan<(string Name, string Value)> parameters)
    {
        var challenge = new StringBuilder("Bearer ");
        if (error is not null)
            Append(challenge, "error", error).Append(", ");
        foreach (var (name, value) in parameters)
            Append(challenge, name, value).Append(", ");
        return Append(challenge, "resource_metadata", ResourceMetadata.Address(options.Resource!)).ToString();
    }

    private static StringBuilder Append(StringBuilder challenge, string name, string value) =>
        challenge.Append(name).Append("=\"").Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
}
