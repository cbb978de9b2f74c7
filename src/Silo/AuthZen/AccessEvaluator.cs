using System.Collections.Immutable;
using System.Diagnostics;
using Assay.Core.Decisions;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.ClientAuthentication;
using Assay.Silo.Tokens;

namespace Assay.Silo.AuthZen;

/// <summary>
/// Answers questions about access by the identities' grains, which know the state of now: one call for all questions about the same subject at the same API. No grain
/// is woken for a subject that is not registered.
/// </summary>
internal sealed class AccessEvaluator(IdentityCalls identities, ClientRegistry registry, SiloView silo, SiloIdentity self, AssayMetrics metrics)
{
    /// <summary>The one grant there is, so the one by which a subject can have got what it shows.</summary>
    public const string GrantType = "client_credentials";

    private static readonly AccessRefusal Unable = AccessRefusal.Unavailable("this silo cannot decide at the moment");

    /// <summary>The answers in the order of the questions, as far as the semantic goes; or the refusal of them all, when one cannot be decided now.</summary>
    /// <param name="passages">The answers rest on a decision of each subject.</param>
    public async ValueTask<(ImmutableArray<AccessAnswer> Answers, AccessRefusal? Refusal)> Answer(
        AccessCaller caller, ImmutableArray<AccessItem> items, EvaluationsSemantic semantic, Passages passages, CancellationToken cancellationToken)
    {
        if (silo.Current is not { } view)
            return ([], Unable);

        var questions = items.Select(item => Examine(caller, view.Directory, item)).ToList();
        var scopes = questions.OfType<Look.Open>().ToLookup(open => open.Place, open => open.Scope);
        var decisions = new Dictionary<Place, Decision>();
        var answers = ImmutableArray.CreateBuilder<AccessAnswer>(items.Length);
        foreach (var question in questions)
        {
            AccessAnswer answer;
            switch (question)
            {
                case Look.Closed closed:
                    answer = closed.Answer;
                    break;
                case Look.Open open:
                    if (!decisions.TryGetValue(open.Place, out var decision))
                        decisions[open.Place] = decision = await Decide(open.Place, [.. scopes[open.Place].Distinct(StringComparer.Ordinal)], passages, cancellationToken);
                    if (decision is Decision.Unavailable)
                        return ([], Unable);
                    answer = Answer(caller, decision, open.Scope);
                    break;
                default:
                    throw new UnreachableException();
            }

            metrics.Evaluated(answer.Refusal is not null ? "error" : answer.IsPermitted ? "permit" : "deny");
            answers.Add(answer);
            if (answer.IsPermitted ? semantic == EvaluationsSemantic.PermitOnFirstPermit : semantic == EvaluationsSemantic.DenyOnFirstDeny)
                break;
        }

        return (answers.DrainToImmutable(), null);
    }

    /// <summary>What can be said without asking policy.</summary>
    private static Look Examine(AccessCaller caller, DirectorySnapshot directory, AccessItem item)
    {
        if (item.Question is not { } question)
            return new Look.Closed(AccessAnswer.Wrong(AccessRefusal.Malformed(item.Fault!)));
        if (!AccessTypes.IsResource(question.ResourceType))
            return new Look.Closed(AccessAnswer.Denied("unknown_resource"));
        if (!directory.TryGetApi(question.ResourceId, out var api) || !caller.MayAskAbout(api))
            return new Look.Closed(caller.IsAdministrator ? AccessAnswer.Denied("unknown_resource") : AccessAnswer.Wrong(AccessRefusal.NotYours));
        if (!api.Scopes.Any(scope => scope.Name == question.Action))
            return new Look.Closed(AccessAnswer.Denied("unknown_action"));

        return AccessTypes.IsSubject(question.SubjectType, out var principal) && RegistryText.IdFault(question.SubjectId) is null
            ? new Look.Open(new Place(question.SubjectId, principal, api.Resource, question.Context), question.Action)
            : new Look.Closed(Answer(caller, RefusalReason.UnknownIdentity));
    }

    private async ValueTask<Decision> Decide(Place place, ImmutableArray<string> scopes, Passages passages, CancellationToken cancellationToken)
    {
        var passage = passages.Enter();
        if (await registry.Find(self.Realm, place.Subject, cancellationToken) is null)
        {
            return silo.CurrentFor(passage) is { } view
                ? new Decision.Refused(view.Number, RefusalReason.UnknownIdentity, null, null)
                : new Decision.Unavailable(UnavailableReason.LeaseLapsed);
        }

        var request = new EvaluationRequest
        {
            Resource = place.Resource,
            Scopes = scopes,
            GrantType = GrantType,
            PrincipalType = place.PrincipalType,
            AuthenticationMethod = place.Context.Method,
            CredentialHandle = place.Context.Credential,
            OriginIp = place.Context.Ip,
        };
        return await identities.Evaluate(place.Subject, request, passage, cancellationToken);
    }

    private static AccessAnswer Answer(AccessCaller caller, Decision decision, string scope)
    {
        if (decision is Decision.Refused refused)
            return Answer(caller, refused.Reason);

        foreach (var decided in ((Decision.Decided)decision).Verdict.Scopes)
        {
            if (decided.Scope == scope)
                return Answer(caller, decided);
        }

        throw new UnreachableException("every scope that is asked for is decided");
    }

    private static AccessAnswer Answer(AccessCaller caller, ScopeDecision decided) => new(decided.Granted)
    {
        Reason = decided.Granted ? null : WordOf(decided.Outcome),
        MaxLifetime = decided.Granted ? decided.MaxLifetime : null,
        StepUp = decided.StepUp,
        Reasons = caller.SeesReasons ? decided.Reasons : decided.PublicReasons,
        Policies = caller.SeesReasons ? decided.Policies : [],
        Errors = caller.SeesReasons ? decided.Errors : [],
    };

    /// <summary>Whether a subject exists, is disabled or has credentials is not for everybody to know: to others nothing permits it.</summary>
    private static AccessAnswer Answer(AccessCaller caller, RefusalReason reason) => AccessAnswer.Denied(reason switch
    {
        RefusalReason.UnknownResource => "unknown_resource", // since a moment ago
        _ when !caller.SeesReasons => "no_permit",
        RefusalReason.UnknownIdentity => "unknown_subject",
        RefusalReason.IdentityDisabled => "subject_disabled",
        RefusalReason.CredentialNotHeld => "no_such_credential",
        RefusalReason.GrantTypeNotAllowed => "grant_type_not_allowed",
        _ => throw new UnreachableException(),
    });

    private static string WordOf(ScopeOutcome outcome) => outcome switch
    {
        ScopeOutcome.UnknownScope => "unknown_action",
        ScopeOutcome.NoPermit => "no_permit",
        ScopeOutcome.Forbidden => "forbidden",
        ScopeOutcome.StepUpRequired => "step_up_required",
        ScopeOutcome.BindingRequired => "binding_required",
        ScopeOutcome.PolicyError => "policy_error",
        _ => throw new UnreachableException(),
    };
}

/// <summary>Who asks where, and what is known of how.</summary>
internal sealed record Place(string Subject, string? PrincipalType, string Resource, AccessContext Context);

/// <summary>A question, looked at.</summary>
internal abstract record Look
{
    private Look()
    {
    }

    public sealed record Closed(AccessAnswer Answer) : Look;

    /// <summary>Policy has to be asked.</summary>
    public sealed record Open(Place Place, string Scope) : Look;
}
