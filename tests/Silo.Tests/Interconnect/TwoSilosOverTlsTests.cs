using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Assay.Silo.Tests.Running;
using Orleans.Runtime;

namespace Assay.Silo.Tests.Interconnect;

/// <summary>Real silos over real sockets, and whoever else comes to the silo port.</summary>
[Collection(Undisturbed.Collection)]
public sealed class TwoSilosOverTlsTests : IAsyncLifetime
{
    private readonly TestAuthority authority = new();
    private TlsSilo first = null!;
    private TlsSilo second = null!;

    public async ValueTask InitializeAsync()
    {
        first = TlsSilo.Create(authority.Issue("silo-1"), authority);
        await first.Start();
        second = TlsSilo.Create(authority.Issue("silo-2"), authority, first);
        await second.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await second.DisposeAsync();
        await first.DisposeAsync();
        authority.Dispose();
    }

    [Fact]
    public async Task Silos_of_one_authority_form_a_cluster_and_call_each_other()
    {
        Assert.Equal(2, await first.Answers());
        Assert.Equal(2, await second.Answers());
        Assert.Empty(first.Log.Of("Assay"));
        Assert.Empty(second.Log.Of("Assay"));
    }

    [Fact]
    public async Task A_silo_that_stops_says_goodbye_to_the_others()
    {
        Assert.Equal(2, await first.Answers());
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));

        await second.Stop(patience.Token);

        Assert.False(patience.IsCancellationRequested);
        Assert.Equal(1, await first.Answers());
        Assert.Empty(first.Log.Of("Assay"));
    }

    [Fact]
    public async Task What_is_on_the_wire_is_TLS_1_3()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, first.Port);
        await using var older = new SslStream(socket.GetStream());

        await Assert.ThrowsAnyAsync<Exception>(() => older.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "silo.assay.internal",
            EnabledSslProtocols = SslProtocols.Tls12,
            ClientCertificateContext = authority.Issue().Context(),
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        }));

        Assert.Contains("the handshake failed", await first.Log.Next("was refused"), StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Strangers => new()
    {
        { "none", "it showed no certificate" },
        { "other authority", "'CN=stranger' was not issued by the cluster's authority" },
        { "namesake authority", "'CN=stranger' was not issued by the cluster's authority" },
        { "expired", "'CN=stranger' or its issuer is not valid now" },
        { "not yet valid", "'CN=stranger' or its issuer is not valid now" },
        { "client only", "'CN=stranger' is not issued for use as both client and server" },
        { "no use", "'CN=stranger' is not issued for use as both client and server" },
        { "other name", "'CN=stranger' does not name silo.assay.internal" },
        { "no name", "'CN=stranger' does not name silo.assay.internal" },
    };

    [Theory]
    [MemberData(nameof(Strangers))]
    public async Task A_stranger_is_refused_and_the_log_says_why(string certificate, string reason)
    {
        using var other = new TestAuthority("Another authority");
        using var namesake = new TestAuthority();
        var shown = certificate switch
        {
            "none" => null,
            "other authority" => other.Issue("stranger"),
            "namesake authority" => namesake.Issue("stranger"),
            "expired" => authority.Issue("stranger", fromDays: -30, toDays: -1),
            "not yet valid" => authority.Issue("stranger", fromDays: 1, toDays: 30),
            "client only" => authority.Issue("stranger", uses: [TestAuthority.ClientUse]),
            "no use" => authority.Issue("stranger", uses: []),
            "other name" => authority.Issue("stranger", name: "web.example"),
            "no name" => authority.Issue("stranger", name: null),
            _ => throw new ArgumentOutOfRangeException(nameof(certificate)),
        };

        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, first.Port);
        await using var stream = new SslStream(socket.GetStream());

        Assert.Equal(0, await BytesAfterHandshake(stream, shown));
        Assert.Contains(reason, await first.Log.Next("was refused"), StringComparison.Ordinal);
        Assert.Equal(2, await first.Answers());
    }

    [Fact]
    public async Task Whoever_does_not_speak_TLS_is_refused()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, first.Port);

        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: silo\r\n\r\n"));

        Assert.DoesNotContain("HTTP", Encoding.ASCII.GetString(await UntilClosed(socket.GetStream())), StringComparison.Ordinal);
        Assert.Contains("the handshake failed", await first.Log.Next("was refused"), StringComparison.Ordinal);
        Assert.Equal(2, await first.Answers());
    }

    [Fact]
    public async Task Whoever_never_finishes_the_handshake_is_cut_off()
    {
        await using var impatient = await Impatient();
        using var silent = new TcpClient();
        await silent.ConnectAsync(IPAddress.Loopback, impatient.Port);
        using var half = new TcpClient();
        await half.ConnectAsync(IPAddress.Loopback, impatient.Port);
        await half.GetStream().WriteAsync(new byte[] { 0x16, 0x03, 0x01, 0x02, 0x00, 0x01 }); // the first bytes of a ClientHello

        Assert.Empty(await UntilClosed(silent.GetStream()));
        Assert.Empty(await UntilClosed(half.GetStream()));
        Assert.Contains("the handshake was not finished within 1 s", await impatient.Log.Next("was refused"), StringComparison.Ordinal);
        Assert.Equal(3, await first.Answers());
    }

    [Fact]
    public async Task One_address_cannot_hold_more_handshakes_than_its_share()
    {
        await using var impatient = await Impatient();
        var crowd = new List<TcpClient>();
        for (var i = 0; i < Silo.Interconnect.HandshakeSlots.PerAddress; i++)
        {
            crowd.Add(new TcpClient());
            await crowd[i].ConnectAsync(IPAddress.Loopback, impatient.Port);
        }

        using var tooMany = new TcpClient();
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await tooMany.ConnectAsync(IPAddress.Loopback, impatient.Port); // may be closed again before it is known to be open
            await tooMany.GetStream().ReadExactlyAsync(new byte[1]);
        });

        Assert.Contains("too many connections have not proved themselves yet", await impatient.Log.Next("was refused"), StringComparison.Ordinal);
        foreach (var one in crowd)
        {
            Assert.Empty(await UntilClosed(one.GetStream()));
            one.Dispose();
        }

        Assert.Equal(3, await first.Answers());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_silo_without_a_certificate_of_the_authority_does_not_join(bool hasOne)
    {
        using var other = new TestAuthority("Another authority");
        await using var stranger = TlsSilo.Create(hasOne ? other.Issue("stranger") : null, other, first);
        using var given = new CancellationTokenSource();
        var joining = stranger.Start(given.Token);

        await first.Log.Next("was refused");

        Assert.Equal(2, (await first.Members()).Length);
        Assert.False(joining.IsCompletedSuccessfully);
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => joining);
        Assert.Equal(2, (await second.Members()).Length);
    }

    [Fact]
    public async Task Certificates_and_their_authority_are_rolled_while_the_silos_run()
    {
        using var next = new TestAuthority("Next authority");
        await Roll(authority.Issue("silo-1"), authority.Issue("silo-2"), authority, next); // both believed
        await Roll(next.Issue("silo-1"), next.Issue("silo-2"), authority, next); // the new one shown
        await Roll(next.Issue("silo-1"), next.Issue("silo-2"), next); // the old one gone

        await using var third = TlsSilo.Create(next.Issue("silo-3"), next, first);
        await third.Start();
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, first.Port);
        await using var stream = new SslStream(socket.GetStream());

        Assert.Equal(3, await first.Answers());
        Assert.Equal(0, await BytesAfterHandshake(stream, authority.Issue("stranger")));
        Assert.Contains("'CN=stranger' was not issued by the cluster's authority", await first.Log.Next("was refused"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_an_authority_is_dropped_the_connections_of_its_certificates_end()
    {
        using var next = new TestAuthority("Next authority");
        Assert.Equal(2, await first.Answers());

        first.Files.Write(next.Issue("silo-1"), next);

        Assert.Contains("'CN=silo-2' was not issued by the cluster's authority", await first.Log.Next("was closed"), StringComparison.Ordinal);
        second.Files.Write(next.Issue("silo-2"), next);
        await second.Log.Next("was reloaded");
        Assert.Equal(2, await AnswersAgain());
    }

    /// <summary>A third silo, which waits a second for a handshake: only where that is what is tested, because a busy machine may take longer.</summary>
    private async Task<TlsSilo> Impatient()
    {
        var third = TlsSilo.Create(authority.Issue("silo-3"), authority, first, handshakeTimeout: "00:00:01");
        await third.Start();
        return third;
    }

    /// <summary>A connection that was begun with the old certificate may still be about to fail, and takes what waits for it along.</summary>
    private async Task<int> AnswersAgain()
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return await first.Answers();
            }
            catch (Exception fault) when ((fault is OrleansMessageRejectionException && tries < 50) || (fault is TimeoutException && tries < 12)) // the latter when it was lost on its way
            {
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }
        }
    }

    private async Task Roll(IssuedCertificate firsts, IssuedCertificate seconds, params TestAuthority[] authorities)
    {
        first.Files.Write(firsts, authorities);
        second.Files.Write(seconds, authorities);
        await first.Log.Next("was reloaded");
        await second.Log.Next("was reloaded");
        Assert.Equal(2, await AnswersAgain());
    }

    /// <summary>In TLS 1.3 a client learns only after its own handshake what the server thinks of its certificate.</summary>
    private static async Task<int> BytesAfterHandshake(SslStream stream, IssuedCertificate? shown)
    {
        try
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "silo.assay.internal",
                ClientCertificateContext = shown?.Context(),
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            });
            return await stream.ReadAsync(new byte[1024]);
        }
        catch (Exception fault) when (fault is IOException or AuthenticationException)
        {
            return 0;
        }
    }

    private static async Task<byte[]> UntilClosed(NetworkStream stream)
    {
        using var all = new MemoryStream();
        try
        {
            await stream.CopyToAsync(all);
        }
        catch (IOException)
        {
            // reset: closed all the same
        }

        return all.ToArray();
    }
}
