using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using Assay.Client;
using Assay.Cluster.Tests.Postgres;
using Assay.Tests.Shared;

namespace Assay.Cluster.Tests.Deployment;

/// <summary>
/// The services of docker-compose.yml as processes: the same commands, settings and secrets, with the container's folders, addresses and ports exchanged
/// for ours. Silos and the proxy speak at loopback addresses of this test's own, so that ports can stay as they are.
/// </summary>
internal sealed class ComposedCluster : IAsyncDisposable
{
    private readonly WorkFolder work = new();
    private readonly ComposeFile compose = ComposeFile.Read();
    private readonly PublishedOutput published;
    private readonly PostgresServer postgres;
    private readonly string network = string.Create(CultureInfo.InvariantCulture, $"127.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(1, 254)}");
    private readonly int door = Ports.Free();
    private readonly ConcurrentDictionary<string, Running> running = new();
    private readonly ConcurrentQueue<string> ended = new();

    public ComposedCluster(PublishedOutput published, PostgresServer postgres)
    {
        this.published = published;
        this.postgres = postgres;
        File.SetUnixFileMode(work.Path, (UnixFileMode)0b111_101_101);
    }

    public IEnumerable<string> Silos => compose.Silos;

    /// <summary>Where clients reach it, and its issuer.</summary>
    public string Url => $"http://127.0.0.1:{door}";

    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>What is being done to it, to explain what a request met.</summary>
    public string Phase { get; private set; } = "down";

    public string Output => string.Join('\n', ended.Concat(running.Select(one => $"== {one.Key}\n{one.Value.Output}")));

    /// <summary>As <c>up</c> does it: secrets, schema, silos at once, proxy.</summary>
    public async Task Up()
    {
        var secrets = await Tools.Run("sh", [Path.Combine(Tools.Checkout, "deploy/secrets.sh"), work["secrets"], .. compose.List("secrets", "entrypoint")[2..]]);
        Assert.True(secrets.ExitCode == 0, secrets.Output);
        foreach (var silo in Silos)
            Provide(silo);
        await PostgresServer.Execute(postgres.ConnectionString("postgres"), "DROP DATABASE IF EXISTS assay WITH (FORCE)");
        await PostgresServer.Execute(postgres.ConnectionString("postgres"), "DROP ROLE IF EXISTS assay; CREATE ROLE assay LOGIN");
        await PostgresServer.Execute(postgres.ConnectionString("postgres"), "CREATE DATABASE assay OWNER assay");

        using (var migrate = await Run(Silos.First(), "migrate", compose.List("migrate", "command")))
        {
            await migrate.Process.WaitForExitAsync();
            Assert.True(migrate.Process.ExitCode == 0, migrate.Output);
        }

        await Task.WhenAll(Silos.Select(silo => Start(silo)));
        running["proxy"] = Tools.Start(
            Tools.Need("haproxy", "haproxy"),
            ["-db", "-f", Path.Combine(Tools.Checkout, "deploy/haproxy.cfg")],
            compose.Environment("proxy").ToDictionary(setting => setting.Key, setting => setting.Key == "BIND" ? $"127.0.0.1:{door}" : Here("proxy", setting.Value)));
        await Ready(Url, () =>
        {
            Assert.False(running["proxy"].Process.HasExited, Output);
            return Task.CompletedTask;
        });
    }

    /// <summary>Starts a silo, again when it ends (as <c>restart: unless-stopped</c> does), and waits until it is ready.</summary>
    public async Task Start(string silo)
    {
        Phase = $"{silo} starting";
        running[silo] = await Run(silo, silo, []);
        await Ready($"http://{network}.{HostOf(silo)}:8420", async () =>
        {
            if (!running[silo].Process.HasExited)
                return;
            ended.Enqueue($"== {silo}, before\n{running[silo].Output}");
            running[silo].Dispose();
            running[silo] = await Run(silo, silo, []);
        });
        Phase = $"{silo} ready";
    }

    /// <summary>Stops a silo in an orderly way; answers its exit code.</summary>
    public async Task<int> Stop(string silo)
    {
        Phase = $"{silo} stopping";
        var code = await running[silo].Terminate();
        Phase = $"{silo} stopped";
        return code;
    }

    /// <summary>
    /// Starts a process that has all a silo has, the database's password and the key-encryption key included, but a certificate of the cluster's authority:
    /// it brings one, and an authority, of its own.
    /// </summary>
    /// <returns>Where it would say that it is ready.</returns>
    public async Task<string> StartIntruder()
    {
        const string name = "intruder";
        var made = await Tools.Run("sh", [Path.Combine(Tools.Checkout, "deploy/secrets.sh"), work["other-secrets"], name]);
        Assert.True(made.ExitCode == 0, made.Output);
        Directory.CreateDirectory(Data(name));
        await Tools.Run("cp", ["-r", work[$"{Silos.First()}/cluster"], work["other-secrets/" + name], work[name]]);
        Directory.Move(work[$"{name}/{name}"], work[$"{name}/silo"]);
        File.Copy(work["other-secrets/cluster/authority.crt"], work[$"{name}/cluster/authority.crt"], overwrite: true);

        var address = $"{network}.99";
        var settings = compose.Environment(Silos.First()).ToDictionary(setting => setting.Key, setting => Here(name, setting.Value));
        (settings["ASSAY_DATA"], settings["Assay__Url"], settings["Assay__TrustedProxies"]) = (Data(name), $"http://{address}:8420", "127.0.0.1");
        (settings["Assay__Cluster__Address"], settings["Assay__Authority__Slot"]) = (address, name);
        running[name] = await published.Confined(work[name], [], settings);
        return settings["Assay__Url"] + "/health/ready";
    }

    public void EndIntruder()
    {
        if (running.TryRemove("intruder", out var intruder))
            intruder.Dispose();
    }

    /// <summary>Waits until a silo has logged the words.</summary>
    public async Task Logged(string words)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        while (!Silos.Any(silo => running[silo].Output.Contains(words, StringComparison.Ordinal)))
        {
            Assert.False(patience.IsCancellationRequested, Output);
            await Task.Delay(50, CancellationToken.None);
        }
    }

    /// <summary>As the first administrator, whose key is with the silo that was first.</summary>
    public AssayClient Administrator() => new(new AssayClientOptions
    {
        Issuer = new Uri(Url), ClientId = "assay-bootstrap", Credential = AssayCredential.FromKeyFile(Silos.Select(silo => Path.Combine(Data(silo), "bootstrap.jwk")).Single(File.Exists)),
        Timeout = TimeSpan.FromMinutes(1), AttemptTimeout = TimeSpan.FromMinutes(1), // a machine that stands still for a while is no cluster that fails
    });

    public async Task<T> Get<T>(string path, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Url + path);
        request.Headers.Authorization = new("Bearer", token);
        using var answer = await Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<T>())!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in running.Values)
            one.Dispose();
        Http.Dispose();
        await Tools.Run("chmod", ["-R", "u+w", work.Path]);
        work.Dispose();
    }

    private string Data(string silo) => work[$"{silo}/data"];

    /// <summary>What the volumes bring into the silo's container, in a folder of its own: it is given to the silo's user.</summary>
    private void Provide(string silo)
    {
        Directory.CreateDirectory(Data(silo));
        foreach (var (from, to) in new[] { ("cluster", "cluster"), (silo, "silo") })
        {
            foreach (var file in Directory.GetFiles(work[$"secrets/{from}"]))
                File.Copy(file, Path.Combine(Directory.CreateDirectory(work[$"{silo}/{to}"]).FullName, Path.GetFileName(file)));
        }
    }

    private Task<Running> Run(string silo, string service, string[] arguments)
    {
        var settings = compose.Environment(service).ToDictionary(setting => setting.Key, setting => Here(silo, setting.Value));
        if (service == silo)
        {
            settings["ASSAY_DATA"] = Data(silo); // from the image
            settings["Assay__Url"] = $"http://{network}.{HostOf(silo)}:8420"; // not every address: they are all this machine's
            settings["Assay__TrustedProxies"] = "127.0.0.1";
        }

        return published.Confined(work[silo], arguments, settings);
    }

    private string Here(string silo, string value)
    {
        foreach (var name in Silos)
        {
            var addresses = compose.Addresses(name);
            value = value.Replace(addresses["edge"], $"{network}.{HostOf(name)}", StringComparison.Ordinal).Replace(addresses["inside"], $"{network}.{HostOf(name)}", StringComparison.Ordinal);
        }

        return value
            .Replace("Host=database", $"Host=127.0.0.1;Port={postgres.Port}", StringComparison.Ordinal)
            .Replace("/etc/assay/", work[silo] + "/", StringComparison.Ordinal)
            .Replace("http://127.0.0.1:8420", Url, StringComparison.Ordinal);
    }

    private string HostOf(string silo) => compose.Addresses(silo)["edge"].Split('.')[3];

    private async Task Ready(string url, Func<Task> look)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        while (true)
        {
            try
            {
                using var answer = await Http.GetAsync(url + "/health/ready", patience.Token);
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
            {
                // not listening yet, or not in time
            }

            Assert.False(patience.IsCancellationRequested, Output);
            await look();
            await Task.Delay(100, CancellationToken.None);
        }
    }
}
