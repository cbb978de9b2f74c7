using System.Diagnostics;

namespace Assay.Workloads;

/// <summary>All workloads.</summary>
public static class Catalogue
{
    private const int Usual = 100;
    private static readonly Expected Read = Expected.Granted(Scopes.Read);

    public static IReadOnlyList<Workload> All { get; } =
    [
        new("cheap-auth", "100 identities ask with a secret: the least a token can cost.",
            session => By(session, static count => new Uniform(count), Secrets(session, Usual), session.Tokens.BySecret)) { Identities = Usual },
        new("private-key-jwt", "100 identities ask with a signed assertion, each used once.",
            session => By(session, static count => new Uniform(count), Usual, session.Tokens.ByKey)) { Identities = Usual },
        new("hot-identity", "One identity takes all the load.",
            static session => cancellation => session.Tokens.ByEither(0, Scopes.Read, Read, cancellation)),
        Spread("identities-10k-uniform", 10_000, static count => new Uniform(count), "10,000 identities, each as often as the others."),
        Spread("identities-10k-zipf", 10_000, static count => new Skewed(count), "10,000 identities, a few of them all the time."),
        Spread("identities-1m-uniform", 1_000_000, static count => new Uniform(count), "1,000,000 identities, each as often as the others: nearly every request finds one not in memory."),
        Spread("identities-1m-zipf", 1_000_000, static count => new Skewed(count), "1,000,000 identities, a few of them all the time."),
        new("partial-grants", "Two scopes are asked for and one is granted.",
            session => Fixed(session, $"{Scopes.Read} {Scopes.Refund}", Read)) { Identities = Usual },
        new("denials", "A scope is asked for that no policy grants: a refusal, recorded like a grant.",
            session => Fixed(session, Scopes.Nobody, Expected.Refused("invalid_scope"))) { Identities = Usual },
        new("batch", "Many tokens in one request, with one assertion.",
            session => cancellation => session.Tokens.Batch(Random.Shared.Next(Usual), session.BatchSize, Scopes.Read, cancellation))
        {
            Identities = Usual, Load = new(20, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10)),
        },
        new("introspection", "An API asks whether a token is live.", Introspection) { Identities = Usual },
        new("rotation", "Signing moves to another key, twice, and no request may notice.",
            session => By(session, static count => new Uniform(count), Usual, session.Tokens.ByEither))
        {
            Identities = Usual,
            Disturbances = [new("rotate", 1 / 3.0, static (session, cancellation) => session.Admin.Rotate(cancellation)), new("rotate again", 2 / 3.0, static (session, cancellation) => session.Admin.Rotate(cancellation))],
            Limits = new() { Recovery = TimeSpan.Zero },
        },
        new("silo-loss", "One of several silos is killed. Requests may fail while its identities find a new home, and none after that.",
            session => By(session, static count => new Uniform(count), Usual, session.Tokens.ByEither))
        {
            Identities = Usual, Load = new(200, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(10)),
            Disturbances = [new("kill a silo", 1 / 4.0, static (session, _) => Kill(session))],
            Limits = new() { ErrorShare = 0.5, CompletedShare = 0.9, Recovery = TimeSpan.FromSeconds(30) },
        },
        new("cold-start", "A silo is started, and asked as soon as it says that it is ready.",
            session => By(session, static count => new Uniform(count), Usual, session.Tokens.ByEither))
        {
            Identities = Usual, Load = new(200, TimeSpan.FromSeconds(15), TimeSpan.Zero), Before = Start,
        },
        new("mixed-day", "A day in a minute: mostly tokens by secret, some by assertion, introspection, partial grants and denials.", Mixed)
        {
            Identities = Usual, Load = new(500, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(10)) { Shape = Load.Day },
        },
    ];

    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static Workload Find(string name) =>
        All.FirstOrDefault(workload => workload.Name == name) ?? throw new ArgumentException($"there is no workload '{name}': {string.Join(", ", All.Select(workload => workload.Name))}", nameof(name));

    private delegate Task<Outcome> Ask(int number, string scope, Expected expected, CancellationToken cancellationToken);

    private static Func<CancellationToken, Task<Outcome>> By(Session session, Func<int, IChoice> choice, int identities, Ask ask)
    {
        var chosen = choice(Math.Min(identities, session.Population.Count));
        return cancellation => ask(chosen.Next(), Scopes.Read, Read, cancellation);
    }

    private static Workload Spread(string name, int identities, Func<int, IChoice> choice, string summary) =>
        new(name, summary, session => By(session, choice, identities, session.Tokens.ByEither)) { Identities = identities };

    private static Func<CancellationToken, Task<Outcome>> Fixed(Session session, string scopes, Expected expected) =>
        cancellation => session.Tokens.ByEither(Random.Shared.Next(Usual), scopes, expected, cancellation);

    private static int Secrets(Session session, int identities) => session.Population.Secrets.Length > 0
        ? Math.Min(identities, session.Population.Secrets.Length)
        : throw new InvalidOperationException("the population has no secrets: prepare --secrets");

    private static Func<CancellationToken, Task<Outcome>> Introspection(Session session)
    {
        // Renewed before they expire, by whoever comes by: the requests between are about live tokens.
        var tokens = new RenewedTokens(session, Usual);
        return async cancellation => await session.Tokens.Introspect(await tokens.Next(cancellation), cancellation);
    }

    private static Func<CancellationToken, Task<Outcome>> Mixed(Session session)
    {
        var zipf = new Skewed(Math.Min(10_000, session.Population.Count));
        var introspection = Introspection(session);
        var partial = Fixed(session, $"{Scopes.Read} {Scopes.Refund}", Read);
        var denial = Fixed(session, Scopes.Nobody, Expected.Refused("invalid_scope"));
        return cancellation => Random.Shared.Next(100) switch
        {
            < 65 => session.Tokens.ByEither(zipf.Next(), Scopes.Read, Read, cancellation),
            < 75 => session.Tokens.ByKey(zipf.Next(), Scopes.Read, Read, cancellation),
            < 90 => introspection(cancellation),
            < 95 => partial(cancellation),
            _ => denial(cancellation),
        };
    }

    private static Task Kill(Session session)
    {
        using var victim = Process.GetProcessById(session.Victim ?? throw new InvalidOperationException("silo-loss needs the process that is killed: --victim <pid>"));
        victim.Kill(); // as the kernel kills: nothing is flushed
        return Task.CompletedTask;
    }

    private static async Task Start(Session session, CancellationToken cancellationToken)
    {
        var began = session.Clock.GetTimestamp();
        session.StartServer();
        await Until(async () => (await session.Http.GetAsync(new Uri(session.Silos[0], "health/ready"), cancellationToken)).IsSuccessStatusCode);
        session.Note(new("start to ready", session.Clock.GetElapsedTime(began).TotalSeconds, "s"));
        await session.Tokens.Obtain(0, Scopes.Read, cancellationToken);
        session.Note(new("start to first token", session.Clock.GetElapsedTime(began).TotalSeconds, "s"));

        async Task Until(Func<Task<bool>> condition)
        {
            while (session.Clock.GetElapsedTime(began) < TimeSpan.FromMinutes(2))
            {
                try
                {
                    if (await condition())
                        return;
                }
                catch (HttpRequestException)
                {
                    // not listening yet
                }

                await Task.Delay(TimeSpan.FromMilliseconds(20), session.Clock, cancellationToken);
            }

            throw new InvalidOperationException("the silo was not ready within two minutes");
        }
    }

    /// <summary>Who asks next.</summary>
    private interface IChoice
    {
        int Next();
    }

    private sealed class Uniform(int count) : IChoice
    {
        public int Next() => Random.Shared.Next(count);
    }

    private sealed class Skewed(int count) : IChoice
    {
        private readonly Zipf zipf = new(count);

        public int Next() => zipf.Next(Random.Shared);
    }

    /// <summary>Tokens to ask about, each made when it is first wanted and again after a minute.</summary>
    private sealed class RenewedTokens(Session session, int count)
    {
        private readonly (Task<string> Token, long Since)[] tokens = new (Task<string>, long)[count];
        private readonly Lock guard = new();

        public Task<string> Next(CancellationToken cancellationToken)
        {
            var number = Random.Shared.Next(tokens.Length);
            lock (guard)
            {
                ref var held = ref tokens[number];
                if (held.Token is null || held.Token.IsFaulted || session.Clock.GetElapsedTime(held.Since) > TimeSpan.FromMinutes(1))
                    held = (session.Tokens.Obtain(number, Scopes.Read, cancellationToken), session.Clock.GetTimestamp());
                return held.Token;
            }
        }
    }
}
