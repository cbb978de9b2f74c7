using System.Runtime.InteropServices;

namespace Assay.Local;

/// <summary>Waits to the tenth of a millisecond without burning the core that the server may need; the timers of .NET count in whole milliseconds.</summary>
internal static class Precise
{
    /// <param name="due">A timestamp of <paramref name="clock"/>.</param>
    public static void WaitUntil(long due, TimeProvider clock)
    {
        while (clock.GetElapsedTime(clock.GetTimestamp(), due) is var left && left > TimeSpan.Zero)
        {
            if (OperatingSystem.IsLinux())
            {
                var span = new Timespec { Seconds = (long)left.TotalSeconds, Nanoseconds = (long)(left.Ticks % TimeSpan.TicksPerSecond) * 100 };
                _ = Nanosleep(in span, 0); // woken early by a signal: it is only asked again
            }
            else
            {
                Thread.Yield();
            }
        }
    }

    [DllImport("libc", EntryPoint = "nanosleep")]
    private static extern int Nanosleep(in Timespec span, nint remaining);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
