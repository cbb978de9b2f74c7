using System.Collections.Immutable;
using Assay.Bundle.Yaml;
using Assay.Cedar;
using Assay.Core.Decisions;

namespace Assay.Bundle.Testing;

/// <summary>What stands under <c>expect</c>: a word for all scopes, or a mapping.</summary>
internal sealed class ExpectationFields(Source source)
{
    private const string AllGranted = "granted";
    private const string NoneGranted = "denied";
    private const string StepUp = "stepUpRequired";

    public TestExpectation? Read(YamlNode node, ImmutableArray<string> asked, string where)
    {
        if (node is YamlScalar { Meaning: ScalarMeaning.Text } scalar)
        {
            switch (scalar.Value)
            {
                case AllGranted:
                    return new TestExpectation { Granted = asked };
                case NoneGranted:
                    return new TestExpectation { Granted = [] };
                default:
                    source.Faults.Add(
                        node.At, $"'{scalar.Value}' is nothing to expect{DidYouMean.Hint(scalar.Value, [AllGranted, NoneGranted])}; write granted (all of it), denied (nothing), or a mapping with 'granted', 'withheld', 'ttl' and 'by'");
                    return null;
            }
        }

        if (Fields.Open(node, "'expect'", where, source, ["granted", "withheld", "ttl", "by"]) is not { } fields)
            return null;

        var granted = Names(fields.Node("granted"), "'granted'");
        foreach (var (scope, at) in granted)
            CheckAsked(scope, asked, at);
        var withheld = Withheld(fields, asked, [.. granted.Select(name => name.Text)], where);
        if (granted.Count == 0 && fields.Has("ttl"))
            source.Faults.Add(fields.Node("ttl")?.At ?? fields.At, "there is no token without a granted scope, and so no 'ttl'; name what is granted under 'granted'");
        return new TestExpectation
        {
            Granted = [.. granted.Select(name => name.Text).Distinct(StringComparer.Ordinal)],
            Withheld = withheld,
            Lifetime = fields.Span("ttl"),
            By = By(fields, asked),
        };
    }

    private ImmutableArray<WithheldScope> Withheld(Fields fields, ImmutableArray<string> asked, string[] granted, string where)
    {
        if (fields.Node("withheld") is not { } node)
            return [];
        if (node is not YamlMap map)
        {
            source.Faults.Add(node.At, $"'withheld' must be a mapping of scopes to reasons, not {node.Description}; write for instance {{payments:write: noPermit}}");
            return [];
        }

        var withheld = ImmutableArray.CreateBuilder<WithheldScope>();
        foreach (var (key, value) in map.Entries)
        {
            CheckAsked(key.Value, asked, key.At);
            if (granted.Contains(key.Value))
                source.Faults.Add(key.At, $"'{key.Value}' cannot be granted and withheld; take one of them out");
            if (Reason(key.Value, value, $"{where}.withheld.{key.Value}") is { } reason)
                withheld.Add(reason);
        }

        return withheld.DrainToImmutable();
    }

    private WithheldScope? Reason(string scope, YamlNode node, string where)
    {
        if (node is YamlMap)
        {
            // {stepUpRequired: attestation}: the one reason that has something to add.
            if (Fields.Open(node, "a reason", where, source, [StepUp]) is not { } fields || fields.Node(StepUp) is not { } verifications)
                return null;
            return new WithheldScope(scope, ScopeOutcome.StepUpRequired, [.. Names(verifications, $"'{StepUp}'").Select(name => name.Text)]);
        }

        if (node is YamlScalar scalar && ScopeOutcomes.Find(scalar.Value) is { } outcome && outcome != ScopeOutcome.Granted)
            return new WithheldScope(scope, outcome, null);

        var reasons = ScopeOutcomes.Words.Where(name => name != AllGranted);
        var hint = node is YamlScalar { Meaning: ScalarMeaning.Text } word ? DidYouMean.Hint(word.Value, reasons) : "";
        source.Faults.Add(node.At, $"why '{scope}' is withheld must be a word, not {node.Description}{hint}; known are {string.Join(", ", reasons)}, and {{stepUpRequired: attestation}}");
        return null;
    }

    private ImmutableArray<DecidingPolicies> By(Fields fields, ImmutableArray<string> asked)
    {
        if (fields.Node("by") is not { } node)
            return [];
        if (node is not YamlMap map)
            return [new DecidingPolicies(null, [.. Names(node, "'by'").Select(name => name.Text)])];

        var by = ImmutableArray.CreateBuilder<DecidingPolicies>();
        foreach (var (key, value) in map.Entries)
        {
            CheckAsked(key.Value, asked, key.At);
            by.Add(new DecidingPolicies(key.Value, [.. Names(value, $"'by' of {key.Value}").Select(name => name.Text)]));
        }

        return by.DrainToImmutable();
    }

    // One name needs no brackets.
    private List<(string Text, FilePosition At)> Names(YamlNode? node, string subject)
    {
        var names = new List<(string, FilePosition)>();
        foreach (var item in node is YamlList list ? list.Items : node is null ? [] : [node])
        {
            if (item is YamlScalar { Meaning: ScalarMeaning.Text } scalar)
                names.Add((scalar.Value, item.At));
            else
                source.Faults.Add(item.At, $"{subject} must be names, not {item.Description}");
        }

        return names;
    }

    private void CheckAsked(string scope, ImmutableArray<string> asked, FilePosition at)
    {
        if (!asked.Contains(scope))
            source.Faults.Add(at, $"'{scope}' is not asked for{DidYouMean.Hint(scope, asked)}; the test asks for {string.Join(", ", asked)}");
    }
}
