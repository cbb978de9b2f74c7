using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>One policy, static or linked from a template. Immutable.</summary>
public sealed class Policy
{
    internal Policy(string id, PolicyBody body, ScopeConstraint principal, ScopeConstraint resource, Template? template = null)
    {
        Id = id;
        Body = body;
        Principal = principal;
        Resource = resource;
        Template = template;
    }

    /// <summary>The name within its policy set; <c>policy0</c>, <c>policy1</c> … by position when parsed.</summary>
    public string Id { get; }

    /// <summary>What it says when satisfied.</summary>
    public Effect Effect => Body.Effect;

    /// <summary>Annotations by name, in the order written; an annotation without value has the empty string.</summary>
    public IReadOnlyDictionary<string, string> Annotations => Body.Annotations;

    /// <summary>What its head asks of the principal.</summary>
    public ScopeConstraint Principal { get; }

    /// <summary>What its head asks of the action.</summary>
    public ScopeConstraint Action => Body.Action;

    /// <summary>What its head asks of the resource.</summary>
    public ScopeConstraint Resource { get; }

    /// <summary>Where its text begins, annotations included.</summary>
    public SourcePosition Position => Body.Position;

    /// <summary>Its text as written, from the first annotation to the semicolon; of a linked policy, that of the template.</summary>
    public string Text => Body.Text;

    /// <summary>The template it was linked from; null for a static policy.</summary>
    public Template? Template { get; }

    /// <summary>The name of <see cref="Template"/>.</summary>
    public string? TemplateId => Template?.Id;

    internal PolicyBody Body { get; }

    /// <summary>The same policy under another name.</summary>
    public Policy WithId(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return new Policy(id, Body, Principal, Resource, Template);
    }

    /// <summary>Identifier and place.</summary>
    public override string ToString() => $"{Id} ({Position})";
}

/// <summary>What a template and the policies linked from it have in common.</summary>
/// <param name="Effect">Permit or forbid.</param>
/// <param name="Annotations">By name.</param>
/// <param name="Marks">The annotations written without a value, as <c>@public</c>.</param>
/// <param name="Action">The head's constraint on the action, which never has a slot.</param>
/// <param name="Conditions">In order.</param>
/// <param name="Position">Where the text begins.</param>
/// <param name="Start">The same as an index into the source text, which expression offsets refer to.</param>
/// <param name="Text">The text.</param>
internal sealed record PolicyBody(
    Effect Effect,
    IReadOnlyDictionary<string, string> Annotations,
    FrozenSet<string> Marks,
    ScopeConstraint Action,
    ImmutableArray<PolicyCondition> Conditions,
    SourcePosition Position,
    int Start,
    string Text)
{
    /// <summary>Where each entity and entity type that the head names begins, in order, as expression offsets; empty when it was not read from text.</summary>
    public ImmutableArray<int> HeadOffsets { get; init; } = [];

    public SourcePosition PositionOf(Expr expression) => SourceText.Continue(Position, Text.AsSpan(0, expression.Offset - Start));
}

/// <summary>A <c>when</c> clause, or an <c>unless</c> clause.</summary>
internal readonly record struct PolicyCondition(Expr Body, bool IsUnless);
