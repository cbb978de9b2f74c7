using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Assay.Silo.Interconnect;

internal static class InterconnectHosting
{
    /// <summary>
    /// Silos prove themselves to each other, as <see cref="InterconnectOptions"/> says. Without certificates a silo speaks plainly, and only on loopback:
    /// anything else is a fault that stops the start.
    /// </summary>
    public static ISiloBuilder UseMutualTls(this ISiloBuilder silo)
    {
        var services = silo.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<InterconnectOptions>().Bind(silo.Configuration.GetSection(InterconnectOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<InterconnectOptions>, InterconnectValidator>();
        services.AddSingleton<OpenConnections>();
        services.AddSingleton<HandshakeSlots>();
        services.AddSingleton<Refusals>();
        services.AddSingleton<CredentialStore>();
        services.AddSingleton<MutualTls>();
        services.AddOptions<SiloConnectionOptions>().Configure<IServiceProvider>(Secure);
        services.AddHostedService<CertificateWatch>();
        return silo;
    }

    private static void Secure(SiloConnectionOptions connections, IServiceProvider services)
    {
        if (!services.GetRequiredService<IOptions<InterconnectOptions>>().Value.IsMutualTls)
            return;
        var tls = services.GetRequiredService<MutualTls>();
        connections.ConfigureSiloInboundConnection(Accept);
        connections.ConfigureGatewayInboundConnection(Accept); // the gateway is off; should it ever open, it is no way around
        connections.ConfigureSiloOutboundConnection(builder => builder.Use(next => connection => tls.Connect(connection, next)));

        void Accept(IConnectionBuilder builder) => builder.Use(next => connection => tls.Accept(connection, next));
    }
}
