using System.Collections.Immutable;
using Assay.Core.Forensics;

namespace Assay.Core.Tests.Forensics;

/// <summary>What a token is, from what was found out about it.</summary>
public sealed class TokenFindingTests
{
    private static readonly PermitFacts Good = new()
    {
        IsThisToken = true,
        Life = TokenLife.Live,
        DataAge = TimeSpan.FromSeconds(2),
        DataAgeBound = TimeSpan.FromSeconds(60),
        IsRepeated = true,
        GrantedThen = ["read", "write"],
        GrantedNow = ["read", "write"],
    };

    [Theory]
    [InlineData(SignatureFact.KeyNeverPublished, RecordFact.Permit, TokenClass.UnknownKey)]
    [InlineData(SignatureFact.KeyNeverPublished, RecordFact.NotOurs, TokenClass.UnknownKey)]
    [InlineData(SignatureFact.Invalid, RecordFact.Permit, TokenClass.Forged)]
    [InlineData(SignatureFact.Invalid, RecordFact.BeyondTheEnd, TokenClass.Forged)]
    [InlineData(SignatureFact.Valid, RecordFact.Permit, TokenClass.Allowed)]
    [InlineData(SignatureFact.Valid, RecordFact.NotOurs, TokenClass.MintedAround)]
    [InlineData(SignatureFact.Valid, RecordFact.OfSomethingElse, TokenClass.MintedAround)]
    [InlineData(SignatureFact.Valid, RecordFact.BeyondTheLast, TokenClass.MintedAround)]
    [InlineData(SignatureFact.Valid, RecordFact.BeyondTheEnd, TokenClass.Unknown)]
    [InlineData(SignatureFact.Valid, RecordFact.Dropped, TokenClass.Dropped)]
    [InlineData(SignatureFact.NotAtHand, RecordFact.Permit, TokenClass.Allowed)]
    [InlineData(SignatureFact.NotAtHand, RecordFact.NotOurs, TokenClass.NoRecord)]
    [InlineData(SignatureFact.NotAtHand, RecordFact.BeyondTheLast, TokenClass.NoRecord)]
    [InlineData(SignatureFact.NotAtHand, RecordFact.BeyondTheEnd, TokenClass.Unknown)]
    [InlineData(SignatureFact.NotAtHand, RecordFact.Dropped, TokenClass.Dropped)]
    public void Signature_and_log_say_whose_token_it_is(SignatureFact signature, RecordFact record, TokenClass found) =>
        Assert.Equal(found, TokenFinding.Of(new TokenFacts { Signature = signature, Record = record, Permit = record == RecordFact.Permit ? Good : null })!.Class);

    [Fact]
    public void The_id_of_a_record_that_is_no_tokens_is_not_classified() =>
        Assert.Null(TokenFinding.Of(new TokenFacts { Signature = SignatureFact.NotAtHand, Record = RecordFact.OfSomethingElse }));

    [Fact]
    public void Allowed_then_and_now() => Assert.Equal(new TokenFinding(TokenClass.Allowed, "policy allowed it"), Of(Good));

    [Fact]
    public void Allowed_then_and_now_it_cannot_be_decided() =>
        Assert.Equal(new TokenFinding(TokenClass.Allowed, "policy allowed it; whether it would now cannot be decided at the moment"), Of(Good with { GrantedNow = null }));

    [Fact]
    public void Allowed_on_data_older_than_its_bound()
    {
        var old = Good with { DataAge = TimeSpan.FromSeconds(61.5) };

        Assert.Equal(new TokenFinding(TokenClass.AllowedOnOldData, "policy allowed it on data 61.5 s old, and the bound is 60 s"), Of(old));
        Assert.Equal(TokenClass.Allowed, Of(old with { DataAge = old.DataAgeBound })!.Class);
        Assert.EndsWith("; all of it would be denied now, and it is still live", Of(old with { GrantedNow = [] })!.Because);
    }

    [Fact]
    public void Denied_now_and_still_live()
    {
        Assert.Equal(new TokenFinding(TokenClass.DeniedNow, "policy allowed it then; write would be denied now, and it is still live"), Of(Good with { GrantedNow = ["read"] }));
        Assert.Equal(new TokenFinding(TokenClass.DeniedNow, "policy allowed it then; all of it would be denied now, and it is still live"), Of(Good with { GrantedNow = [] }));
    }

    [Theory]
    [InlineData(TokenLife.Expired), InlineData(TokenLife.Ended)]
    public void What_does_not_live_any_more_is_not_denied_now(TokenLife life) => Assert.Equal(TokenClass.Allowed, Of(Good with { Life = life, GrantedNow = [] })!.Class);

    [Fact]
    public void Another_token_under_its_jti_is_forged_whoever_signed_it()
    {
        Assert.Equal(new TokenFinding(TokenClass.Forged, "another token was recorded under its jti, and a key of ours signed this one: whoever made it holds the key"), Of(Good with { IsThisToken = false }));
        Assert.Equal(TokenClass.Forged, TokenFinding.Of(Facts(SignatureFact.NotAtHand, Good with { IsThisToken = false }))!.Class);
    }

    [Fact]
    public void A_record_that_its_own_policies_do_not_bear_out_is_no_excuse()
    {
        Assert.Equal(TokenClass.NotRepeated, Of(Good with { IsRepeated = false })!.Class);
        Assert.Equal(TokenClass.Allowed, Of(Good with { IsRepeated = null })!.Class); // a version is gone: nothing can be said
    }

    [Fact]
    public void Every_class_has_a_word_of_its_own() =>
        Assert.Equal(Enum.GetValues<TokenClass>().Length, Enum.GetValues<TokenClass>().Select(TokenFinding.WordOf).Distinct().Count());

    private static TokenFinding? Of(PermitFacts permit) => TokenFinding.Of(Facts(SignatureFact.Valid, permit));

    private static TokenFacts Facts(SignatureFact signature, PermitFacts permit) => new() { Signature = signature, Record = RecordFact.Permit, Permit = permit };
}
