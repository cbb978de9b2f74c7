using System.Net;
using Assay.Bundle;
using Assay.Core.Evidence;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Grains.Keys;
using Assay.Silo;
using Assay.Silo.Admin;
using Assay.Silo.Bundles;
using Assay.Silo.ClientAuthentication;
using Assay.Silo.Discovery;
using Assay.Silo.Evidence;
using Assay.Silo.Health;
using Assay.Silo.Signing;
using Assay.Silo.Startup;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tokens;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Orleans.Configuration;

try
{
    return await SiloProcess.Run(args);
}
catch (Exception fault) when (fault is InvalidOperationException or InvalidDataException or IOException or OptionsValidationException)
{
    // What an operator can put right is a sentence, not a stack trace.
    Console.Error.WriteLine("assay: " + fault.Message);
    return 1;
}

internal static class SiloProcess
{
    public static async Task<int> Run(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Configuration.AddCommandLine(args, new Dictionary<string, string>
        {
            ["--data"] = "Assay:Data", ["--url"] = "Assay:Url", ["--issuer"] = "Assay:Issuer", ["--bundle"] = "Assay:Bundle",
        });
        var options = builder.Configuration.GetSection(ServerOptions.Section).Get<ServerOptions>() ?? new ServerOptions();
        if (builder.Configuration["Assay:Data"] is null && Environment.GetEnvironmentVariable("ASSAY_DATA") is { Length: > 0 } data)
            options.Data = data;
        if (options.Faults() is { Count: > 0 } faults)
            throw new InvalidOperationException(string.Join("\n       ", faults));

        using var folder = DataFolder.Open(options.Data);
        var (kek, kekFile, kekIsNew) = KeyEncryptionKey.Obtain(Environment.GetEnvironmentVariable(KeyEncryptionKey.FileVariable), folder.Folder);
        var self = new SiloIdentity(options.Issuer ?? options.Url, builder.Configuration["Assay:Authority:Slot"] ?? Environment.MachineName);
        AddServices(builder, options, folder, new KeyVault(kek), self);

        await using var app = builder.Build();
        app.Services.GetRequiredService<IStartupValidator>().Validate();
        await app.Services.GetRequiredService<ClusterSecrets>().Load(CancellationToken.None);
        await app.Services.GetRequiredService<FirstStart>().Run(BundleFolder(options), CancellationToken.None);
        Map(app, self);
        await app.StartAsync();
        Greeting.Write(app.Services, folder, self, kekIsNew ? kekFile : null);
        await app.WaitForShutdownAsync();
        return Environment.ExitCode; // not 0 when the silo stopped itself, so that a supervisor starts it again
    }

    private static void AddServices(WebApplicationBuilder builder, ServerOptions options, DataFolder folder, KeyVault vault, SiloIdentity self)
    {
        var services = builder.Services;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 16 * 1024 * 1024; // bundles; the token endpoint has its own, smaller bound
            kestrel.Limits.MaxConcurrentConnections = 20_000;
        });
        builder.WebHost.UseUrls(options.Url);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning); // its request log would show query strings
        builder.Logging.AddFilter("Orleans", LogLevel.Warning).AddFilter("Polly", LogLevel.Warning).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);

        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(self);
        services.AddSingleton(folder);
        services.AddSingleton<IKeyVault>(vault);
        services.AddSingleton<AssayMetrics>();

        services.AddSqliteStorage(folder);
        services.AddAuthority();
        services.AddEvidence();

        services.AddOptions<DecisionOptions>().BindConfiguration(DecisionOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<KeyOptions>().BindConfiguration(KeyOptions.Section).ValidateDataAnnotations()
            .Validate(keys => keys.AnnounceTime >= keys.JwksMaxAge, "Assay:Keys:AnnounceTime must be at least Assay:Keys:JwksMaxAge.").ValidateOnStart();

        services.AddSingleton<ClusterSecrets>();
        services.AddSingleton(provider => new JtiCodec(provider.GetRequiredService<ClusterSecrets>().JtiKey));
        services.AddSingleton(provider => new ClientSecrets(provider.GetRequiredService<ClusterSecrets>().Pepper));
        services.AddSingleton<ISecretMaker>(provider => provider.GetRequiredService<ClientSecrets>());
        services.AddSingleton<ClientRegistry>();
        services.AddSingleton<FailureLimit>();
        services.AddSingleton<ClientAuthenticator>();
        services.AddSingleton<BundleApply>();
        services.AddSingleton<FirstStart>();
        services.AddSingleton(new Admission(options.MaxConcurrentRequests));
        services.AddSingleton<TokenSigner>();
        services.AddSingleton<ISignerSlot>(provider => provider.GetRequiredService<TokenSigner>());
        services.AddSingleton<TokenIssuer>();
        services.AddSingleton<TokenEndpoint>();
        services.AddAdmin();

        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort: FreePort());
            silo.Configure<EndpointOptions>(endpoints => endpoints.GatewayPort = 0); // nobody outside speaks Orleans
            silo.Configure<ClusterOptions>(cluster => cluster.ClusterId = cluster.ServiceId = "assay");
        });
        services.AddSingleton<KeyTending>();
        services.AddSingleton<ISnapshotListener>(provider => provider.GetRequiredService<KeyTending>());
        services.AddHostedService(provider => provider.GetRequiredService<KeyTending>());

        var telemetry = services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter(AssayMetrics.Name, "Assay").AddMeter("Microsoft.AspNetCore.Server.Kestrel").AddPrometheusExporter());

        // Without a collector nobody reads spans, and nobody pays for them.
        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 })
            telemetry.WithTracing(traces => traces.AddSource(AssayMetrics.Name).AddAspNetCoreInstrumentation().AddOtlpExporter());
    }

    private static void Map(WebApplication app, SiloIdentity self)
    {
        app.UseFailures();
        var tokens = app.Services.GetRequiredService<TokenEndpoint>();
        app.MapPost(DiscoveryEndpoints.TokenPath, tokens.Handle).ExcludeFromDescription();
        app.MapDiscovery(self);
        app.MapHealth();
        app.MapAdmin();
        app.MapPrometheusScrapingEndpoint("/metrics");
    }

    /// <summary>One silo alone talks to nobody; its port only has to be free.</summary>
    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static string? BundleFolder(ServerOptions options)
    {
        if (options.Bundle == "none")
            return null;
        if (options.Bundle is { } named)
            return Directory.Exists(named) ? named : throw new InvalidOperationException($"The bundle folder '{named}' does not exist.");

        // Run from a checkout: the quickstart of that checkout.
        for (var at = new DirectoryInfo(Directory.GetCurrentDirectory()); at is not null; at = at.Parent)
        {
            if (Directory.Exists(Path.Combine(at.FullName, "samples", "quickstart")) && File.Exists(Path.Combine(at.FullName, "Cluster.sln")))
                return Path.Combine(at.FullName, "samples", "quickstart");
        }

        return null;
    }
}
