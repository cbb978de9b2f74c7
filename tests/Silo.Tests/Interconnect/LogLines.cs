using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Assay.Silo.Tests.Interconnect;

/// <summary>What was logged, to wait for and to look at.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly Lock guard = new();
    private readonly List<string> lines = [];
    private readonly Channel<string> news = Channel.CreateUnbounded<string>();

    public IReadOnlyList<string> Of(string category)
    {
        lock (guard)
            return [.. lines.Where(line => line.StartsWith(category, StringComparison.Ordinal))];
    }

    /// <summary>The next line, from the last call on, that has the words in it.</summary>
    public async Task<string> Next(string words)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            while (true)
            {
                var line = await news.Reader.ReadAsync(patience.Token);
                if (line.Contains(words, StringComparison.Ordinal))
                    return line;
            }
        }
        catch (OperationCanceledException)
        {
            throw new InvalidOperationException($"'{words}' was never logged:\n" + string.Join('\n', Of("")));
        }
    }

    public ILogger CreateLogger(string categoryName) => new Writer(this, categoryName);

    public ILogger<T> For<T>() => new LoggerFactory([this]).CreateLogger<T>();

    public void Dispose()
    {
    }

    private sealed class Writer(LogLines log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            var line = $"{category}: {logLevel}: {formatter(state, exception)}";
            lock (log.guard)
                log.lines.Add(line);
            log.news.Writer.TryWrite(line);
        }
    }
}
