using Assay.Cedar;
using Assay.Core.Jose;
using Assay.Core.Registry;
using CsCheck;

namespace Assay.Core.Tests.Registry;

public sealed class RegistryTextTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("Az09._:/@-")]
    [InlineData("spiffe://example.org/ns/x")]
    public void An_id_may_be(string id) => Assert.Null(RegistryText.IdFault(id));

    [Theory]
    [InlineData("", "is empty; write 1 to 128 characters")]
    [InlineData("a b", "has a space in it; allowed are letters, digits and . _ : / @ -")]
    [InlineData("ä", "has the character U+00E4 in it; allowed are letters, digits and . _ : / @ -")]
    [InlineData("a\nb", "has a line break in it; allowed are letters, digits and . _ : / @ -")]
    [InlineData("a?", "has '?' in it; allowed are letters, digits and . _ : / @ -")]
    public void An_id_may_not_be(string id, string fault) => Assert.Equal(fault, RegistryText.IdFault(id));

    [Fact]
    public void An_id_has_at_most_128_characters()
    {
        Assert.Null(RegistryText.IdFault(new string('a', 128)));
        Assert.Equal("is 129 characters long; at most 128 are allowed", RegistryText.IdFault(new string('a', 129)));
    }

    [Theory]
    [InlineData("https://payments.example")]
    [InlineData("https://payments.example:8443/v1?x=y")]
    [InlineData("https://a.example/@me")]
    [InlineData("http://localhost:5000")]
    [InlineData("http://127.0.0.1/x")]
    [InlineData("http://[::1]:80")]
    [InlineData("urn:example:payments")]
    public void A_resource_may_be(string resource) => Assert.Null(RegistryText.ResourceFault(resource));

    [Theory]
    [InlineData("", "is empty; write 1 to 512 characters")]
    [InlineData("payments", "is no absolute URI; write for instance https://payments.example")]
    [InlineData("/payments", "is no absolute URI; write for instance https://payments.example")]
    [InlineData("https://", "is no absolute URI; write for instance https://payments.example")]
    [InlineData("https://a.example/#x", "has a fragment ('#'); a resource is an absolute URI without one (RFC 8707 §2)")]
    [InlineData("https://a.example/#", "has a fragment ('#'); a resource is an absolute URI without one (RFC 8707 §2)")]
    [InlineData("http://a.example", "is plain http; use https (http is for loopback only)")]
    [InlineData("http://localhost.example", "is plain http; use https (http is for loopback only)")]
    [InlineData("https://me@a.example", "has a user name in it; leave it out")]
    [InlineData("https://@a.example", "has a user name in it; leave it out")]
    [InlineData("https://a.example/ x", "has a space in it; percent-encode what RFC 3986 does not allow in a URI")]
    [InlineData("https://ä.example", "has the character U+00E4 in it; percent-encode what RFC 3986 does not allow in a URI")]
    [InlineData("ftp://a.example", "has the scheme 'ftp'; use https, a urn, or http on loopback")]
    [InlineData("urn:x", "is no urn; write urn:<namespace>:<name>, for instance urn:example:payments")]
    [InlineData("urn:e_x:y", "is no urn; write urn:<namespace>:<name>, for instance urn:example:payments")]
    public void A_resource_may_not_be(string resource, string fault) => Assert.Equal(fault, RegistryText.ResourceFault(resource));

    [Theory]
    [InlineData("payments:read")]
    [InlineData("!#[]~")]
    public void A_scope_may_be(string scope) => Assert.Null(RegistryText.ScopeFault(scope));

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("a b", "has a space in it")]
    [InlineData("a\"", "has '\"' in it")]
    [InlineData("a\\", "has '\\' in it")]
    [InlineData("é", "has the character U+00E9 in it")]
    public void A_scope_may_not_be(string scope, string fault) => Assert.StartsWith(fault, RegistryText.ScopeFault(scope));

    [Theory]
    [InlineData(59.999, false)]
    [InlineData(60, true)]
    [InlineData(900, true)]
    [InlineData(901, false)]
    public void A_token_lives_one_to_fifteen_minutes(double seconds, bool allowed) => Assert.Equal(allowed, RegistryText.LifetimeFault(TimeSpan.FromSeconds(seconds)) is null);

    [Fact]
    public void Prose_has_no_control_characters_and_no_half_letters()
    {
        Assert.Null(RegistryText.ProseFault("Zürich 🙂\nand\tmore"));
        Assert.Equal("has the character U+001B in it; write plain text", RegistryText.ProseFault("a\u001b[31m"));
        Assert.Equal("has the character U+D83D in it; write plain text", RegistryText.ProseFault("a\ud83d"));
    }

    [Fact]
    public void Every_fault_of_a_key_says_what_to_do()
    {
        var texts = Enum.GetValues<JwkFault>().Where(fault => fault != JwkFault.None).Select(RegistryText.KeyFault).ToList();

        Assert.All(texts, text => Assert.Contains(';', text));
    }

    [Theory]
    [InlineData("raeder", "reader")]
    [InlineData("Reader", "reader")]
    [InlineData("readers", "reader")]
    [InlineData("wrtier", "writer")]
    [InlineData("x", null)]
    [InlineData("exporter", null)]
    [InlineData("", null)]
    public void A_near_word_is_found_and_a_far_one_is_not(string given, string? expected) => Assert.Equal(expected, DidYouMean.Nearest(given, ["writer", "reader"]));

    [Fact]
    public void A_word_is_always_near_itself_and_the_order_of_words_does_not_matter()
    {
        Gen.String[Gen.Char['a', 'e'], 1, 8].Array[1, 6].Sample(words =>
        {
            Assert.Equal(words[0], DidYouMean.Nearest(words[0], words));
            Assert.Equal(DidYouMean.Nearest("abcde", words), DidYouMean.Nearest("abcde", words.Reverse()));
        });
    }
}
