namespace Assay.Cedar.Tests;

public sealed class EscapeTests
{
    [Theory]
    [InlineData("\"\\x7f\" == \"\\u{7f}\"", "true")]
    [InlineData("\"\\u{4_1}\" == \"A\"", "true")]
    [InlineData("\"\\u{1F600}\" == \"😀\"", "true")]
    [InlineData("\"\\'\" == \"'\"", "true")]
    [InlineData("\"\\0\" == \"\\u{0}\"", "true")]
    [InlineData("\"\\n\\r\\t\\\\\\\"\" like \"?????\"", "false")]
    [InlineData("\"\\t\" == \"\t\"", "true")]
    [InlineData("\"a\nb\" == \"a\\nb\"", "true")]
    public void Strings_hold_what_their_escapes_say(string expression, string outcome) =>
        Assert.Equal(outcome, Cedar.Condition(expression, Sample.Context, Sample.Entities));
}
