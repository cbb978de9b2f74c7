using System.Security.Cryptography;
using Assay.Core.Tests.Transparency;
using Assay.Core.Transparency;
using Assay.Silo.Tests.Running;
using Assay.Silo.Tests.Storage;
using Assay.Silo.Transparency;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Transparency;

public sealed class WitnessTests
{
    private const string Origin = "assay.example/log/7";

    [Fact(Timeout = 300_000)]
    public async Task A_witness_is_shown_what_is_new_and_its_cosignatures_are_kept_shown_and_checked()
    {
        RunningSilo? running = null;
        await using var witness = await TestWitness.Start(async origin =>
            (await running!.Http.GetStringAsync($"{running.Url}{origin[origin.IndexOf('/')..]}/keys")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(NoteKey.Parse));
        await using var silo = running = await RunningSilo.Start(
            ("Assay:Log:Witnesses:0:Url", witness.Url), ("Assay:Log:Witnesses:0:Key", witness.Key), ("Assay:Log:WitnessEvery", "00:00:00.2"), ("Assay:Log:CheckpointEvery", "00:00:00.2"));
        var origin = $"{silo.Url["http://".Length..]}/log/1";
        await silo.AskAs("payments-exporter", ("resource", Payments));
        var before = await Cosigned(silo, atLeast: 1);
        for (var i = 0; i < 3; i++)
            await silo.AskAs("payments-exporter", ("resource", Payments));

        var after = await Cosigned(silo, before + 3);

        Assert.True(witness.LongestProof > 0);
        Assert.True(witness.SeenOf(origin) >= after);
        var saved = await silo.Assay("evidence", "checkpoint", "--to", "saved.txt");
        Assert.Contains($"Cosigned by {TestWitness.Name}", saved.Output);
        var verified = await silo.Assay("evidence", "verify", "--checkpoint", "saved.txt", "--witness", witness.Key);
        Assert.True(verified.ExitCode == 0, verified.Errors);
        Assert.Contains($"The witness {TestWitness.Name} has cosigned 1 of 1 shards", verified.Output.ReplaceLineEndings(" "));
        var other = await silo.Assay("evidence", "verify", "--witness", new Ed25519Signing(new byte[32]).NoteKey("w2"));
        Assert.Equal(1, other.ExitCode);
        Assert.Contains("the witness w2 has cosigned nothing of this log", other.Errors.ReplaceLineEndings(" "));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_shard_that_a_witness_does_not_take_holds_up_no_other()
    {
        RunningSilo? running = null;
        await using var witness = await TestWitness.Start(async origin => origin.EndsWith("/log/1", StringComparison.Ordinal)
            ? null
            : (await running!.Http.GetStringAsync($"{running.Url}{origin[origin.IndexOf('/')..]}/keys")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(NoteKey.Parse));
        await using var silo = running = await RunningSilo.Start(
            ("Assay:Log:Witnesses:0:Url", witness.Url), ("Assay:Log:Witnesses:0:Key", witness.Key), ("Assay:Log:WitnessEvery", "00:00:00.2"), ("Assay:Log:CheckpointEvery", "00:00:00.2"));
        await silo.AskAs("payments-exporter", ("resource", Payments));
        await silo.Kill();
        await silo.Start();
        await silo.AskAs("payments-exporter", ("resource", Payments));

        Assert.True(await Cosigned(silo, atLeast: 1, shard: "2") > 0);
    }

    [Fact]
    public async Task Each_answer_of_a_witness_is_told_apart()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = NoteKey.Of(Origin, pair.ExportSubjectPublicKeyInfo());
        await using var server = await TestWitness.Start(origin => Task.FromResult<IEnumerable<NoteKey>?>(origin == Origin ? [key] : null));
        using var http = new HttpClient();
        var witness = new Witness(new Uri(server.Url + "/"), WitnessKey.Parse(server.Key), http);
        var leaves = Enumerable.Range(0, 5).Select(i => new[] { (byte)i }).ToArray();
        string Checkpoint(int size, string origin = Origin, ECDsa? by = null, byte[][]? of = null) => SignedNote.Sign(
            Core.Transparency.Checkpoint.TextOf(origin, size, TreeHash.From(Naive.Root((of ?? leaves).AsSpan(0, size)))), key.Named(origin), by ?? pair).ToString();
        var proof = Naive.Proof(3, leaves).Select(hash => TreeHash.From(hash)).ToArray();

        Assert.IsType<WitnessAnswer.Cosigned>(await witness.Show(Checkpoint(3), 0, [], default));
        Assert.IsType<WitnessAnswer.Cosigned>(await witness.Show(Checkpoint(3), 3, [], default)); // the same again
        Assert.Equal(new WitnessAnswer.Elsewhere(3), await witness.Show(Checkpoint(5), 0, [], default));
        Assert.Equal(new WitnessAnswer.Refused("what it has seen before is not continued by this log"), await witness.Show(Checkpoint(5), 3, [], default));
        Assert.Equal(new WitnessAnswer.Refused("it has seen another root at this size"), await witness.Show(Checkpoint(3, of: [[9], [9], [9]]), 3, [], default));
        Assert.IsType<WitnessAnswer.Cosigned>(await witness.Show(Checkpoint(5), 3, [.. proof], default));
        Assert.Equal(new WitnessAnswer.Unknown(), await witness.Show(Checkpoint(3, "assay.example/log/8"), 0, [], default));
        Assert.Equal(new WitnessAnswer.Refused("it trusts none of the keys of this log"), await witness.Show(Checkpoint(5, by: stranger), 5, [], default));
        await Assert.ThrowsAsync<HttpRequestException>(() => witness.Show(Checkpoint(3), 4, [], default)); // 400
        Assert.Equal(
            new WitnessAnswer.Refused("it answered without a cosignature by its key"),
            await new Witness(new Uri(server.Url), WitnessKey.Parse(new Ed25519Signing(new byte[32]).NoteKey(TestWitness.Name)), http).Show(Checkpoint(5), 5, [], default));
    }

    [Fact]
    public void What_was_cosigned_is_kept()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "witnesses.json");
        var signature = SignedNote.ParseSignature(new Ed25519Signing(new byte[32]).Cosign("w1", "x\n1\n\n", 7));
        var kept = new Cosignatures(file);
        kept.Add(new CosignedHead(7, 2, TreeHash.Empty, signature));
        kept.Add(new CosignedHead(7, 3, TreeHash.Empty, signature));
        kept.Add(new CosignedHead(8, 1, TreeHash.Empty, signature));

        Assert.Equal([(7, 3), (8, 1)], new Cosignatures(file).All.Select(head => ((int)head.Shard, (int)head.Size)));
        Assert.Equal(kept.Newest("w1", 7), new Cosignatures(file).Newest("w1", 7));
        File.WriteAllText(file, "[{}]");
        Assert.Empty(new Cosignatures(file).All);
    }

    /// <summary>How many records of the shard the public checkpoint says are cosigned, when they are so many.</summary>
    private static async Task<long> Cosigned(RunningSilo silo, long atLeast, string shard = "1")
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (true)
        {
            var note = await silo.Http.GetStringAsync(silo.Url + "/log/checkpoint", patience.Token);
            foreach (var line in note.Split('\n'))
            {
                if (line.Split(' ') is ["witness", var of, var size, ..] && of == shard && long.Parse(size) >= atLeast)
                    return long.Parse(size);
            }

            await Task.Delay(20, patience.Token);
        }
    }
}
