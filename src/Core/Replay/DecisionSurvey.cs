using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Risk;

namespace Assay.Core.Replay;

/// <summary>
/// Asks two policy sets about every scope of every API for every identity, each in a few standard situations, and gathers where the answers differ. Where there
/// is no history to replay, this says who would notice a change; it cannot say that nobody would: an address, a signal's name or a moment that a policy
/// looks at is not among the situations.
/// </summary>
public static class DecisionSurvey
{
    /// <summary>A key or a shared secret, without risk, at a risk of 50 and at one of 80; without token binding, from an unknown address.</summary>
    public static ImmutableArray<SurveySituation> Situations { get; } =
        [.. from method in (string[])["private_key_jwt", "client_secret_basic"] from score in (int[])[0, 50, 80] select new SurveySituation(method, score)];

    /// <summary>Compares the answers of two sets, for APIs of the domain of tokens and identities that are not disabled.</summary>
    /// <param name="time">The moment of all decisions: memberships that have expired do not count.</param>
    /// <param name="defaultLifetime">The life of a token when neither policy nor API says otherwise.</param>
    /// <param name="maxLifetime">The longest life of a token.</param>
    public static DecisionSurveyResult Compare(
        LoadedPolicySet before, LoadedPolicySet after, DirectorySnapshot directory, IEnumerable<Identity> identities, DateTimeOffset time, TimeSpan defaultLifetime, TimeSpan maxLifetime)
    {
        var apis = directory.Apis.Where(api => api.PolicyDomain == PolicyDomains.Tokens).OrderBy(api => api.Resource, StringComparer.Ordinal).ToArray();
        var survey = new Survey(before, after, time, defaultLifetime, maxLifetime);
        var asked = 0;
        foreach (var identity in identities.Where(identity => identity.DisabledAt is null))
        {
            asked++;
            foreach (var api in apis)
                survey.Add(DecisionStage.Of(directory, identity, api.Resource, time)!, identity, api);
        }

        return new DecisionSurveyResult(asked, apis.Length, survey.Decisions, survey.Changes());
    }

    private sealed class Survey(LoadedPolicySet before, LoadedPolicySet after, DateTimeOffset time, TimeSpan defaultLifetime, TimeSpan maxLifetime)
    {
        private readonly (CandidateDecider By, DecisionAnswers Answers) old = (new CandidateDecider(before), new DecisionAnswers());
        private readonly (CandidateDecider By, DecisionAnswers Answers) would = (new CandidateDecider(after), new DecisionAnswers());
        private readonly Dictionary<Key, List<SurveySituation>> rows = [];
        private readonly List<AnswerChange> found = [];

        public long Decisions { get; private set; }

        public void Add(DecisionStage stage, Identity identity, Api api)
        {
            foreach (var situation in Situations)
            {
                // Scope by scope: in company, the life of one hides the other's.
                foreach (var scope in api.Scopes)
                    Add(stage, Input(identity, api, scope.Name, situation), situation);
            }
        }

        public ImmutableArray<SurveyChange> Changes() =>
        [
            .. rows.Select(row => new SurveyChange(
                    row.Key.Kind, row.Key.Identity, row.Key.Resource, row.Key.Scope, row.Key.Before, row.Key.After,
                    row.Key.StepUp == "" ? [] : [.. row.Key.StepUp.Split(' ')], row.Key.LifeBefore, row.Key.LifeAfter, [.. row.Value]))
                .OrderBy(row => ReplayTally.Rank(row.Kind)).ThenBy(row => row.Identity, StringComparer.Ordinal).ThenBy(row => row.Resource, StringComparer.Ordinal)
                .ThenBy(row => row.Scope, StringComparer.Ordinal).ThenBy(row => row.Before).ThenBy(row => row.After),
        ];

        private void Add(DecisionStage stage, DecisionInput input, SurveySituation situation)
        {
            Decisions++;
            old.By.Decide(stage, input, old.Answers);
            would.By.Decide(stage, input, would.Answers);
            found.Clear();
            DecisionDifference.Between(old.Answers, would.Answers, found);
            foreach (var change in found)
            {
                // Of the life of the token, the scope is the only one that was asked for.
                var key = new Key(
                    change.Kind, input.ClientId, input.Resource, input.Scopes[0], change.Before ?? ScopeOutcome.Granted, change.After ?? ScopeOutcome.Granted,
                    string.Join(' ', change.StepUp), old.Answers.Lifetime, would.Answers.Lifetime);
                if (!rows.TryGetValue(key, out var situations))
                    rows.Add(key, situations = []);
                situations.Add(situation);
            }
        }

        private DecisionInput Input(Identity identity, Api api, string scope, SurveySituation situation) => new()
        {
            Realm = "default",
            ClientId = identity.Id,
            Time = time,
            GrantType = "client_credentials",
            AuthenticationMethod = situation.Method,
            CredentialHandle = "survey",
            Resource = api.Resource,
            Scopes = [scope],
            Risk = situation.Risk == 0 ? RiskAssessment.None : new RiskAssessment(situation.Risk, RiskScore.LevelOf(situation.Risk), ["survey"]),
            EntitlementAge = TimeSpan.Zero,
            RiskAge = TimeSpan.Zero,
            IdentityNumber = 0,
            DirectoryNumber = 0,
            PolicyDomain = PolicyDomains.Tokens,
            PolicyVersion = "survey",
            DefaultLifetime = defaultLifetime,
            MaxLifetime = maxLifetime,
        };
    }

    private readonly record struct Key(
        ChangeKind Kind, string Identity, string Resource, string Scope, ScopeOutcome Before, ScopeOutcome After, string StepUp, TimeSpan LifeBefore, TimeSpan LifeAfter);
}

/// <param name="Method">How the client proves itself.</param>
/// <param name="Risk">The risk score.</param>
public readonly record struct SurveySituation(string Method, int Risk);

/// <param name="Identities">How many were asked about.</param>
/// <param name="Apis">About how many.</param>
/// <param name="Decisions">How many pairs of answers were compared: one per identity, scope and situation.</param>
/// <param name="Changes">Losses first, then step-ups, gains and lives; each in the order of identity, resource and scope.</param>
public sealed record DecisionSurveyResult(int Identities, int Apis, long Decisions, ImmutableArray<SurveyChange> Changes);

/// <summary>One difference, in every situation in which it is the same.</summary>
/// <param name="LifeBefore">The life of a token with this scope alone; zero when it is withheld.</param>
public sealed record SurveyChange(
    ChangeKind Kind,
    string Identity,
    string Resource,
    string Scope,
    ScopeOutcome Before,
    ScopeOutcome After,
    ImmutableArray<string> StepUp,
    TimeSpan LifeBefore,
    TimeSpan LifeAfter,
    ImmutableArray<SurveySituation> Situations);
