using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;

namespace Assay.Silo.Tokens;

/// <summary>What an identity's grain is asked.</summary>
internal enum Question
{
    /// <summary>What it is granted; its assertion is spent.</summary>
    Decide,

    /// <summary>The same, and nothing is spent or counted.</summary>
    Explain,

    /// <summary>Whether it may be heard; its assertion is spent.</summary>
    Admit,
}

/// <summary>Asks identities' grains, wherever they live, for answers that may leave this silo.</summary>
internal sealed class IdentityCalls(IGrainFactory grains, DecisionGate gate, SiloIdentity self, TimeProvider clock)
{
    /// <summary>How long a decision that a change has overtaken, or whose silo is leaving, is asked for again before the caller is told to.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // By these names, not by type: Orleans looks a type's attributes up by reflection at each call.
    private static readonly GrainType Kind = GrainType.Create("identity");
    private static readonly GrainInterfaceType Interface = GrainInterfaceType.Create("identity");

    private const int MaxReferences = 2_000_000;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    // To grains, wherever they live: making one costs as much as a call.
    private readonly ConcurrentDictionary<string, IIdentityGrain> references = new(StringComparer.Ordinal);

    /// <summary>A decision that is older than what this silo has acknowledged is made again at the newer state.</summary>
    /// <param name="passage">Counts the answer as on its way out. One ticket a decision: the answer to a request may rest on several.</param>
    public ValueTask<Decision> Ask(
        Question question, string clientId, DecisionRequest request, DecisionTicket passage, CancellationToken cancellationToken) => AskCurrent(
        question switch
        {
            Question.Decide => static (identity, request, number) => identity.Decide(AtLeast(request, number)),
            Question.Explain => static (identity, request, number) => identity.Explain(AtLeast(request, number)),
            _ => static (identity, request, number) => identity.Admit(AtLeast(request, number)),
        },
        clientId,
        request,
        passage,
        cancellationToken);

    /// <summary>The same for several requests that were proved at once; they are decided at one feed number, so that one ticket counts them all.</summary>
    public ValueTask<Decision> DecideAll(string clientId, BatchRequest batch, DecisionTicket passage, CancellationToken cancellationToken) => AskCurrent(
        static (identity, batch, number) => identity.DecideAll(batch with { Asker = batch.Asker with { MinimumNumber = number } }), clientId, batch, passage, cancellationToken);

    /// <summary>What an identity may do, asked by somebody else; the same in all else.</summary>
    public ValueTask<Decision> Evaluate(string clientId, EvaluationRequest request, DecisionTicket passage, CancellationToken cancellationToken) => AskCurrent(
        static (identity, request, number) => identity.Evaluate(request with { MinimumNumber = number }), clientId, request, passage, cancellationToken);

    private static DecisionRequest AtLeast(DecisionRequest request, long number) => request.MinimumNumber == number ? request : request with { MinimumNumber = number };

    private IIdentityGrain Identity(string clientId)
    {
        if (references.TryGetValue(clientId, out var identity))
            return identity;

        // Bounded by starting over, as they cost nothing but the making.
        if (references.Count >= MaxReferences)
            references.Clear();
        return references[clientId] = (IIdentityGrain)grains.GetGrain(GrainId.Create(Kind, GrainKey.For(self.Realm, clientId)), Interface);
    }

    [AsyncMethodBuilder(typeof(KeptMethodBuilder<>))]
    private async ValueTask<Decision> AskCurrent<TRequest>(
        Func<IIdentityGrain, TRequest, long, ValueTask<Decision>> ask, string clientId, TRequest request, DecisionTicket passage, CancellationToken cancellationToken)
    {
        var identity = Identity(clientId);
        var started = clock.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            Decision decision;
            try
            {
                decision = await ask(identity, request, gate.Floor);
            }
            catch (TimeoutException)
            {
                return new Decision.Unavailable(UnavailableReason.StorageAway);
            }
            catch (OrleansException)
            {
                decision = new Decision.Unavailable(UnavailableReason.SiloLeaving); // it lives on another silo in a moment
            }

            switch (decision)
            {
                case Decision.Decided decided when !passage.Decided(decided.Number):
                case Decision.Several several when !passage.Decided(several.Number):
                case Decision.Refused refused when !passage.Decided(refused.Number):
                case Decision.Admitted admitted when !passage.Decided(admitted.Number):
                case Decision.Unavailable { Reason: UnavailableReason.BehindFeed or UnavailableReason.SiloLeaving }: // the identity's silo, or ours, catches up
                    break;
                default:
                    return decision;
            }

            if (clock.GetElapsedTime(started) > Patience)
                return new Decision.Unavailable(UnavailableReason.BehindFeed);
            await Task.Delay(pause, clock, cancellationToken);
        }
    }
}
