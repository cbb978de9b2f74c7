using System.Collections.Concurrent;
using System.Threading.Channels;
using Assay.Tests.Shared;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Assay.Silo.Tests.SharedSignals;

/// <summary>One delivery as the receiver saw it, and what it answered.</summary>
internal sealed record Push(string Set, string? ContentType, string? Accept, string? Authorization, int Answered);

/// <summary>A receiver of pushed events (RFC 8935) on loopback, which answers as the test says.</summary>
internal sealed class PushReceiver : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly Channel<Push> pushes = Channel.CreateUnbounded<Push>();
    private readonly ConcurrentQueue<(int Status, string? Body)> answers = new();

    private PushReceiver(WebApplication app, string url) => (this.app, Url) = (app, url);

    public string Url { get; }

    /// <summary>What it says when no other answer was ordered.</summary>
    public int Usual { get; set; } = 202;

    public static async Task<PushReceiver> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var url = $"http://127.0.0.1:{Ports.Free()}";
        var app = builder.Build();
        app.Urls.Add(url);
        var receiver = new PushReceiver(app, url + "/events");
        app.MapPost("/events", receiver.Receive);
        await app.StartAsync();
        return receiver;
    }

    /// <summary>The next answers, in order.</summary>
    public void Order(params (int Status, string? Body)[] next)
    {
        foreach (var answer in next)
            answers.Enqueue(answer);
    }

    public async Task<Push> Next()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        return await pushes.Reader.ReadAsync(patience.Token);
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task Receive(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var set = await reader.ReadToEndAsync();
        var (status, body) = answers.TryDequeue(out var ordered) ? ordered : (Usual, null);
        context.Response.StatusCode = status;
        if (body is not null)
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(body);
        }

        await context.Response.CompleteAsync();
        await pushes.Writer.WriteAsync(new Push(
            set, context.Request.ContentType, context.Request.Headers.Accept, context.Request.Headers.Authorization is { Count: > 0 } authorization ? authorization.ToString() : null, status));
    }
}
