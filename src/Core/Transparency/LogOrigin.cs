using System.Globalization;

namespace Assay.Core.Transparency;

/// <summary>What the log and its shards are called in checkpoints: where they are served, without the scheme (C2SP tlog-tiles, "Parameters").</summary>
public static class LogOrigin
{
    /// <summary>The log of an issuer: <c>assay.example/log</c>.</summary>
    public static string Of(string issuer)
    {
        var scheme = issuer.IndexOf("://", StringComparison.Ordinal);
        return issuer[(scheme < 0 ? 0 : scheme + 3)..].TrimEnd('/').Replace("+", "%2B", StringComparison.Ordinal) + "/log";
    }

    /// <summary>One shard: <c>assay.example/log/7</c>.</summary>
    public static string OfShard(string log, long shard) => string.Create(CultureInfo.InvariantCulture, $"{log}/{shard}");

    /// <summary>The shard of an origin in this log; null when it is none.</summary>
    public static long? ShardOf(string log, string origin) =>
        origin.StartsWith(log + "/", StringComparison.Ordinal)
            && long.TryParse(origin.AsSpan(log.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var shard) && OfShard(log, shard) == origin
            ? shard
            : null;
}
