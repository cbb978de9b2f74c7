using Assay.Silo.Admin.Replaying;
using CsCheck;

namespace Assay.Silo.Tests.Replaying;

public sealed class RecentlyUsedTests
{
    [Fact]
    public void It_is_bounded_and_what_was_asked_for_lately_is_still_there() => Gen.Int[0, 20].Array[0, 200].Sample(keys =>
    {
        const int Capacity = 4;
        var memory = new RecentlyUsed<int, string>(Capacity);
        var lately = new List<int>();

        foreach (var key in keys)
        {
            var found = memory.TryGet(key, out var value);
            Assert.Equal(found ? $"{key}" : null, value);
            if (lately.Contains(key))
                Assert.True(found, $"{key} was asked for among the last {Capacity}");
            if (!found)
                memory.Keep(key, $"{key}");
            Assert.InRange(memory.Count, 1, 2 * Capacity);
            lately.Remove(key);
            lately.Add(key);
            if (lately.Count > Capacity)
                lately.RemoveAt(0);
        }
    });
}
