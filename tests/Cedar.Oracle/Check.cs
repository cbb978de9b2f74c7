using System.Text.Json;
using System.Text.Json.Nodes;

namespace Assay.Cedar.Oracle;

/// <summary>One call of the official engine, and what must be true of its answer.</summary>
/// <param name="Name">What is compared.</param>
/// <param name="Call">Function and arguments.</param>
/// <param name="Verify">Says what differs, or null.</param>
internal sealed record Check(string Name, JsonArray Call, Func<JsonElement, string?> Verify)
{
    /// <summary>What this library says, in a word, to show that cases are of all kinds.</summary>
    public string Outcome { get; init; } = "";

    /// <summary>Both read it, or both refuse it.</summary>
    /// <param name="refusal">Why this library refuses it; null when it does not.</param>
    public static Check Accepts(string name, string? refusal, string function, params JsonNode?[] arguments) =>
        Of(name, answer => (refusal, IsSuccess(answer)) switch
        {
            (null, false) => $"accepted here, but there: {Errors(answer)}",
            (not null, true) when !Departure.IsOne(name) => $"accepted there, but here: {refusal}",
            _ => null,
        }, function, arguments) with { Outcome = refusal is null ? "accepted" : "refused" };

    /// <summary>What it answers with success must hold.</summary>
    public static Check Gives(string name, Func<JsonElement, string?> verify, string function, params JsonNode?[] arguments) =>
        Of(name, answer => IsSuccess(answer) ? verify(answer) : $"refused there: {Errors(answer)}", function, arguments);

    public static Check Of(string name, Func<JsonElement, string?> verify, string function, params JsonNode?[] arguments) =>
        new(name, new JsonArray([function, .. arguments]), verify);

    public static bool IsSuccess(JsonElement answer) => answer.GetProperty("type").GetString() == "success";

    public static string Errors(JsonElement answer) =>
        answer.TryGetProperty("errors", out var errors) ? string.Join("; ", errors.EnumerateArray().Select(error => error.GetProperty("message").GetString())) : answer.GetRawText();

    /// <summary>Why something of ours is refused; null when it is not.</summary>
    public static string? Refusal(Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (CedarDataException exception)
        {
            return exception.Message;
        }
    }
}
