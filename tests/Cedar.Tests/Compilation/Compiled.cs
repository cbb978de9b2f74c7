namespace Assay.Cedar.Tests.Compilation;

/// <summary>Holds the compiled form and the interpreter against each other.</summary>
internal static class Compiled
{
    /// <summary>Decides both ways, and asserts that they say the same: decision, policies in order, kinds and texts of errors.</summary>
    public static AuthorizationResult Decide(PolicySet policies, Request request, Entities entities) =>
        Decide(policies, CompiledPolicySet.Compile(policies), request, entities);

    public static AuthorizationResult Decide(PolicySet policies, CompiledPolicySet compiled, Request request, Entities entities)
    {
        var expected = Authorizer.Authorize(policies, request, entities);

        var actual = compiled.Authorize(request, entities);

        Assert.Equal(Show(expected), Show(actual));
        return actual;
    }

    private static string Show(AuthorizationResult result) =>
        $"{result.Decision} permits [{Ids(result.SatisfiedPermits)}] forbids [{Ids(result.SatisfiedForbids)}] errors [{string.Join("; ", result.Errors.Select(error => $"{error.Policy.Id} {error.Kind} {error.Message}"))}]";

    private static string Ids(IEnumerable<Policy> policies) => string.Join(' ', policies.Select(policy => policy.Id));
}
