using System.Security.Cryptography;
using System.Text;

namespace Assay.Silo.Recovery;

/// <summary>
/// Where <see cref="SeenHistory"/> lies: somewhere that is not put back together with the database. For a silo alone that is beside the key-encryption key, because its
/// data folder is the database; in a cluster it is the data folder.
/// </summary>
internal sealed record SeenFile(string Path)
{
    public static SeenFile Of(bool isCluster, string dataFolder, string kekFile)
    {
        if (isCluster)
            return new SeenFile(System.IO.Path.Combine(dataFolder, "seen.json"));
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataFolder)))[..16]; // several data folders may share a key
        return new SeenFile(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(kekFile))!, name + ".seen"));
    }
}
