using Assay.Grains.Authority;
using Assay.Grains.Policies;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Assay.Grains.Identities;

/// <summary>What all identities of a silo share. Resolved once: a silo that takes over brings them to life by the hundred thousand.</summary>
internal sealed class IdentitySurroundings(
    IAuthorityStore store,
    IdentityReads reads,
    SiloView view,
    ShadowMeter shadows,
    ISiloStatusOracle silos,
    ISecretMaker secrets,
    IOptions<DecisionOptions> options,
    TimeProvider clock,
    ILogger<IdentityGrain> log)
{
    public IAuthorityStore Store => store;

    public IdentityReads Reads => reads;

    public SiloView View => view;

    public ShadowMeter Shadows => shadows;

    public ISiloStatusOracle Silos => silos;

    public ISecretMaker Secrets => secrets;

    public DecisionOptions Bounds { get; } = options.Value;

    public TimeProvider Clock => clock;

    public ILogger Log => log;
}
