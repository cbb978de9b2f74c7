using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace Assay.Cli.Output;

/// <summary>
/// Where a command prints. On a terminal with colors and as wide as it is; anywhere else plain text without wrapping or trailing blanks;
/// in JSON form one document on standard output.
/// </summary>
internal sealed class Screen : IDisposable
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly TextWriter output;
    private readonly TextWriter errors;
    private readonly StringWriter? held;
    private readonly IAnsiConsole console;

    public Screen(TextWriter output, TextWriter errors, bool isTerminal, bool isJson)
    {
        (this.output, this.errors, IsTerminal, IsJson) = (output, errors, isTerminal, isJson);
        held = isTerminal ? null : new StringWriter();
        console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal && Environment.GetEnvironmentVariable("NO_COLOR") is null or "" ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(held ?? output),
        });
        if (!isTerminal)
            console.Profile.Width = 100_000;
    }

    public bool IsTerminal { get; }

    public bool IsJson { get; }

    public static Screen OfProcess(bool isJson)
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        var output = Console.IsOutputRedirected ? new StreamWriter(Console.OpenStandardOutput(), utf8) { AutoFlush = false } : Console.Out;
        return new Screen(output, Console.Error, !Console.IsOutputRedirected, isJson);
    }

    /// <summary>One line of markup; data in it must have gone through <see cref="Say.Data"/>.</summary>
    public void Line(string markup = "") => console.MarkupLine(markup);

    /// <summary>A heading over a part of a longer answer.</summary>
    public void Heading(string text) => console.MarkupLine($"\n[bold]{text}[/]");

    /// <summary>Rows of markup under headings, or without them.</summary>
    public void Table(ImmutableArray<string> headings, IEnumerable<ImmutableArray<string>> rows, int indent = 0)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = headings.Any(heading => heading != ""), UseSafeBorder = false };
        for (var i = 0; i < headings.Length; i++)
        {
            var column = new TableColumn(new Markup(headings[i] == "" ? "" : $"[dim]{headings[i]}[/]")) { Padding = new Padding(0, 0, 2, 0) };
            if (!IsTerminal)
                column.NoWrap = true;
            table.AddColumn(column);
        }

        var any = false;
        foreach (var row in rows)
        {
            any = true;
            table.AddRow(row.Select(cell => new Markup(cell)));
        }

        if (any)
            console.Write(new Padder(table, new Padding(indent, 0, 0, 0)));
    }

    /// <summary>Text exactly as given, indented.</summary>
    public void Source(string text, string markup, int indent)
    {
        foreach (var line in text.Split('\n'))
            console.MarkupLine($"{new string(' ', indent)}[{markup}]{Say.Data(line.TrimEnd('\r', ' '))}[/]");
    }

    /// <summary>Text for a program, without anything around it.</summary>
    public void Raw(string text)
    {
        Flush();
        output.WriteLine(text);
    }

    public void Json(JsonElement document) => Raw(JsonSerializer.Serialize(document, Indented));

    public void Json<T>(T document) => Raw(JsonSerializer.Serialize(document, JsonForm.Of(Indented)));

    /// <summary>Something to know beside the answer.</summary>
    public void Note(string text) => errors.WriteLine(text);

    public void Error(Failure failure)
    {
        Show(); // where both go to one place, the answer stands before what is wrong with it
        if (IsJson)
        {
            errors.WriteLine(JsonSerializer.Serialize(
                new { title = failure.Message, details = failure.Details, advice = failure.Advice, exitCode = failure.Code }, JsonForm.Of(null)));
            return;
        }

        errors.WriteLine($"assay: {Say.Plain(failure.Message)}");
        foreach (var detail in failure.Details)
            errors.WriteLine($"  {Say.Plain(detail)}");
        if (failure.Advice is { } advice)
            errors.WriteLine(Say.Plain(advice));
    }

    /// <summary>Lets what was printed so far be read, for a command that goes on.</summary>
    public void Show()
    {
        Flush();
        output.Flush();
    }

    public void Dispose()
    {
        Show();
        held?.Dispose();
    }

    private void Flush()
    {
        if (held is null || held.GetStringBuilder().Length == 0)
            return;

        var text = held.ToString();
        held.GetStringBuilder().Clear();
        foreach (var line in text[..^(text.EndsWith('\n') ? 1 : 0)].Split('\n'))
            output.WriteLine(line.TrimEnd(' ', '\r'));
    }
}
