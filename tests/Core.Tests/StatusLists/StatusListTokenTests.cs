using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Assay.Core.Jose;
using Assay.Core.StatusLists;

namespace Assay.Core.Tests.StatusLists;

public sealed class StatusListTokenTests
{
    [Fact]
    public void A_signed_list_says_whose_it_is_how_long_it_is_good_and_which_tokens_are_not()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var list = new byte[StatusTable.Capacity / 8];
        list[2] = 0b100;

        var token = Encoding.ASCII.GetString(Sign(list, pair));

        var parts = token.Split('.');
        Assert.True(pair.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Bytes(parts[2]), HashAlgorithmName.SHA256));
        Assert.Equal("""{"typ":"statuslist+jwt","alg":"ES256","kid":"kid-1"}""", Encoding.UTF8.GetString(Bytes(parts[0])));
        using var claims = JsonDocument.Parse(Bytes(parts[1]));
        var compressed = claims.RootElement.GetProperty("status_list").GetProperty("lst").GetString()!;
        Assert.Equal(
            $$$"""{"sub":"https://issuer.example/status-lists/a","iat":1000,"exp":1060,"ttl":15,"status_list":{"bits":1,"lst":"{{{compressed}}}","aggregation_uri":"https://issuer.example/status-lists"}}""",
            Encoding.UTF8.GetString(Bytes(parts[1])));
        Assert.Equal(list, StatusList.Inflate(Bytes(compressed), maxBytes: list.Length));
    }

    [Fact]
    public void A_list_of_noise_is_signed_whole_though_it_is_longer_than_other_tokens_may_be()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var token = Sign(RandomNumberGenerator.GetBytes(StatusTable.Capacity / 8), pair);

        Assert.InRange(token.Length, JwtWriter.MaxTokenLength, 240_000);
        Assert.True(pair.VerifyData(token.AsSpan(0, Array.LastIndexOf(token, (byte)'.')), Bytes(Encoding.ASCII.GetString(token.AsSpan(Array.LastIndexOf(token, (byte)'.') + 1))), HashAlgorithmName.SHA256));
    }

    [Fact]
    public void A_key_that_is_not_for_ES256_signs_nothing()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        Assert.Throws<InvalidOperationException>(() => Sign([0], pair));
    }

    private static byte[] Sign(byte[] list, ECDsa pair) => StatusListToken.Sign(
        list, "https://issuer.example/status-lists/a", "https://issuer.example/status-lists", DateTimeOffset.FromUnixTimeSeconds(1_000), TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(60),
        new JwsHeaderSegment(JoseAlg.ES256, JoseType.StatusList, "kid-1"), pair);

    private static byte[] Bytes(string text) => Base64UrlText.Decode(text, 1 << 20)!;
}
