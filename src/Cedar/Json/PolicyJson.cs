using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Assay.Cedar;

/// <summary>
/// Policies in Cedar's JSON policy format. A set is
/// <c>{"staticPolicies":{id:policy},"templates":{id:template},"templateLinks":[{"templateId","newId","values":{"?principal":{"type","id"}}}]}</c>,
/// each member optional when read. A policy read from JSON has the text <see cref="PolicyPrinter"/> gives it, and its positions are
/// places in that text, under the source <c>source#id</c>.
/// </summary>
/// <remarks>
/// Reading is strict: a member that does not belong, a missing or repeated one, a name that is none and an expression nested deeper than
/// <see cref="CedarLimits.ExpressionDepth"/> (chains of <c>&amp;&amp;</c>, <c>||</c>, <c>+</c>, <c>-</c> and <c>*</c> count once, as in
/// text, but of more than about ten thousand operands none can be read) are faults, and the message says at which place. As in text, an extension function may have the wrong number of arguments; evaluating it fails.
/// </remarks>
public static class PolicyJson
{
    // Opening a document costs the sum of the depths of its tokens. This is a second, and a chain of more than ten thousand operands.
    private const long MostWork = 2_000_000_000;

    // Chains nest once per operand. Neither the parser nor the writer recurses, and what does counts for itself.
    private static readonly JsonDocumentOptions ReadOptions = new() { MaxDepth = int.MaxValue };

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly JsonWriterOptions WriteOptions = new() { MaxDepth = int.MaxValue, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a policy set.</summary>
    /// <param name="json">At most <see cref="CedarLimits.PolicyJsonLength"/> long.</param>
    /// <param name="source">The name positions carry, usually a file path.</param>
    /// <exception cref="CedarDataException">It is not JSON or not a policy set. The message begins with source and place.</exception>
    public static PolicySet ReadSet(string json, string source) => Read(json, source, JsonPolicyReader.ReadSet);

    /// <summary>Reads a policy, which has no slots.</summary>
    /// <inheritdoc cref="ReadSet"/>
    public static Policy ReadPolicy(string json, string id, string source) => Read(json, source, (part, name) => JsonPolicyReader.ReadPolicy(part, id, name));

    /// <summary>Reads a template, which has at least one slot.</summary>
    /// <inheritdoc cref="ReadSet"/>
    public static Template ReadTemplate(string json, string id, string source) => Read(json, source, (part, name) => JsonPolicyReader.ReadTemplate(part, id, name));

    /// <summary>The JSON text of a set: static policies, templates, and linked policies as their values.</summary>
    public static string ToJson(PolicySet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        return ToJson(writer => JsonPolicyWriter.Write(writer, set));
    }

    /// <summary>The JSON text of a policy; of a linked policy, that of the static policy that says the same.</summary>
    public static string ToJson(Policy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return ToJson(writer => JsonPolicyWriter.Write(writer, policy.Body, policy.Principal, policy.Resource));
    }

    /// <summary>The JSON text of a template.</summary>
    public static string ToJson(Template template)
    {
        ArgumentNullException.ThrowIfNull(template);
        return ToJson(writer => JsonPolicyWriter.Write(writer, template.Body, template.Principal, template.Resource));
    }

    private static string ToJson(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, WriteOptions))
            write(writer);

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static T Read<T>(string json, string source, Func<JsonPart, string, T> read)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(source);
        if (json.Length > CedarLimits.PolicyJsonLength)
            throw new CedarDataException($"{source}: longer than {CedarLimits.PolicyJsonLength} characters");

        try
        {
            var bytes = Strict.GetBytes(json);
            if (Work(bytes) > MostWork)
                throw new CedarDataException($"{source}: nested too deep in too many places");

            using var document = JsonDocument.Parse(bytes, ReadOptions);
            return read(new JsonPart(document.RootElement, source), source);
        }
        catch (Exception exception) when (exception is JsonException or EncoderFallbackException)
        {
            throw new CedarDataException($"{source}: not readable as JSON: {exception.Message}", exception);
        }
    }

    private static long Work(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = int.MaxValue });
        var work = 0L;
        while (reader.Read())
            work += reader.CurrentDepth;

        return work;
    }
}
