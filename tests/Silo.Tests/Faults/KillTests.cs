using System.Collections.Concurrent;
using Assay.Core.Evidence;
using Assay.Core.Jose;
using Assay.Grains.Authority;
using Assay.Silo.Signing;
using Assay.Silo.Startup;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Running;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Faults;

/// <summary>The process ends in the middle of everything, as the kernel ends it.</summary>
[Collection(Undisturbed.Collection)]
public sealed class KillTests
{
    private static int Kills => Environment.GetEnvironmentVariable("ASSAY_LONG_TESTS") == "1" ? 20 : 3;

    [Fact]
    public async Task Every_token_a_client_received_has_its_record_none_shares_a_jti_and_what_was_spent_stays_spent()
    {
        await using var silo = await RunningSilo.Start();
        Assert.Throws<IOException>(() => DataFolder.Open(silo.Data)); // nobody else gets in while it lives
        var received = new ConcurrentBag<string>();
        var spent = new ConcurrentBag<string>();

        for (var kill = 0; kill < Kills; kill++)
        {
            using var over = new CancellationTokenSource();
            var before = received.Count;
            var load = Enumerable.Range(0, 8).Select(_ => Load(silo, received, spent, over.Token)).ToList();
            while (received.Count < before + 50)
                await Task.Delay(5, CancellationToken.None);
            await silo.Kill();
            await over.CancelAsync();
            await Task.WhenAll(load);
            await silo.Start();

            // What bought a token before the kill buys none after it.
            foreach (var assertion in spent.Take(5))
            {
                var again = await silo.Ask(assertion, ("resource", Payments));
                Assert.Equal((401, "invalid_client"), (again.Status, again.Error));
            }
        }

        await silo.Kill();
        Assert.True(received.Count >= Kills * 50);
        await AssertRecorded(silo, received);
    }

    private static async Task Load(RunningSilo silo, ConcurrentBag<string> received, ConcurrentBag<string> spent, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            var assertion = Assertion.For(silo, "payments-exporter").Sign();
            try
            {
                var answer = await silo.Ask(assertion, ("resource", Payments), ("scope", "payments:read"));
                if (answer.Status == 200)
                {
                    received.Add(answer.Token);
                    spent.Add(assertion);
                }
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or TaskCanceledException)
            {
                return; // the silo is gone
            }
        }
    }

    /// <summary>Reads the folder with the product's own stores, as a silo that starts would.</summary>
    private static async Task AssertRecorded(RunningSilo silo, IReadOnlyCollection<string> tokens)
    {
        using var folder = DataFolder.Open(silo.Data);
        using var storage = new SqliteStorage(folder, TimeProvider.System);
        var kek = Directory.GetFiles(Path.Combine(silo.Folder, "config", "assay"), "*.kek").Single();
        using var vault = new KeyVault(KeyEncryptionKey.Obtain(kek, folder.Folder).Key);
        var secrets = new ClusterSecrets(storage.Authority, vault, new SiloIdentity(silo.Url, "test"));
        await secrets.Load(CancellationToken.None);
        using var jtis = new JtiCodec(secrets.JtiKey);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var token in tokens)
        {
            Assert.True(CompactJws.TryParse(token, out var jws, out _));
            using var claims = System.Text.Json.JsonDocument.Parse(jws.Payload);
            var jti = claims.RootElement.GetProperty("jti").GetString()!;
            Assert.True(seen.Add(jti), $"{jti} is in two tokens");
            Assert.True(jtis.TryDecode(jti, out var id));
            var batch = await storage.Log.Find(id.Shard, id.Position, CancellationToken.None);
            Assert.True(batch is not null, $"there is no record for {jti} at {id}");
            var record = EvidenceRecord.Decode(batch.Records[(int)(id.Position - batch.FirstPosition)].Span);
            Assert.Equal(jti, record.JwtId);
            Assert.Equal(Base64UrlText.Encode(System.Security.Cryptography.SHA256.HashData(jws.SigningInput.Span)), record.SigningInputHash);
        }
    }
}
