using System.Text;
using Assay.Core.Jose;
using CsCheck;

namespace Assay.Core.Tests.Jose;

public sealed class CompactJwsTests
{
    private const string Payload = """{"iss":"joe"}""";

    [Fact]
    public void A_token_is_taken_apart()
    {
        var token = Jws.Text("""{"alg":"ES256","kid":"key-1","typ":"at+jwt"}""", Payload, [1, 2, 3]);

        var jws = Parse(token);

        Assert.Equal(new JoseHeader("ES256", "key-1", "at+jwt"), jws.Header);
        Assert.Equal(Payload, Encoding.UTF8.GetString(jws.Payload.Span));
        Assert.Equal(token[..token.LastIndexOf('.')], Encoding.ASCII.GetString(jws.SigningInput.Span));
        Assert.Equal([1, 2, 3], jws.Signature.ToArray());
    }

    [Fact]
    public void Only_the_algorithm_must_be_there() => Assert.Equal(new JoseHeader("XY1", null, null), Parse(Jws.Text("""{"alg":"XY1"}""", Payload)).Header);

    [Fact]
    public void Keys_and_addresses_of_keys_in_the_header_are_passed_over() =>
        Assert.Equal(
            new JoseHeader("ES256", null, null),
            Parse(Jws.Text("""{"jwk":{"kty":"oct","k":"AA"},"jku":"https://evil.example","x5u":"https://evil.example","x5c":["AA"],"alg":"ES256"}""", Payload)).Header);

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("...")]
    [InlineData("e30")]
    [InlineData("e30.e30")]
    [InlineData(".e30.AA")]
    [InlineData("e30..AA")]
    [InlineData("e30.e30.")]
    [InlineData("e30.e30.AA.")]
    [InlineData("e30.e30.AA.AA")]
    [InlineData("e30.e30.AA.AA.AA")]
    public void A_text_without_exactly_three_segments_is_refused(string token) => Refused(JwsFault.NotThreeSegments, token);

    [Theory]
    [InlineData("e30=.e30.AA")]
    [InlineData("e30.e30=.AA")]
    [InlineData("e30.e30.AA==")]
    [InlineData(" e30.e30.AA")]
    [InlineData("e30.e30.AA\n")]
    [InlineData("e30.e3 0.AA")]
    [InlineData("e30.e30.+/")]
    [InlineData("e30.e30.A")]
    [InlineData("e30.e30.AB")]
    [InlineData("e31.e30.AA")]
    [InlineData("e30.e30.\u00e4A")]
    [InlineData("e30.e30.A\0")]
    public void A_segment_that_is_not_base64url_is_refused(string token) => Refused(JwsFault.NotBase64Url, token);

    [Theory]
    [InlineData(JwsFault.AlgMissing, "{}")]
    [InlineData(JwsFault.AlgMissing, """{"Alg":"ES256"}""")]
    [InlineData(JwsFault.AlgInvalid, """{"alg":"none"}""")]
    [InlineData(JwsFault.AlgInvalid, """{"alg":"nOnE"}""")]
    [InlineData(JwsFault.AlgInvalid, """{"\u0061lg":"n\u006fne"}""")]
    [InlineData(JwsFault.AlgInvalid, """{"alg":""}""")]
    [InlineData(JwsFault.AlgInvalid, """{"alg":null}""")]
    [InlineData(JwsFault.AlgInvalid, """{"alg":["ES256"]}""")]
    [InlineData(JwsFault.AlgInvalid, """{"alg":"ES256ES256ES256ES256ES256ES256ES2"}""")]
    [InlineData(JwsFault.CriticalHeader, """{"alg":"ES256","crit":["x"],"x":1}""")]
    [InlineData(JwsFault.CriticalHeader, """{"alg":"ES256","crit":[]}""")]
    [InlineData(JwsFault.CriticalHeader, """{"alg":"ES256","cr\u0069t":["b64"],"b64":false}""")]
    [InlineData(JwsFault.KidInvalid, """{"alg":"ES256","kid":""}""")]
    [InlineData(JwsFault.KidInvalid, """{"alg":"ES256","kid":1}""")]
    [InlineData(JwsFault.KidInvalid, """{"alg":"ES256","kid":"a\u0000"}""")]
    [InlineData(JwsFault.KidInvalid, """{"alg":"ES256","kid":"é"}""")]
    [InlineData(JwsFault.TypInvalid, """{"alg":"ES256","typ":1}""")]
    [InlineData(JwsFault.TypInvalid, """{"alg":"ES256","typ":""}""")]
    [InlineData(JwsFault.DuplicateMember, """{"alg":"ES256","alg":"ES256"}""")]
    [InlineData(JwsFault.DuplicateMember, """{"alg":"ES256","\u0061lg":"none"}""")]
    [InlineData(JwsFault.DuplicateMember, """{"alg":"ES256","x":[{"a":1,"b":{"a":2},"a":3}]}""")]
    [InlineData(JwsFault.NotAJsonObject, "[]")]
    [InlineData(JwsFault.NotAJsonObject, "null")]
    [InlineData(JwsFault.NotAJsonObject, "1")]
    [InlineData(JwsFault.NotAJsonObject, "\"alg\"")]
    [InlineData(JwsFault.NotAJsonObject, """{"alg":"ES256"}x""")]
    [InlineData(JwsFault.NotAJsonObject, """{"alg":"ES256"} {}""")]
    [InlineData(JwsFault.NotAJsonObject, """{"alg":"ES256",}""")]
    [InlineData(JwsFault.NotAJsonObject, """{"alg":"ES256"/**/}""")]
    [InlineData(JwsFault.NotAJsonObject, """{'alg':'ES256'}""")]
    [InlineData(JwsFault.NotAJsonObject, "\ufeff{\"alg\":\"ES256\"}")]
    [InlineData(JwsFault.NotUnicode, """{"alg":"ES256","x":"\ud800"}""")]
    [InlineData(JwsFault.NotUnicode, """{"alg":"ES256","\udc00x":1}""")]
    public void A_bad_header_is_refused_with_its_reason(JwsFault expected, string header) => Refused(expected, Jws.Text(header, Payload));

    [Theory]
    [InlineData(JwsFault.NotAJsonObject, "[]")]
    [InlineData(JwsFault.NotAJsonObject, "joe")]
    [InlineData(JwsFault.NotAJsonObject, """{"iss":"joe"}{}""")]
    [InlineData(JwsFault.NotAJsonObject, """{"iss":NaN}""")]
    [InlineData(JwsFault.DuplicateMember, """{"aud":"a","iss":"joe","aud":"b"}""")]
    [InlineData(JwsFault.DuplicateMember, """{"aud":"a","\u0061u\u0064":"b"}""")]
    [InlineData(JwsFault.DuplicateMember, """{"\u0061u\u0064":"b","aud":"a"}""")]
    [InlineData(JwsFault.DuplicateMember, """{"\u0061ud":"b","a\u0075d":"a"}""")]
    [InlineData(JwsFault.DuplicateMember, """{"cnf":{"jkt":"a","jkt":"b"}}""")]
    [InlineData(JwsFault.DuplicateMember, """{"":1,"":2}""")]
    [InlineData(JwsFault.NotUnicode, """{"iss":"\udead"}""")]
    public void A_bad_payload_is_refused_with_its_reason(JwsFault expected, string payload) => Refused(expected, Jws.Text(Jws.Header, payload));

    [Theory]
    [InlineData("""{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}],"x":1}""")]
    [InlineData("""{"a":{"a":{"a":{}}}}""")]
    [InlineData("""{"http:\/\/example.com\/is_root":true,"http:\/\/example.com\/":"\ud83d\ude00"}""")]
    public void The_same_name_in_different_objects_is_no_duplicate(string payload) =>
        Assert.Equal(payload, Encoding.UTF8.GetString(Parse(Jws.Text(Jws.Header, payload)).Payload.Span));

    [Fact]
    public void Bytes_that_are_no_utf8_are_refused()
    {
        byte[] payload = [.. "{\"iss\":\""u8, 0xff, 0xfe, .. "\"}"u8];

        Refused(JwsFault.NotUnicode, $"{Jws.Encode(Jws.Header)}.{Base64UrlText.Encode(payload)}.AA");
        Refused(JwsFault.NotUnicode, $"{Base64UrlText.Encode(payload)}.{Jws.Encode(Payload)}.AA");
    }

    [Fact]
    public void Nesting_is_bounded()
    {
        Parse(Jws.Text(Jws.Header, Nested(15)));
        Refused(JwsFault.TooDeep, Jws.Text(Jws.Header, Nested(16)));
        Refused(JwsFault.TooDeep, Jws.Text(Jws.Header, Nested(4000)));
    }

    [Fact]
    public void The_number_of_members_is_bounded()
    {
        Parse(Jws.Text(Jws.Header, Members(256)));
        Refused(JwsFault.TooManyMembers, Jws.Text(Jws.Header, Members(257)));
    }

    [Fact]
    public void The_length_of_a_token_is_bounded()
    {
        var token = Jws.Text(Jws.Header, Payload, new byte[12_000]);
        Assert.InRange(token.Length, 16_000, CompactJws.MaxLength);
        Parse(token);

        Refused(JwsFault.TooLarge, new string('A', CompactJws.MaxLength + 1));
        Assert.False(CompactJws.TryParse(new byte[CompactJws.MaxLength + 1], out _, out var fault));
        Assert.Equal(JwsFault.TooLarge, fault);
    }

    [Fact]
    public void No_input_makes_it_throw() => Gen.Byte.Array[0, 200].Sample(bytes => { CompactJws.TryParse(bytes, out _, out _); });

    [Fact]
    public void No_header_and_payload_make_it_throw() =>
        Gen.Char["{}[]\":,\\u0dalgES256 kitypn\ud800\u00e4"].Array[0, 40].Select(Gen.Char["{}[]\":,\\u0d8ab1 \ud800"].Array[0, 40]).Sample((header, payload) =>
        {
            if (CompactJws.TryParse(Jws.Text(new string(header), new string(payload), [1]), out var jws, out _))
                ClientAssertionClaims.TryRead(jws, out _, out _);
        });

    [Theory]
    [InlineData("at+jwt", "at+jwt", true)]
    [InlineData("AT+JWT", "at+jwt", true)]
    [InlineData("application/at+jwt", "at+jwt", true)]
    [InlineData("Application/At+Jwt", "at+jwt", true)]
    [InlineData("at+jwt", "application/at+jwt", true)]
    [InlineData("JWT", "at+jwt", false)]
    [InlineData("at+jwt ", "at+jwt", false)]
    [InlineData("text/at+jwt", "at+jwt", false)]
    [InlineData("application/application/at+jwt", "at+jwt", false)]
    [InlineData("application/", "at+jwt", false)]
    [InlineData("", "at+jwt", false)]
    [InlineData(null, "at+jwt", false)]
    public void Types_are_compared_as_media_types(string? typ, string kind, bool matches) => Assert.Equal(matches, JoseType.Matches(typ, kind));

    private static string Nested(int levels) => $$"""{"a":{{new string('[', levels)}}{{new string(']', levels)}}}""";

    private static string Members(int count) => $$"""{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"{i}\":{i}"))}}}""";

    private static CompactJws Parse(string token)
    {
        Assert.True(CompactJws.TryParse(token, out var jws, out var fault), fault.ToString());
        return jws;
    }

    private static void Refused(JwsFault expected, string token)
    {
        Assert.False(CompactJws.TryParse(token, out var jws, out var fault));
        Assert.Equal((expected, null), (fault, jws));
    }
}
