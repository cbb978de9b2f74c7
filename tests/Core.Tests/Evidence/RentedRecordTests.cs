using System.Text;
using Assay.Core.Evidence;

namespace Assay.Core.Tests.Evidence;

public sealed class RentedRecordTests
{
    [Fact]
    public void What_is_rented_is_a_copy_of_exactly_that()
    {
        var record = "one"u8.ToArray();
        var rented = RentedRecord.Of(record);
        record.AsSpan().Clear();

        Assert.Equal("one", Encoding.UTF8.GetString(rented.Record));
        rented.GiveBack();
    }

    [Fact]
    public void Its_leaf_is_that_of_its_salt_and_its_content()
    {
        var rented = RentedRecord.Of("one"u8);
        var salt = Enumerable.Range(1, EvidenceLeaf.SaltSize).Select(i => (byte)i).ToArray();
        salt.CopyTo(rented.Salt);

        Assert.Equal(EvidenceLeaf.Commit(salt, "one"u8), rented.Commit());
        Assert.Equal("one", Encoding.UTF8.GetString(rented.Record));
        rented.GiveBack();
    }

    [Fact]
    public void As_long_as_it_was_not_given_back_nobody_else_has_its_memory() => Parallel.For(0, 8, worker =>
    {
        var held = new Queue<(RentedRecord Record, byte Content)>();
        for (var i = 0; i < 2_000; i++)
        {
            var content = (byte)(i * 31 + worker);
            var record = new byte[1 + i * 7919 % 20_000]; // some are too large to be kept
            record.AsSpan().Fill(content);
            held.Enqueue((RentedRecord.Of(record), content));
            if (held.Count < 24)
                continue;

            var (oldest, expected) = held.Dequeue();
            Assert.False(oldest.Record.ContainsAnyExcept(expected));
            oldest.GiveBack();
        }
    });
}
