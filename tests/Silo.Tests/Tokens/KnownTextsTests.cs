using System.Text;
using Assay.Silo.Tokens;

namespace Assay.Silo.Tests.Tokens;

public sealed class KnownTextsTests
{
    [Theory]
    [InlineData("")]
    [InlineData("payments-exporter")]
    [InlineData("https://payments.example/ü")]
    [InlineData("Kelvin \u212a is no K")]
    public void A_text_is_what_its_bytes_say_whoever_asked_before(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);

        Assert.Equal([text, text], new[] { KnownTexts.Of(bytes), KnownTexts.Of(bytes) });
    }

    [Fact]
    public void A_text_that_came_a_moment_ago_is_not_made_again() => Assert.Same(KnownTexts.Of("payments-exporter"u8), KnownTexts.Of("payments-exporter"u8));

    [Fact]
    public void A_long_text_is_not_kept()
    {
        var bytes = Encoding.ASCII.GetBytes(new string('a', 4096));

        Assert.Equal(new string('a', 4096), KnownTexts.Of(bytes));
        Assert.NotSame(KnownTexts.Of(bytes), KnownTexts.Of(bytes));
    }

    [Fact]
    public void More_texts_than_there_are_places_are_still_told_apart() => Parallel.For(0, 4, worker =>
    {
        for (var i = 0; i < 20_000; i++)
        {
            var text = $"client-{worker}-{i}";
            Assert.Equal(text, KnownTexts.Of(Encoding.ASCII.GetBytes(text)));
        }
    });

    [Fact]
    public void A_list_of_scopes_that_came_a_moment_ago_is_not_read_again_and_a_malformed_one_is_always_refused()
    {
        Assert.True(ScopeList.TryParse("list pay list", out var first));
        Assert.True(ScopeList.TryParse(new StringBuilder("list pay list").ToString(), out var again));

        Assert.Equal(["list", "pay"], first);
        Assert.True(first == again); // the same array
        Assert.Equal((false, false), (ScopeList.TryParse("list  pay", out _), ScopeList.TryParse("list  pay", out _)));
    }
}
