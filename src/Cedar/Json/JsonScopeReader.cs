using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Reads the parts of a head from the JSON policy format.</summary>
internal static class JsonScopeReader
{
    /// <summary>What a head asks of the principal or the resource.</summary>
    public static ScopeConstraint Read(JsonPart part, string slot)
    {
        switch (ReadOperator(part))
        {
            case "All" or "all":
                part.Object("op");
                return ScopeConstraint.Anything;
            case "==":
                return ReadReference(part, slot, "op") is { } equal ? new ScopeConstraint.Equal(equal) : new ScopeConstraint.EqualSlot();
            case "in":
                return ReadReference(part, slot, "op") is { } ancestor ? new ScopeConstraint.In([ancestor]) : new ScopeConstraint.InSlot();
            case "is":
                return ReadIs(part, slot);
            default:
                throw part.Bad("op must be All, ==, in or is");
        }
    }

    /// <summary>What a head asks of the action.</summary>
    public static ScopeConstraint ReadAction(JsonPart part)
    {
        switch (ReadOperator(part))
        {
            case "All" or "all":
                part.Object("op");
                return ScopeConstraint.Anything;
            case "==":
                return new ScopeConstraint.Equal(ReadActionUid(part.Object("op", "entity").Required("entity")));
            case "in":
                var members = part.Object("op", "entity", "entities");
                return members.Optional("entities") is { } several && members.Optional("entity") is null
                    ? new ScopeConstraint.In([.. several.Items().Select(ReadActionUid)])
                    : new ScopeConstraint.In([ReadActionUid(part.Object("op", "entity").Required("entity"))]);
            default:
                throw part.Bad("op must be All, == or in");
        }
    }

    /// <summary><c>{"type","id"}</c>, also within <c>{"__entity":…}</c>.</summary>
    public static EntityUid ReadUid(JsonPart part)
    {
        if (part.Members() is [("__entity", var inner)])
            part = inner;

        var members = part.Object("type", "id");
        var type = members.Required("type");
        if (!Names.IsEntityType(type.Text()))
            throw type.Bad($"{Escapes.Quote(type.Text())} is no entity type");

        return new EntityUid(type.Text(), members.Required("id").Text());
    }

    private static string ReadOperator(JsonPart part) =>
        part.Members().Find(member => member.Name == "op").Part is { } given ? given.Text() : throw part.Bad("the member op is missing");

    private static ScopeConstraint ReadIs(JsonPart part, string slot)
    {
        var members = part.Object("op", "entity_type", "in");
        var typePart = members.Required("entity_type");
        var type = typePart.Text();
        if (!Names.IsEntityType(type))
            throw typePart.Bad($"{Escapes.Quote(type)} is no entity type");

        if (members.Optional("in") is not { } ancestor)
            return new ScopeConstraint.Is(type);

        return ReadReference(ancestor, slot) is { } entity ? new ScopeConstraint.IsIn(type, entity) : new ScopeConstraint.IsInSlot(type);
    }

    /// <summary>An entity, or null for the slot.</summary>
    private static EntityUid? ReadReference(JsonPart part, string slot, params ReadOnlySpan<string> beside)
    {
        var members = part.Object(["entity", "slot", .. beside]);
        if (members.Optional("slot") is not { } given)
            return ReadUid(members.Required("entity"));

        if (members.Optional("entity") is not null)
            throw part.Bad("entity and slot exclude each other");

        return given.Text() == slot ? null : throw given.Bad($"only the slot {slot} can stand here");
    }

    private static EntityUid ReadActionUid(JsonPart part)
    {
        var uid = ReadUid(part);
        return Names.IsActionType(uid.Type) ? uid : throw part.Bad($"the type of an action is Action, possibly in a namespace, not {uid.Type}");
    }
}
