using System.Diagnostics;
using System.Text.Json;
using Assay.Benchmarks.Apps;
using Assay.Cedar;

namespace Assay.Benchmarks;

/// <summary>
/// Measures the paper's applications request by request and writes them down, with the decisions and the figures, for another engine to be
/// measured on the same. <c>perf/cedar-apps.sh</c> runs both.
/// </summary>
internal static class SideBySide
{
    private const int Hierarchies = 10;
    private const int Requests = 50;
    private const int WarmUp = 500;
    private const int Rounds = 201;

    private static readonly int[] Sizes = [5, 10, 20, 30, 40, 50];

    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        var worlds = (from app in App.All
                      from size in Sizes
                      from hierarchy in Enumerable.Range(0, Hierarchies)
                      select new World(app, size, hierarchy)).ToArray();

        foreach (var world in worlds)
            world.Measure(WarmUp);
        foreach (var world in worlds)
            world.Measure(Rounds);

        foreach (var group in worlds.GroupBy(world => (world.App, world.Size)))
        {
            using var file = File.Create(Path.Combine(folder, $"{group.Key.App.Name}-{group.Key.Size}.json"));
            using var writer = new Utf8JsonWriter(file);
            writer.WriteStartObject();
            writer.WriteString("app", group.Key.App.Name);
            writer.WriteNumber("size", group.Key.Size);
            writer.WriteString("policies", group.Key.App.Policies);
            writer.WriteStartArray("worlds");
            foreach (var world in group)
                world.Write(writer);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
    }

    private sealed class World
    {
        private readonly Evaluation evaluation = new();
        private readonly CompiledPolicySet policies;
        private readonly Entities entities;
        private readonly Request[] requests;
        private double[] microseconds = [];

        public World(App app, int size, int seed)
        {
            (App, Size) = (app, size);
            policies = CompiledPolicySet.Compile(PolicySet.Parse(app.Policies, app.Name).Set!);
            (entities, requests) = app.World(size, seed, Requests);
        }

        public App App { get; }

        public int Size { get; }

        /// <summary>
        /// Each decision is timed alone, and follows one about something else; the time it takes to read the clock is in it. A request's time
        /// is the median of the rounds.
        /// </summary>
        public void Measure(int rounds)
        {
            var times = new long[requests.Length][];
            for (var i = 0; i < times.Length; i++)
                times[i] = new long[rounds];

            for (var round = 0; round < rounds; round++)
            {
                for (var i = 0; i < requests.Length; i++)
                {
                    var request = requests[i];
                    var start = Stopwatch.GetTimestamp();
                    evaluation.Begin(policies, request.Principal, request.Resource, request.Context, entities);
                    evaluation.Decide(request.Action);
                    times[i][round] = Stopwatch.GetTimestamp() - start;
                }
            }

            microseconds = Array.ConvertAll(times, one => one.Order().ElementAt(rounds / 2) * 1e6 / Stopwatch.Frequency);
        }

        public void Write(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteStartArray("entities");
            foreach (var entity in entities.All)
                CedarJson.WriteEntity(writer, entity);
            writer.WriteEndArray();
            writer.WriteStartArray("requests");
            for (var i = 0; i < requests.Length; i++)
            {
                var result = policies.Authorize(requests[i], entities);
                writer.WriteStartObject();
                Write(writer, "principal", requests[i].Principal);
                Write(writer, "action", requests[i].Action);
                Write(writer, "resource", requests[i].Resource);
                writer.WriteString("decision", result.Decision == Decision.Allow ? "allow" : "deny");
                writer.WriteNumber("errors", result.Errors.Length);
                writer.WriteNumber("microseconds", microseconds[i]);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        private static void Write(Utf8JsonWriter writer, string name, EntityUid uid)
        {
            writer.WriteStartObject(name);
            writer.WriteString("type", uid.Type);
            writer.WriteString("id", uid.Id);
            writer.WriteEndObject();
        }
    }
}
