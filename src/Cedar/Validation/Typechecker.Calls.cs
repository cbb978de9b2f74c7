using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Functions and methods of the extension types.</summary>
internal sealed partial class Typechecker
{
    private Answer CheckCall(CallExpr call, ImmutableHashSet<int> guards)
    {
        var (function, arguments) = (call.Function, call.Arguments);
        var wellFormed = CheckArguments(call);
        var failed = !wellFormed;
        for (var i = 0; i < arguments.Length; i++)
            failed |= (wellFormed ? Expect(Parameter(function, i), arguments[i], guards) : Check(arguments[i], guards)).Failed;

        return Answer.Of(Result(function), failed);
    }

    /// <summary>What is right or wrong about arguments before their types are looked at: how many there are, and literals.</summary>
    private bool CheckArguments(CallExpr call)
    {
        var (function, arguments) = (call.Function, call.Arguments);
        var right = true;
        if (arguments.Length != function.Arity())
        {
            var self = function.IsConstructor() ? 0 : 1; // the target of a method is not counted
            var expected = function.Arity() - self;
            right = Refuse(
                ValidationFindingKind.WrongArgumentCount,
                $"{function.Name()} takes {(expected == 0 ? "no argument" : "one argument")}, not {arguments.Length - self}");
        }

        if (!function.IsConstructor())
            return right;

        if (arguments is [LiteralExpr { Value: StringValue { Value: var text } }] && function.Construct(text, out var reason) is null)
            right = Refuse(ValidationFindingKind.BadConstructorArgument, $"{Escapes.Quote(text)} is no {function.Name()}: {reason}");

        if (mode == ValidationMode.Strict && arguments.Any(argument => argument is not LiteralExpr))
        {
            right = Refuse(
                ValidationFindingKind.ComputedConstructorArgument,
                $"{function.Name()}(…) takes a literal; values that differ by request come as {Result(function)} in entities or the context");
        }

        return right;

        bool Refuse(ValidationFindingKind kind, string message)
        {
            Report(kind, call.Offset, message);
            return false;
        }
    }

    private static Expected Parameter(ExtensionFunction function, int index) => function switch
    {
        <= ExtensionFunction.Duration => Expected.String,
        <= ExtensionFunction.GreaterThanOrEqual => Expected.Decimal,
        <= ExtensionFunction.IsInRange => Expected.IpAddr,
        ExtensionFunction.Offset when index == 1 => Expected.Duration,
        <= ExtensionFunction.ToTime => Expected.Datetime,
        _ => Expected.Duration,
    };

    private static StaticType Result(ExtensionFunction function) => function switch
    {
        ExtensionFunction.Decimal => StaticType.Decimal,
        ExtensionFunction.Ip => StaticType.IpAddr,
        ExtensionFunction.Datetime or ExtensionFunction.Offset or ExtensionFunction.ToDate => StaticType.Datetime,
        ExtensionFunction.Duration or ExtensionFunction.DurationSince or ExtensionFunction.ToTime => StaticType.Duration,
        <= ExtensionFunction.IsInRange => StaticType.Bool,
        _ => StaticType.Long,
    };
}
