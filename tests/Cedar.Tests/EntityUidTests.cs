namespace Assay.Cedar.Tests;

public sealed class EntityUidTests
{
    [Theory]
    [InlineData("User::\"alice\"", "User", "alice")]
    [InlineData("Assay::Workload::\"ci/build 7\"", "Assay::Workload", "ci/build 7")]
    [InlineData("_a::b1::\"\"", "_a::b1", "")]
    [InlineData("User::\"a\\\"\\\\\\n\\u{1f600}::\\\"\"", "User", "a\"\\\n😀::\"")]
    public void A_literal_is_read(string text, string type, string id)
    {
        Assert.True(EntityUid.TryParse(text, out var uid));
        Assert.Equal(new EntityUid(type, id), uid);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("User")]
    [InlineData("\"alice\"")]
    [InlineData("::\"alice\"")]
    [InlineData("User\"alice\"")]
    [InlineData("User:\"alice\"")]
    [InlineData("User::alice")]
    [InlineData("User::\"alice")]
    [InlineData("User::\"")]
    [InlineData("User::\"alice\" ")]
    [InlineData(" User::\"alice\"")]
    [InlineData("User ::\"alice\"")]
    [InlineData("User::\"a\"b\"")]
    [InlineData("User::\"a\\\"")]
    [InlineData("User::\"\\q\"")]
    [InlineData("1User::\"a\"")]
    [InlineData("A:::B::\"a\"")]
    [InlineData("A:B::\"a\"")]
    [InlineData("A::::\"a\"")]
    [InlineData("in::\"a\"")]
    [InlineData("A::__cedar::\"a\"")]
    [InlineData("Üser::\"a\"")]
    public void What_is_no_literal_is_not_read(string? text)
    {
        Assert.False(EntityUid.TryParse(text, out var uid));
        Assert.Equal(default, uid);
    }

    [Theory]
    [InlineData("User", "alice", "User::\"alice\"")]
    [InlineData("A::B", "q\"\\\n\0\u0085é", "A::B::\"q\\\"\\\\\\n\\0\\u{85}é\"")]
    public void The_text_reads_back_as_the_same(string type, string id, string text)
    {
        var uid = new EntityUid(type, id);

        Assert.Equal(text, uid.ToString());
        Assert.True(EntityUid.TryParse(text, out var again));
        Assert.Equal(uid, again);
    }
}
