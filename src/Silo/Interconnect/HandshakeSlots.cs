using System.Net;

namespace Assay.Silo.Interconnect;

/// <summary>Handshakes of strangers under way, bounded in all and per address: whoever opens connections and says nothing holds little.</summary>
internal sealed class HandshakeSlots
{
    public const int InAll = 256;
    public const int PerAddress = 16;

    private readonly Lock guard = new();
    private readonly Dictionary<IPAddress, int> taken = [];
    private int inAll;

    /// <returns>False when there is none left; otherwise give it back with <see cref="Return"/>.</returns>
    public bool TryTake(IPAddress address)
    {
        lock (guard)
        {
            var here = taken.GetValueOrDefault(address);
            if (inAll >= InAll || here >= PerAddress)
                return false;
            inAll++;
            taken[address] = here + 1;
            return true;
        }
    }

    public void Return(IPAddress address)
    {
        lock (guard)
        {
            inAll--;
            if (taken[address] == 1)
                taken.Remove(address);
            else
                taken[address]--;
        }
    }
}
