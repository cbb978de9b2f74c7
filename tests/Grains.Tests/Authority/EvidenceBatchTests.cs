using System.Text;
using Assay.Grains.Authority;
using CsCheck;

namespace Assay.Grains.Tests.Authority;

public sealed class EvidenceBatchTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_is_written_is_read() => Gen.Byte.Array[0, 40].Array[1, 20].Sample(records =>
    {
        var written = EvidenceBatch.Create(3, 5, Now, records.Select(record => (ReadOnlyMemory<byte>)record).ToArray(), []);

        var read = EvidenceBatch.Read(3, 5, records.Length, Now, written.Payload, written.Checksum);

        Assert.Equal(records, read.Records.Select(record => record.ToArray()));
        Assert.Equal((3, 5, Now, written.Checksum), (read.Shard, read.FirstPosition, read.CommittedAt, read.Checksum));
    });

    [Fact]
    public void A_changed_bit_is_noticed()
    {
        var batch = EvidenceBatch.Create(3, 5, Now, [Encoding.UTF8.GetBytes("permit")], []);
        var payload = batch.Payload.ToArray();
        payload[^1] ^= 1;

        var fault = Assert.Throws<InvalidDataException>(() => EvidenceBatch.Read(3, 5, 1, Now, payload, batch.Checksum));
        Assert.Contains("shard 3 at position 5", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 1, 0 }, 1)] // ends inside a length
    [InlineData(new byte[] { 9, 0, 0, 0, 1 }, 1)] // ends inside a record
    [InlineData(new byte[] { 255, 255, 255, 255 }, 1)] // a negative length
    [InlineData(new byte[] { 1, 0, 0, 0, 7 }, 2)] // one record too few
    public void A_payload_that_does_not_make_sense_is_refused_even_with_a_fitting_checksum(byte[] payload, int count)
    {
        var checksum = System.IO.Hashing.XxHash3.HashToUInt64(payload);

        Assert.Throws<InvalidDataException>(() => EvidenceBatch.Read(3, 5, count, Now, payload, checksum));
    }
}
