using System.Globalization;
using Assay.Core.Evidence;
using Assay.Grains.Authority;

namespace Assay.Silo.Evidence;

/// <summary>Records what was done and is no decision about a token.</summary>
internal sealed class ActLog(EvidenceAppender evidence, SiloIdentity self, TimeProvider clock)
{
    /// <summary>True once the act is durable; false when that is not known.</summary>
    /// <param name="identity">Whom it is found by.</param>
    /// <param name="spent">An assertion of that identity that was spent for it.</param>
    public Task<bool> Record(AdminAct act, string identity, SpentAssertion? spent = null) => Append(EvidenceKind.Admin, act, identity, spent);

    /// <summary>
    /// Keeps an assertion that was spent where nothing was decided, so that it stays spent when its identity moves. True once that is durable, and for none.
    /// </summary>
    public async ValueTask<bool> Keep(string identity, SpentAssertion? spent) => spent is null || await Append(EvidenceKind.Void, null, identity, spent);

    private async Task<bool> Append(EvidenceKind kind, AdminAct? act, string identity, SpentAssertion? spent)
    {
        using var slot = evidence.Reserve();
        if (slot is null)
            return false;

        var record = new EvidenceRecord
        {
            Kind = kind,
            Shard = slot.Shard,
            Position = slot.Position,
            Node = self.Node,
            Time = clock.GetUtcNow(),
            RequestId = Guid.NewGuid(),
            SpentAssertion = spent?.Hash.ToString(),
            Identity = identity,
            Admin = act,
        };
        slot.Fill(record.Encode(), new EvidenceEntry(self.Realm, identity, null, spent));
        return await slot.Committed;
    }
}
