using System.Net;
using Assay.Client;
using Assay.Tests.Shared;

namespace Assay.Cluster.Tests.Deployment;

/// <summary>The published output, run as an operator or a container runs it.</summary>
public sealed class PublishedSiloTests(PublishedOutput published) : IClassFixture<PublishedOutput>
{
    [Fact]
    public async Task It_issues_tokens_as_another_user_from_a_folder_it_cannot_write_to()
    {
        using var work = new WorkFolder();
        File.SetUnixFileMode(work.Path, (UnixFileMode)0b111_101_101);
        var data = Directory.CreateDirectory(work["data"]).FullName;
        var kek = await Secrets(data);
        await Tools.Run("cp", ["-r", Path.Combine(Tools.Checkout, "samples/quickstart"), data]);
        var url = $"http://127.0.0.1:{Ports.Free()}";

        using var silo = await published.Confined(
            data, ["--data", Path.Combine(data, "state"), "--url", url, "--bundle", Path.Combine(data, "quickstart")], new() { ["ASSAY_KEK_FILE"] = kek });
        await Ready(silo, url);
        var health = await Healthy(url, "/health/ready");
        using var client = new AssayClient(new AssayClientOptions
        {
            Issuer = new Uri(url), ClientId = "payments-exporter", Credential = AssayCredential.FromKeyFile(Path.Combine(data, "state/keys/payments-exporter.jwk")),
        });
        var token = await client.RequestTokenAsync("https://payments.example", ["payments:read"]);
        var ended = await silo.Terminate();

        Assert.NotEmpty(token.AccessToken);
        Assert.Equal((0, 0), (health.ExitCode, ended));
        Assert.False(File.Exists("/tmp/written-by-a-silo"));
    }

    [Fact]
    public async Task Its_health_script_fails_when_the_silo_is_not_there_or_does_not_answer_200()
    {
        using var listener = new HttpListener();
        var port = Ports.Free();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        var answering = Answer(listener, 503);
        var unwell = await Healthy($"http://127.0.0.1:{port}", "/health/live");
        await answering;
        answering = Answer(listener, 200);
        var well = await Healthy($"http://127.0.0.1:{port}", "/health/live");
        await answering;
        listener.Stop();

        var gone = await Healthy($"http://127.0.0.1:{port}", "/health/live");

        Assert.Equal((true, 0, true), (unwell.ExitCode != 0, well.ExitCode, gone.ExitCode != 0));
    }

    [Fact]
    public async Task Beyond_loopback_without_a_certificate_it_does_not_start_and_says_why()
    {
        using var work = new WorkFolder();
        File.SetUnixFileMode(work.Path, (UnixFileMode)0b111_101_101);
        var data = Directory.CreateDirectory(work["data"]).FullName;

        using var silo = await published.Confined(
            data,
            ["--data", Path.Combine(data, "state"), "--url", $"http://127.0.0.1:{Ports.Free()}", "--bundle", "none"],
            new() { ["ASSAY_KEK_FILE"] = await Secrets(data), ["Assay__Cluster__Address"] = "0.0.0.0" });
        await silo.Process.WaitForExitAsync();

        Assert.Equal(1, silo.Process.ExitCode);
        Assert.Contains("assay: Assay:Cluster:Address '0.0.0.0' is not loopback: whoever reaches it could call any grain.", silo.Output, StringComparison.Ordinal);
    }

    private static async Task<string> Secrets(string folder)
    {
        Tools.Need("openssl", "openssl");
        var made = await Tools.Run("sh", [Path.Combine(Tools.Checkout, "deploy/secrets.sh"), Path.Combine(folder, "secrets")]);
        Assert.True(made.ExitCode == 0, made.Output);
        return Path.Combine(folder, "secrets/cluster/kek");
    }

    private static Task<Finished> Healthy(string url, string path)
    {
        Tools.Need("bash", "bash");
        var at = new Uri(url);
        return Tools.Run(Path.Combine(Tools.Checkout, "deploy/healthy"), [at.Host, $"{at.Port}", path]);
    }

    private static async Task Answer(HttpListener listener, int status)
    {
        var context = await listener.GetContextAsync();
        context.Response.StatusCode = status;
        context.Response.Close();
    }

    private static async Task Ready(Running silo, string url)
    {
        using var http = new HttpClient();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (true)
        {
            Assert.False(silo.Process.HasExited, silo.Output);
            try
            {
                using var answer = await http.GetAsync(url + "/health/ready", patience.Token);
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // not listening yet
            }

            await Task.Delay(100, patience.Token);
        }
    }
}
