using System.Net;
using Assay.Silo.Interconnect;
using Assay.Tests.Shared;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Assay.Silo.Tests.Interconnect;

/// <summary>An Orleans silo on loopback with our interconnect; membership is kept by the first silo, so whoever cannot speak to it cannot join.</summary>
internal sealed class TlsSilo : IAsyncDisposable
{
    private readonly IHost host;

    // A call that was lost with its connection is made again soon.
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(5);

    private TlsSilo(CertificateFiles? files, TlsSilo? first, string handshakeTimeout)
    {
        Port = Ports.Free();
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddProvider(Log);
        if (files is not null)
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Assay:Cluster:Certificate"] = files.Certificate,
                ["Assay:Cluster:CertificateKey"] = files.Key,
                ["Assay:Cluster:Authority"] = files.Authority,
                ["Assay:Cluster:HandshakeTimeout"] = handshakeTimeout,
                ["Assay:Cluster:CertificateReloadEvery"] = "00:00:00.1",
            });
        }

        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(Port, gatewayPort: 0, first is null ? null : new IPEndPoint(IPAddress.Loopback, first.Port), "assay", "assay");
            silo.Configure<EndpointOptions>(endpoints => endpoints.GatewayPort = 0);
            silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = messaging.SystemResponseTimeout = ResponseTimeout);
            silo.UseMutualTls();
        });
        host = builder.Build();
    }

    public int Port { get; }

    public CertificateFiles Files { get; private init; } = null!;

    public LogLines Log { get; } = new();

    /// <param name="certificate">Null for a silo that speaks plainly.</param>
    /// <param name="first">The silo to join; null for the first.</param>
    public static TlsSilo Create(IssuedCertificate? certificate, TestAuthority authority, TlsSilo? first = null, string handshakeTimeout = "00:01:00")
    {
        CertificateFiles? files = null;
        if (certificate is not null)
        {
            files = new CertificateFiles(Directory.CreateTempSubdirectory("assay-tls-").FullName);
            files.Write(certificate, authority);
        }

        return new TlsSilo(files, first, handshakeTimeout) { Files = files! };
    }

    public Task Start(CancellationToken cancellationToken = default) => host.StartAsync(cancellationToken);

    /// <summary>An orderly stop; cancelled it ends at once.</summary>
    public Task Stop(CancellationToken cancellationToken) => host.StopAsync(cancellationToken);

    public async Task<SiloAddress[]> Members() =>
        [.. (await host.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true)).Keys];

    /// <summary>Asks every member for its figures: one answer comes over the connection between them.</summary>
    public async Task<int> Answers()
    {
        var management = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);
        return (await management.GetRuntimeStatistics(await Members())).Length;
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1)); // a silo that never joined waits for its cluster for long
        try
        {
            await host.StopAsync(patience.Token);
        }
        catch (Exception fault) when (fault is OperationCanceledException or AggregateException or OrleansException or InvalidOperationException)
        {
        }

        host.Dispose();
        if (Files is not null)
            Directory.Delete(Path.GetDirectoryName(Files.Certificate)!, recursive: true);
    }
}
