using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Assay.Cedar.Oracle;

/// <summary>What to compare.</summary>
/// <param name="Seed">Of all cases.</param>
/// <param name="Cases">How many, if there is time.</param>
/// <param name="First">The number of the first.</param>
/// <param name="Minutes">When to stop; null for never.</param>
/// <param name="Kind">Only cases of this kind.</param>
/// <param name="Engines">Processes of the official engine.</param>
/// <param name="Shown">Differences after which to stop.</param>
public sealed record OracleOptions(int Seed, int Cases = 1_000, int First = 0, double? Minutes = null, CaseKind? Kind = null, int Engines = 1, int Shown = 10);

/// <summary>Makes cases, asks both engines and reports where they differ.</summary>
public sealed class OracleRun(OracleOptions options, TextWriter output)
{
    // Cases between two lines that say how far it is.
    private const int Progress = 10_000;

    private readonly CaseMaker maker = new(options.Seed);
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, int> compared = new(StringComparer.Ordinal);
    private int next;
    private int cases;
    private int differences;

    private bool IsOver => Volatile.Read(ref differences) >= options.Shown || watch.Elapsed.TotalMinutes > options.Minutes;

    /// <returns>The number of cases that differ.</returns>
    public async Task<int> Run()
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {options.Seed}, cases {options.First} to {options.First + options.Cases - 1}{(options.Kind is { } kind ? $", all {kind}" : "")}"));
        await Task.WhenAll(Enumerable.Range(0, options.Engines).Select(_ => Task.Run(Work)));
        foreach (var (check, count) in compared)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {check}: {count}"));

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {options.Seed}: {cases} cases, {compared.Values.Sum()} comparisons, {differences} cases differ, {watch.Elapsed.TotalSeconds:0} s"));
        return differences;
    }

    private async Task Work()
    {
        var engine = OfficialEngine.Start();
        try
        {
            while (!IsOver)
            {
                var start = Interlocked.Add(ref next, CaseMaker.Group) - CaseMaker.Group;
                if (start >= options.Cases)
                    return;

                var numbers = Enumerable.Range(options.First + start, Math.Min(CaseMaker.Group, options.Cases - start)).ToArray();
                var batch = numbers.Select(number => Prepare(maker.Make(number, options.Kind))).ToArray();
                try
                {
                    var answers = await engine.Ask([.. batch.Select(one => one.Line)]);
                    foreach (var ((number, one), answer) in numbers.Zip(batch).Zip(answers))
                    {
                        if (Compare(one, answer) is { } difference)
                            await Report(engine, number, one.Case, difference);
                    }
                }
                catch (IOException exception)
                {
                    lock (gate)
                    {
                        differences++;
                        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"somewhere in cases {numbers[0]} to {numbers[^1]} of seed {options.Seed}: {exception.Message}"));
                    }

                    engine.Dispose();
                    engine = OfficialEngine.Start();
                }

                lock (gate)
                {
                    if ((cases + batch.Length) / Progress > cases / Progress)
                        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{cases + batch.Length} cases after {watch.Elapsed.TotalSeconds:0} s"));

                    cases += batch.Length;
                    foreach (var check in batch.SelectMany(one => one.Checks))
                    {
                        var name = check.Outcome.Length == 0 ? check.Name : $"{check.Name}, {check.Outcome}";
                        compared[name] = compared.GetValueOrDefault(name) + 1;
                    }
                }
            }
        }
        finally
        {
            engine.Dispose();
        }
    }

    private async Task Report(OfficialEngine engine, int number, OracleCase one, Difference difference)
    {
        var smallest = await Minimizer.Minimize(one, async candidate => (await Ask(engine, candidate))?.Check == difference.Check);
        var rest = await Ask(engine, smallest) ?? difference;
        lock (gate)
        {
            differences++;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"case {number} of seed {options.Seed} ({one.Kind}) differs in {difference.Check}: {difference.Text}"));
            output.Write(one);
            output.WriteLine($"  the least that still differs: {rest.Text}");
            output.Write(smallest);
        }
    }

    private static async Task<Difference?> Ask(OfficialEngine engine, OracleCase one)
    {
        var prepared = Prepare(one);
        var answers = await engine.Ask([prepared.Line]);
        return Compare(prepared, answers[0]);
    }

    private static Prepared Prepare(OracleCase one)
    {
        try
        {
            Check[] checks = [.. Checks.Of(one)];
            return new Prepared(one, checks, new JsonArray([.. checks.Select(check => (JsonNode)check.Call)]), null);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return new Prepared(one, [], [], new Difference("this library", exception.ToString()));
        }
    }

    private static Difference? Compare(Prepared one, JsonElement answers)
    {
        if (one.Failure is not null)
            return one.Failure;

        foreach (var (check, answer) in one.Checks.Zip(answers.EnumerateArray()))
        {
            try
            {
                if (check.Verify(answer) is { } difference)
                    return new Difference(check.Name, difference);
            }
            catch (Exception exception) when (exception is CedarDataException or InvalidDataException or KeyNotFoundException)
            {
                return new Difference(check.Name, exception.Message);
            }
        }

        return null;
    }

    private sealed record Prepared(OracleCase Case, Check[] Checks, JsonArray Line, Difference? Failure);

    private sealed record Difference(string Check, string Text);
}
