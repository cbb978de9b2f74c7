using Assay.Core.StatusLists;

namespace Assay.Core.Tests.StatusLists;

public sealed class IndexOrderTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void Every_index_is_given_out_once_and_leads_back_to_when()
    {
        var order = new IndexOrder(Key, "list");
        var seen = new bool[StatusTable.Capacity];

        for (var place = 0; place < StatusTable.Capacity; place++)
        {
            var index = order.IndexOf(place);
            Assert.False(seen[index]);
            seen[index] = true;
            if (order.PlaceOf(index) != place)
                Assert.Fail($"index {index} does not lead back to place {place}");
        }
    }

    [Fact]
    public void Indices_are_neither_in_order_nor_the_same_for_another_list_or_key()
    {
        int[] Of(byte[] key, string list)
        {
            var order = new IndexOrder(key, list);
            return [.. Enumerable.Range(0, 10_000).Select(order.IndexOf)];
        }

        var indices = Of(Key, "list");
        var ascending = indices.Zip(indices.Skip(1)).Count(pair => pair.First < pair.Second);
        var near = indices.Zip(indices.Skip(1)).Count(pair => Math.Abs(pair.First - pair.Second) <= 16);

        Assert.InRange(ascending, 4_700, 5_300); // half of them, as by chance
        Assert.InRange(near, 0, 5);
        Assert.Equal(indices, Of(Key, "list"));
        Assert.InRange(indices.Zip(Of(Key, "another list")).Count(pair => pair.First == pair.Second), 0, 3);
        Assert.InRange(indices.Zip(Of([.. Key.Reverse()], "list")).Count(pair => pair.First == pair.Second), 0, 3);
    }
}
