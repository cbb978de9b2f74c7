using Assay.Grains.Authority;

namespace Assay.Grains.Tests.Authority;

public sealed class AuthorityOptionsTests
{
    [Fact]
    public void The_defaults_are_valid()
    {
        Assert.True(new AuthorityOptionsValidator().Validate(null, new AuthorityOptions()).Succeeded);
        Assert.True(new EvidenceOptionsValidator().Validate(null, new EvidenceOptions()).Succeeded);
    }

    [Fact]
    public void Every_fault_is_reported_at_once()
    {
        var options = new AuthorityOptions
        {
            Realm = "two words",
            Slot = "",
            LeaseLife = TimeSpan.FromSeconds(3),
            LeaseMargin = TimeSpan.Zero,
            RenewEvery = TimeSpan.FromSeconds(2),
            DrainTimeout = TimeSpan.FromSeconds(4),
            PollEvery = TimeSpan.Zero,
        };

        var result = new AuthorityOptionsValidator().Validate(null, options);

        Assert.Equal(
            ["Realm", "Slot", "LeaseMargin", "RenewEvery", "DrainTimeout", "PollEvery"],
            result.Failures!.Select(fault => fault.Split(' ')[0].Split(':')[^1]));
    }

    [Fact]
    public void Every_fault_of_the_evidence_bounds_is_reported_at_once()
    {
        var options = new EvidenceOptions { MaxPending = 1, MaxBatchRecords = 0, MaxBatchBytes = 1, MaxRetryDelay = TimeSpan.Zero, LapseCheckEvery = TimeSpan.FromHours(1) };

        var result = new EvidenceOptionsValidator().Validate(null, options);

        Assert.Equal(5, result.Failures!.Count());
    }
}
