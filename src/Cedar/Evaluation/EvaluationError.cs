namespace Assay.Cedar;

/// <summary>The six ways an evaluation can fail (Cedar specification, <c>Error</c>).</summary>
public enum EvaluationErrorKind
{
    /// <summary>An attribute or tag of an entity that is not present was read.</summary>
    EntityDoesNotExist,

    /// <summary>A record or entity lacks the attribute that was read.</summary>
    AttributeDoesNotExist,

    /// <summary>An entity lacks the tag that was read.</summary>
    TagDoesNotExist,

    /// <summary>An operator or function got a value of a type it does not take, or the wrong number of arguments.</summary>
    TypeError,

    /// <summary>An integer result does not fit 64 bits.</summary>
    ArithmeticOverflow,

    /// <summary>An extension function refused its arguments: a malformed literal, or a result out of range.</summary>
    ExtensionError,
}

/// <summary>A policy that could not be evaluated for a request. The authorizer skips it; whoever calls decides whether that is tolerable.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Kind">What went wrong.</param>
/// <param name="Message">For people; may quote values of the request.</param>
public sealed record EvaluationError(Policy Policy, EvaluationErrorKind Kind, string Message);
