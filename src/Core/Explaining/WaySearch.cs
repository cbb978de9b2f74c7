using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Risk;

namespace Assay.Core.Explaining;

/// <summary>Searches the changes that would have a scope granted. The policies propose them; deciding again with them is what counts.</summary>
internal sealed class WaySearch(LoadedPolicySet policies, DecisionScene scene, Hypothesis now)
{
    private const int MostFound = 3;

    /// <summary>More proposals than this are not decided on.</summary>
    private const int MostTries = 96;

    private static readonly ImmutableArray<string> Methods = ["private_key_jwt", "client_secret_basic"];
    private static readonly ImmutableArray<string> Bindings = ["dpop", "mtls"];

    public ImmutableArray<ImmutableArray<Remedy>> Find(string scope)
    {
        var found = ImmutableArray.CreateBuilder<ImmutableArray<Remedy>>();
        foreach (var proposal in Proposals(scope).OrderBy(way => way.Length).ThenBy(way => way.Sum(remedy => remedy.Effort)).Take(MostTries))
        {
            if (found.Count == MostFound)
                break;
            if (Sufficient(proposal, scope) is { } way && !found.Any(smaller => smaller.All(way.Contains)))
                found.Add([.. way.OrderBy(remedy => remedy.Effort)]);
        }

        return found.DrainToImmutable();
    }

    /// <summary>The proposal, with a binding where one is asked for besides; null when the scope is not granted with it.</summary>
    private ImmutableArray<Remedy>? Sufficient(ImmutableArray<Remedy> proposal, string scope)
    {
        var then = proposal.Aggregate(now, (situation, remedy) => situation.With(remedy));
        var (outcome, _) = then.Decide(policies, scope);
        if (outcome == ScopeOutcome.Granted)
            return proposal;
        if (outcome != ScopeOutcome.BindingRequired)
            return null;

        foreach (var binding in Bindings)
        {
            var bound = new Remedy.Bind(binding);
            if (then.With(bound).Decide(policies, scope).Outcome == ScopeOutcome.Granted)
                return proposal.Add(bound);
        }

        return null;
    }

    /// <summary>Each forbid that strikes or fails would not, and a permit would be satisfied.</summary>
    private IEnumerable<ImmutableArray<Remedy>> Proposals(string scope)
    {
        var request = scene.Ask(scope);
        var scrutiny = new PolicyScrutiny(request, scene.Entities);
        var result = Authorizer.Authorize(policies.Policies, request, scene.Entities);
        IEnumerable<ImmutableArray<Remedy>> proposals = result.SatisfiedPermits.IsEmpty
            ? policies.Policies.Policies.Where(policy => policy.Effect == Effect.Permit).SelectMany(permit => Remedies(scrutiny.WaysTo(permit, satisfied: true)))
            : [[]];

        var failing = result.Errors.Select(error => error.Policy).Where(policy => policy.Effect == Effect.Forbid);
        foreach (var forbid in result.SatisfiedForbids.Concat(failing))
        {
            var ways = Remedies(scrutiny.WaysTo(forbid, satisfied: false));
            if (policies.ObligationsOf(forbid).StepUp is { } verification)
                ways = ways.Prepend([new Remedy.Verify(verification)]);
            proposals = Each(proposals, [.. ways]);
        }

        return proposals;
    }

    private IEnumerable<ImmutableArray<Remedy>> Remedies(ImmutableArray<ImmutableArray<Amendment>> ways)
    {
        foreach (var way in ways)
        {
            IEnumerable<ImmutableArray<Remedy>> combined = [[]];
            foreach (var amendment in way)
                combined = Each(combined, [.. Remedies(amendment)]);
            foreach (var remedies in combined)
                yield return remedies;
        }
    }

    private static IEnumerable<ImmutableArray<Remedy>> Each(IEnumerable<ImmutableArray<Remedy>> left, ImmutableArray<ImmutableArray<Remedy>> right) =>
        left.Take(MostTries).SelectMany(before => right.Select(more => before.AddRange(more.Where(remedy => !before.Contains(remedy))))).ToList();

    /// <summary>What somebody could do about it: alternatives, none when nobody can.</summary>
    private IEnumerable<ImmutableArray<Remedy>> Remedies(Amendment amendment)
    {
        switch (amendment)
        {
            case Amendment.Join join when join.Entity == scene.Principal.Uid && now.Directory.TryGetGroup(join.Group, out _):
                return [[new Remedy.Join(join.Group)]];

            case Amendment.Leave leave when leave.Entity == scene.Principal.Uid:
                return [[.. scene.Principal.Parents.Where(group => scene.Entities.IsIn(group, leave.Group)).Select(group => new Remedy.Leave(group))]];

            case Amendment.Set { Place: { Entity: { } entity, IsTag: false } place } set when IsOurs(entity):
                return [[new Remedy.Attribute(entity, place.Path, set.Value)]];

            case Amendment.Unset { Place: { Entity: { } entity, IsTag: false } place } when IsOurs(entity):
                return [[new Remedy.NoAttribute(entity, place.Path)]];

            case Amendment.Set { Place: { Entity: null } place } set:
                return InContext(place.Path, set.Value);

            default:
                return [];
        }
    }

    private IEnumerable<ImmutableArray<Remedy>> InContext(string path, Value? value)
    {
        switch (path, value)
        {
            case ("risk.score" or "risk.level" or "risk.signals", _):
                return Calmed(path == "risk.score" && value is LongValue { Value: >= 0 and <= 100 } score ? (int)score.Value : null);
            case ("client.method" or "client.assurance", _):
                return Methods.Where(method => method != now.Input.AuthenticationMethod).Select(method => ImmutableArray.Create<Remedy>(new Remedy.Authenticate(method)));
            case ("binding", StringValue { Value: var binding }) when Bindings.Contains(binding):
                return [[new Remedy.Bind(binding)]];
            case ("time", DatetimeValue { Milliseconds: >= 0 and <= 253_402_300_799_999 and var moment }):
                return [[new Remedy.AskAt(DateTimeOffset.FromUnixTimeMilliseconds(moment))]];
            case ("origin.ip", IpValue ip):
                return [[new Remedy.AskFrom(ip.ToString()["ip(\"".Length..^"\")".Length])]];
            default:
                return [];
        }
    }

    /// <summary>One signal cleared, or all of them; where the risk was only assumed, that score instead.</summary>
    private IEnumerable<ImmutableArray<Remedy>> Calmed(int? score)
    {
        if (now.Input.Risk != RiskScore.Assess(now.Identity.Signals, now.Input.Time))
            return score is { } assumed ? [[new Remedy.LowerRisk(assumed)]] : [];

        var clear = now.Input.Risk.Signals.Select(signal => (Remedy)new Remedy.ClearSignal(signal)).ToImmutableArray();
        return clear.Length > 1 ? clear.Select(one => ImmutableArray.Create(one)).Append(clear) : clear.Select(one => ImmutableArray.Create(one));
    }

    /// <summary>An attribute of it can be declared: of the identity, a group or the API asked for.</summary>
    private bool IsOurs(EntityUid entity) => entity == scene.Principal.Uid || entity == scene.Resource || now.Directory.TryGetGroup(entity, out _);
}
