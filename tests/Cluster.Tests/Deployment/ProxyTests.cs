using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Assay.Tests.Shared;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Assay.Cluster.Tests.Deployment;

/// <summary>deploy/haproxy.cfg in a real HAProxy, before three servers that answer as silos do.</summary>
public sealed class ProxyTests : IAsyncLifetime
{
    private readonly WorkFolder work = new();
    private readonly List<Backend> silos = [];
    private readonly HttpClient http = new();
    private Running? proxy;
    private string url = "";

    public async ValueTask InitializeAsync()
    {
        var program = Tools.Find("haproxy");
        if (program is null)
            return;
        for (var i = 0; i < 3; i++)
            silos.Add(await Backend.Start());
        var port = Ports.Free();
        url = $"http://127.0.0.1:{port}";
        proxy = Tools.Start(program, ["-db", "-f", PatientConfiguration()], new()
        {
            ["BIND"] = $"127.0.0.1:{port}", ["SILO1"] = silos[0].Address, ["SILO2"] = silos[1].Address, ["SILO3"] = silos[2].Address,
        });
        await Until(HttpStatusCode.OK);
    }

    /// <summary>The backends are this process, and it may stand still for longer than a silo may: that alone is another than in production.</summary>
    private string PatientConfiguration()
    {
        var written = File.ReadAllText(Configuration);
        var patient = written.Replace("timeout check 1s", "timeout check 60s", StringComparison.Ordinal).Replace("timeout connect 2s", "timeout connect 60s", StringComparison.Ordinal);
        Assert.Equal(written.Length + 2, patient.Length);
        File.WriteAllText(work["haproxy.cfg"], patient);
        return work["haproxy.cfg"];
    }

    private static string Configuration => Path.Combine(Tools.Checkout, "deploy/haproxy.cfg");

    public async ValueTask DisposeAsync()
    {
        proxy?.Dispose();
        http.Dispose();
        foreach (var silo in silos)
            await silo.DisposeAsync();
        work.Dispose();
    }

    [Fact]
    public async Task The_configuration_is_valid()
    {
        var checking = await Tools.Run(
            Tools.Need("haproxy", "haproxy"),
            ["-c", "-q", "-f", Configuration],
            new() { ["BIND"] = ":8420", ["SILO1"] = "10.84.20.11:8420", ["SILO2"] = "10.84.20.12:8420", ["SILO3"] = "10.84.20.13:8420" });

        Assert.Equal((0, ""), (checking.ExitCode, checking.Output.Trim()));
    }

    [Fact]
    public async Task Requests_go_to_every_silo_with_the_address_the_proxy_saw()
    {
        Tools.Need("haproxy", "haproxy");
        for (var i = 0; i < 30; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, url + "/oauth/token");
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", "198.51.100.1"); // the client's own invention
            using var answer = await http.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.All(silos, silo => Assert.Equal(["127.0.0.1"], silo.ForwardedFor.Distinct()));
    }

    [Fact]
    public async Task A_silo_that_is_not_ready_gets_nothing_new_and_finishes_what_it_has()
    {
        Tools.Need("haproxy", "haproxy");
        var held = new List<Task<HttpResponseMessage>>();
        while (silos[0].Holding == 0) // one request of three comes to it
            held.Add(await HeldRequest());

        silos[0].Ready = false;
        await silos[0].ChecksFailed(3); // the second takes it out
        var before = silos[0].Requests;
        for (var i = 0; i < 30; i++)
        {
            using var answer = await http.PostAsync(url + "/oauth/token", null);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(before, silos[0].Requests);
        foreach (var silo in silos)
            silo.Release();
        foreach (var request in held)
        {
            using var answer = await request;
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        async Task<Task<HttpResponseMessage>> HeldRequest()
        {
            var holding = silos.Sum(silo => silo.Holding);
            var request = http.PostAsync(url + "/held", null);
            while (silos.Sum(silo => silo.Holding) == holding)
                await Task.Delay(5);
            return request;
        }
    }

    [Fact]
    public async Task A_silo_that_is_gone_costs_no_request()
    {
        Tools.Need("haproxy", "haproxy");
        await silos[1].DisposeAsync();

        for (var i = 0; i < 30; i++)
        {
            using var answer = await http.PostAsync(url + "/oauth/token", null);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task With_no_silo_ready_callers_are_told_to_come_back()
    {
        Tools.Need("haproxy", "haproxy");
        foreach (var silo in silos)
            silo.Ready = false;
        await Until(HttpStatusCode.ServiceUnavailable);

        using var answer = await http.PostAsync(url + "/oauth/token", null);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(
            ("""{"error":"temporarily_unavailable"}""", "application/json", TimeSpan.FromSeconds(1)),
            (await answer.Content.ReadAsStringAsync(), answer.Content.Headers.ContentType?.MediaType, answer.Headers.RetryAfter?.Delta));
    }

    [Theory]
    [InlineData("/metrics", 404)]
    [InlineData("/METRICS", 404)]
    [InlineData("/metrics/", 404)]
    [InlineData("/%6detrics", 404)]
    [InlineData("/metrics?x=1", 404)]
    [InlineData("http://silo/metrics", 404)]
    [InlineData("/health/live", 404)]
    [InlineData("/Health/ready", 404)]
    [InlineData("/oauth/../metrics", 400)]
    [InlineData("/oauth/%2e%2E/metrics", 400)]
    [InlineData("/./metrics", 400)]
    [InlineData("/oauth/..", 400)]
    [InlineData("/.well-known/oauth-authorization-server", 200)]
    [InlineData("/admin/v1/silos", 200)]
    public async Task What_is_for_the_inside_stays_inside(string target, int status)
    {
        Tools.Need("haproxy", "haproxy");
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(url).Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: silo\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(socket.GetStream(), Encoding.ASCII);

        var answer = await reader.ReadLineAsync();

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(silos, silo => silo.Paths.Any(path => path.Contains("metrics", StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>Until the proxy says so of all silos together.</summary>
    private async Task Until(HttpStatusCode status)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(url + "/health/ready", patience.Token);
                if (answer.StatusCode == status)
                    return;
            }
            catch (HttpRequestException)
            {
                Assert.False(proxy!.Process.HasExited, proxy.Output);
            }

            await Task.Delay(20, patience.Token);
        }
    }

    /// <summary>What the proxy takes for a silo.</summary>
    private sealed class Backend : IAsyncDisposable
    {
        private readonly ConcurrentQueue<(string Path, string ForwardedFor)> seen = new();
        private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly SemaphoreSlim failedChecks = new(0);
        private readonly WebApplication app;
        private int holding;

        private Backend()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            app = builder.Build();
            app.Run(Answer);
        }

        public bool Ready { get; set; } = true;

        public int Holding => Volatile.Read(ref holding);

        public int Requests => seen.Count;

        public IEnumerable<string> Paths => seen.Select(request => request.Path);

        public IEnumerable<string> ForwardedFor => seen.Select(request => request.ForwardedFor);

        public string Address => new Uri(app.Urls.Single()).Authority;

        public static async Task<Backend> Start()
        {
            var backend = new Backend();
            await backend.app.StartAsync();
            return backend;
        }

        public void Release() => released.TrySetResult();

        /// <summary>Returns when so many checks were told "not ready".</summary>
        public async Task ChecksFailed(int count)
        {
            for (var i = 0; i < count; i++)
                Assert.True(await failedChecks.WaitAsync(TimeSpan.FromSeconds(90)), "the proxy does not look");
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private async Task Answer(HttpContext context)
        {
            if (context.Request.Path == "/health/ready")
            {
                context.Response.StatusCode = Ready ? 200 : 503;
                if (!Ready)
                    failedChecks.Release();
                return;
            }

            seen.Enqueue((context.Request.Path, context.Request.Headers["X-Forwarded-For"].ToString()));
            if (context.Request.Path != "/held")
                return;
            Interlocked.Increment(ref holding);
            await released.Task;
        }
    }
}
