using System.Collections.Immutable;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Keys;

namespace Assay.Silo.Signing;

/// <summary>
/// Tends the key rings by this silo's clock and keeps this silo's signing grain alive and following. Any silo may tend: what it does is decided
/// by stored times, under version checks.
/// </summary>
internal sealed class KeyTending(
    IGrainFactory grains, ILocalSiloDetails details, TokenSigner signer, SiloIdentity self, TimeProvider clock, ILogger<KeyTending> log)
    : BackgroundService, ISnapshotListener
{
    private static readonly TimeSpan AtMost = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AtLeast = TimeSpan.FromMilliseconds(200);

    private volatile bool started;

    /// <summary>A withdrawn key is out of the signer before the change is acknowledged.</summary>
    public async ValueTask Changed(SiloSnapshot snapshot, ImmutableArray<FeedEntry> entries, CancellationToken cancellationToken)
    {
        if (started && entries.Any(entry => entry.Keys.Any(key => key.Kind == ObjectKinds.SigningKey)))
            await Signing.Follow();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        started = true;
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = TimeSpan.FromSeconds(1);
            try
            {
                var next = DateTimeOffset.MaxValue;
                foreach (var purpose in KeyPurposes.All)
                {
                    var due = await grains.GetGrain<IKeyRingGrain>(GrainKey.For(self.Realm, purpose)).Tend();
                    next = due < next ? due : next;
                }

                await Signing.Follow();
                var left = next - clock.GetUtcNow();
                wait = signer.PickKey(KeyPurposes.AccessToken) is null || left < AtLeast ? AtLeast : left > AtMost ? AtMost : left;
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                Log.KeysNotTended(log, fault);
            }

            try
            {
                await Task.Delay(wait, clock, stoppingToken);
            }
            catch (OperationCanceledException)
            {
            }
        }
    }

    private ISigningGrain Signing => grains.GetGrain<ISigningGrain>(GrainKey.For(self.Realm, details.SiloAddress.ToParsableString()));
}
