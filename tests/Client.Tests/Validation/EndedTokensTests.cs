using System.Text.Json;
using Assay.Client.AspNetCore;
using Assay.Client.Events;

namespace Assay.Client.Tests.Validation;

/// <summary>What events say about the tokens that an API is shown.</summary>
public sealed class EndedTokensTests
{
    private const long At = 1_800_000_000;

    private readonly Clock clock = new(DateTimeOffset.FromUnixTimeSeconds(At));
    private readonly EndedTokens ended;

    public EndedTokensTests() => ended = new EndedTokens(TimeSpan.FromSeconds(10), clock);

    /// <summary>Seconds are from the event on.</summary>
    [Theory]
    [InlineData("exporter", "{}", "exporter", -1, "Ended")]
    [InlineData("exporter", "{}", "exporter", 0, "Doubtful")]
    [InlineData("exporter", "{}", "exporter", 1, "None")]
    [InlineData("exporter", "{}", "another", -1, "None")]
    [InlineData("exporter", """{"urn:assay:credential":"c-1"}""", "exporter", -1, "Ended")]
    [InlineData("exporter", """{"urn:assay:key":"key-1"}""", "exporter", -1, "Ended")]
    [InlineData("exporter", """{"urn:assay:key":"key-1"}""", "exporter", 0, "Ended")]
    [InlineData("exporter", """{"urn:assay:key":"key-2"}""", "exporter", -1, "None")]
    [InlineData("exporter", """{"urn:assay:policy-version":"p-1"}""", "exporter", -1, "Doubtful")]
    [InlineData("exporter", """{"urn:assay:issued":{"since":1799999990,"until":1799999995}}""", "exporter", -11, "None")]
    [InlineData("exporter", """{"urn:assay:issued":{"since":1799999990,"until":1799999995}}""", "exporter", -10, "Ended")]
    [InlineData("exporter", """{"urn:assay:issued":{"since":1799999990,"until":1799999995}}""", "exporter", -6, "Ended")]
    [InlineData("exporter", """{"urn:assay:issued":{"since":1799999990,"until":1799999995}}""", "exporter", -5, "None")]
    [InlineData("exporter", """{"urn:assay:issued":{"until":1900000000}}""", "exporter", 5, "None")]
    [InlineData(null, """{"urn:assay:key":"key-1"}""", "another", -1, "Ended")]
    [InlineData(null, """{"urn:assay:key":"key-2"}""", "another", -1, "None")]
    [InlineData(null, """{"urn:assay:policy-version":"p-1"}""", "another", -1, "Doubtful")]
    public void A_revocation_ends_what_it_names_and_was_issued_before_it(string? about, string details, string client, int issued, string end)
    {
        ended.Add(Happened(SecurityEventTypes.SessionRevoked, about, details));

        Assert.Equal(end, ended.Look("t-1", At + issued, "key-1", [client, null], out _).ToString());
    }

    [Theory]
    [InlineData(-1, "Ended")]
    [InlineData(0, "None")] // no list knows of it: it is as good as new
    [InlineData(1, "None")]
    public void An_entitlement_that_was_taken_away_ends_the_tokens_from_before(int issued, string end)
    {
        ended.Add(Happened(SecurityEventTypes.TokenClaimsChange, "exporter", """{"claims":{"roles":[]}}"""));

        Assert.Equal(end, ended.Look("t-1", At + issued, "key-1", ["exporter"], out _).ToString());
    }

    [Theory]
    [InlineData(SecurityEventTypes.CredentialChange), InlineData(SecurityEventTypes.RiskLevelChange), InlineData("urn:something:else")]
    public void Other_events_end_nothing(string type)
    {
        ended.Add(Happened(type, "exporter", "{}"));

        Assert.Equal((TokenEnd.None, 0), (ended.Look("t-1", At - 1, "key-1", ["exporter"], out _), ended.Count));
    }

    [Fact]
    public void A_token_that_is_named_ended_whenever_it_was_issued_and_its_neighbours_did_not()
    {
        ended.Add(Happened(SecurityEventTypes.SessionRevoked, null, "{}", "t-1"));

        Assert.Equal(TokenEnd.Ended, ended.Look("t-1", At, "key-1", ["exporter"], out _));
        Assert.Equal(TokenEnd.None, ended.Look("t-2", At, "key-1", ["exporter"], out _));
        Assert.Equal(TokenEnd.None, ended.Look(null, At, "key-1", ["exporter"], out _));
    }

    [Fact]
    public void A_token_that_has_a_subject_of_its_own_ends_with_either()
    {
        ended.Add(Happened(SecurityEventTypes.SessionRevoked, "person", "{}"));

        Assert.Equal(TokenEnd.Ended, ended.Look("t-1", At - 1, "key-1", ["exporter", "person"], out _));
        Assert.Equal(TokenEnd.Ended, ended.Look("t-1", At - 1, "key-1", ["person", "exporter"], out _));
    }

    [Fact]
    public void A_doubtful_token_is_for_a_list_of_two_seconds_later_to_judge()
    {
        ended.Add(Happened(SecurityEventTypes.SessionRevoked, "exporter", "{}"));

        ended.Look("t-1", At, "key-1", ["exporter"], out var listedFrom);

        Assert.Equal(clock.GetTimestamp() + 2 * TimeSpan.TicksPerSecond, listedFrom);
    }

    [Fact]
    public void An_earlier_event_that_comes_late_takes_nothing_back()
    {
        ended.Add(Happened(SecurityEventTypes.SessionRevoked, "exporter", "{}"));
        ended.Add(Happened(SecurityEventTypes.SessionRevoked, "exporter", "{}", at: At - 100));
        ended.Add(Happened(SecurityEventTypes.SessionRevoked, "exporter", """{"urn:assay:key":"key-9"}"""));

        Assert.Equal(TokenEnd.Ended, ended.Look("t-1", At - 1, "key-1", ["exporter"], out _));
    }

    [Fact]
    public void What_could_not_be_out_any_more_is_not_kept()
    {
        ended.Add(Happened(SecurityEventTypes.SessionRevoked, "exporter", "{}", at: At - 3_600));
        ended.Add(Happened(SecurityEventTypes.SessionRevoked, null, "{}", "t-1", at: At - 3_600));

        Assert.Equal(0, ended.Count);
    }

    [Fact]
    public void Many_different_events_about_one_identity_leave_it_to_its_list()
    {
        for (var i = 0; i < 50; i++)
            ended.Add(Happened(SecurityEventTypes.SessionRevoked, "exporter", $$"""{"urn:assay:key":"old-{{i}}"}"""));

        Assert.InRange(ended.Count, 1, 8);
        Assert.Equal(TokenEnd.Doubtful, ended.Look("t-1", At - 1, "old-1", ["exporter"], out _));
        Assert.Equal(TokenEnd.None, ended.Look("t-1", At - 1, "old-1", ["another"], out _));
    }

    [Fact]
    public void A_flood_of_revoked_tokens_is_bounded_and_what_there_was_no_room_for_is_left_to_lists()
    {
        for (var i = 0; i < EndedTokens.MostTokens; i++)
            ended.Add(Happened(SecurityEventTypes.SessionRevoked, null, "{}", $"t-{i}"));
        Assert.Equal(TokenEnd.Ended, ended.Look("t-0", At - 1, "key-1", ["exporter"], out _));

        ended.Add(Happened(SecurityEventTypes.SessionRevoked, null, "{}", "one-more"));

        Assert.Equal(2, ended.Count);
        Assert.Equal(TokenEnd.Ended, ended.Look("one-more", At - 1, "key-1", ["exporter"], out _));
        Assert.Equal(TokenEnd.Doubtful, ended.Look("t-0", At - 1, "key-1", ["exporter"], out _));
    }

    [Fact]
    public void What_is_over_makes_room_without_any_doubt()
    {
        for (var i = 0; i < EndedTokens.MostTokens; i++)
            ended.Add(Happened(SecurityEventTypes.SessionRevoked, null, "{}", $"t-{i}"));
        clock.Advance(TimeSpan.FromMinutes(16));

        ended.Add(Happened(SecurityEventTypes.SessionRevoked, null, "{}", "one-more", at: At + 960));

        Assert.Equal(1, ended.Count);
        Assert.Equal(TokenEnd.None, ended.Look("other", At + 959, "key-1", ["exporter"], out _));
    }

    private static SecurityEvent Happened(string type, string? about, string details, string? token = null, long at = At)
    {
        using var json = JsonDocument.Parse(details);
        return new SecurityEvent("set", type, DateTimeOffset.FromUnixTimeSeconds(at), about, token, about is null && token is null, json.RootElement.Clone());
    }
}
