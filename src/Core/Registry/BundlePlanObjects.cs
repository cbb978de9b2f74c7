using System.Collections.Immutable;
using Assay.Core.Policies;

namespace Assay.Core.Registry;

/// <summary>What a bundle makes of one role, team or API, and how its policies differ from the last ones.</summary>
internal static class BundlePlanObjects
{
    public static (Group Result, FieldChanges Changes) Merge(Group? has, DeclaredGroup wanted, string bundle)
    {
        var changes = new FieldChanges();
        var before = has ?? new Group { Uid = wanted.Uid };
        changes.Field("description", FieldChanges.Quoted(before.Description), FieldChanges.Quoted(wanted.Description));
        changes.Words("parents", before.Parents.Select(FieldChanges.Plain), wanted.Parents.Select(FieldChanges.Plain));
        changes.Attributes(before.Attributes, wanted.Attributes);
        return (before with
        {
            Description = wanted.Description,
            ManagedBy = bundle,
            Parents = wanted.Parents,
            Attributes = wanted.Attributes,
        }, changes);
    }

    public static (Api Result, FieldChanges Changes) Merge(Api? has, DeclaredApi wanted, string bundle)
    {
        var changes = new FieldChanges();
        var before = has ?? new Api { Resource = wanted.Resource };
        changes.Field("name", FieldChanges.Quoted(before.Name), FieldChanges.Quoted(wanted.Name));
        Scopes(before.Scopes, wanted.Scopes, changes);
        changes.Field(
            "maxTokenLifetime", FieldChanges.Span(before.MaxTokenLifetime), FieldChanges.Span(wanted.MaxTokenLifetime),
            narrows: wanted.MaxTokenLifetime is { } life && (before.MaxTokenLifetime is not { } old || life < old));
        changes.Words("resourceServers", before.ResourceServers, wanted.ResourceServers);
        changes.Words("parents", before.Parents.Select(FieldChanges.Plain), wanted.Parents.Select(FieldChanges.Plain));
        changes.Attributes(before.Attributes, wanted.Attributes);

        // A bundle decides nothing about the admin domain: what it declares is always an API of the tokens domain.
        return (before with
        {
            Name = wanted.Name,
            ManagedBy = bundle,
            PolicyDomain = PolicyDomains.Tokens,
            Scopes = wanted.Scopes,
            MaxTokenLifetime = wanted.MaxTokenLifetime,
            ResourceServers = wanted.ResourceServers,
            Parents = wanted.Parents,
            Attributes = wanted.Attributes,
        }, changes);
    }

    /// <summary>File by file against what the bundle last declared, and what it takes for the set to be in force.</summary>
    public static ImmutableArray<string> PolicyChanges(PolicyDocument? last, PolicyDocument wanted, string? active)
    {
        var changes = new FieldChanges();
        if (!wanted.Equals(last))
        {
            var old = (last?.Files ?? []).ToDictionary(file => file.Path, file => file.Text, StringComparer.Ordinal);
            foreach (var file in wanted.Files)
            {
                if (!old.Remove(file.Path, out var text))
                    changes.Add($"{file.Path}: added");
                else if (text != file.Text)
                    changes.Add($"{file.Path}: changed");
            }

            foreach (var path in old.Keys.Order(StringComparer.Ordinal))
                changes.Add($"{path}: removed");
            if (last is not null)
            {
                if (last.Schema != wanted.Schema)
                    changes.Add($"schema.cedarschema: {(last.Schema is null ? "added" : wanted.Schema is null ? "removed" : "changed")}");
                if (last.Actions != wanted.Actions)
                    changes.Add("actions: as the scopes of the APIs are now");
                if (!last.Links.AsSpan().SequenceEqual(wanted.Links.AsSpan()))
                    changes.Add($"{PolicyDocument.LinksPath}: {(last.Links.IsEmpty ? "added" : wanted.Links.IsEmpty ? "removed" : "changed")}");
                if (!(last with { Tests = wanted.Tests }).Equals(last))
                    changes.Add("tests: changed");
            }
        }

        changes.Add(active is null ? "no policy set is in force yet; --activate puts this one in force" : $"in force is {active}; --activate puts this one in force");
        return changes.Lines;
    }

    private static void Scopes(ImmutableArray<ApiScope> before, ImmutableArray<ApiScope> after, FieldChanges changes)
    {
        changes.Words("scopes", before.Select(scope => scope.Name), after.Select(scope => scope.Name));
        var old = before.ToDictionary(scope => scope.Name, StringComparer.Ordinal);
        foreach (var scope in after)
        {
            if (!old.TryGetValue(scope.Name, out var was))
            {
                if (!scope.Groups.IsEmpty)
                    changes.Words($"scopes.{scope.Name}.groups", [], scope.Groups);
                continue;
            }

            changes.Field($"scopes.{scope.Name}.description", FieldChanges.Quoted(was.Description), FieldChanges.Quoted(scope.Description));
            changes.Words($"scopes.{scope.Name}.groups", was.Groups, scope.Groups);
        }
    }
}
