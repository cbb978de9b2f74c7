using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Risk;

namespace Assay.Core.Explaining;

/// <summary>A situation as it would be with some changes, and what policy says in it. Deciding in it is what makes a proposal more than a guess.</summary>
/// <param name="Verified">Verifications taken as done.</param>
internal sealed record Hypothesis(DirectorySnapshot Directory, Identity Identity, DecisionInput Input, ImmutableArray<string> Verified)
{
    /// <summary>The situation with one change more.</summary>
    public Hypothesis With(Remedy remedy) => remedy switch
    {
        Remedy.Verify verify => this with { Verified = Verified.Add(verify.Verification) },
        Remedy.ClearSignal clear => Without(clear.Signal),
        Remedy.LowerRisk risk => this with { Input = Input with { Risk = new RiskAssessment(risk.Score, RiskScore.LevelOf(risk.Score), Input.Risk.Signals) } },
        Remedy.Authenticate other => this with { Input = Input with { AuthenticationMethod = other.Method } },
        Remedy.Bind bound => this with { Input = Input with { Binding = bound.Binding } },
        Remedy.AskAt at => this with { Input = Input with { Time = at.Moment } },
        Remedy.AskFrom from => this with { Input = Input with { OriginIp = from.Ip } },
        Remedy.Join join => this with { Identity = Identity with { Memberships = [.. Identity.Memberships.Where(known => known.Group != join.Group), new Membership { Group = join.Group }] } },
        Remedy.Leave leave => this with { Identity = Identity with { Memberships = [.. Identity.Memberships.Where(known => known.Group != leave.Group)] } },
        Remedy.Attribute set => WithAttributes(set.Entity, attributes => Replaced(attributes, set.Path.Split('.'), set.Value ?? Value.Of("any"))),
        Remedy.NoAttribute unset => WithAttributes(unset.Entity, attributes => Replaced(attributes, unset.Path.Split('.'), null)),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>What becomes of a scope, and the permits that are satisfied.</summary>
    public (ScopeOutcome Outcome, ImmutableArray<Policy> Permits) Decide(LoadedPolicySet policies, string scope)
    {
        if (DecisionScene.Of(Directory, Identity, Input) is not { } scene)
            return (ScopeOutcome.UnknownScope, []);

        var result = Authorizer.Authorize(policies.Policies, scene.Ask(scope), scene.Entities);
        var forbids = result.SatisfiedForbids.Where(forbid => !(policies.ObligationsOf(forbid).StepUp is { } verification && Verified.Contains(verification))).ToArray();
        var failed = result.Errors.Any(error => error.Policy.Effect == Effect.Forbid);
        return (ScopeWeight.Of(policies, result.SatisfiedPermits.AsSpan(), forbids, failed, Input.Binding).Outcome, result.SatisfiedPermits);
    }

    private Hypothesis Without(string signal)
    {
        var left = Identity with { Signals = [.. Identity.Signals.Where(known => known.Name != signal)] };
        return this with { Identity = left, Input = Input with { Risk = RiskScore.Assess(left.Signals, Input.Time) } };
    }

    private Hypothesis WithAttributes(EntityUid entity, Func<RecordValue, RecordValue> change)
    {
        if (entity == PrincipalEntity.UidOf(Identity))
        {
            var attributes = change(PrincipalEntity.AttributesOf(Identity));
            string? Text(string name) => attributes.TryGetValue(name, out var value) && value is StringValue text ? text.Value : null;
            return this with { Identity = Identity with { Attributes = attributes, Name = Text("name"), Owner = Text("owner") } };
        }

        return this with
        {
            Directory = DirectorySnapshot.Of(
                Directory.Groups.Select(group => group.Uid == entity ? group with { Attributes = change(group.Attributes) } : group),
                Directory.Apis.Select(api => ApiView.UidOf(api) == entity ? api with { Attributes = change(api.Attributes) } : api)),
        };
    }

    private static RecordValue Replaced(RecordValue record, ReadOnlySpan<string> path, Value? value)
    {
        var name = path[0];
        if (path.Length > 1)
            value = Replaced(record.TryGetValue(name, out var inner) && inner is RecordValue present ? present : RecordValue.Empty, path[1..], value);
        var fields = record.Fields.Where(field => field.Key != name).ToList();
        if (value is not null)
            fields.Add(new(name, value));
        return Value.Record(fields);
    }
}
