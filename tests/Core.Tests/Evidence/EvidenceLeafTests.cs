using System.Security.Cryptography;
using Assay.Core.Evidence;
using Assay.Core.Transparency;

namespace Assay.Core.Tests.Evidence;

public sealed class EvidenceLeafTests
{
    [Fact]
    public void A_leaf_commits_to_salt_and_record()
    {
        byte[] salt = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        byte[] record = [.. "{\"v\":1}"u8];

        Assert.Equal(TreeHash.From(SHA256.HashData([.. salt, .. record])), EvidenceLeaf.Commit(salt, record));
        Assert.Throws<ArgumentException>(() => EvidenceLeaf.Commit(salt[1..], record));
    }
}
