using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Assay.Grains.Keys;

/// <summary>
/// The keys a silo can sign with, each with the moments between which it may. Immutable; a shared <see cref="ECDsa"/> per key is thread-safe.
/// </summary>
public sealed class SignerSet(ImmutableArray<SignerKey> keys)
{
    public static SignerSet Empty { get; } = new([]);

    public ImmutableArray<SignerKey> Keys { get; } = keys;

    /// <summary>The key that signs at this moment; null when there is none, which refuses issuance.</summary>
    public SignerKey? At(DateTimeOffset now)
    {
        SignerKey? found = null;
        foreach (var key in Keys)
        {
            if (key.From <= now && now < key.Until && (found is null || key.From > found.From))
                found = key;
        }

        return found;
    }
}

/// <param name="PublishedUntil">No token may outlive this.</param>
public sealed record SignerKey(string KeyId, DateTimeOffset From, DateTimeOffset Until, DateTimeOffset PublishedUntil, ECDsa PrivateKey);

/// <summary>Where a silo keeps the signer in use; swapped whole.</summary>
public interface ISignerSlot
{
    SignerSet Current { get; }

    void Swap(SignerSet signers);
}
