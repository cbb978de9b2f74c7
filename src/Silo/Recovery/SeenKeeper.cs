using System.Collections.Immutable;
using Assay.Core.Registry;
using Assay.Core.Tokens;
using Assay.Grains.Authority;
using Assay.Silo.Evidence;
using Assay.Silo.Startup;
using Assay.Silo.Transparency;

namespace Assay.Silo.Recovery;

/// <summary>
/// Refuses to start on a database that is older than what was seen of it, and writes down what is seen. A copy that was put back would use numbers again that tokens of the
/// lost time carry; a recovery first sees to it that it does not.
/// </summary>
internal sealed class SeenKeeper(
    IAuthorityStore authority, ILogStore trees, IEvidenceStore evidence, ClusterSecrets secrets, SiloView silo, LogWatch watch, SeenFile file, TimeProvider clock,
    ILogger<SeenKeeper> log) : BackgroundService
{
    /// <summary>What happened since the last time is not noticed when it is lost.</summary>
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private SeenHistory? written;
    private bool isRefused;

    /// <summary>Before the silo writes anything. Needs the cluster's secrets.</summary>
    /// <exception cref="InvalidOperationException">The database is older than it was, or its recovery was not finished.</exception>
    public async Task Check(CancellationToken cancellationToken)
    {
        var stored = await authority.List(ObjectKey.NoRealm, ObjectKinds.Timeline, cancellationToken);
        var newest = Timelines.Of(stored.Objects.Select(timeline => RegistryJson.ReadTimeline(timeline.Body.Span))).Newest;
        if (newest is not null && await evidence.Find(newest.FirstShard, 0, cancellationToken) is null)
            throw new InvalidOperationException($"The recovery that opened timeline {newest.Number} was cut short before it was recorded. Run it again: Assay.Silo recover");

        if (SeenHistory.Read(file.Path) is not { } seen)
            return;
        var heads = (await trees.Heads([.. seen.Shards.Keys], cancellationToken)).ToDictionary(head => head.Shard, head => head.Size);
        if (seen.LackOf(secrets.DatabaseName, newest?.FirstShard ?? 0, stored.Head, shard => heads.GetValueOrDefault(shard)) is { } lack)
        {
            throw new InvalidOperationException(
                $"The database is older than it was: {lack} at {seen.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z ({file.Path}). Put a newer copy in its place; or, when there is none, run "
                + "'Assay.Silo recover' before any silo starts, so that what the lost time used is not used again.");
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        try
        {
            do
            {
                Write();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            Write();
        }
    }

    private void Write()
    {
        if (silo.Newest is not { } view)
            return;
        var shards = ImmutableSortedDictionary.CreateBuilder<long, long>();
        foreach (var head in watch.Heads.Values)
        {
            if (!head.IsSealed)
                shards.Add(head.Shard, head.Size);
        }

        var now = new SeenHistory(secrets.DatabaseName, view.Timelines.Current, view.Timelines.Newest?.FirstShard ?? 0, view.Number, clock.GetUtcNow(), shards.ToImmutable());
        if (written is { } last && (last.Number, last.Shards.Count) == (now.Number, now.Shards.Count) && now.Shards.SequenceEqual(last.Shards))
            return;
        try
        {
            now.Write(file.Path);
            (written, isRefused) = (now, false);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (!isRefused)
                Log.NotKept(log, file.Path, fault.Message);
            isRefused = true;
        }
    }
}

internal static class RecoveryServices
{
    /// <summary>A silo that notices an old copy of its database. After <c>AddLog</c>; needs a <see cref="SeenFile"/>.</summary>
    public static IServiceCollection AddSeenHistory(this IServiceCollection services)
    {
        services.AddSingleton<SeenKeeper>();
        services.AddHostedService(static provider => provider.GetRequiredService<SeenKeeper>());
        return services;
    }
}
