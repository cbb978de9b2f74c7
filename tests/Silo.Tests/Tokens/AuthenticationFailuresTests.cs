using System.Diagnostics.Metrics;
using Assay.Silo.ClientAuthentication;
using Assay.Silo.Tests.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Assay.Silo.Tests.Tokens;

public sealed class AuthenticationFailuresTests : IDisposable
{
    private readonly TestClock clock = new();
    private readonly Lines lines = new();
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener listener = new();
    private readonly AuthenticationFailures failures;
    private long counted;

    public AuthenticationFailuresTests()
    {
        var factory = services.GetRequiredService<IMeterFactory>();
        failures = new AuthenticationFailures(new AssayMetrics(factory), clock, lines);
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, factory) && instrument.Name == "assay.client.authentication.failures")
                listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref counted, value));
        listener.Start();
    }

    public void Dispose()
    {
        listener.Dispose();
        services.Dispose();
    }

    [Fact]
    public void A_failure_is_a_line_with_what_failed_for_whom_and_from_where()
    {
        failures.Count("private_key_jwt", "wrong signature", "exporter", "203.0.113.9");

        Assert.Equal(["Client authentication by private_key_jwt failed: wrong signature; client exporter, from 203.0.113.9"], lines.Written);
    }

    [Fact]
    public void Nobody_is_named_who_is_not_registered()
    {
        failures.Count("client_secret_post", "unknown client", null, "203.0.113.9");

        Assert.Equal(["Client authentication by client_secret_post failed: unknown client; client unknown, from 203.0.113.9"], lines.Written);
    }

    [Fact]
    public void A_flood_is_counted_and_leaves_a_few_lines_and_how_many_there_were()
    {
        for (var i = 0; i < 5000; i++)
            failures.Count("client_secret_post", "wrong secret", "exporter", "203.0.113.9");
        Assert.Equal((AuthenticationFailures.LinesPerInterval, 5000), (lines.Written.Count, counted));

        clock.Advance(AuthenticationFailures.Interval);
        failures.Count("client_secret_post", "wrong secret", "exporter", "203.0.113.9");
        failures.Count("client_secret_post", "wrong secret", "exporter", "203.0.113.9");

        Assert.Equal(
            [
                "Client authentication by client_secret_post failed: wrong secret; client exporter, from 203.0.113.9; 4990 more before it were left out here",
                "Client authentication by client_secret_post failed: wrong secret; client exporter, from 203.0.113.9",
            ],
            lines.Written.Skip(AuthenticationFailures.LinesPerInterval));
    }

    private sealed class Lines : ILogger<AuthenticationFailures>
    {
        public List<string> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Add(formatter(state, exception));
    }
}
