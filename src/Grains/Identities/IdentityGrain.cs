using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Grains.Policies;

namespace Assay.Grains.Identities;

/// <summary>
/// Guards one identity's state and asks Core. A decision is made in memory; only a copy that is behind the feed is read again first. A silo holds many: what only some
/// need is made when they do, and what a change needs and no decision is read from the store by the change.
/// </summary>
[GrainType("identity")]
internal sealed class IdentityGrain(IdentitySurroundings silo) : Grain, IIdentityGrain, IGrainMigrationParticipant
{
    private const string HandOverKey = "assay.identity";

    private IdentityFreshness freshness = null!;
    private Identity? identity; // without keys and hashes
    private ReplayCache? replays;
    private StageCache? stages;
    private TokenBucket bucket;
    private long number = -1;
    private bool isHandedOver;

    private string Realm => freshness.Key.Realm;

    private string Id => freshness.Key.Id;

    private ReplayCache Replays => replays ??= new();

    private StageCache Stages => stages ??= new();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var (realm, id) = GrainKey.Parse(this.GetGrainId().Key.AsSpan());
        freshness = silo.View.Track(realm, id); // before the read: what changes after it raises the number required
        return isHandedOver ? Reload(cancellationToken) : Recall(cancellationToken);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        freshness?.Dispose();

        // Orleans asks before it gives up the registration: the next activation goes on with what this one knows. When the last silo stops, nobody is
        // there to take it, and the evidence knows.
        if (reason.ReasonCode == DeactivationReasonCode.ShuttingDown
            && replays is { Count: > 0 and <= IdentityHandOver.MaxSpent }
            && silo.Silos.GetApproximateSiloStatuses(onlyActive: true).Count > 0)
            MigrateOnIdle();
        return Task.CompletedTask;
    }

    public void OnDehydrate(IDehydrationContext dehydrationContext) =>
        dehydrationContext.AddBytes(HandOverKey, new IdentityHandOver(replays?.Remaining(silo.Clock.GetUtcNow()) ?? [], bucket.Left).Write());

    public void OnRehydrate(IRehydrationContext rehydrationContext)
    {
        if (!rehydrationContext.TryGetBytes(HandOverKey, out var bytes) || !IdentityHandOver.TryRead(bytes, out var handOver))
            return; // as if nothing had been handed over: the evidence knows

        foreach (var spent in handOver.Spent)
            Replays.Remember(spent);
        bucket.Resume(handOver.Tokens, silo.Clock.GetTimestamp());
        isHandedOver = true;
    }

    public ValueTask<Decision> Decide(DecisionRequest request) =>
        freshness.RequiredNumber > number ? ReloadAndDecide(request, spend: true) : new(DecideNow(request, spend: true));

    public async ValueTask<Decision> DecideAll(BatchRequest batch) => await ReloadIfBehind() ?? DecideAllNow(batch);

    public ValueTask<Decision> Explain(DecisionRequest request) =>
        freshness.RequiredNumber > number ? ReloadAndDecide(request, spend: false) : new(DecideNow(request, spend: false));

    public async ValueTask<Decision> Admit(DecisionRequest request) => await ReloadIfBehind() ?? AdmitNow(request);

    public async ValueTask<Decision> Evaluate(EvaluationRequest request) => await ReloadIfBehind() ?? EvaluateNow(request);

    public async Task<IdentityState?> Read() =>
        await ReloadWhole(CancellationToken.None) is { } whole ? new IdentityState(number, System.Text.Encoding.UTF8.GetString(RegistryJson.Write(whole).Span)) : null;

    public async Task<ChangeResult> Change(IdentityChange change, string actor)
    {
        for (var tries = 0; tries < 3; tries++)
        {
            Identity? present;
            try
            {
                present = await ReloadWhole(CancellationToken.None);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                Log.ReloadFailed(silo.Log, fault, Id);
                return new ChangeResult.Rejected(ChangeFault.Unavailable, "the store did not answer");
            }

            if (change is IdentityChange.Declare declare && declare.ExpectedNumber != (present is null ? 0 : number))
            {
                return new ChangeResult.Rejected(
                    ChangeFault.Conflict, present is null ? $"there is no identity '{Id}'" : $"'{Id}' is at version {number}");
            }

            var outcome = IdentityChanges.Apply(present, change, Id, silo.Clock.GetUtcNow(), silo.Secrets);
            if (outcome is IdentityChanges.Outcome.Rejected rejected)
                return new ChangeResult.Rejected(rejected.Fault, rejected.Detail);
            if (outcome is IdentityChanges.Outcome.Unchanged same)
                return new ChangeResult.Unchanged(number, same.Handle);

            // A grain builds new state aside, commits, then swaps.
            var next = (outcome as IdentityChanges.Outcome.Changed)?.Identity;
            var write = new ObjectWrite(
                freshness.Key,
                present is null ? 0 : number,
                next is null ? (ReadOnlyMemory<byte>?)null : RegistryJson.Write(next), // without the cast null would be an empty body
                next is null ? [] : IdentityKeys.Unique(next));

            CommitResult commit;
            try
            {
                ImmutableArray<ObjectWrite> writes = IdentityChanges.Ends(change, Id) is { } ended
                    ? [write, await Revocations.Write(silo.Store, Realm, ended, IdentityChanges.ReasonOf(change), CancellationToken.None)]
                    : [write];
                commit = await silo.Store.Commit(new Change(writes, actor, change.GetType().Name), CancellationToken.None);
            }
            catch (Exception fault)
            {
                number = -1; // unknown outcome: read again before the next decision
                Log.ChangeOutcomeUnknown(silo.Log, fault, Id);
                return new ChangeResult.Rejected(ChangeFault.Unavailable, "the store did not answer; whether the change was made is unknown");
            }

            switch (commit)
            {
                case CommitResult.Committed done:
                    identity = next is null ? null : RegistryJson.ReadIdentityToDecide(write.Body!.Value.Span, Id);
                    number = done.Number;
                    var changed = outcome as IdentityChanges.Outcome.Changed;
                    return new ChangeResult.Done(done.Number, changed?.Handle, changed?.Secret);

                case CommitResult.KeyTaken taken:
                    return new ChangeResult.Rejected(ChangeFault.Taken, $"{taken.UniqueKey} belongs to '{taken.Holder.Id}'");

                case CommitResult.Conflict:
                    number = -1;
                    break;
            }
        }

        return new ChangeResult.Rejected(ChangeFault.Conflict, "others keep changing it; try again");
    }

    private async ValueTask<Decision> ReloadAndDecide(DecisionRequest request, bool spend) => await ReloadIfBehind() ?? DecideNow(request, spend);

    /// <summary>Null when this copy is as new as it has to be.</summary>
    private async ValueTask<Decision?> ReloadIfBehind()
    {
        try
        {
            if (freshness.RequiredNumber > number)
                await Reload(CancellationToken.None);
            return null;
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            Log.ReloadFailed(silo.Log, fault, Id);
            return new Decision.Unavailable(UnavailableReason.StorageAway);
        }
    }

    /// <summary>Evidence is the durable memory of the replay cache, and complete once nothing decided earlier is on its way any more.</summary>
    private async Task Recall(CancellationToken cancellationToken)
    {
        var required = freshness.RequiredNumber;
        var recalled = await silo.Reads.Recall(Realm, Id, cancellationToken);
        foreach (var spent in recalled.Spent)
            Replays.Remember(new SpentBy(spent.Hash, spent.Until, Guid.Empty));
        Take(recalled.State, required);
    }

    private async Task Reload(CancellationToken cancellationToken)
    {
        var required = freshness.RequiredNumber;
        Take(await silo.Reads.State(Realm, Id, cancellationToken), required);
    }

    /// <summary>As <see cref="Reload"/>; answers the identity with all that is stored of it, for changes and those who read it.</summary>
    private async Task<Identity?> ReloadWhole(CancellationToken cancellationToken)
    {
        var required = freshness.RequiredNumber;
        var stored = await silo.Reads.State(Realm, Id, cancellationToken);
        Take(stored, required);
        return stored is null or { IsDeleted: true } ? null : RegistryJson.ReadIdentity(stored.Body.Span);
    }

    private void Take(StoredObject? stored, long required)
    {
        identity = stored is null or { IsDeleted: true } ? null : RegistryJson.ReadIdentityToDecide(stored.Body.Span, Id);

        // What was read is at least as new as anything this silo knew of before it read.
        number = Math.Max(stored?.Number ?? 0, required);
    }

    private Decision DecideNow(DecisionRequest request, bool spend)
    {
        if (silo.View.Current is not { } view) // our lease lapsed: refuse, never guess
            return new Decision.Unavailable(UnavailableReason.LeaseLapsed);

        var now = Milliseconds(silo.Clock.GetUtcNow());
        return Impediment(view, request, now, spend) ?? Judge(view, request, now, isCounted: spend);
    }

    private Decision DecideAllNow(BatchRequest batch)
    {
        if (silo.View.Current is not { } view)
            return new Decision.Unavailable(UnavailableReason.LeaseLapsed);

        var now = Milliseconds(silo.Clock.GetUtcNow());
        if (Impediment(view, batch.Asker, now, spend: true) is { } impediment)
            return impediment;

        var answers = ImmutableArray.CreateBuilder<Decision>(batch.Wanted.Length);
        foreach (var wanted in batch.Wanted)
        {
            var retryAfter = TimeSpan.Zero;
            answers.Add(answers.Count == 0 || IsWithinLimit(out retryAfter) // the first was counted when the caller was let in
                ? Judge(view, batch.Asker with { Resource = wanted.Resource, Scopes = wanted.Scopes }, now, isCounted: true)
                : Refuse(view, RefusalReason.RateLimited, retryAfter));
        }

        return new Decision.Several(view.Number, answers.MoveToImmutable());
    }

    /// <summary>What policy says to a caller that is heard.</summary>
    private Decision Judge(SiloSnapshot view, DecisionRequest request, DateTimeOffset now, bool isCounted)
    {
        if (identity!.DisabledAt is not null)
            return Refuse(view, RefusalReason.IdentityDisabled, input: Input(view, request, request.Resource ?? "", request.Scopes, now, ""));
        if (!identity.GrantTypes.Contains(request.GrantType))
            return Refuse(view, RefusalReason.GrantTypeNotAllowed, input: Input(view, request, request.Resource ?? "", request.Scopes, now, ""));

        var resource = request.Resource ?? identity.DefaultResource;
        if (resource is null)
            return Refuse(view, RefusalReason.NoResource, input: Input(view, request, "", request.Scopes, now, ""));
        if (!view.Directory.TryGetApi(resource, out var api))
            return Refuse(view, RefusalReason.UnknownResource, input: Input(view, request, resource, request.Scopes, now, ""));
        var domain = GrainKey.ForDomain(Realm, api.PolicyDomain);
        if (!view.Policies.TryGetValue(domain, out var policy))
            return new Decision.Unavailable(UnavailableReason.NoPolicy);

        var scopes = request.Scopes.IsEmpty ? ScopesOf(api) : request.Scopes;
        var input = Input(view, request, api.Resource, scopes, now, api.PolicyDomain, policy.Version);
        if (input.EntitlementAge > silo.Bounds.EntitlementAgeBound)
            return new Decision.Unavailable(UnavailableReason.EntitlementsTooOld);

        return ShadowPolicy.Of(view.Shadows, domain, policy.Version) is { } shadow
            ? DecideBeside(shadow, view, policy, input, isCounted)
            : new Decision.Decided(view.Number, input, Decider.Decide(policy.Policies, Stages.Of(view.Directory, identity, api.Resource, now), input));
    }

    /// <summary>Decides by the set in force, and asks the shadow set what it would have said.</summary>
    private Decision.Decided DecideBeside(ShadowPolicy shadow, SiloSnapshot view, ActivePolicy policy, DecisionInput input, bool isCounted)
    {
        var began = silo.Clock.GetTimestamp();
        var asked = shadow.RestsAt(began) ? null : shadow.Policies;
        var verdict = Decider.DecideBeside(policy.Policies, Stages.Of(view.Directory, identity!, input.Resource, input.Time), input, asked, out var answer);
        var ended = silo.Clock.GetTimestamp();
        shadow.Took(silo.Clock.GetElapsedTime(began, ended), ended, silo.Clock.TimestampFrequency);
        if (isCounted)
            silo.Shadows.Count(shadow, answer, verdict);
        return new Decision.Decided(view.Number, input, verdict, answer);
    }

    private Decision EvaluateNow(EvaluationRequest request)
    {
        if (silo.View.Current is not { } view)
            return new Decision.Unavailable(UnavailableReason.LeaseLapsed);
        return IsBehind(view, request.MinimumNumber)
            ? new Decision.Unavailable(UnavailableReason.BehindFeed)
            : IdentityEvaluation.Of(view, Realm, identity, number, request, silo.Clock.GetUtcNow(), silo.Bounds, Stages);
    }

    private Decision AdmitNow(DecisionRequest request)
    {
        if (silo.View.Current is not { } view)
            return new Decision.Unavailable(UnavailableReason.LeaseLapsed);
        return Impediment(view, request, Milliseconds(silo.Clock.GetUtcNow()), spend: true)
            ?? (identity!.DisabledAt is null ? new Decision.Admitted(view.Number) : Refuse(view, RefusalReason.IdentityDisabled));
    }

    /// <summary>What keeps the caller from being heard; null when it is who it says it is, and within its limit. Spends its assertion.</summary>
    private Decision? Impediment(SiloSnapshot view, DecisionRequest request, DateTimeOffset now, bool spend)
    {
        if (IsBehind(view, request.MinimumNumber))
            return new Decision.Unavailable(UnavailableReason.BehindFeed);

        if (identity is null)
            return Refuse(view, RefusalReason.UnknownIdentity);
        if (!Holds(request.CredentialHandle, now))
            return Refuse(view, RefusalReason.CredentialNotHeld);

        if (spend)
        {
            if (!IsWithinLimit(out var retryAfter))
                return Refuse(view, RefusalReason.RateLimited, retryAfter);

            if (request.AssertionHash is { } hash)
            {
                switch (Replays.Spend(hash, request.AssertionUntil, request.RequestId, now))
                {
                    case Spending.Replayed:
                        return Refuse(view, RefusalReason.AssertionReplayed);
                    case Spending.Full:
                        return Refuse(view, RefusalReason.RateLimited, DecisionOptions.AssertionLeeway);
                }
            }
        }

        return null;
    }

    private bool IsWithinLimit(out TimeSpan retryAfter) =>
        bucket.TryTake(identity!.RequestsPerSecond ?? silo.Bounds.RequestsPerSecond, silo.Clock.GetTimestamp(), silo.Clock.TimestampFrequency, out retryAfter);

    // The view is read before what the feed requires of this identity, so nothing that the view has seen can be missed here. Nor does the
    // identity run ahead of the view: an answer says that it considered everything up to the view's number, and nothing after it.
    private bool IsBehind(SiloSnapshot view, long minimum) => view.Number < minimum || freshness.RequiredNumber > number || number > view.Number;

    private DecisionInput Input(
        SiloSnapshot view, DecisionRequest request, string resource, ImmutableArray<string> scopes, DateTimeOffset now, string domain, string version = "") => DecisionInputs.Of(
        view, Realm, identity!, number, new Asking(request.GrantType, request.AuthenticationMethod, request.CredentialHandle, request.OriginIp), resource, scopes, now, domain, version, silo.Bounds);

    private static Decision.Refused Refuse(SiloSnapshot view, RefusalReason reason, TimeSpan? retryAfter = null, DecisionInput? input = null) =>
        new(view.Number, reason, retryAfter, input);

    private bool Holds(string handle, DateTimeOffset now)
    {
        foreach (var credential in identity!.Credentials)
        {
            if (credential.Handle == handle)
                return credential.IsLiveAt(now);
        }

        return false;
    }

    private static ImmutableArray<string> ScopesOf(Api api)
    {
        var names = ImmutableArray.CreateBuilder<string>(api.Scopes.Length);
        foreach (var scope in api.Scopes)
            names.Add(scope.Name);
        return names.MoveToImmutable();
    }

    /// <summary>Evidence keeps milliseconds, so the decision sees no more than that.</summary>
    private static DateTimeOffset Milliseconds(DateTimeOffset time) => new(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerMillisecond, TimeSpan.Zero);
}
