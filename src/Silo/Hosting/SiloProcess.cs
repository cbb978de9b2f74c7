using Assay.Bundle;
using Assay.Core.Evidence;
using Assay.Core.Revocation;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Grains.Incidents;
using Assay.Grains.Keys;
using Assay.Silo.Admin;
using Assay.Silo.AuthZen;
using Assay.Silo.Bundles;
using Assay.Silo.ClientAuthentication;
using Assay.Silo.Collectors;
using Assay.Silo.Discovery;
using Assay.Silo.Evidence;
using Assay.Silo.Health;
using Assay.Silo.Interconnect;
using Assay.Silo.Recovery;
using Assay.Silo.SharedSignals;
using Assay.Silo.Signing;
using Assay.Silo.Startup;
using Assay.Silo.StatusLists;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tokens;
using Assay.Silo.Transparency;
using Microsoft.Extensions.Options;
using OpenTelemetry.Instrumentation.AspNetCore;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Orleans.Configuration;

namespace Assay.Silo.Hosting;

/// <summary>One silo from its settings to its exit code.</summary>
internal static class SiloProcess
{
    // Settings count from the next start. Watching their files means being told of every change below the folder the silo runs in, and the database may lie there: an event for each write.
    private const string NoWatching = "--hostBuilder:reloadConfigOnChange=false";

    /// <param name="args">Settings, as on the command line.</param>
    /// <param name="change">For measurements, which put something else in the place of a part; null in every silo.</param>
    public static async Task<int> Run(string[] args, Action<IServiceCollection>? change = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [NoWatching, .. args] });
        builder.WebHost.UseKestrelHttpsConfiguration();
        var options = ServerOptions.Read(builder.Configuration, args);
        var faults = options.Faults();
        var clustered = options.Postgres is { } postgres ? ClusteredSilo.Read(builder.Configuration, options, postgres, faults) : null;
        var otlp = OtlpTarget.Read(builder.Configuration, faults);
        if (faults.Count > 0)
            throw new InvalidOperationException(string.Join("\n       ", faults));

        using var folder = DataFolder.Open(options.Data);
        ISiloSetup setup = clustered is null ? new EmbeddedSilo(folder) : clustered;
        var (kek, kekFile, kekIsNew) = KeyEncryptionKey.Obtain(Environment.GetEnvironmentVariable(KeyEncryptionKey.FileVariable), folder.Folder);
        var self = new SiloIdentity(options.Issuer ?? options.Url, builder.Configuration["Assay:Authority:Slot"] ?? Environment.MachineName);
        AddServices(builder, setup, options, folder, new KeyVault(kek), self);
        builder.Services.AddOtlpEvidence(otlp);
        builder.Services.AddSingleton(SeenFile.Of(clustered is not null, folder.Folder, kekFile));
        change?.Invoke(builder.Services);

        await using var app = builder.Build();
        GarbageCollector.InForce().Report(app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Assay.Silo.Hosting"));
        app.Services.GetRequiredService<IStartupValidator>().Validate();
        await setup.Prepare(app.Services, CancellationToken.None);
        await app.Services.GetRequiredService<ClusterSecrets>().Load(CancellationToken.None);
        await app.Services.GetRequiredService<SeenKeeper>().Check(CancellationToken.None);
        await app.Services.GetRequiredService<FirstStart>().Run(setup.Bundle(options.Bundle), CancellationToken.None);
        Map(app, options, self);
        await app.StartAsync();
        await app.Services.GetRequiredService<Rehearsal>().Run();
        await Greeting.Write(app.Services, folder, self, options.Http2Url, kekIsNew ? kekFile : null);
        await app.WaitForShutdownAsync();
        return Environment.ExitCode;
    }

    private static void AddServices(
        WebApplicationBuilder builder, ISiloSetup setup, ServerOptions options, DataFolder folder, KeyVault vault, SiloIdentity self)
    {
        var services = builder.Services;
        builder.WebHost.ListenAt(options);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning); // its request log would show query strings

        // With any level of this one each request gets an activity and a log scope, whether or not somebody looks. What fails is logged by UseFailures and Kestrel.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.AddFilter("Orleans", LogLevel.Warning).AddFilter("Polly", LogLevel.Warning).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);

        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(self);
        services.AddSingleton(folder);
        services.AddSingleton<IKeyVault>(vault);
        services.AddSingleton<AssayMetrics>();
        services.AddSingleton<ProcessEnd>();
        services.AddSingleton<ISiloEnd>(provider => provider.GetRequiredService<ProcessEnd>());

        // Started in this order and stopped in the other: the lease is there before anything and given back after everything.
        setup.AddStorage(services);
        services.AddSingleton<ISiloAddress, OrleansSiloAddress>();
        services.AddSingleton<ISiloReport, SiloReporter>();
        services.AddAuthority();
        services.AddEvidence();
        services.AddLog();
        services.AddSeenHistory();
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(cluster => cluster.ClusterId = cluster.ServiceId = "assay");
            silo.Configure<GrainCollectionOptions>(collection => collection.EnableActivationSheddingOnMemoryPressure = false); // replay caches are exact
            silo.UseMutualTls();
            setup.UseOrleans(silo);
            silo.Services.AddSingleton<IFatalErrorHandler>(provider => provider.GetRequiredService<ProcessEnd>());
        });
        AddIssuance(services, options);
        AddTelemetry(builder);
    }

    private static void AddIssuance(IServiceCollection services, ServerOptions options)
    {
        services.AddOptions<DecisionOptions>().BindConfiguration(DecisionOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<KeyOptions>().BindConfiguration(KeyOptions.Section).ValidateDataAnnotations()
            .Validate(keys => keys.AnnounceTime >= keys.JwksMaxAge, "Assay:Keys:AnnounceTime must be at least Assay:Keys:JwksMaxAge.").ValidateOnStart();

        services.AddSingleton<KeyRings>();
        services.AddSingleton<Containments>();
        services.AddSingleton<ClusterSecrets>();
        services.AddSingleton(provider => new JtiCodec(provider.GetRequiredService<ClusterSecrets>().JtiKey));
        services.AddSingleton(provider => new TokenHandles(provider.GetRequiredService<ClusterSecrets>().HandleKey));
        services.AddSingleton(provider => new ClientSecrets(provider.GetRequiredService<ClusterSecrets>().Pepper));
        services.AddSingleton<ISecretMaker>(provider => provider.GetRequiredService<ClientSecrets>());
        services.AddSingleton<ClientRegistry>();
        services.AddSingleton<FailureLimit>();
        services.AddSingleton<AuthenticationFailures>();
        services.AddSingleton<ClientAuthenticator>();
        services.AddSingleton<BundleApply>();
        services.AddSingleton<FirstStart>();
        services.AddSingleton<Rehearsal>();
        services.AddSingleton<BootstrapKey>();
        services.AddSingleton(new Admission(options.MaxConcurrentRequests));
        services.AddSingleton<TokenSigner>();
        services.AddSingleton<ISignerSlot>(provider => provider.GetRequiredService<TokenSigner>());
        services.AddSingleton<IdentityCalls>();
        services.AddSingleton<TokenIssuer>();
        services.AddSingleton<Failures>();
        services.AddSingleton<TokenEndpoint>();
        services.AddSingleton<BatchEndpoint>();
        services.AddSingleton<ClientDoor>();
        services.AddSingleton<Introspector>();
        services.AddSingleton<ContinuousEvaluation>();
        services.AddSingleton<IntrospectionEndpoint>();
        services.AddSingleton<Revoker>();
        services.AddSingleton<RevocationEndpoint>();
        services.AddAdmin();
        services.AddAccess();
        services.AddSharedSignals();
        services.AddStatusLists();
        services.AddSingleton<KeyTending>();
        services.AddSingleton<ISnapshotListener>(provider => provider.GetRequiredService<KeyTending>());
        services.AddHostedService(provider => provider.GetRequiredService<KeyTending>());
    }

    private static void AddTelemetry(WebApplicationBuilder builder)
    {
        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter(AssayMetrics.Name, EventMetrics.Name, "Assay").AddMeter("Microsoft.AspNetCore.Server.Kestrel", "System.Runtime").AddPrometheusExporter());

        // Without a collector nobody reads spans, and nobody pays for them.
        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 })
            telemetry.WithTracing(traces => traces.AddSource(AssayMetrics.Name).AddAspNetCoreInstrumentation(WithoutPaths).AddOtlpExporter());
    }

    /// <summary>The route says what was asked for; whoever pastes a token where an id belongs finds it in no span.</summary>
    private static void WithoutPaths(AspNetCoreTraceInstrumentationOptions http)
    {
        const string path = "url.path";
        http.EnrichWithHttpRequest = static (span, _) => span.SetTag(path, null);
        http.EnrichWithHttpResponse = static (span, _) => span.SetTag(path, null);
    }

    private static void Map(WebApplication app, ServerOptions options, SiloIdentity self)
    {
        ServeBelowIssuer(app, self);
        TrustedProxies.Parse(options.TrustedProxies, []).Use(app);
        app.UseFailures();
        var tokens = app.Services.GetRequiredService<TokenEndpoint>();
        app.MapPost(DiscoveryEndpoints.TokenPath, tokens.Handle).ExcludeFromDescription().AnswersFailures();
        app.MapPost(DiscoveryEndpoints.BatchPath, app.Services.GetRequiredService<BatchEndpoint>().Handle).ExcludeFromDescription();
        app.MapPost(DiscoveryEndpoints.IntrospectionPath, app.Services.GetRequiredService<IntrospectionEndpoint>().Handle).ExcludeFromDescription();
        app.MapPost(DiscoveryEndpoints.RevocationPath, app.Services.GetRequiredService<RevocationEndpoint>().Handle).ExcludeFromDescription();
        app.MapDiscovery(self);
        app.MapStatusLists();
        app.MapHealth();
        app.MapAdmin();
        app.MapAccess(self);
        app.MapLog();
        app.MapSharedSignals(self);
        app.MapPrometheusScrapingEndpoint("/metrics");
    }

    /// <summary>
    /// An issuer may have a path, and metadata names everything below it: there it is served, and without it for proxies that take the path away. What is looked up by well-known name has
    /// the path behind that name (RFC 8414 §3.1).
    /// </summary>
    private static void ServeBelowIssuer(WebApplication app, SiloIdentity self)
    {
        var path = new Uri(self.Issuer).AbsolutePath.TrimEnd('/');
        if (path.Length == 0)
            return; // most have none, and no request pays for it
        app.UsePathBase(PathString.FromUriComponent(path));
        app.UseRouting(); // after that; ahead of everything otherwise
    }
}
