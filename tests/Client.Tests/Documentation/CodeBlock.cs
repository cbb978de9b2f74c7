namespace Assay.Client.Tests.Documentation;

/// <summary>C# as a page shows it.</summary>
/// <param name="Page">The page, a path from the root of the repository.</param>
/// <param name="Line">The line of the page on which the code begins, counted from 1.</param>
/// <param name="Code">The code, with line feeds.</param>
/// <param name="Mark">What stands in the comment before the block: how it becomes a program, or that it is not ours. See Scaffolds/README.md.</param>
internal sealed record CodeBlock(string Page, int Line, string Code, string Mark)
{
    /// <summary>The mark of a block without one: all of Program.cs.</summary>
    public const string Program = "program";

    /// <summary>The mark of code that shows how others do it.</summary>
    public const string Theirs = "theirs";

    private const string Fence = "```";
    private const string Before = "<!-- code: ";
    private const string After = " -->";

    public static IEnumerable<CodeBlock> In(string page) => In(page, Checkout.Read(page));

    public static IEnumerable<CodeBlock> In(string page, string text)
    {
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].TrimStart().StartsWith(Fence, StringComparison.Ordinal))
                continue;

            var (language, mark, first) = (lines[i].Trim()[Fence.Length..].Trim(), i == 0 ? "" : lines[i - 1].Trim(), i + 1);
            for (i = first; i < lines.Length && lines[i].Trim() != Fence;)
                i++;
            if (language is "csharp" or "cs" or "c#")
                yield return new CodeBlock(page, first + 1, string.Join('\n', lines[first..i]), MarkOf(mark));
        }
    }

    private static string MarkOf(string line) =>
        line.StartsWith(Before, StringComparison.Ordinal) && line.EndsWith(After, StringComparison.Ordinal) ? line[Before.Length..^After.Length] : Program;
}
