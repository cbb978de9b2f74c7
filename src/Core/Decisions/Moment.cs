namespace Assay.Core.Decisions;

/// <summary>Times as policies and evidence know them: UTC, whole milliseconds, the rest cut off.</summary>
internal static class Moment
{
    public static DateTimeOffset WholeMilliseconds(DateTimeOffset moment)
    {
        var ticks = moment.UtcTicks;
        return new DateTimeOffset(ticks - (ticks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
    }

    public static TimeSpan WholeMilliseconds(TimeSpan span) => new(span.Ticks - (span.Ticks % TimeSpan.TicksPerMillisecond));
}
