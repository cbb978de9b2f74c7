using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Policies that are evaluated together, and the templates some of them are linked from. Immutable.</summary>
public sealed class PolicySet
{
    internal PolicySet(ImmutableArray<Policy> policies, ImmutableArray<Template> templates) =>
        (Policies, Templates) = (policies, templates);

    /// <summary>The set without policies, which denies everything.</summary>
    public static PolicySet Empty { get; } = new([], []);

    /// <summary>Static and linked policies, in order.</summary>
    public ImmutableArray<Policy> Policies { get; }

    /// <summary>Templates, in order, among them that of every linked policy. They are not evaluated; see <see cref="Link"/>.</summary>
    public ImmutableArray<Template> Templates { get; }

    /// <summary>
    /// Reads a policy text. Every faulty policy is reported with its first syntax fault and all its other faults; the set is there
    /// only when there is none. Never throws on bad text, however large, deep or malformed.
    /// </summary>
    /// <param name="text">Policies in Cedar syntax, at most <see cref="CedarLimits.PolicyTextLength"/> long.</param>
    /// <param name="source">The name positions carry, usually a file path.</param>
    public static PolicySetParse Parse(string text, string source)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(source);
        return new PolicyParser(text, source).ParseSet();
    }

    /// <summary>
    /// Gathers policies, for example of several files or linked from templates. The templates they are linked from belong to the
    /// set without being named.
    /// </summary>
    /// <exception cref="CedarDataException">Two policies, two templates, or a policy and a template have the same identifier.</exception>
    public static PolicySet Of(IEnumerable<Policy> policies, IEnumerable<Template>? templates = null)
    {
        ArgumentNullException.ThrowIfNull(policies);
        var gathering = new Gathering();
        foreach (var template in templates ?? [])
            gathering.Add(template);

        foreach (var policy in policies)
            gathering.Add(policy);

        return gathering.ToSet();
    }

    /// <summary>This set with one policy more, linked from one of its templates. Exactly the slots of that template must be given.</summary>
    /// <exception cref="CedarDataException">
    /// There is no such template, a slot is left open or does not exist, or the identifier is taken by a policy or template.
    /// </exception>
    public PolicySet Link(string templateId, string id, EntityUid? principal = null, EntityUid? resource = null)
    {
        ArgumentNullException.ThrowIfNull(templateId);
        var template = Templates.FirstOrDefault(template => template.Id == templateId)
            ?? throw new CedarDataException($"there is no template {Escapes.Quote(templateId)}");
        return Of([.. Policies, template.Link(id, principal, resource)], Templates);
    }

    /// <summary>Policies and templates have their names in common, so that a name says which one is meant.</summary>
    private sealed class Gathering
    {
        private readonly ImmutableArray<Policy>.Builder policies = ImmutableArray.CreateBuilder<Policy>();
        private readonly ImmutableArray<Template>.Builder templates = ImmutableArray.CreateBuilder<Template>();
        private readonly Dictionary<string, object> byId = new(StringComparer.Ordinal);

        public void Add(Template template)
        {
            if (byId.TryAdd(template.Id, template))
                templates.Add(template);
            else
                throw Taken(template.Id, "template", template.Position);
        }

        public void Add(Policy policy)
        {
            if (policy.Template is { } template && !ReferenceEquals(byId.GetValueOrDefault(template.Id), template))
                Add(template);

            if (byId.TryAdd(policy.Id, policy))
                policies.Add(policy);
            else
                throw Taken(policy.Id, policy.Template is null ? "policy" : "linked policy", policy.Position);
        }

        public PolicySet ToSet() => new(policies.DrainToImmutable(), templates.DrainToImmutable());

        private CedarDataException Taken(string id, string what, SourcePosition position) => new((byId[id], what) switch
        {
            (Policy, "policy") => $"two policies have the id {Escapes.Quote(id)}; the second is at {position}",
            (Template, "template") => $"two templates have the id {Escapes.Quote(id)}; the second is at {position}",
            (Policy, _) => $"the {what} {Escapes.Quote(id)} has the id of a policy",
            (_, _) => $"the {what} {Escapes.Quote(id)} has the id of a template",
        });
    }
}

/// <summary>What reading a policy text gave: a set, or the faults.</summary>
/// <param name="Set">The policies; null when there is any fault.</param>
/// <param name="Faults">What is wrong, in the order of the text.</param>
public sealed record PolicySetParse(PolicySet? Set, ImmutableArray<PolicyFault> Faults);
