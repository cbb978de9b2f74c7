using System.Collections.Immutable;
using System.Security.Cryptography;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Microsoft.Extensions.Logging;
using Orleans.Placement;

namespace Assay.Grains.Keys;

/// <summary>Driven by a hosted service on its own silo, so it is placed there and never collected for idleness while that silo serves.</summary>
[GrainType("signing"), PreferLocalPlacement, Immovable]
internal sealed class SigningGrain(SiloView silo, ISignerSlot slot, IKeyVault vault, ILogger<SigningGrain> log) : Grain, ISigningGrain
{
    private readonly Dictionary<string, ECDsa> unwrapped = new(StringComparer.Ordinal);

    public Task Follow()
    {
        // The newest one also while the lease has lapsed: a withdrawn key is dropped before its withdrawal is acknowledged, whatever else is wrong.
        if (silo.Newest is not { } view)
            return Task.CompletedTask;

        var keys = ImmutableArray.CreateBuilder<SignerKey>();
        foreach (var key in view.Keys)
        {
            if (key is { WithdrawnAt: null, ActivatesAt: { } from }
                && Unwrap(key) is { } privateKey)
            {
                keys.Add(new SignerKey(
                    key.KeyId, key.Purpose, from, key.RetiresAt ?? DateTimeOffset.MaxValue, key.RemovedAt ?? DateTimeOffset.MaxValue, privateKey));
            }
        }

        slot.Swap(new SignerSet(keys.DrainToImmutable()));
        return Task.CompletedTask;
    }

    private ECDsa? Unwrap(SigningKey key)
    {
        if (unwrapped.TryGetValue(key.KeyId, out var known))
            return known;

        byte[] pkcs8;
        try
        {
            pkcs8 = vault.Unwrap(key.KeyId, key.WrappedPrivateKey);
        }
        catch (CryptographicException fault)
        {
            Log.KeyCannotBeUnwrapped(log, key.KeyId, fault.Message);
            return null; // the others may still sign; with none of them issuance is refused
        }

        try
        {
            var pair = ECDsa.Create();
            pair.ImportPkcs8PrivateKey(pkcs8, out _);
            return unwrapped[key.KeyId] = pair;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }
}
