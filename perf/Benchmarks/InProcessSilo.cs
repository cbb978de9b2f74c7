using System.Net;
using System.Net.Sockets;
using Assay.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Assay.Benchmarks;

/// <summary>A whole silo in this process, until the process ends; for what is measured inside of it.</summary>
internal static class InProcessSilo
{
    /// <param name="folder">The data folder's parent, where its key-encryption key lies too.</param>
    /// <returns>The silo's services, when it is ready.</returns>
    public static async Task<IServiceProvider> Start(string folder, params string[] settings)
    {
        Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", folder);
        Environment.SetEnvironmentVariable("Logging__LogLevel__Default", "Warning");
        var url = FormattableString.Invariant($"http://127.0.0.1:{FreePort()}");
        var services = new Services();
        var running = SiloProcess.Run(
            ["--data", Path.Combine(folder, "data"), "--url", url, .. settings], collection => collection.AddSingleton<IHostedService>(provider => services.Of(provider)));
        using var http = new HttpClient();
        for (var i = 0; ; i++)
        {
            if (running.IsCompleted)
                throw new InvalidOperationException("the silo has ended", running.Exception);
            try
            {
                if ((await http.GetAsync(new Uri(url + "/health/ready"))).IsSuccessStatusCode)
                    return services.Provider!;
            }
            catch (HttpRequestException) when (i < 300)
            {
                // not listening yet
            }

            await Task.Delay(100);
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Brings the services of the silo out of it.</summary>
    private sealed class Services : IHostedService
    {
        public IServiceProvider? Provider { get; private set; }

        public Services Of(IServiceProvider provider)
        {
            Provider = provider;
            return this;
        }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
