using System.Text.RegularExpressions;
using Assay.Silo.Hosting;
using Assay.Silo.Tests.Running;
using Microsoft.Extensions.Configuration;

namespace Assay.Silo.Tests.Hosting;

/// <summary>A setting that is misspelt stops the start.</summary>
public sealed partial class KnownSettingsTests
{
    [Theory]
    [InlineData("Assay:Policies:TwoPersonRul", "There is no setting Assay:Policies:TwoPersonRul (did you mean 'Assay:Policies:TwoPersonRule'?).")]
    [InlineData("Assay:Decisions:TokenLifetme", "There is no setting Assay:Decisions:TokenLifetme (did you mean 'Assay:Decisions:TokenLifetime'?).")]
    [InlineData("Assay:Log:Witnesses:0:Ur", "There is no setting Assay:Log:Witnesses:0:Ur (did you mean 'Assay:Log:Witnesses:Url'?).")]
    [InlineData("Assay:Quantum:Entanglement", "There is no setting Assay:Quantum:Entanglement.")]
    public void A_setting_that_there_is_not_is_a_fault(string name, string fault) => Assert.Equal([fault], FaultsOf(name));

    [Theory]
    [InlineData("assay:url")]
    [InlineData("Assay:Log:Witnesses:11:Key")]
    [InlineData("Assay:Cluster:SiloPort")]
    [InlineData("Assay:Cluster:HandshakeTimeout")]
    [InlineData("Assay:Evidence:OpenTelemetry")]
    [InlineData("Kestrel:Limits")]
    [InlineData("ASSAY")]
    public void One_that_there_is_is_none(string name) => Assert.Empty(FaultsOf(name));

    [Fact]
    public void All_that_the_README_lists_are_known()
    {
        var listed = SettingInText().Matches(File.ReadAllText(Path.Combine(RunningSilo.Checkout(), "README.md"))).Select(found => found.Value.Replace("<n>", "0", StringComparison.Ordinal)).Distinct().ToList();

        Assert.True(listed.Count > 40, $"only {listed.Count} found");
        Assert.All(listed, name => Assert.Empty(FaultsOf(name)));
    }

    [Theory]
    [InlineData("'frobnicate' is neither a command nor an option; --help shows them.", "frobnicate", "--data", "d")]
    [InlineData("'d' is neither a command nor an option; --help shows them.", "--data=x", "d")]
    [InlineData("There is no option --isuer (did you mean '--issuer'?); --help shows them.", "--isuer", "https://id.example")]
    [InlineData("There is no option --isuer (did you mean '--issuer'?); --help shows them.", "--isuer=https://id.example")]
    [InlineData("--data needs a value.", "--url=http://127.0.0.1:1", "--data")]
    public void A_word_that_means_nothing_is_a_fault(string fault, params string[] args) => Assert.Equal([fault], WordFaults(args));

    [Fact]
    public void Words_that_mean_something_are_none() =>
        Assert.Empty(WordFaults("--data", "d", "--url=http://127.0.0.1:1", "--Assay:Decisions:TokenLifetime", "00:01:00", "--environment", "Production", "--Logging:LogLevel:Default=Warning", "--OTEL_EXPORTER_OTLP_ENDPOINT", "http://x"));

    [Fact]
    public async Task A_silo_says_what_it_does_not_understand_and_does_not_start()
    {
        using var work = new Storage.TemporaryFolder();

        var refused = await RunningSilo.Run(work.Path, work.Path, "--data", Path.Combine(work.Path, "data"), "--Assay:Policies:TwoPersonRul", "true", "--bundel", "none");
        var (migrate, reindex) = (await RunningSilo.Run(work.Path, work.Path, "migrate", "--postgress", "Host=x"), await RunningSilo.Run(work.Path, work.Path, "reindex", "--dat", work.Path));
        var helped = await RunningSilo.Run(work.Path, work.Path, "--help");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("did you mean 'Assay:Policies:TwoPersonRule'?", refused.Output);
        Assert.Contains("did you mean '--bundle'?", refused.Output);
        Assert.Equal((1, 1), (migrate.ExitCode, reindex.ExitCode));
        Assert.Contains("did you mean '--postgres'?", migrate.Output);
        Assert.Contains("did you mean '--data'?", reindex.Output); // else it would have taken the folder it runs in
        Assert.Equal(0, helped.ExitCode);
        Assert.Contains("migrate", helped.Output);
        Assert.Empty(Directory.EnumerateFileSystemEntries(work.Path));
    }

    private static List<string> FaultsOf(string name)
    {
        var faults = new List<string>();
        KnownSettings.Check(new ConfigurationBuilder().AddInMemoryCollection([new(name, "x")]).Build(), faults);
        return faults;
    }

    private static List<string> WordFaults(params string[] args)
    {
        var faults = new List<string>();
        KnownSettings.CheckWords(args, faults);
        return faults;
    }

    [GeneratedRegex("(?<=[`…-])Assay:[A-Za-z0-9:<>]*[A-Za-z0-9]")]
    private static partial Regex SettingInText();
}
