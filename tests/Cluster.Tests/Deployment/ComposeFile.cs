using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Assay.Cluster.Tests.Deployment;

/// <summary>What docker-compose.yml says, anchors and merges resolved.</summary>
internal sealed class ComposeFile
{
    private readonly Dictionary<object, object> services;

    private ComposeFile(Dictionary<object, object> root) => services = (Dictionary<object, object>)root["services"];

    public static string Path { get; } = System.IO.Path.Combine(Tools.Checkout, "docker-compose.yml");

    public IEnumerable<string> Services => services.Keys.Cast<string>();

    public IEnumerable<string> Silos => Services.Where(name => name.StartsWith("silo", StringComparison.Ordinal));

    public static ComposeFile Read()
    {
        using var text = File.OpenText(Path);
        var parser = new MergingParser(new Parser(text));
        return new ComposeFile((Dictionary<object, object>)new DeserializerBuilder().Build().Deserialize(parser)!);
    }

    public Dictionary<string, string> Environment(string service) =>
        ((Dictionary<object, object>)Of(service)["environment"]).ToDictionary(pair => (string)pair.Key, pair => (string)pair.Value);

    public string[] List(string service, string key) =>
        Of(service).TryGetValue(key, out var list) ? [.. ((List<object>)list).Cast<string>()] : [];

    public string? Text(string service, string key) => Of(service).TryGetValue(key, out var text) ? (string)text : null;

    /// <summary>The service's fixed address in each of its networks.</summary>
    public Dictionary<string, string> Addresses(string service) => ((Dictionary<object, object>)Of(service)["networks"])
        .ToDictionary(pair => (string)pair.Key, pair => (string)((Dictionary<object, object>)pair.Value)["ipv4_address"]);

    private Dictionary<object, object> Of(string service) => (Dictionary<object, object>)services[service];
}
