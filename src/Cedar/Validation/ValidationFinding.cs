using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>What <see cref="Validator"/> found wrong or odd in a policy.</summary>
/// <param name="PolicyId">The policy, template or linked policy.</param>
/// <param name="Position">Where what is wrong begins.</param>
/// <param name="Kind">What is wrong, for programs. Says by itself whether it is an error.</param>
/// <param name="Message">What is wrong and what would be right, in one sentence without the position.</param>
public sealed record ValidationFinding(string PolicyId, SourcePosition Position, ValidationFindingKind Kind, string Message)
{
    /// <summary>Whether the policy is refused for it; a warning otherwise.</summary>
    public bool IsError => Kind < ValidationFindingKind.NoActionApplies;

    /// <summary>Position and message, as a compiler prints them.</summary>
    public override string ToString() => $"{Position}: {(IsError ? "" : "warning: ")}{Message}";
}

/// <summary>What is wrong with a policy. Warnings come last, from <see cref="NoActionApplies"/> on.</summary>
public enum ValidationFindingKind
{
    /// <summary>An entity type the schema does not declare.</summary>
    UnknownEntityType,

    /// <summary>An action the schema does not declare.</summary>
    UnknownAction,

    /// <summary>An identifier that is not among those of an enumerated entity type.</summary>
    UnknownEntityId,

    /// <summary>An attribute that a type does not have, or that only some of several types have.</summary>
    UnknownAttribute,

    /// <summary>An optional attribute is read where nothing says that it is there.</summary>
    UnguardedAttribute,

    /// <summary>A tag is read where nothing says that it is there.</summary>
    UnguardedTag,

    /// <summary>A tag of an entity type that declares none is read.</summary>
    NoTags,

    /// <summary>An operator or function is given something of a type it does not take.</summary>
    UnexpectedType,

    /// <summary>Types that must agree do not: elements of a set, branches of <c>if</c>, what is compared.</summary>
    IncompatibleTypes,

    /// <summary>An empty set literal, whose elements have no type; an error in strict mode only.</summary>
    EmptySet,

    /// <summary>A constructor of an extension type is given no literal; an error in strict mode only.</summary>
    ComputedConstructorArgument,

    /// <summary>A constructor of an extension type is given a literal that is none of its values.</summary>
    BadConstructorArgument,

    /// <summary>A function or method is given too few or too many arguments.</summary>
    WrongArgumentCount,

    /// <summary>Warning: no action applies to the principals and resources the head asks for, so the policy does nothing.</summary>
    NoActionApplies,

    /// <summary>Warning: the conditions are false for every request that the schema allows, so the policy does nothing.</summary>
    NeverSatisfied,

    /// <summary>Warning: control characters for the direction of text, which make it look other than it is.</summary>
    DirectionControl,

    /// <summary>Warning: a name has a character that cannot be seen.</summary>
    InvisibleCharacter,
}

/// <summary>What is found in a policy set.</summary>
/// <param name="Findings">By policy in the order of the set, static and linked policies before templates; within one in the order of the text.</param>
public sealed record ValidationResult(ImmutableArray<ValidationFinding> Findings)
{
    /// <summary>Whether there is no error. Warnings do not count.</summary>
    public bool Passed => !Findings.Any(finding => finding.IsError);
}

/// <summary>How much the validator asks of policies that may never fail with a type error.</summary>
public enum ValidationMode
{
    /// <summary>
    /// Types that meet must be the same: elements of a set, branches of <c>if</c>, what is compared. Set literals have elements, and
    /// constructors literals. What automated analysis needs, and the default.
    /// </summary>
    Strict,

    /// <summary>Only what can fail at evaluation is refused.</summary>
    Permissive,
}
