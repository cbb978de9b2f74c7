using System.Collections.Immutable;
using Assay.Bundle.Yaml;
using Assay.Cedar;
using Assay.Core.Registry;

namespace Assay.Bundle;

/// <summary>How a bundle points at roles, teams and other parents: <c>role: exporter</c>, <c>team: payments</c>.</summary>
internal static class GroupReferences
{
    private static readonly (string Key, string Type)[] Kinds = [("role", EntityTypes.Role), ("team", EntityTypes.Team), ("api", EntityTypes.Api)];

    /// <summary>The one group a mapping with <c>role</c> or <c>team</c> names; null, with a fault, when it names none or several.</summary>
    public static EntityUid? One(Fields fields, string noun, Source source, bool withApi = false)
    {
        var kinds = Kinds.Where(kind => (withApi || kind.Type != EntityTypes.Api) && fields.Has(kind.Key)).ToArray();
        if (kinds is not [(var key, var type)])
        {
            source.Faults.Add(fields.At, kinds.Length == 0
                ? $"{noun} needs 'role' or 'team'; write for instance '- role: exporter'"
                : $"{noun} has {string.Join(" and ", kinds.Select(kind => $"'{kind.Key}'"))}; make one entry of each");
            return null;
        }

        return fields.Text(key) is not { } id ? null
            : new EntityUid(type, type == EntityTypes.Api ? RegistryText.NormalizeResource(id) : id);
    }

    /// <summary>The list under <c>parents</c>: roles, teams, APIs, or entities of the policy author's own types as Cedar literals.</summary>
    public static ImmutableArray<EntityUid> Parents(Fields fields, string where, Source source)
    {
        var parents = ImmutableArray.CreateBuilder<EntityUid>();
        foreach (var item in fields.List("parents", "'- role: base'"))
        {
            var here = $"{where}.parents[{parents.Count}]";
            source.Places.Set(here, item.At);
            if (Parent(item, here, source) is { } parent)
                parents.Add(parent);
        }

        return parents.DrainToImmutable();
    }

    private static EntityUid? Parent(YamlNode item, string where, Source source)
    {
        if (item is YamlScalar { Meaning: ScalarMeaning.Text } scalar)
        {
            if (EntityUid.TryParse(scalar.Value, out var uid))
                return uid;

            source.Faults.Add(item.At, $"'{scalar.Value}' is no parent; write '- role: {scalar.Value}', '- team: {scalar.Value}', or a Cedar entity such as 'Zone::\"internal\"'");
            return null;
        }

        return Fields.Open(item, "a parent", where, source, ["role", "team", "api"]) is { } fields ? One(fields, "a parent", source, withApi: true) : null;
    }
}
