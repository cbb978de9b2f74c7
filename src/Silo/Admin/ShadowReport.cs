using System.Collections.Immutable;
using Assay.Core.Evidence;
using Assay.Core.Shadowing;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Policies;
using Assay.Silo.Admin.Wire;
using Assay.Silo.Evidence;
using Assay.Silo.Health;

namespace Assay.Silo.Admin;

/// <summary>How shadow policy sets differ from those in force: counts from every silo, and the newest differences from the evidence.</summary>
internal sealed class ShadowReport(
    IAuthorityStore store, EvidenceReader evidence, JtiCodec names, IGrainFactory grains, SiloView view, SiloLease lease, SiloIdentity self)
{
    private const int LookedThrough = 1000;
    private const int MostDifferences = 20;

    /// <summary>One for each domain that has a shadow.</summary>
    public async Task<ImmutableArray<ShadowStatus>> Read(CancellationToken cancellationToken)
    {
        var found = ImmutableArray.CreateBuilder<ShadowStatus>();
        ImmutableArray<EvidenceRecord>? records = null;
        foreach (var domain in PolicyEndpoints.Domains)
        {
            var list = await PolicyEndpoints.Grain(grains, self, domain).List();
            if (list.Shadow is not { } shadow)
                continue;

            records ??= await evidence.Newest(LookedThrough, cancellationToken);
            found.Add(new ShadowStatus(
                domain,
                shadow.Version,
                list.Active == shadow.Version,
                PolicyEventAnswer.From(domain, shadow),
                await Counts(shadow, domain, cancellationToken),
                [
                    .. records.Value
                        .Where(record => record.Input?.PolicyDomain == domain && record.Shadow is { } said && said.Version == shadow.Version && (said.Differs || said.Fault is not null))
                        .Take(MostDifferences)
                        .Select(record => ShadowDifferenceAnswer.From(record, names)),
                ]));
        }

        return found.DrainToImmutable();
    }

    private async Task<ImmutableDictionary<string, long>> Counts(PolicyEvent shadow, string domain, CancellationToken cancellationToken)
    {
        var sums = ShadowCounts.Kinds.ToDictionary(kind => kind, _ => 0L);
        foreach (var row in await store.Silos(cancellationToken))
        {
            // Another silo's figures are as of its last renewal; this silo's are at hand.
            var shadows = row.Epoch == lease.Epoch ? ShadowFigures.Of(view.Newest) : SiloFigures.Read(row.Report)?.Shadows;
            foreach (var figures in shadows ?? [])
            {
                if (figures.Domain != domain || figures.Since != shadow.Number)
                    continue;
                foreach (var kind in ShadowCounts.Kinds)
                    sums[kind] += figures.Counts.GetValueOrDefault(kind);
            }
        }

        return sums.ToImmutableDictionary();
    }
}
