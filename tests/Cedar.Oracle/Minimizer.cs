using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Assay.Cedar.Oracle.Generation;

namespace Assay.Cedar.Oracle;

/// <summary>Makes a case that differs smaller, as long as it still differs in the same check.</summary>
internal static class Minimizer
{
    private const int MostTries = 1_500;

    /// <param name="one">A case that differs.</param>
    /// <param name="differs">Whether a case still differs in the same way.</param>
    public static async Task<OracleCase> Minimize(OracleCase one, Func<OracleCase, Task<bool>> differs)
    {
        var tries = 0;
        while (tries < MostTries)
        {
            OracleCase? smaller = null;
            foreach (var candidate in Smaller(one))
            {
                if (++tries > MostTries)
                    break;

                if (await differs(candidate))
                {
                    smaller = candidate;
                    break;
                }
            }

            if (smaller is null)
                break;

            one = smaller;
        }

        return one;
    }

    private static IEnumerable<OracleCase> Smaller(OracleCase one) =>
        Without(one.Requests).Select(requests => one with { Requests = requests })
            .Concat(Without(one.Links).Select(links => one with { Links = links }))
            .Concat(one.Links.IsEmpty ? Without(one.Templates).Select(templates => one with { Templates = templates }) : [])
            .Concat(Without(one.Policies).Select(policies => one with { Policies = policies }))
            .Concat(Without(one.Entities).Select(entities => one with { Entities = entities }))
            .Concat(Texts(one.Policies).Select(policies => one with { Policies = policies }))
            .Concat(Texts(one.Templates).Select(templates => one with { Templates = templates }))
            .Concat(one.Changed is null ? [] : SmallerJson(one.Changed).Select(json => one with { Changed = json }))
            .Concat(one.Entities.SelectMany((entity, i) => SmallerJson(entity).Select(json => one with { Entities = one.Entities.SetItem(i, json) })))
            .Concat(one.Requests.SelectMany((request, i) => SmallerJson(request.Context).Select(json => one with { Requests = one.Requests.SetItem(i, request with { Context = json }) })))
            .Concat(one.Schema is null || one.Kind is CaseKind.Loose or CaseKind.Literals ? [] : Text(one.Schema).Select(schema => one with { Schema = schema }));

    private static IEnumerable<ImmutableArray<T>> Without<T>(ImmutableArray<T> items) => Enumerable.Range(0, items.Length).Select(items.RemoveAt);

    private static IEnumerable<ImmutableArray<string>> Texts(ImmutableArray<string> texts) =>
        texts.SelectMany((text, i) => Text(text).Select(shorter => texts.SetItem(i, shorter)));

    /// <summary>The text without some tokens in a row: first many, then few.</summary>
    private static IEnumerable<string> Text(string text)
    {
        var tokens = TextMutator.Tokens().Matches(text).Select(match => match.Value).ToArray();
        for (var length = tokens.Length / 2; length >= 1; length = length > 8 ? length / 2 : length - 1)
        {
            for (var start = 0; start + length <= tokens.Length; start += Math.Max(1, length / 4))
                yield return string.Concat(tokens[..start].Concat(tokens[(start + length)..]));
        }
    }

    private static IEnumerable<string> SmallerJson(string json)
    {
        var root = JsonNode.Parse(json);
        var count = Removals(root, null);
        for (var i = 0; i < count; i++)
        {
            var copy = root!.DeepClone();
            Removals(copy, i);
            yield return copy.ToJsonString();
        }
    }

    /// <summary>Counts members and items; takes one away.</summary>
    private static int Removals(JsonNode? json, int? remove)
    {
        var count = 0;
        switch (json)
        {
            case JsonObject members:
                foreach (var (name, value) in members.ToArray())
                {
                    if (remove == count++)
                    {
                        members.Remove(name);
                        return count;
                    }

                    count += Removals(value, remove - count);
                }

                return count;
            case JsonArray items:
                foreach (var item in items.ToArray())
                {
                    if (remove == count++)
                    {
                        items.Remove(item);
                        return count;
                    }

                    count += Removals(item, remove - count);
                }

                return count;
            default:
                return 0;
        }
    }
}
