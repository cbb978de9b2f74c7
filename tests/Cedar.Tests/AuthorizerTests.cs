namespace Assay.Cedar.Tests;

public sealed class AuthorizerTests
{
    private const string Permit = "permit(principal, action, resource);";
    private const string Forbid = "forbid(principal, action, resource);";
    private const string Broken = "permit(principal, action, resource) when { context.missing };";
    private const string BrokenForbid = "forbid(principal, action, resource) when { context.missing };";
    private const string Elsewhere = "permit(principal == User::\"bob\", action, resource);";

    [Theory]
    [InlineData("", Decision.Deny, "", "")]
    [InlineData(Permit, Decision.Allow, "policy0", "")]
    [InlineData(Forbid, Decision.Deny, "policy0", "")]
    [InlineData(Elsewhere, Decision.Deny, "", "")]
    [InlineData(Permit + Permit, Decision.Allow, "policy0 policy1", "")]
    [InlineData(Permit + Forbid, Decision.Deny, "policy1", "")]
    [InlineData(Forbid + Permit + Forbid, Decision.Deny, "policy0 policy2", "")]
    [InlineData(Broken, Decision.Deny, "", "policy0")]
    [InlineData(Broken + Permit, Decision.Allow, "policy1", "policy0")]
    [InlineData(Permit + BrokenForbid, Decision.Allow, "policy0", "policy1")]
    [InlineData(Forbid + Broken + BrokenForbid, Decision.Deny, "policy0", "policy1 policy2")]
    public void A_forbid_overrides_permits_and_an_error_satisfies_nothing(string policies, Decision decision, string reasons, string errors)
    {
        var result = Cedar.Decide(policies);

        Assert.Equal(
            (decision, reasons, errors),
            (result.Decision, string.Join(' ', result.Reasons.Select(policy => policy.Id)), string.Join(' ', result.Errors.Select(error => error.Policy.Id))));
    }

    [Fact]
    public void Satisfied_permits_are_reported_beside_the_forbid_that_overrides_them()
    {
        var policies = Cedar.Policies(Permit + Forbid);

        var result = Authorizer.Authorize(policies, Cedar.Ask(), Entities.Empty);

        Assert.Equal([policies.Policies[0]], result.SatisfiedPermits);
        Assert.Equal([policies.Policies[1]], result.SatisfiedForbids);
        Assert.Equal([policies.Policies[1]], result.Reasons);
    }

    [Fact]
    public void An_error_says_where_it_happened()
    {
        var policies = Cedar.Policies("@id(\"é\")\npermit(principal, action, resource)\nwhen {\n  \"ü\" != \"u\" && context.missing\n};");

        var result = Authorizer.Authorize(policies, Cedar.Ask(), Entities.Empty);

        Assert.Equal(
            [new EvaluationError(policies.Policies[0], EvaluationErrorKind.AttributeDoesNotExist, "test.cedar:4:17: the record has no attribute \"missing\"")],
            result.Errors);
    }
}
