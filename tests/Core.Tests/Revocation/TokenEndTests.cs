using Assay.Core.Revocation;

namespace Assay.Core.Tests.Revocation;

public sealed class TokenEndTests
{
    private static readonly TokenHandles Handles = new(new byte[32]);

    [Theory]
    [InlineData(RevocationKind.Jti, "jti-1", true), InlineData(RevocationKind.Identity, "worker", true), InlineData(RevocationKind.Key, "kid-1", true)]
    [InlineData(RevocationKind.Credential, "key-1", true), InlineData(RevocationKind.PolicyVersion, "f00d", true)]
    [InlineData(RevocationKind.Jti, "jti-2", false), InlineData(RevocationKind.Identity, "kid-1", false), InlineData(RevocationKind.Credential, "worker", false)]
    public void A_token_dies_with_each_thing_it_hangs_on(RevocationKind kind, string name, bool dies)
    {
        var set = RevocationSet.Empty.Next([new RevocationEntry(Handles.Of(kind, name), 10, null, DateTimeOffset.UnixEpoch)], DateTimeOffset.UnixEpoch);

        Assert.Equal(dies, IsEnded(set, 9));
        Assert.False(IsEnded(set, 10));
    }

    [Fact]
    public void A_handle_is_of_its_kind_its_name_and_its_cluster()
    {
        var other = new TokenHandles([1, .. new byte[31]]);

        Assert.Equal(Handles.Of(RevocationKind.Identity, "a"), new TokenHandles(new byte[32]).Of(RevocationKind.Identity, "a"));
        Assert.Equal(
            4,
            new[] { Handles.Of(RevocationKind.Identity, "a"), Handles.Of(RevocationKind.Credential, "a"), Handles.Of(RevocationKind.Identity, "b"), other.Of(RevocationKind.Identity, "a") }
                .Distinct().Count());
        Assert.NotEqual(Handles.Of(RevocationKind.Identity, new string('é', 500)), Handles.Of(RevocationKind.Identity, new string('é', 501)));
    }

    /// <summary>They are in tokens that are out, and silos of another release make them too: HMAC-SHA-256 over the kind's number and the name, the first 8 bytes.</summary>
    [Fact]
    public void Handles_do_not_change() => Assert.Equal(0x60FDC50491564928UL, Handles.Of(RevocationKind.Identity, "worker"));

    private static bool IsEnded(RevocationSet set, long number) =>
        TokenEnd.IsIn(set, Handles, "jti-1", "worker", "kid-1", number, 0, [Handles.Of(RevocationKind.Credential, "key-1"), Handles.Of(RevocationKind.PolicyVersion, "f00d")]);
}
