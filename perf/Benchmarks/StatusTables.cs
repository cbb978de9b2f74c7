using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Assay.Core.Jose;
using Assay.Core.Revocation;
using Assay.Core.StatusLists;
using Assay.Core.Tokens;

namespace Assay.Benchmarks;

/// <summary>What a live token costs in status lists, how long what was revoked is looked for, and how large lists are. Times are of the processor, so that other work on the machine does not count.</summary>
internal static class StatusTables
{
    private const int Live = 10_000_000;
    private const int Identities = 10_000;

    public static void Print()
    {
        PrintClaims();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var started = Environment.CpuUsage.TotalTime;
        var tables = Fill();
        var elapsed = Environment.CpuUsage.TotalTime - started;
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.WriteLine($"{Live:N0} tokens in {tables.Count} lists: {bytes / 1e6:N0} MB, {(double)bytes / Live:F1} bytes each; {elapsed.TotalNanoseconds / Live:N0} ns to place one");

        PrintSweep(tables, "an identity that has no token", [Handle(Identities + 1)], []);
        PrintSweep(tables, "a single token", [], [Live / 2]);
        PrintSweep(tables, "an identity", [Handle(1)], []);
        PrintSweep(tables, "1,000 identities", [.. Enumerable.Range(2, 1_000).Select(Handle)], []);
        PrintSweep(tables, "the key of all of them", [Handle(-2)], []);
        foreach (var revoked in (int[])[0, 1, 10, 100, 1_000, 10_486, 104_858, 524_288])
            PrintSize(revoked);
    }

    /// <summary>The claims of a token, and of them the status.</summary>
    private static void PrintClaims()
    {
        const int rounds = 2_000_000;
        var status = new StatusReference(new StatusListAddress("AAAAAAAAAAAAAAAAAAAAAA", "https://issuer.example/status-lists/AAAAAAAAAAAAAAAAAAAAAA"), 123_456);
        var claims = new AccessTokenClaims(
            "https://issuer.example", "payments-exporter", "https://payments.example", ["payments:read"], DateTimeOffset.UnixEpoch, TimeSpan.FromMinutes(5));
        var provenance = new byte[Provenance.TextLength(2)].AsSpan();
        provenance.Fill((byte)'A');
        var buffer = new ArrayBufferWriter<byte>(2048);
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = false });
        for (var round = 0; round < 3; round++) // the last one counts: by then all is compiled for good
        {
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var started = Environment.CpuUsage.TotalTime;
            for (var i = 0; i < rounds; i++)
            {
                buffer.ResetWrittenCount();
                json.Reset(buffer);
                claims.WriteTo(json, "AAAAAAAAAAAAAAAAAAAAAA"u8, provenance, status);
                json.Flush();
            }

            var whole = Environment.CpuUsage.TotalTime - started;
            var length = buffer.WrittenCount;
            started = Environment.CpuUsage.TotalTime;
            for (var i = 0; i < rounds; i++)
            {
                buffer.ResetWrittenCount();
                json.Reset(buffer);
                json.WriteStartObject();
                json.WriteStartObject("status"u8);
                json.WriteStartObject("status_list"u8);
                json.WriteNumber("idx"u8, status.Index);
                json.WriteString("uri"u8, status.List.Uri);
                json.WriteEndObject();
                json.WriteEndObject();
                json.WriteEndObject();
                json.Flush();
            }

            var part = Environment.CpuUsage.TotalTime - started;
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            if (round == 2)
            {
                Console.WriteLine(
                    $"claims of a token: {whole.TotalNanoseconds / rounds:N0} ns, {length} bytes; of which status {part.TotalNanoseconds / rounds:N0} ns at most, {buffer.WrittenCount - 1} bytes, " +
                    $"{Base64UrlText.EncodedLength(length) - Base64UrlText.EncodedLength(length - buffer.WrittenCount + 1)} of the token; {allocated / 2.0 / rounds:F2} bytes allocated");
            }
        }
    }

    private static List<StatusTable> Fill()
    {
        var key = RandomNumberGenerator.GetBytes(32);
        var tables = new List<StatusTable>();
        for (var i = 0; i < Live; i++)
        {
            var token = new StatusEntry(i, 10, 1_700_000_000, 1_700_000_300, Handle(i % Identities), Handle(i % Identities + Identities * 2), Handle(-1), Handle(-2));
            if (tables.Count > 0 && tables[^1].Add(token) >= 0)
                continue;
            tables.Add(new StatusTable(key, $"list {tables.Count}", token));
            tables[^1].Add(token);
        }

        return tables;
    }

    private static void PrintSweep(List<StatusTable> tables, string what, ulong[] handles, long[] positions)
    {
        var started = Environment.CpuUsage.TotalTime;
        var sweep = new StatusSweep([.. handles.Select(handle => new RevocationEntry(handle, 11, null, default))], positions);
        var ended = tables.Sum(table => table.Apply(sweep));
        Console.WriteLine($"search for {what}: {(Environment.CpuUsage.TotalTime - started).TotalMilliseconds:N0} ms, {ended:N0} ended");
    }

    private static void PrintSize(int revoked)
    {
        var list = new byte[StatusTable.Capacity / 8];
        var random = new Random(1);
        for (var left = revoked; left > 0;)
        {
            var index = random.Next(StatusTable.Capacity);
            if ((list[index / 8] & 1 << index % 8) != 0)
                continue;
            list[index / 8] |= (byte)(1 << index % 8);
            left--;
        }

        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var header = new JwsHeaderSegment(JoseAlg.ES256, JoseType.StatusList, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        var started = Environment.CpuUsage.TotalTime;
        var token = StatusListToken.Sign(list, "https://issuer.example/status-lists/AAAAAAAAAAAAAAAAAAAAAA", "https://issuer.example/status-lists", DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(60), header, pair);
        Console.WriteLine($"list of {StatusTable.Capacity:N0} with {revoked:N0} revoked: {token.Length:N0} bytes signed, {(Environment.CpuUsage.TotalTime - started).TotalMilliseconds:N1} ms to make");
    }

    /// <summary>Spread as handles are.</summary>
    private static ulong Handle(int of) => unchecked((ulong)of * 0x9E3779B97F4A7C15 ^ 0xD1B54A32D192ED03);
}
