using Assay.Core.Revocation;
using CsCheck;

namespace Assay.Core.Tests.Revocation;

public sealed class RevocationIdTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(RevocationKind.Jti, "x_1-Y", null, null, "jti::x_1-Y")]
    [InlineData(RevocationKind.Identity, "team:a/b", null, null, "identity::team:a/b")]
    [InlineData(RevocationKind.Credential, "k", 5L, null, "credential:5-:k")]
    [InlineData(RevocationKind.Key, "k", null, 9L, "key:-9:k")]
    [InlineData(RevocationKind.PolicyVersion, "f00d", 5L, 9L, "policy-version:5-9:f00d")]
    public void Its_text_says_all_of_it(RevocationKind kind, string name, long? since, long? until, string text)
    {
        var id = new RevocationId(kind, name, since is null && until is null ? null : new IssueWindow(since, until));

        Assert.Equal(text, id.ToString());
        Assert.True(RevocationId.TryParse(text, out var read));
        Assert.Equal(id, read);
    }

    [Fact]
    public void Any_name_and_window_comes_back_from_the_text() =>
        Gen.Select(Gen.Enum<RevocationKind>(), Gen.String[1, 40], Gen.Long[0, long.MaxValue].Nullable(), Gen.Long[0, long.MaxValue].Nullable()).Sample(
            (kind, name, since, until) =>
            {
                var id = new RevocationId(kind, name, since is null && until is null ? null : new IssueWindow(since, until));
                return RevocationId.TryParse(id.ToString(), out var read) && read == id;
            });

    [Theory]
    [InlineData(""), InlineData("jti"), InlineData("jti:"), InlineData("jti::"), InlineData("Jti::x"), InlineData("token::x"), InlineData("jti:5:x"), InlineData("jti:-:x")]
    [InlineData("jti:a-b:x"), InlineData("jti:-1-5:x"), InlineData("jti:5-+9:x")]
    public void What_is_none_is_not_taken_for_one(string text) => Assert.False(RevocationId.TryParse(text, out _));

    [Fact]
    public void A_name_over_the_limit_is_none() => Assert.False(RevocationId.TryParse("jti::" + new string('x', RevocationId.MaxNameLength + 1), out _));

    [Fact]
    public void A_window_grows_to_whole_seconds_and_begins_and_ends_on_them()
    {
        var window = IssueWindow.Of(Noon.AddMilliseconds(500), Noon.AddMilliseconds(2_500));

        Assert.Equal(new IssueWindow(Noon.ToUnixTimeSeconds(), Noon.ToUnixTimeSeconds() + 3), window);
        Assert.Equal(new IssueWindow(null, Noon.ToUnixTimeSeconds()), IssueWindow.Of(null, Noon));
        Assert.Null(IssueWindow.Of(null, null));
        var second = Noon.ToUnixTimeSeconds();
        Assert.Equal([false, true, true, true, false], Enumerable.Range(-1, 5).Select(offset => window!.Contains(second + offset)));
    }
}
