using System.Text;
using System.Text.Json;
using Assay.Core.Evidence;
using Assay.Silo.Collectors;
using Assay.Silo.Tests.Running;
using Assay.Silo.Tests.Storage;
using Microsoft.Extensions.Configuration;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Collectors;

public sealed class OtlpTests
{
    [Fact(Timeout = 300_000)]
    public async Task Records_reach_a_collector_that_was_away_and_that_the_silo_did_not_live_to_see()
    {
        await using var collector = await Collector.Start();
        collector.IsAway = true;
        await using var silo = await RunningSilo.Start(("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", collector.Url + "/v1/logs"), ("Assay:Evidence:OpenTelemetry", "true"));
        var first = Jti(await silo.AskAs("payments-exporter", ("resource", Payments)));
        await silo.UntilSaid("Evidence cannot be sent to");
        await silo.Kill();
        collector.IsAway = false;
        await silo.Start();
        var second = Jti(await silo.AskAs("payments-exporter", ("resource", Payments)));

        await collector.Until(second);

        var records = collector.Received.SelectMany(Records).ToList();
        Assert.Single(records, record => record.JwtId == second);
        Assert.InRange(records.Count(record => record.JwtId == first), 1, 2);
        Assert.DoesNotContain(records, record => record.Kind is EvidenceKind.Void or EvidenceKind.Checkpoint);
    }

    [Fact]
    public void A_record_is_the_body_and_what_one_searches_by_are_attributes()
    {
        var record = new EvidenceRecord
        {
            Kind = EvidenceKind.Admin, Shard = 3, Position = 41, Node = "one", Time = DateTimeOffset.UnixEpoch.AddSeconds(1), Admin = new AdminAct("alice", "disable", "exporter", 7),
        };
        using var request = new OtlpRecords("one");
        request.Add(record, record.Encode());

        using var json = JsonDocument.Parse(request.End());

        var resource = json.RootElement.GetProperty("resourceLogs")[0];
        Assert.Equal(
            """[{"key":"service.name","value":{"stringValue":"assay"}},{"key":"service.instance.id","value":{"stringValue":"one"}}]""",
            resource.GetProperty("resource").GetProperty("attributes").GetRawText());
        var log = resource.GetProperty("scopeLogs")[0].GetProperty("logRecords")[0];
        Assert.Equal(
            ("1000000000", 9, "INFO", "assay.evidence"),
            (log.GetProperty("timeUnixNano").GetString(), log.GetProperty("severityNumber").GetInt32(), log.GetProperty("severityText").GetString(), log.GetProperty("eventName").GetString()));
        Assert.Equal(record, EvidenceRecord.Decode(Encoding.UTF8.GetBytes(log.GetProperty("body").GetProperty("stringValue").GetString()!)));
        Assert.Equal(
            ["assay.kind=admin", "assay.shard=3", "assay.position=41", "assay.actor=alice", "assay.action=disable"],
            log.GetProperty("attributes").EnumerateArray().Select(attribute => $"{attribute.GetProperty("key").GetString()}={attribute.GetProperty("value").EnumerateObject().Single().Value.GetString()}"));
    }

    [Theory]
    [InlineData(null, null, null, null, null)]
    [InlineData("false", null, null, null, null)]
    [InlineData("true", "http://127.0.0.1:4318", null, "http/protobuf", "http://127.0.0.1:4318/v1/logs")]
    [InlineData("true", "http://127.0.0.1:4317", "http://127.0.0.1:4318/here", "grpc", "http://127.0.0.1:4318/here")]
    [InlineData("true", null, null, null, "needs a collector")]
    [InlineData("yes", "http://127.0.0.1:4318", null, null, "it is true or false")]
    [InlineData("true", "http://127.0.0.1:4317", null, "grpc", "records are sent over HTTP")]
    [InlineData("true", "collector", null, null, "is not an http or https URL")]
    public void Where_records_go_is_told_by_settings_and_what_does_not_fit_by_a_sentence(string? asked, string? any, string? logs, string? protocol, string? expected)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Assay:Evidence:OpenTelemetry"] = asked, ["OTEL_EXPORTER_OTLP_ENDPOINT"] = any, ["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"] = logs, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol,
            ["OTEL_EXPORTER_OTLP_HEADERS"] = "a=1,b=two%20words",
        }).Build();
        var faults = new List<string>();

        var target = OtlpTarget.Read(configuration, faults);

        if (expected?.StartsWith("http", StringComparison.Ordinal) == true)
            Assert.Equal([("to", expected), ("a", "1"), ("b", "two words")], target!.Headers.Prepend(("to", target.Endpoint.ToString())));
        else
            Assert.Null(target);
        if (expected is null || target is not null)
            Assert.Empty(faults);
        else
            Assert.Contains(expected, Assert.Single(faults));
    }

    [Fact]
    public void How_far_each_shard_was_sent_is_kept()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "otlp.json");
        var sent = new SentPositions(file);
        sent.Advance(3, 0);
        sent.Advance(7, 5);
        sent.Advance(3, 9);

        var again = new SentPositions(file);
        Assert.Equal([(3, 9), (7, 5)], again.Shards.Select(shard => ((int)shard, (int)again.Next(shard))));
        again.Done(3);
        Assert.Equal([7], new SentPositions(file).Shards);

        File.WriteAllText(file, "?");
        Assert.Contains("Remove it", Assert.Throws<InvalidDataException>(() => new SentPositions(file)).Message);
    }

    private static string Jti(Answer issued) => issued.Claims.GetProperty("jti").GetString()!;

    private static IEnumerable<EvidenceRecord> Records(byte[] request)
    {
        using var json = JsonDocument.Parse(request);
        return
        [
            .. json.RootElement.GetProperty("resourceLogs").EnumerateArray().SelectMany(one => one.GetProperty("scopeLogs").EnumerateArray())
                .SelectMany(scope => scope.GetProperty("logRecords").EnumerateArray())
                .Select(log => EvidenceRecord.Decode(Encoding.UTF8.GetBytes(log.GetProperty("body").GetProperty("stringValue").GetString()!))),
        ];
    }
}
