using System.Buffers.Text;
using System.IO.Compression;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Assay.Silo.Tests.StatusLists;

/// <summary>
/// An API that validates offline as draft-ietf-oauth-status-list §8.3 says, with nothing of ours: the token first, then its status. It answers 200 or 401.
/// </summary>
/// <param name="fetch">Gets the list at a URL; null when it cannot be had.</param>
internal sealed class SampleResourceServer(string issuer, string audience, Func<Task<JsonWebKeySet>> keys, Func<string, Task<string?>> fetch)
{
    public static SampleResourceServer Of(Running.RunningSilo silo, string audience) => new(
        silo.Url,
        audience,
        async () => new JsonWebKeySet(await silo.Http.GetStringAsync(silo.Url + "/oauth/jwks")),
        async uri =>
        {
            using var answer = await silo.Http.GetAsync(uri);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync() : null;
        });

    public async Task<int> Answer(string token)
    {
        var validated = await Validate(token, "at+jwt", audience, issuer);
        if (validated is null)
            return 401; // and nothing is fetched for it
        var place = validated.GetPayloadValue<JsonElement>("status").GetProperty("status_list");
        var (uri, index) = (place.GetProperty("uri").GetString()!, place.GetProperty("idx").GetInt64());

        if (await fetch(uri) is not { } text || await Validate(text, "statuslist+jwt", null, null) is not { } list || list.Subject != uri)
            return 401;
        var status = list.GetPayloadValue<JsonElement>("status_list");
        return StatusAt(status, index) == 0 ? 200 : 401;
    }

    private static int? StatusAt(JsonElement list, long index)
    {
        var bits = list.GetProperty("bits").GetInt32();
        using var zlib = new ZLibStream(new MemoryStream(Base64Url.DecodeFromChars(list.GetProperty("lst").GetString())), CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        zlib.CopyTo(bytes);
        var perByte = 8 / bits;
        return index / perByte < bytes.Length ? bytes.GetBuffer()[index / perByte] >> (int)(index % perByte) * bits & (1 << bits) - 1 : null;
    }

    private async Task<JsonWebToken?> Validate(string jwt, string type, string? forAudience, string? from)
    {
        var validated = await new JsonWebTokenHandler().ValidateTokenAsync(jwt, new TokenValidationParameters
        {
            ValidTypes = [type], ValidAlgorithms = ["ES256"], IssuerSigningKeys = (await keys()).GetSigningKeys(), ClockSkew = TimeSpan.Zero,
            ValidateAudience = forAudience is not null, ValidAudience = forAudience, ValidateIssuer = from is not null, ValidIssuer = from,
        });
        return validated.IsValid ? (JsonWebToken)validated.SecurityToken : null;
    }
}
