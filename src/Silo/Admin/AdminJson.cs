using System.Buffers;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;

namespace Assay.Silo.Admin;

/// <summary>Bodies of the admin API: read strictly and within bounds, written in one form.</summary>
internal static class AdminJson
{
    /// <summary>The largest body of an ordinary call.</summary>
    public const int SmallBody = 64 * 1024;

    /// <summary>The largest policy set or bundle.</summary>
    public const int LargeBody = 8 * 1024 * 1024;

    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // served as application/json with nosniff, never inside HTML
        NumberHandling = JsonNumberHandling.Strict,
        PropertyNameCaseInsensitive = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        MaxDepth = 64,
    };

    public static IResult Ok<T>(T answer, int status = StatusCodes.Status200OK) => Results.Json(answer, Options, statusCode: status);

    /// <summary>The body, or a refusal that says what is wrong with it.</summary>
    public static async Task<(T? Body, IResult? Refusal)> Read<T>(HttpContext context, int limit = SmallBody)
        where T : class
    {
        var request = context.Request;
        if (!request.HasJsonContentType())
            return (null, Problems.Of(StatusCodes.Status415UnsupportedMediaType, "Wrong media type", "The body must be application/json."));
        if (request.ContentLength > limit)
            return (null, TooLarge(limit));

        var bytes = await Buffer(request.BodyReader, limit, context.RequestAborted);
        if (bytes is null)
            return (null, TooLarge(limit));

        if (!Utf8.IsValid(bytes))
            return (null, Malformed("it is not UTF-8"));

        try
        {
            if (typeof(T) == typeof(JsonDocument) && !IsUnicode(bytes))
                return (null, Malformed("a string in it is not valid Unicode"));
            var body = JsonSerializer.Deserialize<T>(bytes, Options);
            return body is null ? (null, Malformed("null is not a body")) : (body, null);
        }
        catch (Exception fault) when (fault is JsonException or NotSupportedException or Cedar.CedarDataException)
        {
            return (null, Malformed(fault.Message));
        }
    }

    /// <summary>A document keeps its strings as they came, and one that escapes half a surrogate pair would be found out only by whoever reads it.</summary>
    private static bool IsUnicode(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Options.MaxDepth });
        try
        {
            while (reader.Read())
            {
                if (reader.ValueIsEscaped)
                    reader.GetString();
            }
        }
        catch (InvalidOperationException)
        {
            return false;
        }

        return true;
    }

    private static async Task<byte[]?> Buffer(PipeReader reader, int limit, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (read.Buffer.Length > limit)
            {
                reader.AdvanceTo(read.Buffer.End);
                return null;
            }

            if (read.IsCompleted)
            {
                var bytes = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static IResult Malformed(string detail) => Problems.Of(StatusCodes.Status400BadRequest, "Malformed body", detail);

    private static IResult TooLarge(int limit) =>
        Problems.Of(StatusCodes.Status413PayloadTooLarge, "Body too large", $"At most {limit / 1024} KiB.");
}
