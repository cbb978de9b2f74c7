using System.Buffers;
using System.Text;
using System.Text.Json;
using Assay.Bundle.Folder;
using Assay.Bundle.Yaml;
using Assay.Cedar;
using Assay.Core.Jose;

namespace Assay.Bundle;

/// <summary>Public keys, written in place or as a file in <c>keys/</c>.</summary>
internal sealed class KeyFiles(BundleFolder folder, Source source)
{
    private readonly HashSet<string> used = new(StringComparer.Ordinal);

    /// <summary>The JWK a node names, as JSON text in its one written form where it can be read. Null, with a fault, when there is no text.</summary>
    /// <param name="where">The place of the key in the declarations; leads to the key's file where there is one.</param>
    public string? Read(YamlNode node, string where)
    {
        source.Places.Set(where, node.At);
        var text = node switch
        {
            YamlMap map => ToJson(map),
            YamlScalar { Meaning: ScalarMeaning.Text } scalar => scalar.Value.StartsWith('{') ? scalar.Value : FromFile(scalar, where),
            _ => Refuse(node, $"'jwk' must be a public JWK, in place or as keys/<file>.jwk, not {node.Description}"),
        };
        return text is null ? null : JsonWebKey.ParsePublic(text, out _)?.ToJson() ?? text;
    }

    /// <summary>Key files that no identity names are forgotten ones: a fault each.</summary>
    public void ReportUnused()
    {
        foreach (var path in folder.In("keys").Where(path => !used.Contains(path)))
            source.Faults.Add(path, $"no identity has this key; name it in one ('- jwk: {path}'), or take the file out");
    }

    private string? FromFile(YamlScalar scalar, string where)
    {
        var path = scalar.Value.StartsWith("./", StringComparison.Ordinal) ? scalar.Value[2..] : scalar.Value;
        if (folder.Unreadable.Contains(path))
            return null; // has its fault already

        if (!path.StartsWith("keys/", StringComparison.Ordinal))
            return Refuse(scalar, $"'{scalar.Value}' is no key file; a public key lies in the bundle's folder keys/ and is named from there: keys/{Path.GetFileName(path)}");

        if (!folder.Files.TryGetValue(path, out var text))
            return Refuse(scalar, $"there is no file '{path}' in the bundle{DidYouMean.Hint(path, folder.In("keys"))}; paths begin at the bundle's folder");

        used.Add(path);
        source.Places.Set(where, new FilePosition(path, 1, 1));
        return text;
    }

    private string? Refuse(YamlNode node, string message)
    {
        source.Faults.Add(node.At, message);
        return null;
    }

    private static string ToJson(YamlMap map)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
            Write(writer, map);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter writer, YamlNode node)
    {
        switch (node)
        {
            case YamlMap map:
                writer.WriteStartObject();
                foreach (var (key, value) in map.Entries)
                {
                    writer.WritePropertyName(key.Value);
                    Write(writer, value);
                }

                writer.WriteEndObject();
                break;
            case YamlList list:
                writer.WriteStartArray();
                foreach (var item in list.Items)
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            case YamlScalar scalar:
                // Members of a JWK are text also where YAML sees a number: a kid may be 2024.
                writer.WriteStringValue(scalar.Value);
                break;
        }
    }
}
