using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>
/// Checks policies against a schema (Cedar language 4.5, as engine 4.13.0 does). Policies that pass never fail with a type error, a
/// missing attribute or a missing tag, when entities and request conform to the schema; overflow and entities that do not exist
/// remain possible.
/// </summary>
public static class Validator
{
    /// <summary>
    /// Checks every policy and template. Templates are checked for all entities their slots can be filled with; of linked policies,
    /// what their slots are filled with. At most <see cref="CedarLimits.PolicyFindings"/> errors and as many warnings are reported
    /// for one policy.
    /// </summary>
    public static ValidationResult Validate(PolicySet policies, Schema schema, ValidationMode mode = ValidationMode.Strict)
    {
        ArgumentNullException.ThrowIfNull(policies);
        ArgumentNullException.ThrowIfNull(schema);
        var types = new SchemaTypes(schema);
        var findings = ImmutableArray.CreateBuilder<ValidationFinding>();
        foreach (var policy in policies.Policies)
        {
            var subject = new Subject(policy.Id, policy.Body, policy.Principal, policy.Resource);
            findings.AddRange(policy.Template is { } template ? CheckLink(subject, template, types) : Check(subject, types, mode));
        }

        foreach (var template in policies.Templates)
            findings.AddRange(Check(new Subject(template.Id, template.Body, template.Principal, template.Resource), types, mode));

        return new ValidationResult(findings.DrainToImmutable());
    }

    private static IEnumerable<ValidationFinding> Check(Subject subject, SchemaTypes schema, ValidationMode mode)
    {
        var body = subject.Body;
        var log = new FindingLog(subject.Id, body);
        var names = new NameCheck(schema, log);
        names.CheckHead(body, subject.Principal, subject.Resource);
        var head = subject.Head(schema);
        CheckActions(body, head, schema, mode, log);
        var isHeadSound = !log.HasErrors;
        names.CheckConditions(body);

        var checker = new Typechecker(schema, mode, log);
        var seen = new HashSet<(string?, EntityUid?, int?, string?)>();
        var canHold = false;
        foreach (var environment in head.Environments())
        {
            // Environments that differ only in what the conditions do not use are the same to them.
            if (seen.Add(Relevant(environment, names, schema)))
                canHold |= checker.CanHold(body.Conditions, environment);
        }

        if (seen.Count == 0 && isHeadSound)
            WarnOfHead(body, head, log);
        else if (!canHold && !log.HasErrors)
            log.Add(ValidationFindingKind.NeverSatisfied, body.Start, "the conditions are false for every request that the schema allows; the policy does nothing");

        return log.Findings(seen.Count, environment => Describe(environment, names));
    }

    /// <summary>
    /// A list of actions is a set, to which the rules of strict mode apply when some principal satisfies the head. That it is empty
    /// is a mistake in either mode: the policy could be left out.
    /// </summary>
    private static void CheckActions(PolicyBody body, PolicyHead head, SchemaTypes schema, ValidationMode mode, FindingLog log)
    {
        if (body.Action is not ScopeConstraint.In { Entities: var actions } || !head.CanFitPrincipal())
            return;

        if (actions.IsEmpty)
            log.Add(ValidationFindingKind.EmptySet, body.Start, "'action in []' holds for no action; name at least one");
        else if (mode == ValidationMode.Strict && actions.All(schema.IsKnown) && actions.FirstOrDefault(action => action.Type != actions[0].Type) is { Type: { } type })
            log.Add(ValidationFindingKind.IncompatibleTypes, body.Start, $"the actions of a list have one type; {actions[0].Type} and {type} are different");
    }

    private static IEnumerable<ValidationFinding> CheckLink(Subject link, Template template, SchemaTypes schema)
    {
        var log = new FindingLog(link.Id, link.Body);
        var names = new NameCheck(schema, log);
        foreach (var (open, filled) in ((ScopeConstraint, ScopeConstraint)[])[(template.Principal, link.Principal), (template.Resource, link.Resource)])
        {
            if (open.HasSlot)
                names.CheckType(link.Body.Start, EntityOf(filled).Type);
        }

        var head = link.Head(schema);
        if (!log.HasErrors && !head.Environments().Any())
            WarnOfHead(link.Body, head, log);

        return log.Findings(0, _ => "");
    }

    private static EntityUid EntityOf(ScopeConstraint filled) => filled switch
    {
        ScopeConstraint.Equal equal => equal.Entity,
        ScopeConstraint.In contained => contained.Entities[0],
        ScopeConstraint.IsIn test => test.Entity,
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static void WarnOfHead(PolicyBody body, PolicyHead head, FindingLog log)
    {
        var meant = string.Join(" and for ", head.MeantAsGroup());
        var advice = meant.Length == 0 ? "" : $"; write 'in' instead of '==' for {meant}";
        log.Add(ValidationFindingKind.NoActionApplies, body.Start, $"no action of the schema applies to what this head asks for, so the policy does nothing{advice}");
    }

    private static (string?, EntityUid?, int?, string?) Relevant(RequestEnvironment environment, NameCheck names, SchemaTypes schema) =>
    (
        names.Uses(Variable.Principal) ? environment.Principal : null,
        names.Uses(Variable.Action) ? environment.Action.Uid : null,
        names.Uses(Variable.Context) ? schema.ContextNumber(environment.Action) : null,
        names.Uses(Variable.Resource) ? environment.Resource : null);

    private static string Describe(RequestEnvironment environment, NameCheck names)
    {
        List<string> parts = [];
        if (names.Uses(Variable.Principal))
            parts.Add($"principal is {environment.Principal}");

        if (names.Uses(Variable.Action) || names.Uses(Variable.Context))
            parts.Add($"action == {environment.Action.Uid}");

        if (names.Uses(Variable.Resource))
            parts.Add($"resource is {environment.Resource}");

        return $" (when {string.Join(" and ", parts)})";
    }

    private readonly record struct Subject(string Id, PolicyBody Body, ScopeConstraint Principal, ScopeConstraint Resource)
    {
        public PolicyHead Head(SchemaTypes schema) => new(schema, Principal, Body.Action, Resource);
    }
}
