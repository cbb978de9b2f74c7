using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Holds entities and requests against a schema and words what does not conform.</summary>
internal sealed class ConformanceCheck(Schema schema)
{
    private readonly List<string> faults = [];

    private bool IsFull => faults.Count >= CedarLimits.PolicyFaults;

    public ImmutableArray<string> Faults() => [.. faults];

    /// <param name="entity">The entity.</param>
    /// <param name="ancestors">What it is in, as far as that is known: its parents, or all its ancestors.</param>
    public void CheckEntity(Entity entity, IEnumerable<EntityUid> ancestors)
    {
        var uid = entity.Uid;
        if (IsFull)
            return;

        if (Names.IsActionType(uid.Type))
        {
            CheckAction(entity, ancestors);
            return;
        }

        if (!schema.EntityTypes.TryGetValue(uid.Type, out var type))
        {
            faults.Add($"{uid}: {Undeclared(uid.Type)}");
            return;
        }

        CheckMembership($"{uid}", uid);
        CheckAttributes($"{uid}, attrs", entity.Attributes, type.Attributes);
        foreach (var parent in entity.Parents.TakeWhile(_ => !IsFull))
        {
            CheckMembership($"{uid}, parents", parent);
            if (!type.AncestorTypes.Contains(parent.Type))
                faults.Add($"{uid}, parents: {parent} cannot be one; ancestors of {uid.Type} are {Listed(type.AncestorTypes)}");
        }

        if (type.Tags is null && entity.Tags.Count > 0)
            faults.Add($"{uid}, tags: entities of type {uid.Type} have none");

        for (var i = 0; type.Tags is not null && i < entity.Tags.Count && !IsFull; i++)
            Check($"{uid}, tags, {entity.Tags.FieldNames[i]}", entity.Tags.FieldValues[i], type.Tags);
    }

    public void CheckAttribute(string entityType, string name, Value value)
    {
        if (!schema.EntityTypes.TryGetValue(entityType, out var type))
            faults.Add(Undeclared(entityType));
        else if (type.Attributes.Attributes.TryGetValue(name, out var attribute))
            Check(name, value, attribute.Type);
        else
            faults.Add(Unexpected(name, type.Attributes));
    }

    public void CheckRequest(Request request)
    {
        CheckParty("principal", request.Principal);
        CheckParty("resource", request.Resource);
        if (!schema.Actions.TryGetValue(request.Action, out var action))
        {
            faults.Add($"action: {UndeclaredAction(request.Action)}");
            return;
        }

        CheckApplies("principal", request.Principal, action, action.PrincipalTypes);
        CheckApplies("resource", request.Resource, action, action.ResourceTypes);
        CheckAttributes("context", request.Context, action.Context);
    }

    // The schema is the authority on actions: what entities say of one must be just that.
    private void CheckAction(Entity entity, IEnumerable<EntityUid> ancestors)
    {
        var uid = entity.Uid;
        if (!schema.Actions.TryGetValue(uid, out var action))
            faults.Add($"{uid}: {UndeclaredAction(uid)}");
        else if (entity.Attributes.Count > 0 || entity.Tags.Count > 0)
            faults.Add($"{uid}: actions have neither attributes nor tags");
        else if (!action.Ancestors.SetEquals(ancestors))
            faults.Add($"{uid}, parents: not the groups the schema declares it in, which are {Listed(action.Ancestors)}");
    }

    private void CheckParty(string role, EntityUid uid)
    {
        if (!schema.EntityTypes.ContainsKey(uid.Type))
            faults.Add($"{role}: {Undeclared(uid.Type)}");
        else
            CheckMembership(role, uid);
    }

    private void CheckApplies(string role, EntityUid uid, ActionSchema action, IReadOnlyCollection<string> types)
    {
        if (schema.EntityTypes.ContainsKey(uid.Type) && !types.Contains(uid.Type))
            faults.Add($"{role}: {action.Uid} does not apply to {uid.Type}; it applies to {Listed(types)}");
    }

    private void CheckAttributes(string place, RecordValue record, CedarType.Record type)
    {
        for (var i = 0; i < record.Count && !IsFull; i++)
        {
            var name = record.FieldNames[i];
            if (type.Attributes.TryGetValue(name, out var attribute))
                Check($"{place}, {name}", record.FieldValues[i], attribute.Type);
            else
                faults.Add($"{place}: {Unexpected(name, type)}");
        }

        foreach (var (name, attribute) in type.Attributes)
        {
            if (attribute.IsRequired && !record.TryGetValue(name, out _))
                faults.Add($"{place}: {Missing(name)}");
        }
    }

    private void Check(string place, Value value, CedarType type)
    {
        switch (type, value)
        {
            case (CedarType.Bool, BoolValue) or (CedarType.Long, LongValue) or (CedarType.String, StringValue):
            case (CedarType.Extension { Type: ExtensionType.Decimal }, DecimalValue):
            case (CedarType.Extension { Type: ExtensionType.IpAddr }, IpValue):
            case (CedarType.Extension { Type: ExtensionType.Datetime }, DatetimeValue):
            case (CedarType.Extension { Type: ExtensionType.Duration }, DurationValue):
                break;

            case (CedarType.Entity expected, EntityValue entity) when entity.Value.Type == expected.Name:
                CheckMembership(place, entity.Value);
                break;

            case (CedarType.Set expected, SetValue set):
                foreach (var element in set.Elements.TakeWhile(_ => !IsFull))
                    Check(place, element, expected.Element);

                break;

            case (CedarType.Record expected, RecordValue record):
                CheckAttributes(place, record, expected);
                break;

            default:
                faults.Add($"{place}: expected {type}, got {value.TypeName}");
                break;
        }
    }

    // Of an enumerated type only the listed entities exist, and of actions only the declared ones.
    private void CheckMembership(string place, EntityUid uid)
    {
        if (schema.EntityTypes.GetValueOrDefault(uid.Type)?.EnumeratedIds is { } ids && !ids.Contains(uid.Id, StringComparer.Ordinal))
            faults.Add($"{place}: {uid} is none of the entities of that type{DidYouMean.Hint(uid.Id, ids)}");
        else if (Names.IsActionType(uid.Type) && !schema.Actions.ContainsKey(uid))
            faults.Add($"{place}: {UndeclaredAction(uid)}");
    }

    /// <summary>Words that an attribute is not declared.</summary>
    public static string Unexpected(string name, CedarType.Record type) =>
        $"the schema declares no {Escapes.Quote(name)}{DidYouMean.Hint(name, type.Attributes.Keys)}";

    /// <summary>Words that a required attribute is not there.</summary>
    public static string Missing(string name) => $"{Escapes.Quote(name)} is missing";

    /// <summary>Words that an entity type is not declared.</summary>
    public string Undeclared(string type) => $"the schema declares no entity type {type}{DidYouMean.Hint(type, schema.EntityTypes.Keys)}";

    /// <summary>Words that an action is not declared.</summary>
    public string UndeclaredAction(EntityUid uid) =>
        $"the schema declares no action {uid}{DidYouMean.Hint(uid.Id, schema.Actions.Keys.Where(action => action.Type == uid.Type).Select(action => action.Id))}";

    private static string Listed<T>(IEnumerable<T> names)
    {
        const int Most = 10;
        List<string> all = [.. names.Select(name => name!.ToString()!).Order(StringComparer.Ordinal)];
        return all.Count == 0 ? "none" : string.Join(", ", all.Take(Most)) + (all.Count > Most ? " and more" : "");
    }
}
