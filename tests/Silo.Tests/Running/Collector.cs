using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Assay.Silo.Tests.Running;

/// <summary>Takes what an OTLP exporter sends over HTTP. Names and values are plain UTF-8 in it.</summary>
internal sealed class Collector(WebApplication app) : IAsyncDisposable
{
    private readonly ConcurrentQueue<byte[]> received = [];
    private readonly SemaphoreSlim arrived = new(0);

    public string Url => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>Refuses what it gets.</summary>
    public bool IsAway { get; set; }

    /// <summary>Everything that arrived, in the order in which it did.</summary>
    public IReadOnlyCollection<byte[]> Received => received;

    public static async Task<Collector> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var collector = new Collector(builder.Build());
        collector.Listen();
        await collector.Started();
        return collector;
    }

    public bool Holds(string text)
    {
        var wanted = Encoding.UTF8.GetBytes(text);
        return received.Any(sent => sent.AsSpan().IndexOf(wanted) >= 0);
    }

    public async Task Until(string text)
    {
        while (!Holds(text))
            Assert.True(await arrived.WaitAsync(TimeSpan.FromSeconds(90)), $"no span says '{text}'");
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        arrived.Dispose();
    }

    private Task Started() => app.StartAsync();

    private void Listen() => app.Run(async context =>
    {
        using var sent = new MemoryStream();
        await context.Request.Body.CopyToAsync(sent);
        if (IsAway)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        received.Enqueue(sent.ToArray());
        arrived.Release();
    });
}
