using Assay.Cedar.Oracle;

namespace Assay.Cedar.Tests;

public sealed class OracleTests
{
    [Fact]
    public async Task The_official_engine_answers_as_this_library_does()
    {
        if (OfficialEngine.Missing() is { } reason)
            Assert.Skip(reason);

        using var output = new StringWriter();

        var differences = await new OracleRun(new OracleOptions(Seed: 20_261_128, Cases: 40), output).Run();

        Assert.True(differences == 0, output.ToString());
        Assert.Contains("40 cases", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_input_is_answered_by_faults_alone()
    {
        using var output = new StringWriter();

        Assert.True(new HostileRun(seed: 1, inputs: 200, output).Run() == 0, output.ToString());
    }
}
