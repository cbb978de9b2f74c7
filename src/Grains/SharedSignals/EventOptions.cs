using System.ComponentModel.DataAnnotations;

namespace Assay.Grains.SharedSignals;

/// <summary>Event streams.</summary>
public sealed class EventOptions
{
    public const string Section = "Assay:Events";

    /// <summary>Streams that one client may have: each process of it that listens has one. 1 to 100; 16 by default.</summary>
    [Range(1, 100)]
    public int StreamsPerClient { get; init; } = 16;

    /// <summary>Hosts that events may be pushed to, separated by commas; <c>*.</c> in front means everything below it. Nobody by default: events are polled for.</summary>
    public string? PushHosts { get; init; }

    /// <summary>How often a receiver may ask for a verification of one stream. 0 to 1 h; 30 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan VerificationInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Events that could not be delivered for so long are not delivered any more. 20 min to 90 d; 7 d by default.</summary>
    [Range(typeof(TimeSpan), "00:20:00", "90.00:00:00")]
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long a poll waits for an event, or two seconds more; proxies have to be as patient. 0 to 5 min; 20 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan LongPoll { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a receiver may take to answer a push. 100 ms to 1 min; 10 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan PushTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long it takes until a push that failed is tried again, half of it by chance; doubled each time. 10 ms to 1 min; 1 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest time between two tries. 10 ms to 1 h; 5 min by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often a silo looks that every stream that is pushed lives somewhere. 100 ms to 10 min; 10 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(10);
}
