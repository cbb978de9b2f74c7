using System.Collections.Frozen;
using System.Text.Json;

namespace Assay.Client.Events;

/// <summary>
/// The keys that an issuer signs events with, fetched when first needed, again after five minutes, and when an event names one that is not there: at most once
/// in ten seconds.
/// </summary>
internal sealed class IssuerKeySet(HttpClient http, TimeProvider clock) : IDisposable
{
    private const int MostKeys = 100;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan CoolDown = TimeSpan.FromSeconds(10);

    private FrozenDictionary<string, VerificationKey> keys = FrozenDictionary<string, VerificationKey>.Empty;
    private long? fetchedAt;

    /// <summary>Not for two threads at once.</summary>
    public VerificationKey? Find(string id) => keys.GetValueOrDefault(id);

    /// <param name="isWanted">An event names a key that is not there.</param>
    public async Task FreshenAsync(Uri address, bool isWanted, CancellationToken cancellationToken)
    {
        if (fetchedAt is { } time && clock.GetElapsedTime(time) < (isWanted ? CoolDown : Lifetime))
            return;

        var asked = clock.GetTimestamp();
        using var response = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw StreamFault.Of(response, "the issuer's keys", clock);
        var body = await ResponseBody.ReadAsync(response, cancellationToken).ConfigureAwait(false);
        var read = new Dictionary<string, VerificationKey>(StringComparer.Ordinal);
        foreach (var key in (JsonSerializer.Deserialize(body, EventJson.Default.KeySetJson)?.Keys ?? []).Take(MostKeys))
        {
            if (VerificationKey.Read(key) is { } usable && !read.TryAdd(usable.Id, usable))
                usable.Dispose();
        }

        Dispose();
        keys = read.ToFrozenDictionary(StringComparer.Ordinal);
        fetchedAt = asked;
    }

    public void Dispose()
    {
        foreach (var key in keys.Values)
            key.Dispose();
    }
}
