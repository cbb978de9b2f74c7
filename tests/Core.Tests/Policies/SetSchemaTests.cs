using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Tests.Decisions;
using CsCheck;

namespace Assay.Core.Tests.Policies;

/// <summary>What a set's schema is made of.</summary>
public sealed class SetSchemaTests
{
    [Fact]
    public void The_documentation_prints_the_built_in_part() =>
        Assert.Contains($"```cedarschema\n{BuiltInSchema.Text}```", File.ReadAllText(Checkout.Path("docs", "policy.md")), StringComparison.Ordinal);

    [Fact]
    public void The_context_of_every_request_is_of_the_type_that_policies_are_checked_against()
    {
        var schema = Loaded("").Schema!;

        Situations.All.Sample(
            situation => Assert.Empty(schema.Validate(new Request(
                PrincipalEntity.UidOf(situation.Identity), new EntityUid("Action", "list"), new EntityUid(EntityTypes.Api, Example.Payments), DecisionContext.Of(situation.Input)))),
            iter: 500);
    }

    [Fact]
    public void Actions_are_made_of_scopes_and_a_scope_of_two_apis_is_in_the_groups_of_both()
    {
        const string applies = "appliesTo { principal: [Assay::Workload, Assay::Person], resource: [Assay::Api], context: Assay::Context };\n";

        Assert.Equal(
            "// The scopes of the set's APIs as actions, made by Assay. To write one yourself, declare it in schema.cedarschema.\n" +
            "action \"a\";\n" +
            "action \"b\" in [\"a\", \"c\"] " + applies +
            "action \"c\" " + applies,
            ActionDeclarations.Of([new("c", null, []), new("b", null, ["c"]), new("b", "again", ["a"])], null));
    }

    [Fact]
    public void An_action_that_the_author_declares_is_left_to_the_author()
    {
        const string schema = """action "pay" in ["reading"] appliesTo { principal: Assay::Person, resource: Assay::Api, context: Assay::Context };""";

        Assert.DoesNotContain("action \"pay\"", ActionDeclarations.Of(Example.PaymentsApi.Scopes, schema), StringComparison.Ordinal);
        Assert.Equal([EntityTypes.Person], Loaded("", schema).Schema!.Actions[new EntityUid("Action", "pay")].PrincipalTypes);
    }

    [Fact]
    public void The_authors_attributes_are_checked_and_Assays_own_stay()
    {
        const string schema = "namespace Assay { entity Workload in [Role, Team] = { environment?: String }; }";

        Assert.NotNull(Loaded("permit (principal is Assay::Workload, action, resource) when { principal has environment && principal.environment == \"p\" && principal has owner && principal.owner == \"o\" };", schema));
        Assert.Equal(
            ["p.cedar:1:128: Assay::Workload has no attribute enviroment (did you mean 'environment'?)"],
            Sets.Faults(Sets.Of("permit (principal is Assay::Workload, action, resource) when { principal has environment && principal.environment == principal.enviroment };", schema)));
    }

    [Fact]
    public void Types_of_ones_own_can_be_parents_and_in_policies()
    {
        const string schema = """
            entity Zone;
            type Contact = { mail: String };
            namespace Assay {
              entity Api in [Zone] = { contact: Contact };
              entity Team in [Team, Shop::Division];
            }
            namespace Shop { entity Division; }
            """;

        Assert.NotNull(Loaded("permit (principal in Shop::Division::\"x\", action, resource in Zone::\"internal\") when { resource.contact.mail like \"*@example\" };", schema));
    }

    [Theory]
    [InlineData("entity", "schema.cedarschema:1:7: the text ends here, where the name of an entity type was expected")]
    [InlineData("entity Zone in [Zoen];", "schema.cedarschema:1:17: there is no entity type Zoen (did you mean 'Zone'?)")]
    [InlineData("namespace Assay { entity Zone; }", "schema.cedarschema:1:26: the namespace Assay is kept for Assay itself, of which only the entity types Workload, Person, Role, Team, Api may be declared anew; move 'Zone' into a namespace of your own")]
    [InlineData("namespace Assay { entity Wrokload; }", "schema.cedarschema:1:26: the namespace Assay is kept for Assay itself, of which only the entity types Workload, Person, Role, Team, Api may be declared anew (did you mean 'Workload'?); move 'Wrokload' into a namespace of your own")]
    [InlineData("namespace Assay { action read; }", "schema.cedarschema:1:26: the namespace Assay is kept for Assay itself, of which only the entity types Workload, Person, Role, Team, Api may be declared anew; move 'read' into a namespace of your own")]
    [InlineData("namespace Assay { type Context = {}; }", "schema.cedarschema:1:24: Assay::Context is what Assay puts into every request and cannot be declared anew; take this out (docs/policy.md prints it)")]
    [InlineData("namespace Assay { entity Role enum [\"a\"]; }", "schema.cedarschema:1:26: Assay::Role cannot be an enumeration: bundles and calls say which ones there are; write 'entity Role … { … };'")]
    [InlineData("namespace Assay { entity Workload; }", "schema.cedarschema:1:26: Assay::Workload must stay a member of roles and teams; write 'entity Workload in [Role, Team] …'")]
    [InlineData("namespace Assay { entity Person in [Team]; }", "schema.cedarschema:1:26: Assay::Person must stay a member of roles and teams; write 'entity Person in [Role, Team] …'")]
    [InlineData("namespace Assay { entity Workload in [Role, Team] = { owner: Team }; }", "schema.cedarschema:1:55: Assay sets 'owner' of every Assay::Workload itself, to text; write 'owner?: String', or leave it out: it is there anyway")]
    [InlineData("namespace Assay { entity Api; entity Api; }", "schema.cedarschema:1:38: the entity type \"Api\" is declared twice; the first is at schema.cedarschema:1:26")]
    [InlineData("namespace Assay::Shop { entity Zone; }", "schema.cedarschema:1:11: the namespace Assay::Shop is kept for Assay itself; choose a name of your own")]
    [InlineData("entity Api;", "schema.cedarschema:1:8: 'Api' is the name of Assay::Api; to declare that type anew write it within 'namespace Assay { … }', else choose another name")]
    [InlineData("type Context = {};", "schema.cedarschema:1:6: 'Context' is the name of Assay::Context; choose another name")]
    [InlineData("entity datetime;", "schema.cedarschema:1:8: 'datetime' is a type of the language; choose another name")]
    [InlineData("action pay appliesTo { principal: Assay::Workload, resource: Assay::Api };", "schema.cedarschema:1:8: the action Action::\"pay\" must have 'context: Assay::Context' in its appliesTo, for that is what every request brings along")]
    [InlineData("namespace Shop { action list; }", "schema.cedarschema:1:25: the action Shop::Action::\"list\" would hide Action::\"list\", declared at apis.cedarschema:3:8; one of them needs another name")]
    public void A_fault_in_the_authors_schema_says_where_it_is_and_what_would_be_right(string schema, string fault) => Assert.Equal([fault], Sets.Faults(Sets.Of("", schema)));

    [Fact]
    public void Author_and_Assay_may_declare_the_same_types_and_no_actions_at_all()
    {
        Assert.Equal(5, Loaded("", BuiltInSchema.Text.Split("\n\n")[0] + "}").Schema!.EntityTypes.Count);
        Assert.Empty(LoadedPolicySet.Load(new PolicyDocument([], null) { Actions = ActionDeclarations.Of([], null) }).Set!.Schema!.Actions);
    }

    private static LoadedPolicySet Loaded(string policies, string? schema = null)
    {
        var loaded = LoadedPolicySet.Load(Sets.Of(policies, schema));
        Assert.Empty(loaded.Faults);
        return loaded.Set!;
    }
}
