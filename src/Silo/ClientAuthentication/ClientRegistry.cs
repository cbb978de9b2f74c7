using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;
using Assay.Core.Jose;
using Assay.Core.Registry;
using Assay.Grains.Authority;

namespace Assay.Silo.ClientAuthentication;

/// <summary>
/// Public keys and secret hashes of clients, cached on the receiving silo so that no grain is activated for an unverified client. Kept until the feed names the
/// identity, so as old as this silo's state; the identity's grain is the authority and refuses a credential it no longer holds. A client that is unknown, or shows a credential that is
/// unknown here, is read again at most once per <see cref="RereadInterval"/>, and once more when this silo has learned of a change since: who was
/// told that a credential was added can use it.
/// </summary>
internal sealed class ClientRegistry
{
    /// <summary>Identities that a silo keeps at once: more than can live on one.</summary>
    public const int Capacity = 2_000_000;

    /// <summary>Names that nobody has; callers make them up.</summary>
    public const int UnknownCapacity = 200_000;

    public static readonly TimeSpan RereadInterval = TimeSpan.FromSeconds(1);

    private readonly IAuthorityStore store;
    private readonly SiloView silo;
    private readonly TimeProvider clock;
    private readonly ConcurrentDictionary<string, Entry> clients = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Entry> unknown = new(StringComparer.Ordinal);
    private long changes;

    public ClientRegistry(IAuthorityStore store, SiloView silo, TimeProvider clock)
    {
        (this.store, this.silo, this.clock) = (store, silo, clock);
        silo.Listen(Forget);
    }

    /// <summary>The cached entry, read when there is none.</summary>
    public ValueTask<RegisteredClient?> Find(string realm, string clientId, CancellationToken cancellationToken) =>
        clients.TryGetValue(clientId, out var entry) || (unknown.TryGetValue(clientId, out entry) && IsRecent(entry))
            ? new(entry.Client)
            : Read(realm, clientId, cancellationToken);

    /// <summary>Reads again for a credential that is not in the cached entry, unless that was done a moment ago.</summary>
    public ValueTask<RegisteredClient?> FindAgain(string realm, string clientId, CancellationToken cancellationToken) =>
        (clients.TryGetValue(clientId, out var entry) || unknown.TryGetValue(clientId, out entry)) && IsRecent(entry)
            ? new(entry.Client)
            : Read(realm, clientId, cancellationToken);

    private bool IsRecent(Entry entry) => clock.GetElapsedTime(entry.ReadAt) < RereadInterval && entry.Number == silo.Newest?.Number;

    private async ValueTask<RegisteredClient?> Read(string realm, string clientId, CancellationToken cancellationToken)
    {
        if (RegistryText.IdFault(clientId) is not null)
            return null; // nobody can have it: callers make up long ones, and ones that a database refuses

        var (readAt, number, before) = (clock.GetTimestamp(), silo.Newest?.Number, Interlocked.Read(ref changes));
        var stored = await store.Read(new ObjectKey(realm, ObjectKinds.Identity, clientId), cancellationToken);
        var client = stored is null or { IsDeleted: true } ? null : RegisteredClient.From(RegistryJson.ReadIdentity(stored.Body.Span));

        // Bounded by starting over: a flood of made-up names costs re-reads of such names, never memory, and takes no client's place.
        var (entries, other, most) = client is null ? (unknown, clients, UnknownCapacity) : (clients, unknown, Capacity);
        other.TryRemove(clientId, out _);
        if (entries.Count >= most)
            entries.Clear();
        var entry = entries[clientId] = new Entry(client, readAt, number);

        // Either this sees that something changed meanwhile, or whoever forgets what changed sees the entry.
        if (Interlocked.Read(ref changes) != before)
            entries.TryRemove(KeyValuePair.Create(clientId, entry));
        return client;
    }

    private void Forget(ImmutableArray<FeedEntry> changed)
    {
        Interlocked.Increment(ref changes);
        foreach (var change in changed)
        {
            foreach (var key in change.Keys)
            {
                if (key.Kind == ObjectKinds.Identity)
                {
                    clients.TryRemove(key.Id, out _);
                    unknown.TryRemove(key.Id, out _);
                }
            }
        }
    }

    /// <param name="Number">The change of the feed up to which this silo had come.</param>
    private sealed record Entry(RegisteredClient? Client, long ReadAt, long? Number);
}

/// <summary>What is needed to check a client's proof.</summary>
internal sealed class RegisteredClient
{
    private readonly (string Handle, byte[] Jwk)[] jwks;
    private ClientKeys? keys;

    private RegisteredClient((string Handle, byte[] Jwk)[] jwks, ClientSecret[] secrets)
    {
        this.jwks = jwks;
        Secrets = secrets;
    }

    /// <summary>Parsed when they are asked for first: to see that a point lies on its curve costs more than the request, and who shows a secret needs no key.</summary>
    public ClientKeys Keys => Volatile.Read(ref keys) ?? LazyInitializer.EnsureInitialized(ref keys, () => ClientKeys.Parse(jwks));

    public ClientSecret[] Secrets { get; }

    public static RegisteredClient From(Identity identity)
    {
        var secrets = new List<ClientSecret>();
        var jwks = new List<(string Handle, byte[] Jwk)>();
        foreach (var credential in identity.Credentials)
        {
            if (credential.RevokedAt is not null || credential.FrozenAt is not null)
                continue;
            if (credential is { Kind: CredentialKind.PublicKey, PublicJwk: { } jwk })
                jwks.Add((credential.Handle, Encoding.UTF8.GetBytes(jwk)));
            else if (credential is { Kind: CredentialKind.Secret, SecretHash: { } hash })
                secrets.Add(new ClientSecret(credential.Handle, System.Buffers.Text.Base64Url.DecodeFromChars(hash)));
        }

        return new RegisteredClient([.. jwks], [.. secrets]);
    }
}

/// <summary>The public keys of a client that may be used, ready to verify with.</summary>
internal sealed class ClientKeys
{
    private readonly Dictionary<string, ClientKey> byName = new(StringComparer.Ordinal);

    private ClientKeys()
    {
    }

    /// <summary>The key meant by an assertion without <c>kid</c>: there is exactly one.</summary>
    public ClientKey? Only { get; private set; }

    /// <summary>By thumbprint or by <c>kid</c>; null when there is none.</summary>
    public ClientKey? Find(string name) => byName.GetValueOrDefault(name);

    public static ClientKeys Parse((string Handle, byte[] Jwk)[] jwks)
    {
        var keys = new ClientKeys();
        var count = 0;
        foreach (var (handle, jwk) in jwks)
        {
            if (JsonWebKey.ParsePublic(Encoding.UTF8.GetString(jwk), out _) is not { IsAllowed: true } parsed)
                continue;
            var key = new ClientKey(handle, parsed.Verifier);
            keys.Only = ++count == 1 ? key : null;
            keys.byName[handle] = key;
            keys.byName.TryAdd(parsed.Kid, key);
        }

        return keys;
    }
}

internal sealed record ClientKey(string Handle, SignatureVerifier Verifier);

internal sealed class ClientSecret(string handle, byte[] hash)
{
    private ClientProof.Proved? proof; // of the way it was shown last

    public string Handle => handle;

    public byte[] Hash => hash;

    /// <summary>What it proves, of whoever showed it.</summary>
    public ClientProof.Proved ProofOf(string clientId, string method)
    {
        var known = proof;
        return known is not null && known.Method == method && known.ClientId == clientId ? known : proof = new(clientId, method, handle, null, default);
    }
}
