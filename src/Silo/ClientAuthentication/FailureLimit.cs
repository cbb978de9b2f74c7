using System.Collections.Concurrent;
using Assay.Core.Registry;

namespace Assay.Silo.ClientAuthentication;

/// <summary>
/// Failed authentications per client and address: past the limit the next tries are refused before any cryptography (RFC 6749 §2.3.1 asks for
/// protection against guessing). Per address too, so that a stranger cannot lock a client out.
/// </summary>
internal sealed class FailureLimit(TimeProvider clock)
{
    public const int MaxFailures = 50;
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(30);
    private const int Capacity = 100_000;

    private readonly ConcurrentDictionary<(string ClientId, string Address), Failures> failures = new();

    /// <summary>How long to wait; zero when a try is welcome.</summary>
    public TimeSpan Wait(string clientId, string address)
    {
        if (failures.IsEmpty || !failures.TryGetValue((Kept(clientId), address), out var seen))
            return TimeSpan.Zero;
        var age = clock.GetElapsedTime(seen.Since);
        return seen.Count >= MaxFailures && age < Window ? Window - age : TimeSpan.Zero;
    }

    public void Count(string clientId, string address)
    {
        if (failures.Count >= Capacity)
            failures.Clear();
        var now = clock.GetTimestamp();
        failures.AddOrUpdate(
            (Kept(clientId), address),
            static (_, now) => new Failures(1, now.At),
            static (_, seen, now) => now.Clock.GetElapsedTime(seen.Since, now.At) < Window ? seen with { Count = seen.Count + 1 } : new Failures(1, now.At),
            (At: now, Clock: clock));
    }

    /// <summary>Names that are too long for anybody to have count as one: what callers make up is bounded in size too.</summary>
    private static string Kept(string clientId) => clientId.Length > RegistryText.MaxIdLength ? "" : clientId;

    private sealed record Failures(int Count, long Since);
}
