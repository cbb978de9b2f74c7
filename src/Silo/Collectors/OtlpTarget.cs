using System.Collections.Immutable;

namespace Assay.Silo.Collectors;

/// <summary>
/// Where records go as OpenTelemetry log records: a collector that takes OTLP over HTTP. <c>Assay:Evidence:OpenTelemetry=true</c> asks for it; the rest are OpenTelemetry's own settings.
/// </summary>
internal sealed record OtlpTarget(Uri Endpoint, ImmutableArray<(string Name, string Value)> Headers)
{
    public const string Setting = "Assay:Evidence:OpenTelemetry";

    private const string AnyEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string LogsEndpoint = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";

    /// <summary>Null when it is not asked for, and with a fault as a sentence when it cannot be.</summary>
    public static OtlpTarget? Read(IConfiguration configuration, List<string> faults)
    {
        var asked = configuration[Setting];
        if (asked is null or "" || (bool.TryParse(asked, out var wanted) && !wanted))
            return null;
        if (!wanted)
        {
            faults.Add($"{Setting} is '{asked}'; it is true or false.");
            return null;
        }

        // OpenTelemetry specification, "OTLP exporter": the one for logs is taken as it is, the one for everything gets the path.
        var text = configuration[LogsEndpoint] is { Length: > 0 } own ? own : configuration[AnyEndpoint] is { Length: > 0 } any ? any.TrimEnd('/') + "/v1/logs" : null;
        if (text is null)
        {
            faults.Add($"{Setting} needs a collector: set {LogsEndpoint}, or {AnyEndpoint}.");
            return null;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https"))
        {
            faults.Add($"{Setting}: '{text}' is not an http or https URL.");
            return null;
        }

        if ((configuration["OTEL_EXPORTER_OTLP_LOGS_PROTOCOL"] ?? configuration["OTEL_EXPORTER_OTLP_PROTOCOL"]) is "grpc" && configuration[LogsEndpoint] is null or "")
        {
            faults.Add($"{Setting}: records are sent over HTTP, and OTEL_EXPORTER_OTLP_PROTOCOL is grpc. Set {LogsEndpoint} to where the collector takes OTLP over HTTP, as in http://127.0.0.1:4318/v1/logs.");
            return null;
        }

        var headers = ImmutableArray.CreateBuilder<(string, string)>();
        foreach (var pair in (configuration["OTEL_EXPORTER_OTLP_LOGS_HEADERS"] ?? configuration["OTEL_EXPORTER_OTLP_HEADERS"] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                headers.Add((pair[..equals].Trim(), Uri.UnescapeDataString(pair[(equals + 1)..].Trim())));
        }

        return new OtlpTarget(endpoint, headers.DrainToImmutable());
    }
}
