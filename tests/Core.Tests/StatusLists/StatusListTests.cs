using Assay.Core.StatusLists;

namespace Assay.Core.Tests.StatusLists;

/// <summary>The bytes of lists, against the vectors of draft-ietf-oauth-status-list §4.</summary>
public sealed class StatusListTests
{
    [Theory]
    [InlineData("78dadbb918000217015d", 1, new[] { 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1 })]
    [InlineData("78da3be9f2130003df0207", 2, new[] { 1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3 })]
    public void The_lists_of_the_standard_read_as_it_says(string compressed, int bits, int[] statuses)
    {
        var list = StatusList.Inflate(Convert.FromHexString(compressed), maxBytes: 3);

        Assert.Equal(statuses, Enumerable.Range(0, statuses.Length).Select(index => StatusList.At(list, bits, index)));
        Assert.Throws<ArgumentOutOfRangeException>(() => StatusList.At(list, bits, statuses.Length));
        Assert.Throws<ArgumentOutOfRangeException>(() => StatusList.At(list, bits, -1));
        Assert.Equal(list, StatusList.Inflate(StatusList.Compress(list), maxBytes: list.Length));
    }

    [Fact]
    public void A_list_that_is_longer_than_it_may_be_is_not_read()
    {
        var compressed = StatusList.Compress(new byte[1025]);

        Assert.Equal(1025, StatusList.Inflate(compressed, maxBytes: 1025).Length);
        Assert.Throws<InvalidDataException>(() => StatusList.Inflate(compressed, maxBytes: 1024));
    }

    [Fact]
    public void A_status_has_1_2_4_or_8_bits()
    {
        Assert.Equal([0x3, 0xA, 0xC], [StatusList.At([0xA3, 0x0C], 4, 0), StatusList.At([0xA3, 0x0C], 4, 1), StatusList.At([0xA3, 0x0C], 8, 1)]);
        Assert.Throws<ArgumentOutOfRangeException>(() => StatusList.At([0], 3, 0));
    }
}
