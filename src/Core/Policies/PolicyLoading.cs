using System.Collections.Frozen;
using System.Collections.Immutable;
using Assay.Cedar;

namespace Assay.Core.Policies;

/// <summary>Makes one set of one document, and gathers all that is wrong with it on the way.</summary>
internal sealed class PolicyLoading(PolicyDocument document)
{
    private const int LongestName = 128;

    private readonly HashSet<string> paths = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SourcePosition> names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Obligations> obligations = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Template> templates = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SourcePosition> links = new(StringComparer.Ordinal);
    private readonly List<Policy> policies = [];
    private readonly ImmutableArray<PolicyFault>.Builder faults = ImmutableArray.CreateBuilder<PolicyFault>();
    private readonly ImmutableArray<PolicyFault>.Builder warnings = ImmutableArray.CreateBuilder<PolicyFault>();

    public LoadedPolicies Run()
    {
        Schema? schema = null;
        if (document.Actions is { } actions)
            schema = ResolveSchema(actions);
        else
            faults.Add(new PolicyFault(
                new SourcePosition(ActionDeclarations.Source, 0, 1, 1), "the set does not say which actions there are; give it the declarations that Assay makes of the APIs"));

        AddFiles();
        if (schema is not null)
            Validate(schema);
        return Result(schema);
    }

    public LoadedPolicies RunStored()
    {
        var schema = document.Actions is { } actions ? ResolveSchema(actions) : null;
        AddFiles();
        return Result(schema);
    }

    private Schema? ResolveSchema(string actions)
    {
        var found = ImmutableArray.CreateBuilder<PolicyFault>();
        var schema = SetSchema.Of(document.Schema, actions, found);
        faults.AddRange(found);
        return schema;
    }

    private LoadedPolicies Result(Schema? schema) => faults.Count > 0
        ? new LoadedPolicies(null, InOrder(faults), InOrder(warnings)) { Schema = schema }
        : new LoadedPolicies(
            new LoadedPolicySet(document.ContentHash(), PolicySet.Of(policies, templates.Values), schema, obligations.ToFrozenDictionary(StringComparer.Ordinal)), [], InOrder(warnings))
        {
            Schema = schema,
        };

    private void AddFiles()
    {
        foreach (var file in document.InOrder())
            Add(file);
        foreach (var link in document.Links)
            Add(link);

        var linked = document.Links.Select(link => link.Template).ToHashSet(StringComparer.Ordinal);
        foreach (var template in templates.Values.Where(template => !linked.Contains(template.Id)))
            warnings.Add(new PolicyFault(template.Position, $"nothing links the template '{template.Id}', so it decides nothing; link it in {PolicyDocument.LinksPath}, or take it out"));
    }

    private void Add(PolicyFile file)
    {
        if (!paths.Add(file.Path))
        {
            faults.Add(new PolicyFault(new SourcePosition(file.Path, 0, 1, 1), "the document has a file of this path twice"));
            return;
        }

        var parsed = PolicySet.Parse(file.Text, file.Path);
        faults.AddRange(parsed.Faults);
        if (parsed.Set is not { } set)
            return;

        for (var i = 0; i < set.Policies.Length; i++)
        {
            var policy = set.Policies[i];
            var name = NameOf(Annotated.Of(policy), $"{Path.GetFileNameWithoutExtension(file.Path)}#{i}");
            Add(Annotated.Of(policy), name, () => policies.Add(policy.WithId(name)));
        }

        for (var i = 0; i < set.Templates.Length; i++)
        {
            var template = set.Templates[i];
            if (!template.Annotations.ContainsKey("id"))
                faults.Add(new PolicyFault(template.Position, $"a template needs @id(\"…\"), the name by which {PolicyDocument.LinksPath} makes policies of it"));

            var name = NameOf(Annotated.Of(template), $"{Path.GetFileNameWithoutExtension(file.Path)}#template{i}");
            Add(Annotated.Of(template), name, () => templates.Add(name, template.WithId(name)));
        }
    }

    private void Add(Annotated policy, string name, Action keep)
    {
        var read = ObligationReader.Read(policy, faults);
        if (names.TryAdd(name, policy.Position))
        {
            obligations[name] = read;
            keep();
        }
        else
        {
            var at = policy.Annotations.ContainsKey("id") ? AnnotationPlaces.Find(policy, "id") : policy.Position;
            faults.Add(new PolicyFault(at, $"the name '{name}' is taken by the policy at {names[name]}; give one of them another @id"));
        }
    }

    private string NameOf(Annotated policy, string otherwise)
    {
        if (!policy.Annotations.TryGetValue("id", out var id))
            return otherwise;
        if (IsName(id))
            return id;

        faults.Add(new PolicyFault(AnnotationPlaces.Find(policy, "id"), $"@id must have {NameRule}"));
        return otherwise;
    }

    private void Add(PolicyLink link)
    {
        var at = new SourcePosition(PolicyDocument.LinksPath, 0, link.Line, link.Column);
        var before = faults.Count;
        if (!IsName(link.Id))
            Fault($"'id' must have {NameRule}");
        else if (names.TryGetValue(link.Id, out var taken))
            Fault($"the name '{link.Id}' is taken by the policy at {taken}; give the link another id");

        if (!templates.TryGetValue(link.Template, out var template))
        {
            Fault(names.ContainsKey(link.Template)
                ? $"'{link.Template}' is a policy and no template; a template has ?principal or ?resource in its head"
                : $"there is no template with @id(\"{link.Template}\"){DidYouMean.Hint(link.Template, templates.Keys)}");
            return;
        }

        CheckSlot("principal", template.Principal, link.Principal);
        CheckSlot("resource", template.Resource, link.Resource);
        if (faults.Count > before)
            return;

        names.Add(link.Id, at);
        links.Add(link.Id, at);
        obligations[link.Id] = obligations[template.Id];
        policies.Add(template.Link(link.Id, link.Principal, link.Resource));

        void CheckSlot(string slot, ScopeConstraint constraint, EntityUid? value)
        {
            if (constraint.HasSlot && value is null)
                Fault($"the template '{link.Template}' has ?{slot}; say under '{slot}' which entity stands for it");
            else if (!constraint.HasSlot && value is not null)
                Fault($"the template '{link.Template}' has no ?{slot}; take '{slot}' out");
        }

        void Fault(string message) => faults.Add(new PolicyFault(at, message));
    }

    private void Validate(Schema schema)
    {
        // Policies are checked one by one, so those that could be read are, whatever is wrong with others.
        foreach (var finding in Validator.Validate(PolicySet.Of(policies, templates.Values), schema).Findings)
            (finding.IsError ? faults : warnings).Add(new PolicyFault(links.GetValueOrDefault(finding.PolicyId, finding.Position), finding.Message));
    }

    private static ImmutableArray<PolicyFault> InOrder(IEnumerable<PolicyFault> found) =>
        [.. found.OrderBy(fault => fault.Position.Source, StringComparer.Ordinal).ThenBy(fault => fault.Position.Line).ThenBy(fault => fault.Position.Column)];

    private static readonly string NameRule = $"1 to {LongestName} characters, none of them a control character, and no space at either end";

    private static bool IsName(string text) =>
        text.Length is > 0 and <= LongestName && !char.IsWhiteSpace(text[0]) && !char.IsWhiteSpace(text[^1]) && !text.Any(char.IsControl);
}
