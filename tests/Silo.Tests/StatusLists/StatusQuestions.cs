using System.Buffers.Text;
using System.Text.Json;
using Assay.Core.StatusLists;

namespace Assay.Silo.Tests.StatusLists;

/// <summary>A token's place in a list, as its claim says it.</summary>
internal sealed record Place(string Uri, int Index)
{
    public static Place Of(string token)
    {
        var place = Claims(token).GetProperty("status").GetProperty("status_list");
        return new Place(place.GetProperty("uri").GetString()!, place.GetProperty("idx").GetInt32());
    }

    public static JsonElement Claims(string jwt) => Part(jwt, 1);

    public static JsonElement Header(string jwt) => Part(jwt, 0);

    private static JsonElement Part(string jwt, int part)
    {
        using var json = JsonDocument.Parse(Base64Url.DecodeFromChars(jwt.Split('.')[part]));
        return json.RootElement.Clone();
    }
}

internal static class StatusQuestions
{
    public const string MediaType = "application/statuslist+jwt";

    /// <summary>The bits of a signed list.</summary>
    public static byte[] BitsOf(string list)
    {
        var status = Place.Claims(list).GetProperty("status_list");
        Assert.Equal(1, status.GetProperty("bits").GetInt32());
        return StatusList.Inflate(Base64Url.DecodeFromChars(status.GetProperty("lst").GetString()), maxBytes: StatusTable.Capacity / 8);
    }

    /// <summary>The list at a URL; null while the answer is 503.</summary>
    public static async Task<byte[]?> Bits(this HttpClient http, string uri)
    {
        using var answer = await http.GetAsync(uri);
        if ((int)answer.StatusCode == 503)
        {
            Assert.Equal((true, "no-store"), (answer.Headers.RetryAfter is not null, answer.Headers.CacheControl?.ToString()));
            return null;
        }

        Assert.Equal((200, MediaType), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.ToString()));
        return BitsOf(await answer.Content.ReadAsStringAsync());
    }

    /// <summary>The list, once it shows a token as that. Before, each answer must be one that <paramref name="meanwhile"/> allows.</summary>
    public static async Task<byte[]> Until(this HttpClient http, Place place, int status, Action<byte[]?>? meanwhile = null)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var bits = await http.Bits(place.Uri);
            if (bits is not null && StatusList.At(bits, 1, place.Index) == status)
                return bits;
            meanwhile?.Invoke(bits);
            await Task.Delay(50, patience.Token);
        }
    }

    public static IEnumerable<int> Ended(byte[] bits) => Enumerable.Range(0, bits.Length * 8).Where(index => (bits[index / 8] >> index % 8 & 1) == 1);
}
