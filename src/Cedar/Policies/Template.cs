namespace Assay.Cedar;

/// <summary>A policy with open places (<c>?principal</c>, <c>?resource</c>) in its head. It decides nothing until linked.</summary>
public sealed class Template
{
    internal Template(string id, PolicyBody body, ScopeConstraint principal, ScopeConstraint resource)
    {
        Id = id;
        Body = body;
        Principal = principal;
        Resource = resource;
    }

    /// <summary>The name within its policy set; <c>template0</c>, <c>template1</c> … in order when parsed.</summary>
    public string Id { get; }

    /// <summary>What its policies say when satisfied.</summary>
    public Effect Effect => Body.Effect;

    /// <summary>Annotations, which its policies inherit.</summary>
    public IReadOnlyDictionary<string, string> Annotations => Body.Annotations;

    /// <summary>What its head asks of the principal, perhaps with a slot.</summary>
    public ScopeConstraint Principal { get; }

    /// <summary>What its head asks of the action.</summary>
    public ScopeConstraint Action => Body.Action;

    /// <summary>What its head asks of the resource, perhaps with a slot.</summary>
    public ScopeConstraint Resource { get; }

    /// <summary>Where its text begins, annotations included.</summary>
    public SourcePosition Position => Body.Position;

    /// <summary>Its text as written.</summary>
    public string Text => Body.Text;

    internal PolicyBody Body { get; }

    /// <summary>The same template under another name.</summary>
    public Template WithId(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return new Template(id, Body, Principal, Resource);
    }

    /// <summary>Fills the slots. Exactly the slots of this template must be given.</summary>
    /// <exception cref="CedarDataException">A slot is left open, or a value is given for one that does not exist.</exception>
    public Policy Link(string id, EntityUid? principal = null, EntityUid? resource = null)
    {
        ArgumentNullException.ThrowIfNull(id);
        return new Policy(id, Body, Fill(Principal, principal, "?principal"), Fill(Resource, resource, "?resource"), this);
    }

    private ScopeConstraint Fill(ScopeConstraint constraint, EntityUid? value, string slot)
    {
        if (constraint.HasSlot != value.HasValue)
        {
            throw new CedarDataException(value.HasValue
                ? $"template {Id} has no slot {slot}"
                : $"template {Id} needs a value for its slot {slot}");
        }

        return value is { } entity ? constraint.Fill(entity) : constraint;
    }
}
