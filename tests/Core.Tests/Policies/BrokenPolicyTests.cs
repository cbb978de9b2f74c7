using Assay.Core.Policies;

namespace Assay.Core.Tests.Policies;

/// <summary>
/// One sample policy, broken as people break policies. Each message is asserted whole: it is what somebody reads who has never seen Cedar before, and must say
/// what to do.
/// </summary>
public sealed class BrokenPolicyTests
{
    private const string Schema = "namespace Assay { entity Workload in [Role, Team] = { environment?: String, level?: Long }; }";

    private const string Good = """
        @id("exporters")
        @max_ttl("5m")
        permit (
            principal is Assay::Workload in Assay::Role::"exporters",
            action in [Action::"list", Action::"export"],
            resource == Assay::Api::"https://payments.example"
        )
        when {
            principal has environment && principal.environment == "production" &&
            context.client.assurance >= 2 &&
            context has origin && context.origin.ip.isInRange(ip("10.0.0.0/8"))
        };
        """;

    [Fact]
    public void The_sample_itself_loads_without_a_word() => Assert.Empty(Sets.Warnings(Sets.Of(Good, Schema)));

    [Theory]
    [InlineData("typo in an attribute", "principal.environment ==", "principal.enviroment ==", "p.cedar:9:44: Assay::Workload has no attribute enviroment (did you mean 'environment'?)")]
    [InlineData("an attribute nobody declared", "context.client.assurance", "context.client.strength", "p.cedar:10:20: the record {assurance: Long, credential: String, method: String} has no attribute strength")]
    [InlineData("missing has on the principal", "principal has environment &&", "", "p.cedar:9:16: the attribute environment of Assay::Workload is optional and may be missing here; guard it: principal has environment && principal.environment …")]
    [InlineData("missing has on the context", "context has origin &&", "", "p.cedar:11:14: the attribute origin of the context of Action::\"list\" is optional and may be missing here; guard it: context has origin && context.origin …")]
    [InlineData("a number where text belongs", "== \"production\"", "== 1", "p.cedar:9:34: both sides of '==' have one type; String and Long are different")]
    [InlineData("text where a number belongs", ">= 2", ">= \"2\"", "p.cedar:10:33: expected Long, got String")]
    [InlineData("an unknown action", "Action::\"export\"", "Action::\"exprot\"", "p.cedar:5:32: the schema declares no action Action::\"exprot\" (did you mean 'Action::\"export\"'?)")]
    [InlineData("an action without its type", "Action::\"list\", Action::\"export\"", "\"list\"", "p.cedar:5:16: '\"list\"' cannot stand here; expected an action like Action::\"read\"")]
    [InlineData("an unknown entity type", "is Assay::Workload in Assay::Role", "is Assay::Workload in Assay::Rool", "p.cedar:4:37: the schema declares no entity type Assay::Rool (did you mean 'Assay::Role'?)")]
    [InlineData("a type without its namespace", "principal is Assay::Workload", "principal is Workload", "p.cedar:4:18: the schema declares no entity type Workload (did you mean 'Assay::Workload'?)")]
    [InlineData("a bad annotation value", "@max_ttl(\"5m\")", "@max_ttl(\"5 minutes\")", "p.cedar:2:1: @max_ttl(\"5 minutes\") must be 60 to 900 seconds, written as \"90s\" or \"5m\"")]
    [InlineData("an unknown annotation", "@max_ttl(\"5m\")", "@maxTtl(\"5m\")", "p.cedar:2:1: unknown annotation @maxTtl; did you mean @max_ttl?")]
    [InlineData("an annotation on the wrong effect", "@max_ttl(\"5m\")", "@step_up(\"approval\")", "p.cedar:2:1: @step_up belongs on a forbid, and this is a permit")]
    [InlineData("a single equals sign", "environment ==", "environment =", "p.cedar:9:56: '=' is no operator; write '==' to compare")]
    [InlineData("an address that is none", "10.0.0.0/8", "10.0.0/8", "p.cedar:11:55: \"10.0.0/8\" is no ip: it is not an IPv4 or IPv6 address, nor a range like 10.0.0.0/8")]
    [InlineData("an address made of text", "ip(\"10.0.0.0/8\")", "ip(principal.environment)", "p.cedar:11:55: ip(…) takes a literal; values that differ by request come as ipaddr in entities or the context")]
    [InlineData("a method that does not exist", "isInRange", "inRange", "p.cedar:11:45: there is no method 'inRange'")]
    [InlineData("a missing semicolon", "};", "}", "p.cedar:12:2: the text ends here, where 'when', 'unless' or ';' was expected")]
    public void A_policy_is_refused_with_a_message_that_a_newcomer_can_act_on(string how, string part, string broken, string message)
    {
        Assert.True(Good.Contains(part, StringComparison.Ordinal), how);

        Assert.Equal([message], Sets.Faults(Sets.Of(Good.Replace(part, broken, StringComparison.Ordinal), Schema)));
    }

    [Theory]
    [InlineData("a head that no request can fit", "resource == Assay::Api::\"https://payments.example\"", "resource == Assay::Team::\"payments\"", "p.cedar:1:1: no action of the schema applies to what this head asks for, so the policy does nothing; write 'in' instead of '==' for resource")]
    [InlineData("an action group compared instead of entered", "action in [Action::\"list\", Action::\"export\"]", "action == Action::\"reading\"", "p.cedar:1:1: no action of the schema applies to what this head asks for, so the policy does nothing; write 'in' instead of '==' for action")]
    [InlineData("a condition that can never hold", "context.client.assurance >= 2", "principal is Assay::Person", "p.cedar:1:1: the conditions are false for every request that the schema allows; the policy does nothing")]
    public void A_policy_that_can_never_apply_loads_with_a_warning(string how, string part, string broken, string message)
    {
        Assert.True(Good.Contains(part, StringComparison.Ordinal), how);

        Assert.Equal([message], Sets.Warnings(Sets.Of(Good.Replace(part, broken, StringComparison.Ordinal), Schema)));
    }

    [Fact]
    public void Two_policies_of_one_name_are_refused() => Assert.Equal(
        ["p.cedar:13:1: the name 'exporters' is taken by the policy at p.cedar:1:1; give one of them another @id"], Sets.Faults(Sets.Of(Good + "\n" + Good, Schema)));

    [Fact]
    public void What_is_wrong_in_one_policy_hides_nothing_in_another() => Assert.Equal(
        ["a.cedar:1:36", "b.cedar:1:1", "c.cedar:1:60"],
        LoadedPolicySet.Load(Sets.Of(
            new PolicyFile("a.cedar", "permit (principal, action, resource"),
            new PolicyFile("b.cedar", "@max_ttl(\"1s\") permit (principal, action, resource);"),
            new PolicyFile("c.cedar", "permit (principal, action, resource) when { context.client.a == 1 };"))).Faults.Select(fault => $"{fault.Position}"));
}
