using Assay.Grains.Authority;
using Assay.Grains.Identities;

namespace Assay.Grains.Tests.Identities;

public sealed class ReplayCacheTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void An_assertion_is_spent_once()
    {
        var cache = new ReplayCache();

        Assert.Equal(Spending.Spent, cache.Spend(Hash(1), Now.AddMinutes(1), Guid.NewGuid(), Now));
        Assert.Equal(Spending.Replayed, cache.Spend(Hash(1), Now.AddMinutes(1), Guid.NewGuid(), Now));
        Assert.Equal(Spending.Spent, cache.Spend(Hash(2), Now.AddMinutes(1), Guid.NewGuid(), Now));
    }

    [Fact]
    public void The_same_request_may_come_again()
    {
        var cache = new ReplayCache();
        var request = Guid.NewGuid();

        Assert.Equal(Spending.Spent, cache.Spend(Hash(1), Now.AddMinutes(1), request, Now));
        Assert.Equal(Spending.Spent, cache.Spend(Hash(1), Now.AddMinutes(1), request, Now));
    }

    [Fact]
    public void What_evidence_says_was_spent_is_spent()
    {
        var cache = new ReplayCache();
        cache.Remember(new SpentBy(Hash(1), Now.AddMinutes(1), Guid.Empty));

        Assert.Equal(Spending.Replayed, cache.Spend(Hash(1), Now.AddMinutes(1), Guid.NewGuid(), Now));
    }

    [Fact]
    public void What_is_left_of_it_says_who_spent_what_until_when()
    {
        var cache = new ReplayCache();
        var request = Guid.NewGuid();
        cache.Spend(Hash(1), Now.AddMinutes(1), Guid.NewGuid(), Now);
        cache.Spend(Hash(2), Now.AddMinutes(3), request, Now);

        Assert.Equal([new SpentBy(Hash(2), Now.AddMinutes(3), request)], cache.Remaining(Now.AddMinutes(2)));
    }

    [Fact]
    public void It_is_remembered_until_it_has_expired_and_not_longer()
    {
        var cache = new ReplayCache();
        cache.Spend(Hash(1), Now.AddMinutes(1), Guid.NewGuid(), Now);

        Assert.Equal(Spending.Replayed, cache.Spend(Hash(1), Now.AddMinutes(1), Guid.NewGuid(), Now.AddMinutes(1)));
        cache.Spend(Hash(2), Now.AddMinutes(3), Guid.NewGuid(), Now.AddMinutes(2));
        Assert.Equal(1, cache.Count);
    }

    private static AssertionHash Hash(ulong low) => new(0, low);
}
