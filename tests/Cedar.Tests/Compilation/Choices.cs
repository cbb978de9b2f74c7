namespace Assay.Cedar.Tests.Compilation;

/// <summary>Makes decisions out of random bytes; when they run out, always the first, simplest one. So shorter bytes are simpler things.</summary>
internal sealed class Choices(byte[] bytes)
{
    private int next;

    /// <summary>A number below the bound.</summary>
    public int Below(int bound) => next < bytes.Length ? bytes[next++] % bound : 0;

    public T Of<T>(params ReadOnlySpan<T> options) => options[Below(options.Length)];

    /// <summary>True once in so many times, never when the bytes have run out.</summary>
    public bool OnceIn(int times) => Below(times) == times - 1;
}
