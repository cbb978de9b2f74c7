using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Assay.Cedar.Oracle.Generation;
using Assay.Cedar.Tests.Compilation;

namespace Assay.Cedar.Oracle;

/// <summary>
/// Throws texts at every reader of this library: random bytes, changed policies, schemas and JSON, and deep or long repetitions. Nothing but
/// the declared faults may come back, and soon.
/// </summary>
/// <param name="seed">Of all inputs.</param>
/// <param name="inputs">How many, each for every reader.</param>
/// <param name="output">Says what was not answered as it must be.</param>
/// <param name="time">When to stop before; null for never.</param>
public sealed class HostileRun(int seed, int inputs, TextWriter output, TimeSpan? time = null)
{
    private const int MostFaults = 10;

    // A reader that is linear takes milliseconds for the longest input made here, also on a busy machine.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly Schema KnownSchema = Schema.Parse(LooseSchema.Model.Text, "loose").Schema!;

    private static readonly (string Name, Action<string> Read)[] Readers =
    [
        ("policy text", text => PolicySet.Parse(text, "x")),
        ("policy format", Format),
        ("schema text", text => ResolveSchema(SchemaFragment.Parse(text, "x"))),
        ("schema JSON", text => ResolveSchema(SchemaFragment.FromJson(Encoding.UTF8.GetBytes(text), "x"))),
        ("policy JSON", text => PolicyJson.ReadPolicy(text, "p", "x")),
        ("template JSON", text => PolicyJson.ReadTemplate(text, "t", "x")),
        ("set JSON", text => PrintAll(PolicyJson.ReadSet(text, "x"))),
        ("entities JSON", text => CedarJson.ReadEntities(text)),
        ("entities JSON by schema", text => CedarJson.ReadEntities(text, KnownSchema)),
        ("context JSON", text => CedarJson.ReadContext(text)),
        ("context JSON by schema", text => CedarJson.ReadContext(text, KnownSchema, new EntityUid("Action", "a"))),
        ("entity name", text => EntityUid.TryParse(text, out _)),
    ];

    private static readonly string[] Repeated =
    [
        "(", "[", "{", "!", "-", "!-", "if ", "{a:", "[[", "a.b(", "ip(", "1+", "1*", "a&&", "a||", "a.a.", "\"\\u{", "//", "\"", "@a ", "permit(", "if true then ", "x is A in ", "a has a.", "A::", "{\"a\":", "[1,",
        "{\"__extn\":", "{\"Set\":[", "{\"!\":{\"arg\":", "Set<", "type A = {a: ", "entity A; ", "namespace A {", "action a, ", "when {", "principal == ", "{\"__entity\":{",
    ];

    /// <returns>How many inputs were not answered as they must be.</returns>
    public int Run()
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}"));
        var watch = Stopwatch.StartNew();
        var random = new Random(seed);
        var (tried, bad) = (0, 0);
        while (tried < inputs && bad < MostFaults && !(watch.Elapsed > time))
        {
            var input = Input(random);
            foreach (var (name, read) in Readers)
            {
                if (Fault(read, input) is not { } fault)
                    continue;

                bad++;
                output.WriteLine($"{name}: {fault}");
                output.WriteLine($"    {JsonSerializer.Serialize(input.Length <= 4_000 ? input : input[..4_000])}");
            }

            tried++;
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}: {tried} inputs to {Readers.Length} readers, {bad} not answered as they must be"));
        return bad;
    }

    private static string? Fault(Action<string> read, string input)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            read(input);
        }
        catch (CedarDataException)
        {
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return exception.ToString();
        }

        return watch.Elapsed > Patience ? $"took {watch.Elapsed.TotalSeconds:0} s" : null;
    }

    private static string Input(Random random)
    {
        var bytes = new byte[700];
        random.NextBytes(bytes);
        var choices = new Choices(bytes);
        switch (random.Next(8))
        {
            case 0:
                return Encoding.Latin1.GetString(bytes, 0, random.Next(bytes.Length));
            case 1:
                return new string([.. bytes.Take(random.Next(300)).Select((b, i) => (char)(b << 8 | bytes[i + 300]))]);
            case 2:
                return Repeat(random) + Repeat(random) + Repeat(random);
            case 3:
                return Cut(new SchemaMaker(choices).Make().Text, random);
            case 4:
                return Json(choices, SchemaFragment.Parse(new SchemaMaker(choices).Make().Text, "x").Fragment!.ToJson(), random);
            case 5:
                return Json(choices, PolicyJson.ToJson(PolicySet.Parse(new PolicyMaker(choices, LooseSchema.Model).Loose(), "x").Set!), random);
            case 6:
                return Json(choices, new JsonArray([.. new DataMaker(choices, LooseSchema.Model).Entities()]).ToJsonString(), random);
            default:
                return Cut(new PolicyMaker(choices, LooseSchema.Model).Loose(), random);
        }
    }

    /// <summary>Tokens changed, then a piece of the text repeated, moved or spoiled.</summary>
    private static string Cut(string text, Random random)
    {
        var bytes = new byte[20];
        random.NextBytes(bytes);
        text = new TextMutator(new Choices(bytes)).Mutate(text);
        var (from, to) = (random.Next(text.Length + 1), random.Next(text.Length + 1));
        var piece = text[Math.Min(from, to)..Math.Max(from, to)];
        return random.Next(5) switch
        {
            0 => text.Insert(from, piece),
            1 => text[..from],
            2 => text.Insert(from, ((char)random.Next(char.MaxValue + 1)).ToString()),
            3 => text.Insert(from, Repeat(random)),
            _ => text,
        };
    }

    private static string Json(Choices choices, string json, Random random)
    {
        var changed = new JsonMutator(choices).Mutate(JsonNode.Parse(json))?.ToJsonString() ?? "null";
        return random.Next(3) == 0 ? Cut(changed, random) : changed;
    }

    private static string Repeat(Random random) => string.Concat(Enumerable.Repeat(Repeated[random.Next(Repeated.Length)], random.Next(5) == 0 ? random.Next(20_000) : random.Next(300)));

    private static void Format(string text)
    {
        if (PolicyFormatter.Format(text, "x").Text is { } formatted && PolicySet.Parse(formatted, "y").Set is null)
            throw new InvalidOperationException($"formatted text is none any more: {formatted}");
    }

    private static void ResolveSchema(SchemaFragmentParse parse)
    {
        if (parse.Fragment is not { } fragment)
            return;

        Schema.Of([fragment]);
        fragment.ToJson();
        fragment.ToCedar();
    }

    private static void PrintAll(PolicySet set)
    {
        if (PolicySet.Parse(PolicyPrinter.Print(set), "y").Set is null)
            throw new InvalidOperationException("printed text is none any more");
    }
}
