using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Interconnect;

/// <summary>
/// The connection between two silos, encrypted, each end certain of the other before the first byte reaches Orleans. TLS 1.3 only; nothing is resumed,
/// so that every connection is checked against the certificates of now.
/// </summary>
internal sealed class MutualTls(
    CredentialStore credentials, OpenConnections open, HandshakeSlots slots, Refusals refusals, IOptions<InterconnectOptions> options, TimeProvider clock)
{
    private const int RecordBytes = 16 * 1024; // the largest TLS record (RFC 8446 §5.1)

    private readonly TimeSpan handshakeTimeout = options.Value.HandshakeTimeout;

    /// <summary>For a connection that somebody opened to this silo. Returns without a word to Orleans when it is refused.</summary>
    public async Task Accept(ConnectionContext connection, ConnectionDelegate next)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        if (!slots.TryTake(address))
        {
            refusals.Report(new Refusal(RefusalReason.TooMany, "too many connections have not proved themselves yet"), inbound: true, Remote(connection));
            connection.Abort(new ConnectionAbortedException("Too many handshakes."));
            return;
        }

        Handshake handshake;
        try
        {
            handshake = await Shake(connection, inbound: true);
        }
        finally
        {
            slots.Return(address);
        }

        await using (handshake.Stream)
        {
            if (handshake.Refusal is null)
                await Run(connection, handshake, next);
        }
    }

    /// <summary>For a connection that this silo opened to another.</summary>
    /// <exception cref="AuthenticationException">The other end is not a silo of this cluster.</exception>
    public async Task Connect(ConnectionContext connection, ConnectionDelegate next)
    {
        var handshake = await Shake(connection, inbound: false);
        await using (handshake.Stream)
        {
            if (handshake.Refusal is { } refusal)
                throw new AuthenticationException($"The connection to the silo was given up, because {refusal.Detail}.");
            await Run(connection, handshake, next);
        }
    }

    private async Task<Handshake> Shake(ConnectionContext connection, bool inbound)
    {
        var handshake = new Handshake(new SslStream(new PipeStream(connection.Transport)));
        using var timeout = new CancellationTokenSource(handshakeTimeout, clock);
        try
        {
            if (inbound)
                await handshake.Stream.AuthenticateAsServerAsync(AsServer(handshake), timeout.Token);
            else
                await handshake.Stream.AuthenticateAsClientAsync(AsClient(handshake), timeout.Token);
        }
        catch (Exception fault) // whatever a stranger sends, and whatever it makes the machine say
        {
            handshake.Refusal ??= timeout.IsCancellationRequested
                ? new Refusal(RefusalReason.TooSlow, $"the handshake was not finished within {handshakeTimeout.TotalSeconds:0.###} s")
                : new Refusal(RefusalReason.NotTls, $"the handshake failed ({fault.GetBaseException().Message.TrimEnd('.')})");
            refusals.Report(handshake.Refusal, inbound, Remote(connection));
            if (handshake.Refusal.Reason == RefusalReason.TooSlow)
                connection.Abort(new ConnectionAbortedException("The handshake took too long.")); // others are left to read why
        }

        return handshake;
    }

    private async Task Run(ConnectionContext connection, Handshake handshake, ConnectionDelegate next)
    {
        var plain = connection.Transport;
        var tls = new DuplexPipe(
            PipeReader.Create(handshake.Stream, new StreamPipeReaderOptions(bufferSize: RecordBytes, minimumReadSize: RecordBytes / 4, leaveOpen: true)),
            PipeWriter.Create(handshake.Stream, new StreamPipeWriterOptions(minimumBufferSize: RecordBytes, leaveOpen: true)));
        connection.Transport = tls;
        open.Add(connection, handshake.Peer!);
        try
        {
            await next(connection);
        }
        finally
        {
            open.Remove(connection);
            connection.Transport = plain; // whoever made it closes it

            // With a reason, so that nothing that was left is written any more.
            var over = new ConnectionAbortedException();
            await tls.Input.CompleteAsync(over);
            await tls.Output.CompleteAsync(over);
        }
    }

    private SslServerAuthenticationOptions AsServer(Handshake handshake)
    {
        var mine = credentials.Current;
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = mine.Own,
            ClientCertificateRequired = true,
            CertificateChainPolicy = SiloCertificate.Policy(mine.Authorities, clock.GetUtcNow()),
            RemoteCertificateValidationCallback = handshake.Check,
            EnabledSslProtocols = SslProtocols.Tls13,
            EncryptionPolicy = EncryptionPolicy.RequireEncryption,
            AllowTlsResume = false,
            AllowRenegotiation = false,
        };
    }

    private SslClientAuthenticationOptions AsClient(Handshake handshake)
    {
        var mine = credentials.Current;
        return new SslClientAuthenticationOptions
        {
            TargetHost = SiloCertificate.Name,
            ClientCertificateContext = mine.Own,
            CertificateChainPolicy = SiloCertificate.Policy(mine.Authorities, clock.GetUtcNow()),
            RemoteCertificateValidationCallback = handshake.Check,
            EnabledSslProtocols = SslProtocols.Tls13,
            EncryptionPolicy = EncryptionPolicy.RequireEncryption,
            AllowTlsResume = false,
            AllowRenegotiation = false,
        };
    }

    private static string Remote(ConnectionContext connection) => connection.RemoteEndPoint?.ToString() ?? "an unknown address";

    /// <summary>One handshake and what came of it: the other end, or why it is not one of ours.</summary>
    private sealed class Handshake(SslStream stream)
    {
        public SslStream Stream { get; } = stream;

        public OpenConnections.Peer? Peer { get; private set; }

        public Refusal? Refusal { get; set; }

        public bool Check(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            var shown = certificate as X509Certificate2;
            Refusal = SiloCertificate.Refusal(shown, chain, (errors & SslPolicyErrors.RemoteCertificateChainErrors) == 0);
            if (Refusal is not null)
                return false;

            // Copies: the stream's own end with the handshake.
            var issuers = new X509Certificate2Collection();
            foreach (var element in chain!.ChainElements.Skip(1))
                issuers.Add(X509CertificateLoader.LoadCertificate(element.Certificate.RawDataMemory.Span));
            Peer = new OpenConnections.Peer(X509CertificateLoader.LoadCertificate(shown!.RawDataMemory.Span), issuers);
            return true;
        }
    }

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
