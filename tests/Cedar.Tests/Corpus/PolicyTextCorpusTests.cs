namespace Assay.Cedar.Tests.Corpus;

public sealed class PolicyTextCorpusTests
{
    private const int Shown = 10;

    [Theory]
    [InlineData("corpus", 1_000)]
    [InlineData("corpus-4.9", 1_000)]
    [InlineData("corpus-4.8", 1_000)]
    [InlineData("derived", 100)]
    [InlineData("handwritten", 5)]
    [InlineData("validation", 20)]
    public void Every_policy_says_the_same_printed_and_formatted(string name, int atLeast)
    {
        var archive = Archive.Open(name);
        var paths = archive.Paths(".cedar").ToArray();

        var differences = paths.Where(path => !SaysTheSame(archive.Text(path), path)).ToArray();

        Assert.True(differences.Length == 0, string.Join('\n', differences.Take(Shown)));
        Assert.True(paths.Length >= atLeast, $"{name} holds only {paths.Length} policy files");
    }

    private static bool SaysTheSame(string text, string path)
    {
        var set = Cedar.Policies(text);
        var json = PolicyJson.ToJson(set);
        var formatted = PolicyFormatter.Format(text, path).Text;
        return formatted is not null
            && PolicyJson.ToJson(Cedar.Policies(formatted)) == json
            && PolicyFormatter.Format(formatted, path).Text == formatted
            && Policies(PolicyPrinter.Print(set)).SequenceEqual(Policies(text));
    }

    // Printing puts policies before templates, and so may number them anew.
    private static IEnumerable<string> Policies(string text) =>
        Cedar.Policies(text) is var set ? set.Policies.Select(PolicyJson.ToJson).Concat(set.Templates.Select(PolicyJson.ToJson)) : [];
}
