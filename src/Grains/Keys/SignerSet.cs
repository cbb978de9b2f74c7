using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Assay.Grains.Keys;

/// <summary>
/// The keys a silo can sign with, of every purpose, each with the moments between which it may. Immutable; a shared <see cref="ECDsa"/> per key is thread-safe.
/// </summary>
public sealed class SignerSet(ImmutableArray<SignerKey> keys)
{
    public static SignerSet Empty { get; } = new([]);

    public ImmutableArray<SignerKey> Keys { get; } = keys;

    /// <summary>The key of a purpose that signs at this moment; null when there is none: what it would have signed is refused.</summary>
    public SignerKey? At(string purpose, DateTimeOffset now)
    {
        SignerKey? found = null;
        foreach (var key in Keys)
        {
            if (key.Purpose == purpose && key.From <= now && now < key.Until && (found is null || key.From > found.From))
                found = key;
        }

        return found;
    }
}

/// <param name="Purpose">One of <see cref="KeyPurposes"/>.</param>
/// <param name="PublishedUntil">Nothing it signs may have to be believed beyond this.</param>
public sealed record SignerKey(string KeyId, string Purpose, DateTimeOffset From, DateTimeOffset Until, DateTimeOffset PublishedUntil, ECDsa PrivateKey);

/// <summary>Where a silo keeps the signer in use; swapped whole.</summary>
public interface ISignerSlot
{
    SignerSet Current { get; }

    void Swap(SignerSet signers);
}
