using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Assay.Core.Tests.Transparency;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Running;
using Microsoft.Data.Sqlite;
using static Assay.Silo.Tests.Running.TokenRequests;
using Assay.Tests.Shared;

namespace Assay.Silo.Tests.Transparency;

/// <summary>The log of a running silo, read by hand from the specifications, and by the command line.</summary>
public sealed class LogTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task A_token_is_found_in_the_signed_tree_with_nothing_but_the_specifications()
    {
        var jti = (await Silo.AskAs("payments-exporter", ("resource", Payments))).Claims.GetProperty("jti").GetString()!;
        var token = await Silo.AdminToken("evidence.read");
        var proof = (await Silo.AdminWith(token, "GET", $"evidence/{jti}/proof")).Body;
        var shard = proof.GetProperty("shard").GetInt64();
        var position = proof.GetProperty("position").GetInt32();
        var (size, root) = await Checkpoint(shard, atLeast: position + 1);

        // Every entry, bundle by bundle (C2SP tlog-tiles): each after its length in two bytes.
        var entries = new List<byte[]>();
        for (var bundle = 0; entries.Count < size; bundle++)
        {
            var width = Math.Min(256, size - entries.Count);
            var bytes = await Bytes(token, $"/log/{shard}/tile/entries/{bundle:000}{(width < 256 ? $".p/{width}" : "")}");
            for (var at = 0; at < bytes.Length; at += 2 + BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at)))
                entries.Add(bytes[(at + 2)..(at + 2 + BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at)))]);
        }

        Assert.Equal(size, entries.Count);
        Assert.Equal(root, Naive.Root(entries.ToArray()));
        Assert.Equal(
            entries.Take(Math.Min(size, 256)).SelectMany(entry => SHA256.HashData([0, .. entry])), await Bytes(token, $"/log/{shard}/tile/0/000{(size < 256 ? $".p/{size}" : "")}"));

        // The record is the one that the tree holds.
        var record = Encoding.UTF8.GetBytes(proof.GetProperty("record").GetString()!);
        Assert.Equal(jti, JsonDocument.Parse(record).RootElement.GetProperty("jti").GetString());
        Assert.Equal(entries[position], SHA256.HashData([.. proof.GetProperty("salt").GetBytesFromBase64(), .. record]));
        var proved = proof.GetProperty("size").GetInt32();
        if (proved <= size)
        {
            Assert.Equal(
                Naive.Path(position, entries.ToArray().AsSpan(0, proved)).Select(Convert.ToBase64String), proof.GetProperty("path").EnumerateArray().Select(hash => hash.GetString()));
        }
    }

    [Fact]
    public async Task A_tree_that_has_grown_is_proved_to_continue_the_earlier_one()
    {
        var jti = (await Silo.AskAs("payments-exporter", ("resource", Payments))).Claims.GetProperty("jti").GetString()!;
        var token = await Silo.AdminToken("evidence.read");
        var shard = (await Silo.AdminWith(token, "GET", $"evidence/{jti}/proof")).Body.GetProperty("shard").GetInt64();
        var (before, early) = await Checkpoint(shard, atLeast: 1);
        await Silo.AskAs("payments-exporter", ("resource", Payments));
        var (after, late) = await Checkpoint(shard, atLeast: before + 1);

        using var answer = JsonDocument.Parse(await Bytes(token, $"/log/{shard}/consistency?from={before}&to={after}"));

        var path = answer.RootElement.GetProperty("path").EnumerateArray().Select(hash => Core.Transparency.TreeHash.From(hash.GetBytesFromBase64())).ToArray();
        Assert.True(Core.Transparency.TreeProof.Continues(before, Core.Transparency.TreeHash.From(early), after, Core.Transparency.TreeHash.From(late), path));
    }

    [Theory]
    [InlineData("/log/1/tile/0/000.p/1")]
    [InlineData("/log/1/tile/entries/000.p/1")]
    [InlineData("/log/1/consistency?from=0&to=0")]
    public async Task Tiles_and_proofs_want_a_token(string path)
    {
        using var refused = await Silo.Http.GetAsync(Silo.Url + path);

        Assert.Equal(401, (int)refused.StatusCode);
    }

    [Theory]
    [InlineData("/log/1/tile/0/0", 404)]
    [InlineData("/log/1/tile/0/x999/x999/x999/x999/999", 404)]
    [InlineData("/log/1/tile/7/000", 404)]
    [InlineData("/log/999/tile/0/000", 404)]
    [InlineData("/log/999/checkpoint", 404)]
    [InlineData("/log/1/consistency?from=2&to=1", 400)]
    [InlineData("/log/1/consistency?from=0&to=999999999", 400)]
    public async Task What_is_not_there_is_refused(string path, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Silo.Url + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await Silo.AdminToken("evidence.read"));
        await Checkpoint(1, atLeast: 1); // of the record of that token, at least

        using var answer = await Silo.Http.SendAsync(request);

        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task What_is_still_needed_is_not_dropped()
    {
        Assert.Equal(422, (await Silo.Admin("POST", "evidence/drop", $$"""{"before":"{{TimeProvider.System.GetUtcNow().AddHours(-23):O}}"}""")).Status);
        Assert.Equal(200, (await Silo.Admin("POST", "evidence/drop", $$"""{"before":"{{TimeProvider.System.GetUtcNow().AddHours(-25):O}}"}""")).Status);
    }

    /// <summary>The checkpoint of a shard, its signature verified with the published key as C2SP signed-note says.</summary>
    private async Task<(int Size, byte[] Root)> Checkpoint(long shard, long atLeast)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            using var answer = await Silo.Http.GetAsync($"{Silo.Url}/log/{shard}/checkpoint", patience.Token);
            if (!answer.IsSuccessStatusCode)
                continue; // the silo has not looked yet

            var note = await answer.Content.ReadAsStringAsync();
            var text = note[..(note.LastIndexOf("\n\n", StringComparison.Ordinal) + 1)];
            var lines = text.Split('\n');
            var origin = $"{Silo.Url["http://".Length..]}/log/{shard}";
            Assert.Equal(origin, lines[0]);
            var signature = note[(text.Length + 1)..].TrimEnd('\n').Split(' ');
            Assert.Equal(["—", origin], signature[..2]);
            var bytes = Convert.FromBase64String(signature[2]);
            var keys = (await Silo.Http.GetStringAsync($"{Silo.Url}/log/{shard}/keys")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            var key = Convert.FromBase64String(keys.Select(line => line.Split('+', 3)).Single(parts => parts[0] == origin && parts[1] == Convert.ToHexStringLower(bytes[..4]))[2]);
            using var pair = ECDsa.Create();
            pair.ImportSubjectPublicKeyInfo(key.AsSpan(1), out _);
            Assert.True(pair.VerifyData(Encoding.UTF8.GetBytes(text), bytes[4..], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
            if (int.Parse(lines[1]) >= atLeast)
                return (int.Parse(lines[1]), Convert.FromBase64String(lines[2]));
        }
    }

    private async Task<byte[]> Bytes(string token, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Silo.Url + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await Silo.Http.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
        return await answer.Content.ReadAsByteArrayAsync();
    }
}

/// <summary>The whole walk with the command line: save, export, verify, and find what somebody changed in the file.</summary>
public sealed class LogVerifyTests
{
    [Fact(Timeout = 300_000)]
    public async Task A_log_is_held_to_a_checkpoint_that_was_saved_before()
    {
        await using var silo = await RunningSilo.Start();
        var jti = (await silo.AskAs("payments-exporter", ("resource", Payments))).Claims.GetProperty("jti").GetString()!;
        async Task<(int ExitCode, string Output, string Errors)> Assay(params string[] arguments)
        {
            var start = new ProcessStartInfo("dotnet", [BuiltCli.Path, .. arguments])
            {
                WorkingDirectory = silo.Folder, RedirectStandardOutput = true, RedirectStandardError = true,
            };
            start.Environment["ASSAY_DATA"] = silo.Data;
            using var process = Process.Start(start)!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return (process.ExitCode, await output, await errors);
        }

        var shown = await Assay("evidence", "show", jti);
        Assert.Equal((0, ""), (shown.ExitCode, shown.Errors));
        Assert.Contains($"\"jti\": \"{jti}\"", shown.Output);
        Assert.Contains("Proved: position ", shown.Output);
        Assert.Equal(0, (await Assay("evidence", "search", "--identity", "payments-exporter")).ExitCode);

        // The record is in a checkpoint as soon as its silo has looked.
        var place = (await silo.Admin("GET", $"evidence/{jti}/proof")).Body;
        var size = place.GetProperty("position").GetInt64() + 1;
        while (!(await silo.Http.GetStringAsync(silo.Url + "/log/checkpoint")).Split('\n').Any(
            line => line.Split(' ') is ["shard", var shard, var at, ..] && shard == place.GetProperty("shard").ToString() && long.Parse(at) >= size))
            await Task.Delay(20, TestContext.Current.CancellationToken);
        var saved = await Assay("evidence", "checkpoint", "--to", "saved.txt");
        var exported = await Assay("evidence", "export", "--to", "log.ndjson");
        Assert.Equal((0, 0, ""), (saved.ExitCode, exported.ExitCode, saved.Errors + exported.Errors));
        Assert.Equal(2, (await Assay("evidence", "checkpoint", "--to", "saved.txt")).ExitCode); // not overwritten

        foreach (var verified in new[] { await Assay("evidence", "verify", "--checkpoint", "saved.txt"), await Assay("evidence", "verify", "log.ndjson", "--checkpoint", "saved.txt") })
        {
            Assert.True(verified.ExitCode == 0, verified.Errors);
            Assert.StartsWith("Intact: ", verified.Output);
        }

        var json = await Assay("evidence", "verify", "log.ndjson", "--output", "json");
        using (var report = JsonDocument.Parse(json.Output))
            Assert.True(report.RootElement.GetProperty("intact").GetBoolean());

        // Somebody with all rights on the file.
        await silo.Kill();
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(silo.Data, "evidence.db")};Pooling=False"))
        {
            connection.Open();
            using var forge = connection.CreateCommand();
            forge.CommandText = "UPDATE batch SET payload = CAST(replace(CAST(payload AS TEXT), 'payments-exporter', 'payments-exp0rter') AS BLOB) WHERE instr(payload, CAST($jti AS BLOB)) > 0";
            forge.Parameters.AddWithValue("$jti", jti);
            Assert.Equal(1, forge.ExecuteNonQuery());
        }

        await silo.Start();
        var found = await Assay("evidence", "verify", "--checkpoint", "saved.txt");
        Assert.Equal(1, found.ExitCode);
        Assert.Contains($"The log is not intact. shard {place.GetProperty("shard")}, position {size - 1}: the record is not the one that was written", found.Errors);
    }
}
