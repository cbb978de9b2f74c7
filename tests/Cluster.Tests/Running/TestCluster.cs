using System.Buffers.Text;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Assay.Cluster.Tests.Postgres;
using Assay.Core.Registry;
using Assay.Silo.Tests.Interconnect;
using Assay.Tests.Shared;

namespace Assay.Cluster.Tests.Running;

/// <summary>
/// Several silos as processes over a PostgreSQL database of their own, on loopback, with a handful of identities that a bundle declares.
/// </summary>
internal sealed class TestCluster : IAsyncDisposable
{
    public const string Read = "payments:read";
    public const string Export = "payments:export";
    public const string ExporterRole = "Assay::Role::\"payments-exporter\"";

    private const int Count = 3;
    private const int Workers = 12;

    private readonly string folder = Directory.CreateTempSubdirectory("assay-cluster-").FullName;
    private readonly List<ClusterIdentity> identities = [];
    private (string Token, long Until) administrator;

    private TestCluster(PostgresServer postgres, string database)
    {
        Postgres = postgres;
        Database = database;
        Issuer = $"http://127.0.0.1:{Ports.Free()}";
        ResourceServer = ClusterIdentity.Create("payments-api", Issuer);
    }

    public PostgresServer Postgres { get; }

    /// <summary>The connection string of this cluster's own database.</summary>
    public string Database { get; }

    /// <summary>What all silos answer as; nothing listens there.</summary>
    public string Issuer { get; }

    public List<SiloProcess> Silos { get; } = [];

    public IReadOnlyList<ClusterIdentity> Identities => identities;

    /// <summary>May ask whether a token is live.</summary>
    public ClusterIdentity ResourceServer { get; }

    /// <summary>Issues the certificates of this cluster's silos, where they have any.</summary>
    public TestAuthority Authority { get; } = new();

    public string KeyEncryptionKeyFile => Path.Combine(folder, "kek");

    /// <summary>In the folder of the silo that was first.</summary>
    public string BootstrapKeyFile => Silos.Select(silo => Path.Combine(silo.Settings["ASSAY_DATA"], "bootstrap.jwk")).Single(File.Exists);

    public HttpClient Http { get; } = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1), ConnectTimeout = TimeSpan.FromSeconds(5) })
    {
        Timeout = TimeSpan.FromSeconds(60),
    };

    /// <summary>Starts three silos on an empty database at the same instant, then declares the identities.</summary>
    public static async Task<TestCluster> Start(PostgresServer postgres, params (string Name, string Value)[] settings)
    {
        var cluster = await Empty(postgres);
        for (var i = 1; i <= Count; i++)
            cluster.Silos.Add(cluster.Place($"silo-{i}", settings));
        return await cluster.Begin();
    }

    /// <summary>As <see cref="Start"/>, each silo on a machine of its own in that network, with certificates of the cluster's authority.</summary>
    public static async Task<TestCluster> StartOn(SiloNetwork network, PostgresServer postgres, params (string Name, string Value)[] settings)
    {
        var cluster = await Empty(postgres);
        for (var i = 1; i <= Count; i++)
        {
            var name = $"silo-{i}";
            await network.Add(name);
            cluster.Silos.Add(cluster.Place(
                name,
                [.. settings, .. cluster.Certificates(name, cluster.Authority), ("Assay:Url", $"http://{network.AddressOf(name)}:8420"), ("Assay:TlsTerminatingProxy", "true"),
                    ("Assay:Cluster:Address", network.AddressOf(name))],
                network.RunOn(name)));
        }

        return await cluster.Begin();
    }

    /// <summary>The files of a silo's own certificate, as settings.</summary>
    public (string Name, string Value)[] Certificates(string silo, TestAuthority issuer)
    {
        var files = new CertificateFiles(Directory.CreateDirectory(Path.Combine(folder, silo)).FullName);
        files.Write(issuer.Issue(silo), Authority);
        return [("Assay:Cluster:Certificate", files.Certificate), ("Assay:Cluster:CertificateKey", files.Key), ("Assay:Cluster:Authority", files.Authority)];
    }

    /// <summary>A place for one more silo; not started.</summary>
    public SiloProcess Place(string name, (string Name, string Value)[] settings, IReadOnlyList<string>? runBy = null)
    {
        var own = Path.Combine(folder, name);
        Directory.CreateDirectory(own);
        var url = $"http://127.0.0.1:{Ports.Free()}";
        var all = new Dictionary<string, string>
        {
            ["ASSAY_POSTGRES"] = Database,
            ["ASSAY_KEK_FILE"] = KeyEncryptionKeyFile,
            ["ASSAY_DATA"] = Path.Combine(own, "data"),
            ["Assay:Url"] = url,
            ["Assay:Issuer"] = Issuer,
            ["Assay:Authority:Slot"] = name,
            ["Assay:Cluster:SiloPort"] = Ports.Free().ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
        foreach (var (setting, value) in settings)
            all[setting] = value;
        return new SiloProcess { Name = name, Url = all["Assay:Url"], Folder = own, Settings = all, RunBy = runBy ?? [] };
    }

    /// <summary>A call to the admin API as the first administrator.</summary>
    public async Task<JsonElement> Admin(SiloProcess silo, string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), silo.Url + "/admin/v1/" + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await AdminToken(silo));
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"{method} {path} on {silo.Name}: {(int)response.StatusCode} {text}", null, response.StatusCode);
        using var answer = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
        return answer.RootElement.Clone();
    }

    /// <summary>The CLI, as the first administrator types it on the machine of the silo that was first; it reaches the given silo.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> Assay(SiloProcess silo, params string[] arguments)
    {
        await using var issuer = new CuttableProxy(new Uri(silo.Url).Port, new Uri(Issuer).Port); // the CLI knows no silo, only the issuer
        var start = new ProcessStartInfo("dotnet", [BuiltCli.Path, .. arguments])
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["ASSAY_DATA"] = Path.GetDirectoryName(BootstrapKeyFile);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }

    public Task RemoveMember(SiloProcess silo, string identity, string group = ExporterRole) =>
        Admin(silo, "DELETE", $"identities/{identity}/memberships?group={Uri.EscapeDataString(group)}");

    public Task AddMember(SiloProcess silo, string identity, string group = ExporterRole) =>
        Admin(silo, "PUT", $"identities/{identity}/memberships", JsonSerializer.Serialize(new { group }));

    /// <summary>Waits until a silo issues to an identity.</summary>
    public Task UntilServed(SiloProcess silo, ClusterIdentity identity) => Insist(async () =>
    {
        var answer = await Http.Ask(silo, identity, Read);
        if (answer.Status != 200)
            throw new HttpRequestException($"{identity.Id} on {silo.Name}: {answer.Status} {answer.Error}");
    });

    /// <summary>
    /// Waits until a silo serves again by itself. One that is not running is started, and again whenever it ends, as a supervisor does: it was declared dead, or on a
    /// machine that is too busy the database did not answer in time.
    /// </summary>
    public async Task BringBack(SiloProcess silo)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMinutes(4))
                throw new InvalidOperationException($"{silo.Name} does not come back:\n{silo.Output}");
            if (!silo.IsRunning)
                silo.Launch();
            try
            {
                using var ready = await Http.GetAsync(silo.Url + "/health/ready");
                if (ready.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // not listening yet, or about to end
            }

            await Task.Delay(50, CancellationToken.None);
        }
    }

    /// <summary>Does it again until it is done: a change is safe to repeat, and 503 asks for it.</summary>
    public async Task Insist(Func<Task> call)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (HttpRequestException fault)
            {
                if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromSeconds(120))
                    throw new InvalidOperationException(string.Join('\n', Silos.Select(silo => silo.Output)), fault);
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    /// <summary>The next call of the admin API gets a new token.</summary>
    public void ForgetAdministrator() => administrator = default;

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in Silos)
            await silo.DisposeAsync();
        foreach (var identity in identities)
            identity.Dispose();
        ResourceServer.Dispose();
        Http.Dispose();
        Authority.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    public static string Checkout()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "Cluster.sln")))
            at = at.Parent ?? throw new InvalidOperationException("the tests do not run from a checkout");
        return at.FullName;
    }

    private static async Task<TestCluster> Empty(PostgresServer postgres)
    {
        var cluster = new TestCluster(postgres, await postgres.CreateDatabase());
        File.WriteAllText(cluster.KeyEncryptionKeyFile, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));
        return cluster;
    }

    /// <summary>All silos at the same instant.</summary>
    private async Task<TestCluster> Begin()
    {
        try
        {
            foreach (var silo in Silos)
                silo.Launch();
            await Task.WhenAll(Silos.Select(BringBack));
            await Declare();
            return this;
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>The quickstart's API, roles and policies, and identities of our own, applied as a bundle is.</summary>
    private async Task Declare()
    {
        var bundle = Path.Combine(folder, "bundle");
        Copy(Path.Combine(Checkout(), "samples", "quickstart"), bundle);
        foreach (var sample in Directory.GetFiles(Path.Combine(bundle, "identities")))
            File.Delete(sample);
        Directory.Delete(Path.Combine(bundle, "tests"), recursive: true); // they are about those identities
        Directory.CreateDirectory(Path.Combine(bundle, "keys"));
        for (var i = 1; i <= Workers; i++)
        {
            var identity = ClusterIdentity.Create($"worker-{i:000}", Issuer);
            identities.Add(identity);
            File.WriteAllText(Path.Combine(bundle, "keys", identity.Id + ".jwk"), identity.PublicJwk);
            File.WriteAllText(Path.Combine(bundle, "identities", identity.Id + ".yaml"), $"""
                id: {identity.Id}
                name: Worker {i}
                owner: tests
                defaultResource: {Tokens.Payments}
                memberships:
                  - role: payments-reader
                  - role: payments-exporter
                credentials:
                  - jwk: keys/{identity.Id}.jwk

                """);
        }

        File.WriteAllText(Path.Combine(bundle, "keys", ResourceServer.Id + ".jwk"), ResourceServer.PublicJwk);
        File.WriteAllText(Path.Combine(bundle, "identities", ResourceServer.Id + ".yaml"), $"id: {ResourceServer.Id}\ncredentials:\n  - jwk: keys/{ResourceServer.Id}.jwk\n");

        var reading = Bundle.BundleReader.Read(bundle);
        if (reading.Declarations is not { } declared)
            throw new InvalidOperationException(string.Join('\n', reading.Faults));
        using var declarations = JsonDocument.Parse(BundleJson.Encode(declared));
        var plan = await Admin(Silos[0], "POST", "apply", JsonSerializer.Serialize(new { bundle = declarations.RootElement, activate = true, dryRun = true }));
        var comparedWith = plan.GetProperty("comparedWith").GetInt64();
        await Admin(Silos[0], "POST", "apply", JsonSerializer.Serialize(new { bundle = declarations.RootElement, activate = true, comparedWith }));
    }

    private async Task<string> AdminToken(SiloProcess silo)
    {
        var clock = TimeProvider.System;
        if (administrator.Token is { } known && clock.GetTimestamp() < administrator.Until)
            return known;

        using var bootstrap = ClusterIdentity.FromPrivateJwk("assay-bootstrap", Issuer, BootstrapKeyFile);
        var answer = await Http.Ask(silo, bootstrap, null, resource: "urn:assay:admin");
        if (answer.Token is not { } token)
            throw new HttpRequestException($"no admin token from {silo.Name}: {answer.Status} {answer.Error}");
        administrator = (token, clock.GetTimestamp() + (120 * clock.TimestampFrequency));
        return token;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var inner in Directory.GetDirectories(from))
            Copy(inner, Path.Combine(to, Path.GetFileName(inner)));
    }
}
