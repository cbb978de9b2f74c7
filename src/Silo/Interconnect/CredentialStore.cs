using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Interconnect;

/// <summary>Holds the silo's credentials and follows the files they come from. A file that broke changes nothing.</summary>
internal sealed class CredentialStore
{
    private static readonly TimeSpan RemindEvery = TimeSpan.FromHours(6);

    private readonly InterconnectOptions options;
    private readonly TimeProvider clock;
    private readonly ILogger<CredentialStore> log;
    private readonly OpenConnections open;
    private volatile SiloCredentials current;
    private PemFiles seen;
    private string lastFaults = "";
    private long? remindedAt;

    /// <exception cref="OptionsValidationException">The files cannot be used.</exception>
    public CredentialStore(
        IOptions<InterconnectOptions> options, OpenConnections open, TimeProvider clock, IMeterFactory meters, ILogger<CredentialStore> log)
    {
        this.options = options.Value;
        this.open = open;
        this.clock = clock;
        this.log = log;

        var faults = new List<string>();
        if (PemFiles.Read(this.options, faults) is not { } files || SiloCredentials.Load(files, clock.GetUtcNow(), faults) is not { } credentials)
            throw new OptionsValidationException(Options.DefaultName, typeof(InterconnectOptions), faults);
        (seen, current) = (files, credentials);
        meters.Create("Assay").CreateObservableGauge(
            "assay.interconnect.certificate.remaining", () => (current.NotAfter - clock.GetUtcNow()).TotalSeconds, "s", "Life left to the certificate this silo shows to the others.");
    }

    /// <summary>For the next connection; one connection uses one of these from beginning to end.</summary>
    public SiloCredentials Current => current;

    /// <summary>Looks at the files once. Called by one caller at a time.</summary>
    public void Refresh()
    {
        var faults = new List<string>();
        if (PemFiles.Read(options, faults) is { } files && (files != seen || lastFaults.Length > 0))
        {
            if (SiloCredentials.Load(files, clock.GetUtcNow(), faults) is { } credentials)
                Use(files, credentials);
        }

        // The same faults again are no news; a certificate and its key are two files, and between their two writes they do not fit.
        var sentence = string.Join(' ', faults);
        if (sentence.Length > 0 && sentence != lastFaults)
            Log.NotReloaded(log, sentence);
        lastFaults = sentence;
        Remind();
    }

    private void Use(PemFiles files, SiloCredentials credentials)
    {
        var changed = files != seen;
        (seen, current) = (files, credentials);
        if (!changed)
            return;
        remindedAt = null;
        open.CheckAgain(credentials.Authorities, clock.GetUtcNow());
        Log.Reloaded(log, credentials.NotAfter); // last: whoever reads it may count on every connection being one of the new
    }

    /// <summary>From the last fifth of the certificate's life on.</summary>
    private void Remind()
    {
        var remaining = current.NotAfter - clock.GetUtcNow();
        if (remaining > (current.NotAfter - current.NotBefore) / 5 || (remindedAt is { } then && clock.GetElapsedTime(then) < RemindEvery))
            return;
        remindedAt = clock.GetTimestamp();
        Log.EndsSoon(log, current.NotAfter);
    }
}

/// <summary>Looks at the certificate files every few seconds: they may be replaced in place, renamed over, or behind a link that moves.</summary>
internal sealed class CertificateWatch(IServiceProvider services, IOptions<InterconnectOptions> options, TimeProvider clock) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.IsMutualTls)
            return;
        var credentials = services.GetRequiredService<CredentialStore>();
        using var timer = new PeriodicTimer(options.Value.CertificateReloadEvery, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                credentials.Refresh();
        }
        catch (OperationCanceledException)
        {
        }
    }
}
