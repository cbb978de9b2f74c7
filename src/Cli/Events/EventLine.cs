using System.Text.Json;
using Assay.Cli.Output;

namespace Assay.Cli.Events;

/// <summary>A security event as people read it.</summary>
internal static class EventLine
{
    /// <summary>One line of markup.</summary>
    public static string Of(JsonElement claims)
    {
        var happened = claims.GetProperty("events").EnumerateObject().First();
        var time = DateTimeOffset.FromUnixTimeSeconds(claims.GetProperty("iat").GetInt64());
        return $"{Say.Dim(Say.Time(time))}  {Say.Data(ShortOf(happened.Name)),-20}  {Say.Data(Subject(claims.GetProperty("sub_id")))}  {Say.Data(Details(happened.Value))}".TrimEnd();
    }

    /// <summary><c>session-revoked</c> of its URI.</summary>
    public static string ShortOf(string type) => type[(type.LastIndexOf('/') + 1)..];

    private static string Subject(JsonElement subject) => Text(subject, "format") switch
    {
        "iss_sub" => Text(subject, "sub") ?? "",
        "jwt_id" => $"token {Text(subject, "jti")}",
        "opaque" => "this stream",
        "complex" => "everybody",
        _ => subject.GetRawText(),
    };

    private static string Details(JsonElement happened)
    {
        var parts = new List<string>();
        foreach (var name in new[] { "change_type", "friendly_name", "previous_level", "current_level", "status", "state", "reason" })
        {
            if (Text(happened, name) is { } text)
                parts.Add(name is "previous_level" ? $"{text} to" : text);
        }

        if (happened.TryGetProperty("claims", out var claims))
            parts.Add("left: " + claims.GetRawText());
        if (happened.TryGetProperty("reason_admin", out var reason) && Text(reason, "en") is { } why)
            parts.Add($"({why})");
        return string.Join(' ', parts);
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
}
