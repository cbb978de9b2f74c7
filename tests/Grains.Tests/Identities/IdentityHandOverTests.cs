using System.Buffers;
using Assay.Grains.Authority;
using Assay.Grains.Identities;

namespace Assay.Grains.Tests.Identities;

public sealed class IdentityHandOverTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly IdentityHandOver Sample = new(
        [
            new SpentBy(new AssertionHash(0x3755da368755, 0xa4f7a3fcfcca2a85), Now, Guid.Parse("00112233-4455-6677-8899-aabbccddeeff")),
            new SpentBy(new AssertionHash(0, 7), Now.AddMinutes(5), Guid.Empty),
        ],
        12.5);

    [Fact]
    public void What_was_written_is_read()
    {
        Assert.True(IdentityHandOver.TryRead(new ReadOnlySequence<byte>(Sample.Write()), out var read));

        Assert.Equal(Sample.Tokens, read.Tokens);
        Assert.Equal(Sample.Spent, read.Spent);
    }

    /// <summary>Silos of two releases hand over to each other: these bytes change only together with the version in front.</summary>
    [Fact]
    public void Its_bytes_are_these() => Assert.Equal(
        "01402900000000000000000002"
        + "00003755da368755a4f7a3fcfcca2a8508e2c4d7c27cc00000112233445566778899aabbccddeeff"
        + "0000000000000000000000000000000708e2c4d8754d1e0000000000000000000000000000000000",
        Convert.ToHexStringLower(Sample.Write()));

    [Fact]
    public void Another_version_is_not_read()
    {
        var bytes = Sample.Write();
        bytes[0]++;

        Assert.False(IdentityHandOver.TryRead(new ReadOnlySequence<byte>(bytes), out _));
    }

    [Fact]
    public void Nothing_that_is_cut_short_or_has_more_behind_is_read()
    {
        var bytes = Sample.Write();

        for (var length = 0; length < bytes.Length; length++)
            Assert.False(IdentityHandOver.TryRead(new ReadOnlySequence<byte>(bytes, 0, length), out _));
        Assert.False(IdentityHandOver.TryRead(new ReadOnlySequence<byte>([.. bytes, 0]), out _));
    }

    [Fact]
    public void No_count_and_no_time_leads_astray()
    {
        var counted = Sample.Write();
        counted.AsSpan(9, 4).Fill(0xff);
        var timed = Sample.Write();
        timed.AsSpan(13 + 16, 8).Fill(0x7f);

        Assert.False(IdentityHandOver.TryRead(new ReadOnlySequence<byte>(counted), out _));
        Assert.False(IdentityHandOver.TryRead(new ReadOnlySequence<byte>(timed), out _));
    }
}
