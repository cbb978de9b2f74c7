using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Assay.Client;
using Assay.Cluster.Tests.Postgres;

namespace Assay.Cluster.Tests.Deployment;

/// <summary>docker-compose.yml's cluster, without docker: three silos with their certificates, behind HAProxy, over a real PostgreSQL.</summary>
public sealed class ComposedClusterTests(PublishedOutput published, PostgresServer postgres, ComposedClusterTests.Composition composition)
    : IClassFixture<PublishedOutput>, IClassFixture<PostgresServer>, IClassFixture<ComposedClusterTests.Composition>
{
    private const string Admin = "urn:assay:admin";

    [Fact]
    public async Task Whoever_has_the_database_but_no_certificate_of_the_cluster_does_not_join()
    {
        PostgresServer.SkipIfMissing();
        Tools.Need("haproxy", "haproxy");
        Tools.Need("openssl", "openssl");
        var cluster = await composition.Up(published, postgres);
        using var administrator = cluster.Administrator();

        var ready = await cluster.StartIntruder();
        await cluster.Logged("the certificate 'CN=intruder' was not issued by the cluster's authority");

        await Assert.ThrowsAsync<HttpRequestException>(() => cluster.Http.GetAsync(ready)); // it never gets as far as listening
        for (var i = 0; i < 10; i++)
            Assert.NotEmpty((await administrator.RequestTokenAsync(Admin, ["evidence.read"])).AccessToken);
        cluster.EndIntruder();
    }

    [Fact]
    public async Task It_comes_up_and_a_rolling_restart_fails_nobody()
    {
        PostgresServer.SkipIfMissing();
        Tools.Need("haproxy", "haproxy");
        Tools.Need("openssl", "openssl");
        var cluster = await composition.Up(published, postgres);
        using var administrator = cluster.Administrator();

        var token = await administrator.RequestTokenAsync(Admin, ["evidence.read"]);
        var silos = await cluster.Get<JsonElement>("/admin/v1/silos", token.AccessToken);

        // Whoever tried to join, in the other test, left its row.
        var known = silos.GetProperty("silos").EnumerateArray().Select(silo => silo.GetProperty("slot").GetString()).ToHashSet();
        Assert.All(cluster.Silos, silo => Assert.Contains(silo, known));

        using var over = new CancellationTokenSource();
        var issued = 0;
        var failures = new ConcurrentQueue<string>();
        var callers = Enumerable.Range(0, 4).Select(_ => Call()).ToArray();
        foreach (var silo in cluster.Silos)
        {
            Assert.Equal(0, await cluster.Stop(silo));
            var before = Volatile.Read(ref issued);
            while (Volatile.Read(ref issued) < before + 20 && failures.IsEmpty)
                await Task.Delay(10);
            await cluster.Start(silo);
        }

        await over.CancelAsync();
        await Task.WhenAll(callers);
        Assert.True(failures.IsEmpty, $"{failures.Count} of {issued + failures.Count} requests failed:\n{string.Join('\n', failures.Take(20))}\n{cluster.Output}");

        // The identity moves with its silo: a caller may be asked to come back, and is then served.
        async Task Call()
        {
            while (!over.IsCancellationRequested)
            {
                var at = cluster.Phase;
                try
                {
                    Assert.NotEmpty((await administrator.RequestTokenAsync(Admin, ["evidence.read"])).AccessToken);
                    Interlocked.Increment(ref issued);
                }
                catch (AssayTokenException fault) when (fault is { StatusCode: HttpStatusCode.ServiceUnavailable, RetryAfter: { } wait })
                {
                    await Task.Delay(wait);
                }
                catch (AssayTokenException fault)
                {
                    failures.Enqueue($"{at} … {cluster.Phase}: {fault.Message}");
                }
            }
        }
    }

    /// <summary>One cluster for both: its silos are there, as they were, when either ends.</summary>
    public sealed class Composition : IAsyncDisposable
    {
        private ComposedCluster? cluster;

        internal async Task<ComposedCluster> Up(PublishedOutput published, PostgresServer postgres)
        {
            if (cluster is not null)
                return cluster;

            var started = new ComposedCluster(published, postgres);
            try
            {
                await started.Up();
            }
            catch
            {
                await started.DisposeAsync();
                throw;
            }

            return cluster = started;
        }

        public async ValueTask DisposeAsync()
        {
            if (cluster is not null)
                await cluster.DisposeAsync();
        }
    }
}
