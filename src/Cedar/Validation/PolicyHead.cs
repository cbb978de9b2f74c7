namespace Assay.Cedar;

/// <summary>
/// What the head of a policy says before any condition is looked at: which requests can satisfy it, by the types of the schema.
/// A name that the schema does not know is reported elsewhere and rules nothing out here.
/// </summary>
internal sealed class PolicyHead(SchemaTypes schema, ScopeConstraint principal, ScopeConstraint action, ScopeConstraint resource)
{
    /// <summary>The actions that satisfy the head.</summary>
    public IEnumerable<ActionSchema> Actions => action switch
    {
        ScopeConstraint.Any => schema.Actions,
        ScopeConstraint.Equal equal => schema.Schema.Actions.TryGetValue(equal.Entity, out var single) ? [single] : [],
        ScopeConstraint.In groups => groups.Entities.SelectMany(schema.In).Distinct(ReferenceEqualityComparer.Instance).Cast<ActionSchema>(),
        _ => [],
    };

    /// <summary>The requests that can satisfy the head.</summary>
    public IEnumerable<RequestEnvironment> Environments()
    {
        var principals = new Dictionary<string, bool>(StringComparer.Ordinal);
        var resources = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (var applied in Actions)
        {
            foreach (var principalType in Fitting(applied.PrincipalTypes, principal, principals))
            {
                foreach (var resourceType in Fitting(applied.ResourceTypes, resource, resources))
                    yield return new RequestEnvironment(principalType, applied, resourceType);
            }
        }
    }

    /// <summary>Whether there is any request, of whatever action and resource, whose principal satisfies the head.</summary>
    public bool CanFitPrincipal() =>
        schema.Actions.Any(any => any.ResourceTypes.Count > 0 && any.PrincipalTypes.Any(type => Fits(type, principal)));

    /// <summary>
    /// The variables for which <c>in</c> instead of <c>==</c> would give the policy requests to apply to: the head names a group
    /// where the action takes its members.
    /// </summary>
    public IEnumerable<string> MeantAsGroup()
    {
        if (principal is ScopeConstraint.Equal person && IsGroup(person.Entity.Type, one => one.PrincipalTypes))
            yield return "principal";

        if (resource is ScopeConstraint.Equal thing && IsGroup(thing.Entity.Type, one => one.ResourceTypes))
            yield return "resource";

        if (action is ScopeConstraint.Equal group && Actions.All(one => one.PrincipalTypes.Count == 0) && schema.Actions.Any(one => one.Ancestors.Contains(group.Entity)))
            yield return "action";
    }

    private bool IsGroup(string type, Func<ActionSchema, IEnumerable<string>> appliesTo)
    {
        var types = Actions.SelectMany(appliesTo).ToHashSet(StringComparer.Ordinal);
        return !types.Contains(type) && types.Any(member => schema.CanBeIn(member, type));
    }

    private IEnumerable<string> Fitting(IEnumerable<string> types, ScopeConstraint constraint, Dictionary<string, bool> known)
    {
        foreach (var type in types.Order(StringComparer.Ordinal))
        {
            if (!known.TryGetValue(type, out var fits))
                known.Add(type, fits = Fits(type, constraint));

            if (fits)
                yield return type;
        }
    }

    private bool Fits(string type, ScopeConstraint constraint) => constraint switch
    {
        ScopeConstraint.Equal equal => type == equal.Entity.Type || !schema.IsKnown(equal.Entity),
        ScopeConstraint.In contained => contained.Entities.Any(entity => schema.CanBeIn(type, entity.Type) || !schema.IsKnown(entity)),
        ScopeConstraint.Is test => type == test.Type,
        ScopeConstraint.IsInSlot test => type == test.Type,
        ScopeConstraint.IsIn test => type == test.Type && (schema.CanBeIn(type, test.Entity.Type) || !schema.IsKnown(test.Entity)),
        _ => true, // anything, or a slot that some entity of this type, or above it, can fill
    };
}
