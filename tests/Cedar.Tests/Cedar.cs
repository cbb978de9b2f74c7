using Assay.Cedar.Tests.Compilation;

namespace Assay.Cedar.Tests;

/// <summary>Short ways to put a question to the language.</summary>
internal static class Cedar
{
    public static readonly EntityUid Alice = new("User", "alice");
    public static readonly EntityUid View = new("Action", "view");
    public static readonly EntityUid Photo = new("Photo", "holiday");

    public static Request Ask(RecordValue? context = null) => new(Alice, View, Photo, context ?? RecordValue.Empty);

    public static PolicySet Policies(string text)
    {
        var parse = PolicySet.Parse(text, "test.cedar");
        return parse.Set ?? throw new InvalidOperationException(string.Join('\n', parse.Faults));
    }

    public static string[] Faults(string text)
    {
        var parse = PolicySet.Parse(text, "test.cedar");
        Assert.Equal(parse.Faults.IsEmpty, parse.Set is not null);
        return [.. parse.Faults.Select(fault => fault.ToString())];
    }

    /// <summary>Decides by the interpreter and by the compiled form, which must agree.</summary>
    public static AuthorizationResult Decide(string policies, RecordValue? context = null, Entities? entities = null) =>
        Compiled.Decide(Policies(policies), Ask(context), entities ?? Entities.Empty);

    /// <summary>What an expression comes to as a condition: <c>true</c>, <c>false</c>, or the kind of its error.</summary>
    public static string Condition(string expression, RecordValue? context = null, Entities? entities = null)
    {
        var result = Decide($"permit(principal, action, resource) when {{ {expression} }};", context, entities);
        return result.Errors is [var error] ? error.Kind.ToString() : result.Decision == Decision.Allow ? "true" : "false";
    }
}
