using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Assay.Silo.Interconnect;
using Assay.Silo.Tests.Running;
using Assay.Silo.Tests.Storage;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Tests.Interconnect;

/// <summary>A silo that connects to an address where somebody else answers.</summary>
[Collection(Undisturbed.Collection)]
public sealed class ImpostorTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TestAuthority authority = new();
    private readonly LogLines log = new();
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public void Dispose()
    {
        services.Dispose();
        authority.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_silo_of_the_cluster_is_believed()
    {
        var orleansSaw = await Connect(authority.Issue());

        Assert.True(orleansSaw);
    }

    public static TheoryData<string, string> Impostors => new()
    {
        { "other authority", "'CN=stranger' was not issued by the cluster's authority" },
        { "expired", "'CN=stranger' or its issuer is not valid now" },
        { "server only", "'CN=stranger' is not issued for use as both client and server" },
        { "other name", "'CN=stranger' does not name silo.assay.internal" },
        { "plain", "the handshake failed" },
        { "silent", "the handshake was not finished within 1 s" },
    };

    [Theory]
    [MemberData(nameof(Impostors))]
    public async Task An_impostor_gets_nothing(string kind, string reason)
    {
        using var other = new TestAuthority("Another authority");
        var shown = kind switch
        {
            "other authority" => other.Issue("stranger"),
            "expired" => authority.Issue("stranger", fromDays: -30, toDays: -1),
            "server only" => authority.Issue("stranger", uses: [TestAuthority.ServerUse]),
            "other name" => authority.Issue("stranger", name: "web.example"),
            _ => null,
        };

        var fault = await Assert.ThrowsAsync<AuthenticationException>(() => Connect(shown, silent: kind == "silent"));

        Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
        Assert.Contains(reason, Assert.Single(log.Of("Assay")), StringComparison.Ordinal);
    }

    /// <summary>Runs the outbound middleware against a server that shows the certificate, answers plainly, or says nothing.</summary>
    private async Task<bool> Connect(IssuedCertificate? shown, bool silent = false)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var server = await listener.AcceptTcpClientAsync();
        var serving = silent ? Task.CompletedTask : Serve(server.GetStream(), shown);

        var stream = client.GetStream();
        var context = new DefaultConnectionContext("test", new Pair(PipeReader.Create(stream), PipeWriter.Create(stream)), null!) { RemoteEndPoint = listener.LocalEndpoint };
        var orleansSaw = false;
        await Middleware(silent).Connect(context, _ =>
        {
            orleansSaw = true;
            return Task.CompletedTask;
        });
        await serving;
        return orleansSaw;
    }

    private static async Task Serve(NetworkStream stream, IssuedCertificate? shown)
    {
        if (shown is null)
        {
            await stream.WriteAsync("220 mail.example ready\r\n"u8.ToArray());
            return;
        }

        await using var tls = new SslStream(stream);
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = shown.Context(),
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            });
        }
        catch (Exception fault) when (fault is IOException or AuthenticationException)
        {
            // refused by the other end
        }
    }

    private MutualTls Middleware(bool silent)
    {
        var files = new CertificateFiles(folder.Path);
        files.Write(authority.Issue(), authority);
        var settings = files.Options;

        // Short only where the timeout is what is tested: the first handshake of a process on a busy machine takes its time.
        settings.HandshakeTimeout = TimeSpan.FromSeconds(silent ? 1 : 60);
        var options = Options.Create(settings);
        var meters = services.GetRequiredService<IMeterFactory>();
        var open = new OpenConnections(log.For<OpenConnections>());
        return new MutualTls(
            new CredentialStore(options, open, TimeProvider.System, meters, log.For<CredentialStore>()),
            open, new HandshakeSlots(), new Refusals(TimeProvider.System, meters, log.For<Refusals>()), options, TimeProvider.System);
    }

    private sealed record Pair(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
