using Assay.Core.Evidence;
using Assay.Grains.Authority;
using Assay.Silo.Transparency;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Evidence;

/// <summary>
/// Runs the appender over the life of the process: stops after everything that asks for positions and before the lease is given back, so that
/// what was reserved is durable. A silo that can write no more evidence ends.
/// </summary>
internal sealed class EvidenceWriter(EvidenceAppender appender, IHostApplicationLifetime host, ISiloEnd end, ILogger<EvidenceWriter> log)
    : IHostedService, IDisposable
{
    private readonly CancellationTokenSource givingUp = new();
    private Task running = Task.CompletedTask;
    private bool stopping;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        running = Task.Run(Run, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Volatile.Write(ref stopping, true);
        appender.Close();
        await using var impatient = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), givingUp);
        await running;
    }

    public void Dispose() => givingUp.Dispose();

    private async Task Run()
    {
        try
        {
            await appender.Run(givingUp.Token);
        }
        catch (OperationCanceledException) when (givingUp.IsCancellationRequested)
        {
            Log.GaveUp(log, appender.Pending);
        }
        catch (Exception fault)
        {
            Log.Broken(log, fault);
        }

        if (!Volatile.Read(ref stopping) && !host.ApplicationStopping.IsCancellationRequested)
            end.AtOnce("This silo can write no more evidence. Start it again.");
    }
}

internal static class EvidenceServices
{
    /// <summary>Evidence is written and read. After <c>AddAuthority</c>, before anything that serves. Needs the cluster's <see cref="JtiCodec"/>; batches are signed when there is a <see cref="CheckpointSigner"/>.</summary>
    public static IServiceCollection AddEvidence(this IServiceCollection services)
    {
        services.AddEvidenceAppender(VoidRecords, static provider => provider.GetService<CheckpointSigner>() is { } signer ? signer.Sign : static _ => default);
        services.AddSingleton<EvidenceReader>();
        services.AddSingleton<EvidenceWalk>();
        services.AddSingleton<ActLog>();
        services.AddHostedService<EvidenceWriter>();
        return services;
    }

    private static Func<long, long, ReadOnlyMemory<byte>> VoidRecords(IServiceProvider provider)
    {
        var node = provider.GetRequiredService<IOptions<AuthorityOptions>>().Value.Slot;
        var clock = provider.GetRequiredService<TimeProvider>();
        return (shard, position) => new EvidenceRecord
        {
            Kind = EvidenceKind.Void,
            Shard = shard,
            Position = position,
            Node = node,
            Time = clock.GetUtcNow(),
        }.Encode();
    }
}
