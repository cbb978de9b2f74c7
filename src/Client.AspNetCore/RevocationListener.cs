using Assay.Client.Events;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Assay.Client.AspNetCore;

/// <summary>Hears of revocations in an event stream of this API's own, when it is asked to, and says of a token what was heard.</summary>
internal sealed class RevocationListener(IOptions<AssayValidationOptions> settings, IServiceProvider services, TimeProvider clock) : IHostedService, IDisposable
{
    private readonly AssayValidationOptions options = settings.Value;
    private readonly EndedTokens ended = new(settings.Value.ClockSkew, clock);
    private SecurityEventStream? stream;
    private IDisposable? subscription;

    /// <exception cref="InvalidOperationException">Nobody is there who could ask for events, or only somebody of another issuer.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (!options.ListenForRevocations)
            return Task.CompletedTask;

        if (services.GetService(typeof(AssayClient)) is not AssayClient client)
            throw new InvalidOperationException("Assay: ListenForRevocations needs a client of the issuer that asks for events: call AddAssay as well.");
        var issuer = ((IOptions<AssayClientOptions>?)services.GetService(typeof(IOptions<AssayClientOptions>)))?.Value.Issuer;
        if (issuer is not null && issuer.OriginalString.TrimEnd('/') != options.IssuerText)
            throw new InvalidOperationException($"Assay: ListenForRevocations needs a client of '{options.IssuerText}'; the one that was added is of '{issuer.OriginalString}'.");

        stream = client.Events;
        subscription = stream.Subscribe(ended.Add);
        stream.FollowEverybody();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => subscription?.Dispose();

    /// <summary>False when more might have happened, for longer than this API accepts, than was heard.</summary>
    public bool HearsEnough => stream is null || options.AcceptSilence is not { } most || stream.Silence <= most;

    /// <param name="listedFrom">As for <see cref="EndedTokens.Look(string?, long, string?, ReadOnlySpan{string?}, out long)"/>.</param>
    public TokenEnd Look(JsonWebToken token, out long listedFrom)
    {
        listedFrom = 0;
        if (stream is null)
            return TokenEnd.None;

        token.TryGetPayloadValue<string>("client_id", out var client);
        if (client is { Length: > 0 })
            stream.Follow(client); // where policy does not let this API hear of everybody
        var issuedAt = token.TryGetPayloadValue<long>("iat", out var second) ? second : 0; // who does not say is as old as can be
        return ended.Look(token.Id, issuedAt, token.Kid, [client, token.Subject == client ? null : token.Subject], out listedFrom);
    }
}
