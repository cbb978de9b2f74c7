using System.Security.Cryptography;
using Assay.Silo.Signing;

namespace Assay.Silo.Tests.Signing;

public sealed class KeyVaultTests : IDisposable
{
    private readonly KeyVault vault = new(RandomNumberGenerator.GetBytes(32));

    public void Dispose() => vault.Dispose();

    [Fact]
    public void What_was_wrapped_is_unwrapped_under_its_name()
    {
        byte[] secret = [1, 2, 3];

        var wrapped = vault.Wrap("key/1", secret);

        Assert.Equal(secret, vault.Unwrap("key/1", wrapped));
        Assert.NotEqual(wrapped, vault.Wrap("key/1", secret));
    }

    [Fact]
    public void What_was_wrapped_opens_under_no_other_name_key_or_content()
    {
        using var other = new KeyVault(RandomNumberGenerator.GetBytes(32));
        var wrapped = vault.Wrap("key/1", [1, 2, 3]);
        var changed = (wrapped[0] == 'A' ? 'B' : 'A') + wrapped[1..];

        Assert.Throws<CryptographicException>(() => vault.Unwrap("key/2", wrapped));
        Assert.Throws<CryptographicException>(() => other.Unwrap("key/1", wrapped));
        Assert.Throws<CryptographicException>(() => vault.Unwrap("key/1", changed));
        Assert.Throws<CryptographicException>(() => vault.Unwrap("key/1", "AAAA"));
    }

    [Fact]
    public async Task Many_may_wrap_and_unwrap_at_once()
    {
        var rounds = await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < 2_000; i++)
            {
                var secret = RandomNumberGenerator.GetBytes(32 + (i % 64));
                if (!vault.Unwrap($"key/{thread}", vault.Wrap($"key/{thread}", secret)).AsSpan().SequenceEqual(secret))
                    return i;
            }

            return -1;
        })));

        Assert.All(rounds, failed => Assert.Equal(-1, failed));
    }
}
