using System.Collections.Immutable;
using Assay.Cedar;

namespace Assay.Benchmarks.Apps;

/// <summary>
/// One of the three example applications that the Cedar paper measures (Cutler et al., "Cedar: A New Language for Expressive, Fast, Safe,
/// and Analyzable Authorization", OOPSLA 2024, section 5), written anew after its description.
/// </summary>
/// <param name="Name">As the paper calls it.</param>
/// <param name="Policies">In Cedar.</param>
/// <param name="Grow">Entities, so many of each kind, in a random hierarchy, and a random request each time it is asked.</param>
internal sealed record App(string Name, string Policies, Func<int, Random, (Entities Entities, Func<Request> Next)> Grow)
{
    public static ImmutableArray<App> All { get; } = [Gdrive.App, Github.App, TinyTodo.App];

    public static App Named(string name) => All.Single(app => app.Name == name);

    /// <summary>One hierarchy with requests about it.</summary>
    public (Entities Entities, Request[] Requests) World(int size, int seed, int requests)
    {
        var (entities, next) = Grow(size, new Random(seed));
        return (entities, [.. Enumerable.Range(0, requests).Select(_ => next())]);
    }
}

/// <summary>Random graphs for the applications.</summary>
internal static class Growth
{
    /// <summary>How likely one thing is related to another, as in the paper's random graphs.</summary>
    public const double Likely = 0.05;

    public static EntityUid[] Named(string type, string prefix, int count) => [.. Enumerable.Range(0, count).Select(i => new EntityUid(type, $"{prefix}{i}"))];

    public static IEnumerable<EntityUid> Some(this EntityUid[] all, Random random, double likely = Likely) => all.Where(_ => random.NextDouble() < likely);

    public static EntityUid One(this EntityUid[] all, Random random) => all[random.Next(all.Length)];

    /// <summary>Those behind a place, so that what is inside another never holds it.</summary>
    public static IEnumerable<EntityUid> Above(this EntityUid[] all, int place, Random random) => all[(place + 1)..].Some(random);

    public static SetValue Set(IEnumerable<EntityUid> uids) => Value.Set(uids.Select(uid => (Value)Value.Of(uid)));
}
