using System.Diagnostics;
using Assay.Client.Tests.Documentation;
using Assay.Cluster.Tests.Running;

namespace Assay.Client.Tests.Packaging;

/// <summary>samples/native-job against an issuer and an API. The compiler checks in every build that it could be native.</summary>
public sealed class NativeJobTests
{
    private const string Narrowed = """{"access_token":"token-1","token_type":"Bearer","expires_in":300,"scope":"ledger:read"}""";

    [Fact]
    public Task The_job_says_what_it_was_granted_and_what_the_API_answered() =>
        Runs("dotnet", Path.Combine(Checkout.Output("samples/native-job"), "Assay.NativeJob.dll"));

    [Fact]
    public async Task Published_it_is_one_native_program_that_does_the_same()
    {
        Assert.SkipUnless(LongTests.Wanted, "takes a minute: set ASSAY_LONG_TESTS=1");
        var folder = Directory.CreateTempSubdirectory("assay-native-").FullName;
        try
        {
            var (published, said) = await Run(new ProcessStartInfo("dotnet", [
                "publish", Path.Combine(Checkout.Root, "samples", "native-job"), "--nologo", "--output", Path.Combine(folder, "job"), "--artifacts-path", Path.Combine(folder, "built")]));
            Assert.True(published == 0, said);
            Assert.Empty(Directory.GetFiles(Path.Combine(folder, "job"), "*.dll"));

            await Runs(Path.Combine(folder, "job", "Assay.NativeJob"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task Runs(string program, params string[] arguments)
    {
        await using var issuer = await Issuer.Start();
        issuer.Token = context => Issuer.Json(context, Narrowed);
        string? presented = null;
        issuer.Others["/rows"] = context =>
        {
            presented = context.Request.Headers.Authorization;
            return Issuer.Json(context, "[]");
        };
        var secret = Path.GetTempFileName();
        await File.WriteAllTextAsync(secret, "for-tests");

        var start = new ProcessStartInfo(program, [.. arguments, issuer.Url + "/rows", "https://ledger.example", "ledger:read", "ledger:close"]);
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("ASSAY_", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(name);
        (start.Environment["ASSAY_ISSUER"], start.Environment["ASSAY_CLIENT_ID"], start.Environment["ASSAY_CLIENT_SECRET_FILE"]) = (issuer.Url, "nightly-close", secret);
        var (ended, said) = await Run(start);
        File.Delete(secret);

        Assert.Equal((0, "granted: ledger:read\nwithheld: ledger:close\n200 []\n", "Bearer token-1"), (ended, said.ReplaceLineEndings("\n"), presented));
        Assert.Equal(1, issuer.TokenRequests);
    }

    private static async Task<(int ExitCode, string Said)> Run(ProcessStartInfo start)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }
}
