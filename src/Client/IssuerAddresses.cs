namespace Assay.Client;

/// <summary>One place where the issuer is asked, and how it has been doing. Everything but <see cref="IsWell"/> is for <see cref="IssuerAddresses"/> to read and write, under its lock.</summary>
internal sealed class IssuerAddress(Uri? at, Uri host, int place)
{
    private volatile bool isWell;

    /// <summary>Its base address; null for the issuer's own, where URLs are taken as the issuer writes them.</summary>
    public Uri? At { get; } = at;

    public string Host { get; } = host.IdnHost;

    public int Port { get; } = host.Port;

    public int Place { get; } = place;

    /// <summary>It answered last time.</summary>
    public bool IsWell
    {
        get => isWell;
        set => isWell = value;
    }

    /// <summary>The last failure; null when it answered since, or was never asked.</summary>
    public AssayTokenException? Failure { get; set; }

    /// <summary>In a row.</summary>
    public int Failures { get; set; }

    /// <summary>Goes up with each failure: tells requests from before it.</summary>
    public int Generation { get; set; }

    public long RetryAt { get; set; }

    /// <summary>The one request that finds out how it is; ends when that is known.</summary>
    public TaskCompletionSource? Probe { get; set; }
}

/// <summary>One request at one address. Each ends with <see cref="IssuerAddresses.Answered"/>, <see cref="IssuerAddresses.Failed"/> or <see cref="IssuerAddresses.Left"/>.</summary>
internal readonly record struct Visit(IssuerAddress Address, int Generation, TaskCompletionSource? Probe);

/// <summary>
/// Where the issuer is reached: a circuit breaker for each address, shared by all who use a client. The first address that is well is used until it fails. One that
/// failed is left alone for 1, 2, 4, 8, then 10 s, spread by half, or for as long as it asks; then one request finds out how it is, and the others wait for
/// what it finds. While all are left alone nobody asks, and each caller is told the last failure.
/// </summary>
internal sealed class IssuerAddresses : IDisposable
{
    public const int Most = 16;

    // Short, because it is how long callers without a token may fail after the issuer has come back.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private readonly TimeProvider clock;
    private readonly IssuerAddress[] addresses;
    private long heldUntil = long.MinValue;
    private volatile bool isAway;
    private bool isDisposed;

    public IssuerAddresses(Uri issuer, IList<Uri> endpoints, TimeProvider clock)
    {
        this.clock = clock;
        addresses = endpoints.Count == 0
            ? [new IssuerAddress(null, issuer, 0)]
            : [.. endpoints.Select((endpoint, place) => new IssuerAddress(endpoint, endpoint, place))];
    }

    public int Count => addresses.Length;

    /// <summary>No address answered when it was last asked. Costs a read.</summary>
    public bool IsAway => isAway;

    /// <summary>Until when nobody asks, in ticks of the monotonic clock. Costs a read.</summary>
    public long HeldUntil => Volatile.Read(ref heldUntil);

    /// <summary>Where to ask next: an address that is well, else one whose time has come. Waits for who is finding out. Null when there is none that was not visited.</summary>
    /// <param name="visited">A bit for the place of each address that this call has tried.</param>
    public async ValueTask<Visit?> EnterAsync(uint visited, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task probe;
            lock (gate)
            {
                if (Choose(visited) is not { } address)
                    return null;
                if (address.IsWell)
                    return new Visit(address, address.Generation, null);
                if (address.Probe is null)
                {
                    address.Probe = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    return new Visit(address, address.Generation, address.Probe);
                }

                probe = address.Probe.Task;
            }

            await probe.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>For a second request beside the first: another address that is well, or else the same one while it is. Null when neither is.</summary>
    public Visit? Beside(Visit first)
    {
        lock (gate)
        {
            foreach (var address in addresses)
            {
                if (address.IsWell && address != first.Address)
                    return new Visit(address, address.Generation, null);
            }

            return first.Address.IsWell ? new Visit(first.Address, first.Address.Generation, null) : null;
        }
    }

    /// <summary>It is there: it said something that an issuer says, be it a refusal.</summary>
    public void Answered(Visit visit)
    {
        var address = visit.Address;
        if (address.IsWell && visit.Probe is null)
            return;

        lock (gate)
        {
            Told(address, visit);
            if (address.Failure is not null && !isDisposed)
                ClientTelemetry.AddressesAway(-1, address);
            (address.IsWell, address.Failure, address.Failures) = (true, null, 0);
            Update();
        }
    }

    /// <summary>It could not be reached, or cannot serve. A request from before the last failure adds nothing to it.</summary>
    public void Failed(Visit visit, AssayTokenException fault)
    {
        lock (gate)
        {
            Told(visit.Address, visit);
            if (visit.Generation == visit.Address.Generation)
                Hold(visit.Address, fault, After(visit.Address.Failures + 1, fault));
            Update();
        }
    }

    /// <summary>The identity asks too often (429): that is the same at every address.</summary>
    public void Limited(Visit visit, AssayTokenException fault)
    {
        lock (gate)
        {
            Told(visit.Address, visit);
            var retryAt = After(visit.Address.Failures + 1, fault);
            if (visit.Generation == visit.Address.Generation)
            {
                foreach (var address in addresses)
                    Hold(address, fault, retryAt);
            }

            Update();
        }
    }

    /// <summary>Nothing was learnt: the caller gave up, or nothing was sent. The next may find out.</summary>
    public void Left(Visit visit)
    {
        lock (gate)
            Told(visit.Address, visit);
    }

    /// <summary>What a caller is told while nobody asks; null when somebody may.</summary>
    public AssayTokenException? Held(long now) => now < HeldUntil ? Held() : null;

    /// <summary>The last failure, with the time until the next request.</summary>
    public AssayTokenException Held()
    {
        AssayTokenException failure;
        TimeSpan wait;
        lock (gate)
        {
            var soonest = addresses[0];
            foreach (var address in addresses)
            {
                if (address.Failure is not null && (soonest.Failure is null || address.RetryAt < soonest.RetryAt))
                    soonest = address;
            }

            failure = soonest.Failure ?? new AssayTokenException(TokenFailure.Unreachable, "The issuer was not asked.");
            wait = Wait(soonest.RetryAt - clock.GetTimestamp());
        }

        ClientTelemetry.Spared();
        return new AssayTokenException(failure.Failure, $"Not asked again so soon after a failure: {failure.Message}", failure)
        {
            Error = failure.Error,
            ErrorDescription = failure.ErrorDescription,
            StatusCode = failure.StatusCode,
            RetryAfter = wait,
        };
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (isDisposed)
                return;

            isDisposed = true;
            foreach (var address in addresses)
            {
                if (address.Failure is not null)
                    ClientTelemetry.AddressesAway(-1, address);
            }
        }
    }

    private IssuerAddress? Choose(uint visited)
    {
        var now = clock.GetTimestamp();
        IssuerAddress? due = null;
        foreach (var address in addresses)
        {
            if ((visited & (1u << address.Place)) != 0)
                continue;
            if (address.IsWell)
                return address;
            if (address.Failure is null || now >= address.RetryAt)
                due ??= address;
        }

        return due;
    }

    private long After(int failures, AssayTokenException fault) =>
        CachedToken.After(clock.GetTimestamp(), Backoff.After(failures, fault.RetryAfter, LongestPause), clock);

    // Rounded up: whoever waits for as long as they were told is not refused for a fraction of a tick.
    private TimeSpan Wait(long timestamps) =>
        new((long)Math.Ceiling(Math.Max(0, timestamps) * (double)TimeSpan.TicksPerSecond / clock.TimestampFrequency));

    private void Hold(IssuerAddress address, AssayTokenException fault, long retryAt)
    {
        if (address.Failure is null && !isDisposed)
            ClientTelemetry.AddressesAway(+1, address);
        (address.IsWell, address.Failure, address.RetryAt) = (false, fault, retryAt);
        address.Failures++;
        address.Generation++;
    }

    private void Update()
    {
        var soonest = long.MaxValue;
        foreach (var address in addresses)
            soonest = Math.Min(soonest, address.Failure is null ? long.MinValue : address.RetryAt);
        isAway = soonest != long.MinValue;
        Volatile.Write(ref heldUntil, soonest);
    }

    private static void Told(IssuerAddress address, Visit visit)
    {
        if (visit.Probe is null)
            return;

        if (address.Probe == visit.Probe)
            address.Probe = null;
        visit.Probe.TrySetResult();
    }
}
