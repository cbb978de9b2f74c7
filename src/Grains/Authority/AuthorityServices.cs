using Assay.Grains.Identities;
using Assay.Grains.Policies;
using Assay.Core.Transparency;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Assay.Grains.Authority;

public static class AuthorityServices
{
    /// <summary>
    /// The lease, the view, the gate and their follower. Call it before <c>UseOrleans</c> and before anything that serves, so that it starts first
    /// and stops last. Needs an <see cref="IAuthorityStore"/>, an <see cref="ISiloAddress"/>, an <see cref="ISiloEnd"/> and the cluster's <c>TokenHandles</c>; every <see cref="ISnapshotListener"/> in
    /// the container is called, and an <see cref="ISiloReport"/>, when there is one, is asked.
    /// </summary>
    public static IServiceCollection AddAuthority(this IServiceCollection services)
    {
        services.AddOptions<AuthorityOptions>().BindConfiguration(AuthorityOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AuthorityOptions>, AuthorityOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(static provider =>
        {
            var options = provider.GetRequiredService<IOptions<AuthorityOptions>>().Value;
            return new SiloLease(options.LeaseLife, options.LeaseMargin, provider.GetRequiredService<TimeProvider>());
        });
        services.AddMetrics();
        services.TryAddSingleton<AuthorityMeter>();
        services.TryAddSingleton<ShadowMeter>();
        services.AddOptions<PolicyOptions>().BindConfiguration(PolicyOptions.Section).ValidateOnStart();
        services.TryAddSingleton<TwoPersonRule>();
        services.TryAddSingleton<SiloView>();
        services.TryAddSingleton<DecisionGate>();
        services.TryAddSingleton<Narrowing>();
        services.TryAddSingleton<Predecessors>();
        services.TryAddSingleton<IdentityReads>();
        services.TryAddSingleton<IdentitySurroundings>();
        services.TryAddSingleton<ISnapshotLoader, StoreSnapshotLoader>();
        services.TryAddSingleton<FeedFollower>();
        services.AddHostedService<FeedFollowerService>();
        return services;
    }

    /// <summary>
    /// The writer of this silo's evidence shard. Call it after <see cref="AddAuthority"/> and before anything that serves. Needs an
    /// <see cref="IEvidenceStore"/>.
    /// </summary>
    /// <param name="voidRecord">The encoded record (shard, position) of a position that was reserved and not used. Must not throw.</param>
    /// <param name="sign">Signs the checkpoint after each batch; without it nothing is signed.</param>
    public static IServiceCollection AddEvidenceAppender(
        this IServiceCollection services,
        Func<IServiceProvider, Func<long, long, ReadOnlyMemory<byte>>> voidRecord,
        Func<IServiceProvider, Func<ShardHead, ReadOnlyMemory<byte>>>? sign = null)
    {
        services.AddOptions<EvidenceOptions>().BindConfiguration(EvidenceOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EvidenceOptions>, EvidenceOptionsValidator>());
        services.AddMetrics();
        services.TryAddSingleton<EvidenceMeter>();
        services.TryAddSingleton(provider => new EvidenceAppender(
            provider.GetRequiredService<IEvidenceStore>(),
            provider.GetRequiredService<SiloLease>(),
            voidRecord(provider),
            provider.GetRequiredService<IOptions<EvidenceOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<EvidenceAppender>>(),
            provider.GetRequiredService<EvidenceMeter>(),
            sign?.Invoke(provider)));
        return services;
    }
}
