using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Explaining;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Admin.Wire;
using Decision = Assay.Grains.Identities.Decision;

namespace Assay.Silo.Admin.Explaining;

/// <summary>
/// Answers why a token existed and what would be decided now. A recorded decision is made again from its record and the stored versions it names;
/// the decision of now is the identity's own, asked for without spending anything.
/// </summary>
internal sealed class Explainer(
    IAuthorityStore store, SiloView silo, History history, JtiCodec names, IGrainFactory grains, SiloIdentity self, TimeProvider clock)
{
    /// <summary>What the identity would get now, or under assumptions; null when there is no such identity.</summary>
    public async Task<ExplanationAnswer?> Now(string id, string? resource, ImmutableArray<string> scopes, Assumptions assumed, CancellationToken cancellationToken)
    {
        if (await store.Read(new ObjectKey(self.Realm, ObjectKinds.Identity, id), cancellationToken) is not { IsDeleted: false } stored)
            return null;

        var now = clock.GetUtcNow();
        var live = RegistryJson.ReadIdentity(stored.Body.Span).Credentials.Where(credential => credential.IsLiveAt(now)).ToList();
        var credential = live.Find(credential => credential.Kind == CredentialKind.PublicKey) ?? live.FirstOrDefault();
        var decided = credential is null
            ? new Decided(new DecisionAnswer { Time = now, Resource = resource, Refusal = "noCredential" }, null, null)
            : await DecideNow(
                id,
                new DecisionRequest
                {
                    RequestId = Guid.NewGuid(),
                    GrantType = "client_credentials",
                    AuthenticationMethod = credential.Kind == CredentialKind.PublicKey ? "private_key_jwt" : "client_secret_basic",
                    CredentialHandle = credential.Handle,
                    Resource = resource,
                    Scopes = scopes,
                },
                assumed,
                cancellationToken);
        return new ExplanationAnswer { Identity = id, Now = decided.Answer, Policies = Policies(decided) };
    }

    /// <summary>Why a record says what it says.</summary>
    public async Task<ExplanationAnswer> Record(EvidenceRecord record, CancellationToken cancellationToken)
    {
        var answer = RecordAnswer.From(record, names);
        if (record.Input is not { } input)
            return new ExplanationAnswer { Identity = answer.Identity ?? "", Record = answer };

        var identity = await history.Identity(input.ClientId, input.IdentityNumber, cancellationToken);
        var directory = await history.Directory(input.DirectoryNumber, cancellationToken);
        var then = Answer(input, record.Verdict, Scene(directory, identity, input), identity, null) with { Refusal = record.Refusal is { } refusal ? Camel(refusal) : null };
        var now = await DecideNow(
            input.ClientId,
            new DecisionRequest
            {
                RequestId = Guid.NewGuid(),
                GrantType = input.GrantType,
                AuthenticationMethod = input.AuthenticationMethod,
                CredentialHandle = input.CredentialHandle,
                Resource = input.Resource.Length == 0 ? null : input.Resource,
                Scopes = input.Scopes,
                OriginIp = input.OriginIp,
            },
            Assumptions.None,
            cancellationToken);

        RedecisionAnswer? again = null;
        LoadedPolicySet? policies = null;
        if (record.Verdict is not null)
        {
            try
            {
                policies = await history.Policies(input.PolicyDomain, input.PolicyVersion, cancellationToken);
                again = policies is null || identity is null
                    ? new RedecisionAnswer(false, $"a stored version it names is gone: {(policies is null ? "the policy set" : "the identity")}", VersionGone: true)
                    : Repeat(record, policies, directory, identity);
            }
            catch (InvalidDataException fault)
            {
                again = new RedecisionAnswer(false, fault.Message);
            }
        }

        return new ExplanationAnswer
        {
            Identity = input.ClientId,
            Record = answer,
            Then = then,
            Now = now.Answer,
            Changes = [.. Differences.Between(then, now.Answer, clock.GetUtcNow())],
            Policies = Policies(new Decided(then, record.Verdict, policies), now),
            ReDecision = again,
        };
    }

    private static RedecisionAnswer Repeat(EvidenceRecord record, LoadedPolicySet policies, DirectorySnapshot directory, Identity identity)
    {
        try
        {
            return Redecision.Holds(record, policies, directory, identity) ? new RedecisionAnswer(true, null) : new RedecisionAnswer(false, "the verdict differs");
        }
        catch (ArgumentException fault)
        {
            return new RedecisionAnswer(false, fault.Message);
        }
    }

    private async Task<Decided> DecideNow(string id, DecisionRequest request, Assumptions assumed, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        switch (await grains.GetGrain<IIdentityGrain>(GrainKey.For(self.Realm, id)).Explain(request))
        {
            case Decision.Decided decided:
                var identity = await history.Identity(id, decided.Input.IdentityNumber, cancellationToken);
                var active = silo.Newest is { } view && view.Policies.TryGetValue(GrainKey.For(self.Realm, decided.Input.PolicyDomain), out var policy) ? policy.Policies : null;
                var policies = active?.Version == decided.Input.PolicyVersion
                    ? active
                    : await history.Policies(decided.Input.PolicyDomain, decided.Input.PolicyVersion, cancellationToken);
                var directory = await history.Directory(decided.Input.DirectoryNumber, cancellationToken);
                return identity is null || policies is null
                    ? new Decided(Answer(decided.Input, decided.Verdict, null, identity, null), decided.Verdict, policies)
                    : Explained(decided.Verdict, assumed.Of(decided.Input, identity), assumed, policies, directory, identity);

            case Decision.Refused refused:
                var state = refused.Reason == RefusalReason.IdentityDisabled
                    ? await store.Read(new ObjectKey(self.Realm, ObjectKinds.Identity, id), cancellationToken)
                    : null;
                var reason = state is { IsDeleted: false } ? RegistryJson.ReadIdentity(state.Body.Span).DisabledReason : null;
                return new Decided(
                    new DecisionAnswer { Time = now, Resource = request.Resource, Refusal = Camel(refused.Reason.ToString()), RefusalDetail = reason }, null, null);

            case Decision.Unavailable unavailable:
                return new Decided(
                    new DecisionAnswer { Time = now, Resource = request.Resource, Refusal = "unavailable", RefusalDetail = Camel(unavailable.Reason.ToString()) }, null, null);

            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>The verdict was reached without assumptions; with any, policy is asked again here.</summary>
    private static Decided Explained(
        Verdict reached, DecisionInput input, Assumptions assumed, LoadedPolicySet policies, DirectorySnapshot directory, Identity identity)
    {
        var verdict = assumed.IsEmpty ? reached : Decider.Decide(policies, directory, identity, input);
        var answer = Answer(input, verdict, Scene(directory, identity, input), identity, Shortfall.Of(policies, directory, identity, input)) with { Assumed = assumed.Words() };
        return new Decided(answer, verdict, policies);
    }

    private static DecisionScene? Scene(DirectorySnapshot directory, Identity? identity, DecisionInput input) =>
        identity is null ? null : DecisionScene.Of(directory, identity, input);

    private static DecisionAnswer Answer(DecisionInput input, Verdict? verdict, DecisionScene? scene, Identity? identity, Shortfall? shortfall) => new()
    {
        Time = input.Time,
        Resource = input.Resource,
        GrantType = input.GrantType,
        AuthenticationMethod = input.AuthenticationMethod,
        Credential = input.CredentialHandle,
        Binding = input.Binding,
        OriginIp = input.OriginIp,
        Risk = RiskAnswer.From(input.Risk),
        Entitlements = scene is null || identity is null ? [] : [.. identity.Memberships.Where(member => scene.Principal.Parents.Contains(member.Group)).Select(MembershipAnswer.From)],
        EntitlementAgeSeconds = input.EntitlementAge.TotalSeconds,
        RiskAgeSeconds = input.RiskAge.TotalSeconds,
        IdentityNumber = input.IdentityNumber,
        DirectoryNumber = input.DirectoryNumber,
        PolicyDomain = input.PolicyDomain,
        PolicyVersion = input.PolicyVersion,
        Scopes = verdict is null ? [] : [.. verdict.Scopes.Select(scope => Answer(scope, shortfall))],
        LifetimeSeconds = (int)(verdict?.Lifetime.TotalSeconds ?? 0),
    };

    private static ScopeAnswer Answer(ScopeDecision scope, Shortfall? shortfall) => new()
    {
        Scope = scope.Scope,
        Outcome = Camel(scope.Outcome.ToString()),
        Policies = scope.Policies,
        Errors = scope.Errors,
        StepUp = scope.StepUp,
        Reasons = scope.Reasons,
        Missing = shortfall is null ? [] : [.. shortfall.Of(scope).Select(MissingAnswer.From)],
        Ways = shortfall is null ? [] : [.. shortfall.WaysTo(scope).Select(way => way.Select(RemedyAnswer.From).ToImmutableArray())],
    };

    /// <summary>Each policy that a decision names, once per text.</summary>
    private ImmutableArray<PolicyAnswer> Policies(params ReadOnlySpan<Decided> decisions)
    {
        var answers = ImmutableArray.CreateBuilder<PolicyAnswer>();
        foreach (var decision in decisions)
        {
            if (decision.Policies is not { } set)
                continue;

            var named = decision.Verdict?.Scopes.SelectMany(scope => scope.Policies).ToHashSet(StringComparer.Ordinal) ?? [];
            named.UnionWith(decision.Answer.Scopes.SelectMany(scope => scope.Missing).Select(missing => missing.Policy).OfType<string>());
            foreach (var policy in set.Policies.Policies)
            {
                if (named.Contains(policy.Id) && !answers.Any(known => known.Id == policy.Id && known.Text == policy.Text))
                    answers.Add(Answer(policy, InForce(decision.Answer.PolicyDomain, policy)));
            }
        }

        return answers.DrainToImmutable();
    }

    private bool InForce(string? domain, Policy policy) =>
        silo.Newest is { } view && domain is not null && view.Policies.TryGetValue(GrainKey.For(self.Realm, domain), out var active)
        && active.Policies.Policies.Policies.Any(known => known.Id == policy.Id && known.Text == policy.Text);

    private static PolicyAnswer Answer(Policy policy, bool inForce) => new(
        policy.Id, policy.Effect == Effect.Permit ? "permit" : "forbid", policy.Position.Source, policy.Position.Line, policy.Text, inForce);

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    private readonly record struct Decided(DecisionAnswer Answer, Verdict? Verdict, LoadedPolicySet? Policies);
}
