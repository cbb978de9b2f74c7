using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;

namespace Assay.Silo.Interconnect;

/// <summary>The connections that are open, each with the certificate it was accepted for: when an authority is dropped, its certificates' connections end too.</summary>
internal sealed class OpenConnections(ILogger<OpenConnections> log)
{
    private readonly ConcurrentDictionary<ConnectionContext, Peer> peers = new();

    public void Add(ConnectionContext connection, Peer peer) => peers[connection] = peer;

    public void Remove(ConnectionContext connection) => peers.TryRemove(connection, out _);

    /// <summary>Closes those whose other end would not be accepted any more. Orleans opens them again, and is then refused or not by the same rule.</summary>
    public void CheckAgain(X509Certificate2Collection authorities, DateTimeOffset now)
    {
        foreach (var (connection, peer) in peers)
        {
            using var chain = new X509Chain { ChainPolicy = SiloCertificate.Policy(authorities, now) };
            chain.ChainPolicy.ExtraStore.AddRange(peer.Issuers);
            var complete = chain.Build(peer.Certificate);
            if (SiloCertificate.Refusal(peer.Certificate, chain, complete) is not { } refusal)
                continue;
            Log.NoLongerTrusted(log, connection.RemoteEndPoint?.ToString() ?? "an unknown address", refusal.Detail);
            connection.Abort(new ConnectionAbortedException("The certificate of the silo at the other end is no longer trusted."));
        }
    }

    /// <param name="Certificate">What the other end showed.</param>
    /// <param name="Issuers">The certificates between it and the authority.</param>
    public sealed record Peer(X509Certificate2 Certificate, X509Certificate2Collection Issuers);
}
