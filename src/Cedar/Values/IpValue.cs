using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Assay.Cedar;

/// <summary>An IPv4 or IPv6 address with a prefix length: a single address, or a range.</summary>
public sealed class IpValue : Value
{
    private const int LongestText = 43;

    // In halves: what touches a UInt128 is not compiled ahead, and each decision reads an address.
    private readonly ulong high, low;

    private IpValue(ulong high, ulong low, bool isIpv6, int prefix)
    {
        (this.high, this.low) = (high, low);
        IsIpv6 = isIpv6;
        Prefix = prefix;
    }

    /// <summary>Whether the address is one of IPv6; otherwise it is one of IPv4.</summary>
    public bool IsIpv6 { get; }

    /// <summary>Leading bits that all addresses of the range share: 32 or 128 for a single address.</summary>
    public int Prefix { get; }

    /// <summary>Whether all of the range is loopback (127.0.0.0/8, ::1).</summary>
    public bool IsLoopback => IsIpv6 ? (high, low) == (0, 1) && Prefix == 128 : low >> 24 == 127 && Prefix >= 8;

    /// <summary>Whether all of the range is multicast (224.0.0.0/4, ff00::/8).</summary>
    public bool IsMulticast => IsIpv6 ? high >> 56 == 0xff && Prefix >= 8 : low >> 28 == 0xe && Prefix >= 4;

    /// <inheritdoc/>
    public override string TypeName => "ipaddr";

    private UInt128 Address => new(high, low);

    private int Width => IsIpv6 ? 128 : 32;

    // Not by shifting: a shift by the whole width is a shift by nothing.
    private UInt128 HostMask => Prefix == Width ? 0 : Ones(Width) >> Prefix;

    /// <summary>Whether every address of this range lies in <paramref name="range"/>. Ranges of different families never do.</summary>
    public bool IsInRange(IpValue range)
    {
        ArgumentNullException.ThrowIfNull(range);
        if (IsIpv6 != range.IsIpv6)
            return false;

        var (first, last) = (Address & ~HostMask, Address | HostMask);
        return (range.Address & ~range.HostMask) <= first && last <= (range.Address | range.HostMask);
    }

    internal static bool TryParse(string text, [NotNullWhen(true)] out IpValue? value, out string reason)
    {
        value = null;
        reason = "it is not an IPv4 or IPv6 address, nor a range like 10.0.0.0/8";
        if (text.Length > LongestText)
            return false;

        var slash = text.IndexOf('/');
        var addressText = text.AsSpan(0, slash < 0 ? text.Length : slash);
        var isIpv6 = addressText.Contains(':');
        var high = 0UL;
        if (!(isIpv6 ? TryIpv6(addressText, out high, out var low) : TryIpv4(addressText, out low)))
            return false;

        var width = isIpv6 ? 128 : 32;
        var prefix = width;
        if (slash >= 0 && !TryPrefix(text.AsSpan(slash + 1), width, out prefix))
            return false;

        value = new IpValue(high, low, isIpv6, prefix);
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(Value? other) =>
        other is IpValue value && value.high == high && value.low == low && value.IsIpv6 == IsIpv6 && value.Prefix == Prefix;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(5, high, low, IsIpv6, Prefix);

    /// <inheritdoc/>
    public override string ToString() => $"ip(\"{Text}\")";

    /// <summary>What the constructor takes; the prefix only where it says something.</summary>
    internal string Text
    {
        get
        {
            var text = IsIpv6 ? Ipv6Text(Address) : Ipv4Text((uint)low);
            return Prefix == Width ? text : string.Create(CultureInfo.InvariantCulture, $"{text}/{Prefix}");
        }
    }

    private static UInt128 Ones(int width) => width == 128 ? UInt128.MaxValue : uint.MaxValue;

    private static bool TryPrefix(ReadOnlySpan<char> text, int width, out int prefix)
    {
        prefix = 0;
        if (text.IsEmpty || text.Length > (width == 32 ? 2 : 3) || text.ContainsAnyExceptInRange('0', '9') || (text[0] == '0' && text.Length > 1))
            return false;

        prefix = int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
        return prefix <= width;
    }

    private static bool TryIpv4(ReadOnlySpan<char> text, out ulong address)
    {
        address = 0;
        for (var part = 0; part < 4; part++)
        {
            var end = part == 3 ? text.Length : text.IndexOf('.');
            if (end is < 1 or > 3)
                return false;

            var digits = text[..end];
            if (digits.ContainsAnyExceptInRange('0', '9') || (digits[0] == '0' && digits.Length > 1))
                return false;

            var octet = int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
            if (octet > 255)
                return false;

            address = (address << 8) | (uint)octet;
            text = text[Math.Min(end + 1, text.Length)..];
        }

        return true;
    }

    private static bool TryIpv6(ReadOnlySpan<char> text, out ulong high, out ulong low)
    {
        var isAddress = TryIpv6(text, out var address);
        (high, low) = ((ulong)(address >> 64), (ulong)address);
        return isAddress;
    }

    private static bool TryIpv6(ReadOnlySpan<char> text, out UInt128 address)
    {
        address = 0;
        var gap = text.IndexOf("::");
        if (gap < 0)
            return TryGroups(text, out address, out var all) && all == 8;

        UInt128 head = 0, tail = 0;
        int headGroups = 0, tailGroups = 0;
        var after = text[(gap + 2)..];
        if (gap > 0 && !TryGroups(text[..gap], out head, out headGroups))
            return false;

        if (!after.IsEmpty && !TryGroups(after, out tail, out tailGroups))
            return false;

        if (headGroups + tailGroups > 7)
            return false; // the gap stands for at least one group

        address = (headGroups == 0 ? 0 : head << (16 * (8 - headGroups))) | tail;
        return true;
    }

    private static bool TryGroups(ReadOnlySpan<char> text, out UInt128 bits, out int groups)
    {
        (bits, groups) = (0, 0);
        while (true)
        {
            var colon = text.IndexOf(':');
            var group = colon < 0 ? text : text[..colon];
            if (group.Length is < 1 or > 4 || ++groups > 8 || !IsHex(group))
                return false;

            bits = (bits << 16) | ushort.Parse(group, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (colon < 0)
                return true;

            text = text[(colon + 1)..];
        }
    }

    private static bool IsHex(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigit(c))
                return false;
        }

        return true;
    }

    private static string Ipv4Text(uint address) => string.Create(
        CultureInfo.InvariantCulture, $"{address >> 24}.{(address >> 16) & 255}.{(address >> 8) & 255}.{address & 255}");

    // RFC 5952 §4, but always in groups: the dotted tail of mapped addresses is not Cedar syntax.
    private static string Ipv6Text(UInt128 address)
    {
        var (gapStart, gapLength) = LongestZeroRun(address);
        var text = new StringBuilder();
        for (var i = 0; i < 8; i++)
        {
            if (i == gapStart)
            {
                text.Append("::");
                i += gapLength - 1;
                continue;
            }

            if (text.Length > 0 && text[^1] != ':')
                text.Append(':');

            text.Append(CultureInfo.InvariantCulture, $"{Group(address, i):x}");
        }

        return text.ToString();
    }

    private static (int Start, int Length) LongestZeroRun(UInt128 address)
    {
        var best = (Start: -1, Length: 1); // a single zero group is not shortened
        for (var i = 0; i < 8; i++)
        {
            var start = i;
            while (i < 8 && Group(address, i) == 0)
                i++;

            if (i - start > best.Length)
                best = (start, i - start);
        }

        return best;
    }

    private static ushort Group(UInt128 address, int index) => (ushort)(address >> (16 * (7 - index)));
}
