using Assay.Grains.Authority;

namespace Assay.Grains.Tests.Authority;

public sealed class RecentValuesTests
{
    private readonly RecentValues values = new();

    [Fact]
    public void There_is_nothing_to_say_before_the_first_value()
    {
        Assert.Null(values.Read());
    }

    [Fact]
    public void One_value_is_median_and_p99()
    {
        values.Add(7);

        Assert.Equal(new Quantiles(7, 7), values.Read());
    }

    [Fact]
    public void The_order_of_arrival_does_not_matter()
    {
        foreach (var value in Enumerable.Range(0, 100).Reverse())
            values.Add(value);

        Assert.Equal(new Quantiles(50, 99), values.Read());
    }

    [Fact]
    public void Only_the_last_1024_count()
    {
        for (var i = 0; i < 5000; i++)
            values.Add(i < 5000 - 1024 ? 1_000_000 : 3);

        Assert.Equal(new Quantiles(3, 3), values.Read());
    }
}
