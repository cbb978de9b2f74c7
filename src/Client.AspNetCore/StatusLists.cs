using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Assay.Client.AspNetCore;

/// <summary>
/// The issuer's status lists that tokens here have named, each fetched again in the background before it is due, by whichever request comes after
/// half of its <c>ttl</c>; only who finds none that may be believed waits. At most <see cref="MostLists"/> are held.
/// </summary>
internal sealed partial class StatusLists(IssuerKeys issuer, IOptions<AssayValidationOptions> settings, TimeProvider clock, ILogger<StatusLists> log)
{
    private const int MostLists = 256;
    private static readonly TimeSpan MostTtl = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan FailureCoolDown = TimeSpan.FromSeconds(1);

    private readonly AssayValidationOptions options = settings.Value;
    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);
    private readonly JsonWebTokenHandler reader = new() { MapInboundClaims = false };

    /// <summary>Whether the issuer still stands by a token. Locals only, unless its list has to be fetched.</summary>
    /// <param name="status">The token's claim <c>status</c>.</param>
    /// <param name="listedFrom">
    /// From this moment on, of the monotonic clock, only a list that was asked for after it is believed: it may know something that an earlier one does not. 0 when
    /// any will do.
    /// </param>
    public async ValueTask<TokenStatus> Check(JsonElement status, long listedFrom, CancellationToken cancellationToken)
    {
        if (status.ValueKind != JsonValueKind.Object || !status.TryGetProperty("status_list", out var place) || place.ValueKind != JsonValueKind.Object
            || !place.TryGetProperty("idx", out var idx) || idx.ValueKind != JsonValueKind.Number || !idx.TryGetInt64(out var index)
            || !place.TryGetProperty("uri", out var uri) || uri.ValueKind != JsonValueKind.String)
            return TokenStatus.Unreadable;

        // A token tells where its list is; only the issuer it comes from may be asked.
        var address = uri.GetString()!;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.GetLeftPart(UriPartial.Authority) != options.Issuer!.GetLeftPart(UriPartial.Authority))
            return TokenStatus.Unreadable;

        var (list, otherwise) = await Find(url, address, listedFrom, cancellationToken).ConfigureAwait(false);
        return list is null ? otherwise : list.At(index) switch
        {
            0 => TokenStatus.Valid,
            null => TokenStatus.Unreadable,
            _ => TokenStatus.Revoked,
        };
    }

    private async ValueTask<(StatusList? List, TokenStatus Otherwise)> Find(Uri url, string address, long listedFrom, CancellationToken cancellationToken)
    {
        if (!entries.TryGetValue(address, out var entry))
        {
            if (entries.Count >= MostLists)
                DropOldest();
            entry = entries.GetOrAdd(address, static _ => new Entry());
        }

        var now = clock.GetTimestamp();
        var held = entry.Held;
        var isBehind = held is not null && held.Asked < listedFrom && now >= listedFrom;
        if (held is not null && !isBehind && clock.GetElapsedTime(held.Asked, now) < held.Ttl)
        {
            if (clock.GetElapsedTime(held.Asked, now) > held.Ttl / 2)
                _ = Refresh(entry, url, address);
            return (held.List, default);
        }

        var fetched = await Refresh(entry, url, address).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (isBehind && fetched is not null && fetched.Asked < listedFrom)
            fetched = await Refresh(entry, url, address).WaitAsync(cancellationToken).ConfigureAwait(false); // that one was under way before
        if (fetched is not null)
            return (fetched.List, default);
        return held is not null && clock.GetElapsedTime(held.Asked, now) < held.Ttl + options.AcceptStaleStatus
            ? (held.List, default)
            : (null, entry.ServedAnother ? TokenStatus.Unreadable : TokenStatus.Unknown);
    }

    /// <summary>One fetch at a time for a list, and none for a second after one that failed.</summary>
    private Task<Fetched?> Refresh(Entry entry, Uri url, string address)
    {
        lock (entry)
        {
            if (!entry.Fetching.IsCompleted)
                return entry.Fetching;
            if (entry.Failed is { } failed && clock.GetElapsedTime(failed) < FailureCoolDown)
                return Task.FromResult<Fetched?>(null);
            return entry.Fetching = Task.Run(() => Fetch(entry, url, address));
        }
    }

    private async Task<Fetched?> Fetch(Entry entry, Uri url, string address)
    {
        var asked = clock.GetTimestamp();
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/statuslist+jwt"));
            using var response = await issuer.Http.SendAsync(request, CancellationToken.None).ConfigureAwait(false);
            response.EnsureSuccessStatusCode();
            var fetched = await Read(await response.Content.ReadAsStringAsync(CancellationToken.None).ConfigureAwait(false), address, asked).ConfigureAwait(false);
            entry.Held = fetched;
            entry.ServedAnother = false;
            entry.Failed = null;
            return fetched;
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException or InvalidDataException)
        {
            entry.ServedAnother = fault is InvalidDataException;
            entry.Failed = clock.GetTimestamp();
            NotFetched(log, address, fault.Message);
            return null;
        }
    }

    private async Task<Fetched> Read(string text, string address, long asked)
    {
        var checks = new TokenValidationParameters
        {
            ConfigurationManager = issuer.Manager,
            ValidTypes = ["statuslist+jwt"],
            ValidAlgorithms = options.Algorithms,
            ValidateIssuer = false, // a list need not say: its subject, and who signed it, does
            ValidateAudience = false,
            ClockSkew = options.ClockSkew,
        };
        var result = await reader.ValidateTokenAsync(text, checks).ConfigureAwait(false);
        if (!result.IsValid)
            throw new InvalidDataException($"it is not a valid status list token: {result.Exception.Message}");

        var token = (JsonWebToken)result.SecurityToken;
        if (token.Subject != address)
            throw new InvalidDataException($"it is the list of '{token.Subject}'");
        if (!token.TryGetPayloadValue<JsonElement>("status_list", out var claim) || StatusList.Read(claim) is not { } list)
            throw new InvalidDataException("its status_list cannot be read");

        var ttl = token.TryGetPayloadValue<double>("ttl", out var seconds) && seconds > 0 ? TimeSpan.FromSeconds(Math.Min(seconds, MostTtl.TotalSeconds)) : MostTtl;
        var left = token.ValidTo - clock.GetUtcNow().UtcDateTime;
        return new Fetched(list, asked, left < ttl ? left : ttl);
    }

    // Lists retire with the tokens in them, so those asked for longest ago are most likely of no more use.
    private void DropOldest()
    {
        foreach (var (address, _) in entries.OrderBy(static entry => entry.Value.Held?.Asked ?? 0).Take(MostLists / 4))
            entries.TryRemove(address, out _);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The status list {Address} was not fetched: {Reason}")]
    private static partial void NotFetched(ILogger log, string address, string reason);

    private sealed class Entry
    {
        public volatile Fetched? Held;

        public Task<Fetched?> Fetching { get; set; } = Task.FromResult<Fetched?>(null);

        public long? Failed { get; set; }

        /// <summary>What was answered last is no list for this address, or none that holds now: who named it is refused, and not asked to wait.</summary>
        public bool ServedAnother { get; set; }
    }

    /// <param name="Asked">When it was asked for; its age counts from here, on the monotonic clock.</param>
    private sealed record Fetched(StatusList List, long Asked, TimeSpan Ttl);
}

internal enum TokenStatus
{
    Valid,

    /// <summary>Revoked or suspended.</summary>
    Revoked,

    /// <summary>The token names no place in a list of its issuer, or what lies there is no such list.</summary>
    Unreadable,

    /// <summary>The list is not to be had.</summary>
    Unknown,
}
