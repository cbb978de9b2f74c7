using System.Text.Json;
using Assay.Cedar.Tests.Formatting;
using CsCheck;

namespace Assay.Cedar.Tests;

public sealed class PolicyJsonTests
{
    private const string Anyone = """ "principal": {"op": "All"}, "action": {"op": "All"}, "resource": {"op": "All"} """;

    [Fact]
    public void A_policy_is_written_as_json()
    {
        var policy = Cedar.Policies(
            """
            @id("x") @public
            forbid(principal is A::B in C::"d", action in [Action::"a", Action::"b"], resource == E::"f")
            when { context has a.b && context.c like "x*\*" && -1 - context["n"] != -(2) }
            unless { [ip("1.2.3.4"), if true then {"a b": principal} else {}].contains(resource.getTag("t")) || [].isEmpty() };
            """).Policies[0];

        Same(
            """
            {
              "effect": "forbid",
              "principal": {"op": "is", "entity_type": "A::B", "in": {"entity": {"type": "C", "id": "d"}}},
              "action": {"op": "in", "entities": [{"type": "Action", "id": "a"}, {"type": "Action", "id": "b"}]},
              "resource": {"op": "==", "entity": {"type": "E", "id": "f"}},
              "conditions": [
                {"kind": "when", "body": {"&&": {
                  "left": {"&&": {
                    "left": {"has": {"left": {"Var": "context"}, "attr": ["a", "b"]}},
                    "right": {"like": {"left": {".": {"left": {"Var": "context"}, "attr": "c"}}, "pattern": [{"Literal": "x"}, "Wildcard", {"Literal": "*"}]}}}},
                  "right": {"!=": {
                    "left": {"-": {"left": {"Value": -1}, "right": {".": {"left": {"Var": "context"}, "attr": "n"}}}},
                    "right": {"neg": {"arg": {"Value": 2}}}}}}}},
                {"kind": "unless", "body": {"||": {
                  "left": {"contains": {
                    "left": {"Set": [
                      {"ip": [{"Value": "1.2.3.4"}]},
                      {"if-then-else": {"if": {"Value": true}, "then": {"Record": {"a b": {"Var": "principal"}}}, "else": {"Record": {}}}}]},
                    "right": {"getTag": {"left": {"Var": "resource"}, "right": {"Value": "t"}}}}},
                  "right": {"isEmpty": {"arg": {"Set": []}}}}}}
              ],
              "annotations": {"id": "x", "public": null}
            }
            """,
            PolicyJson.ToJson(policy));
    }

    [Fact]
    public void A_set_is_written_with_its_templates_and_links_and_read_again()
    {
        var set = Cedar.Policies("permit(principal, action in Action::\"a\", resource); forbid(principal in ?principal, action, resource is T in ?resource);")
            .Link("template0", "l", Cedar.Alice, Cedar.Photo);

        var json = PolicyJson.ToJson(set);
        var again = PolicyJson.ReadSet(json, "set.json");

        Same(
            """
            {
              "staticPolicies": {"policy0": {
                "effect": "permit", "principal": {"op": "All"}, "action": {"op": "in", "entity": {"type": "Action", "id": "a"}}, "resource": {"op": "All"}, "conditions": []}},
              "templates": {"template0": {
                "effect": "forbid",
                "principal": {"op": "in", "slot": "?principal"},
                "action": {"op": "All"},
                "resource": {"op": "is", "entity_type": "T", "in": {"slot": "?resource"}},
                "conditions": []}},
              "templateLinks": [{
                "templateId": "template0", "newId": "l", "values": {"?principal": {"type": "User", "id": "alice"}, "?resource": {"type": "Photo", "id": "holiday"}}}]
            }
            """,
            json);
        Assert.Equal(json, PolicyJson.ToJson(again));
        Assert.Equal(["policy0", "l"], again.Policies.Select(policy => policy.Id));
        Assert.Equal(again.Templates, again.Policies.Skip(1).Select(policy => policy.Template));
    }

    [Fact]
    public void Any_policy_written_is_read_as_the_same()
    {
        PolicyGenerators.Policy.Where(policy => !policy.Principal.HasSlot && !policy.Resource.HasSlot).Sample(policy =>
        {
            var written = new Policy("p", policy.Body, policy.Principal, policy.Resource);

            var read = PolicyJson.ReadPolicy(PolicyJson.ToJson(written), "p", "p.json");

            Assert.Equal(PolicyJson.ToJson(Cedar.Policies(read.Text).Policies[0]), PolicyJson.ToJson(read));
            Assert.Equal(PolicyPrinter.Print(read), read.Text);
        });
    }

    [Fact]
    public void A_policy_read_from_json_has_a_text_and_errors_say_where_in_it()
    {
        var policy = PolicyJson.ReadPolicy($$"""{"effect": "permit", {{Anyone}}, "conditions": [{"kind": "when", "body": {"neg": {"arg": {"Var": "context"} } } }]}""", "p1", "set.json");

        var error = Authorizer.Authorize(PolicySet.Of([policy]), Cedar.Ask(), Entities.Empty).Errors.Single();

        Assert.Equal(("p1", "permit (principal, action, resource)\nwhen { -context };", "p1 (set.json#p1:1:1)"), (policy.Id, policy.Text, policy.ToString()));
        Assert.StartsWith("set.json#p1:2:9: expected long", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"Value": [1, {"a": true, "if": {"__entity": {"type": "A", "id": "b"}}}]}""", "[1, { a: true, \"if\": A::\"b\" }]")]
    [InlineData("""{"Value": {"__extn": {"fn": "ip", "arg": "x"}}}""", "ip(\"x\")")]
    [InlineData("""{"Value": {"__extn": {"fn": "offset", "args": [{"__extn": {"fn": "datetime", "arg": "2024-01-01"}}, {"__extn": {"fn": "duration", "arg": "1d"}}]}}}""", "datetime(\"2024-01-01\").offset(duration(\"1d\"))")]
    [InlineData("""{"has": {"left": {"Var": "context"}, "attr": ["a"]}}""", "context has a")]
    [InlineData("""{"has": {"left": {"Var": "context"}, "attr": ["a", "b c", "d"]}}""", "context has a && context.a has \"b c\" && context.a[\"b c\"] has d")]
    [InlineData("""{"like": {"left": {"Value": "a"}, "pattern": [{"Literal": "ab*"}, "Wildcard", "Wildcard", {"Literal": ""}]}}""", "\"a\" like \"ab\\***\"")]
    [InlineData("""{"ip": []}""", "ip()")]
    [InlineData("""{"isIpv4": [{"Value": 1}, {"Value": 2}]}""", "1.isIpv4(2)")]
    [InlineData("""{"neg": {"arg": {"Value": 5}}}""", "-(5)")]
    [InlineData("""{"Value": -9223372036854775808}""", "-9223372036854775808")]
    [InlineData("""{"-": {"left": {"-": {"left": {"Value": 1}, "right": {"Value": 2}}}, "right": {"+": {"left": {"Value": 3}, "right": {"Value": 4}}}}}""", "1 - 2 - (3 + 4)")]
    public void What_json_can_say_and_text_too_is_read(string body, string expression)
    {
        var policy = PolicyJson.ReadPolicy($$"""{"effect": "forbid", {{Anyone}}, "conditions": [{"kind": "unless", "body": {{body}}}]}""", "p", "p.json");

        Assert.Equal($"forbid (principal, action, resource)\nunless {{ {expression} }};", policy.Text);
    }

    [Theory]
    [InlineData("""{}""", "$.body: an expression has exactly one member, named for its operator")]
    [InlineData("""{"Value": 1, "Var": "context"}""", "$.body: an expression has exactly one member, named for its operator")]
    [InlineData("""{"Value": null}""", "$.body.Value: null is no value of Cedar")]
    [InlineData("""{"Value": 1.5}""", "$.body.Value: a number that is no 64-bit integer")]
    [InlineData("""{"Value": [9223372036854775808]}""", "$.body.Value[0]: a number that is no 64-bit integer")]
    [InlineData("""{"Value": {"a": 1, "a": 2}}""", "$.body.Value: the member \"a\" is given twice")]
    [InlineData("""{"Value": {"__expr": "1"}}""", "$.body.Value.__expr: the escape __expr is not supported")]
    [InlineData("""{"Value": {"__entity": {"type": "A b", "id": "c"}}}""", "$.body.Value.__entity.type: \"A b\" is no entity type")]
    [InlineData("""{"Value": {"__entity": {"type": "A", "id": "c", "x": 1}}}""", "$.body.Value.__entity.x: there is no such member here; there can be type, id")]
    [InlineData("""{"Value": {"__extn": {"fn": "ipp", "arg": ""}}}""", "$.body.Value.__extn.fn: there is no operator or function \"ipp\" (did you mean 'ip'?)")]
    [InlineData("""{"Value": {"__extn": {"fn": "ip"}}}""", "$.body.Value.__extn: __extn needs fn and either arg or args")]
    [InlineData("""{"Var": "foo"}""", "$.body.Var: expected principal, action, resource or context")]
    [InlineData("""{"Slot": "?principal"}""", "$.body.Slot: a slot can stand only in the head of a template")]
    [InlineData("""{"==": {"left": {"Value": 1}}}""", "$.body[\"==\"]: the member right is missing")]
    [InlineData("""{"==": {"left": {"Value": 1}, "right": {"Value": 1}, "x": 1}}""", "$.body[\"==\"].x: there is no such member here; there can be left, right")]
    [InlineData("""{"&&": {"left": {"&&": {"left": {"Value": 1}, "right": {"Foo": 1}}}, "right": {"Value": 1}}}""", "$.body[\"&&\"].left[\"&&\"].right.Foo: there is no operator or function \"Foo\"")]
    [InlineData("""{"containsal": 1}""", "$.body.containsal: there is no operator or function \"containsal\" (did you mean 'containsAll'?)")]
    [InlineData("""{"contains": [{"Set": []}, {"Value": 1}]}""", "$.body.contains: expected an object")]
    [InlineData("""{"isEmpty": {"left": {"Set": []}}}""", "$.body.isEmpty.left: there is no such member here; there can be arg")]
    [InlineData("""{"ip": {"Value": 1}}""", "$.body.ip: expected an array")]
    [InlineData("""{"isIpv4": []}""", "$.body.isIpv4: isIpv4 is a method: its first argument is what it is called on")]
    [InlineData("""{"has": {"left": {"Var": "context"}, "attr": []}}""", "$.body.has.attr: expected at least one name")]
    [InlineData("""{".": {"left": {"Var": "context"}, "attr": 1}}""", "$.body[\".\"].attr: expected a string")]
    [InlineData("""{"like": {"left": {"Value": "a"}, "pattern": ["Wild"]}}""", "$.body.like.pattern[0]: expected \"Wildcard\" or {\"Literal\": …}")]
    [InlineData("""{"is": {"left": {"Var": "context"}, "entity_type": "in"}}""", "$.body.is.entity_type: \"in\" is no entity type")]
    [InlineData("""{"if-then-else": {"if": {"Value": 1}, "then": {"Value": 1}}}""", "$.body[\"if-then-else\"]: the member else is missing")]
    [InlineData("[]", "$.body: expected an object")]
    public void A_fault_in_an_expression_is_refused_with_its_place(string body, string fault)
    {
        var json = $$"""{"effect": "permit", {{Anyone}}, "conditions": [{"kind": "when", "body": {{body}}}]}""";

        Assert.Equal($"p.json: {fault.Replace("$.body", "$.conditions[0].body", StringComparison.Ordinal)}", Refusal(() => PolicyJson.ReadPolicy(json, "p", "p.json")));
    }

    [Theory]
    [InlineData("principal", """{"op": "is"}""", "$.principal: the member entity_type is missing")]
    [InlineData("principal", """{}""", "$.principal: the member op is missing")]
    [InlineData("principal", """{"op": "All", "x": 1}""", "$.principal.x: there is no such member here; there can be op")]
    [InlineData("principal", """{"op": "<"}""", "$.principal: op must be All, ==, in or is")]
    [InlineData("principal", """{"op": "=="}""", "$.principal: the member entity is missing")]
    [InlineData("principal", """{"op": "==", "slot": "?resource"}""", "$.principal.slot: only the slot ?principal can stand here")]
    [InlineData("principal", """{"op": "==", "slot": "?principal", "entity": {"type": "A", "id": ""}}""", "$.principal: entity and slot exclude each other")]
    [InlineData("principal", """{"op": "==", "entity": "A"}""", "$.principal.entity: expected an object")]
    [InlineData("resource", """{"op": "in", "slot": "?resource"}""", "$: this has a slot, so it is a template and no policy")]
    [InlineData("resource", """{"op": "in", "entities": []}""", "$.resource.entities: there is no such member here; there can be entity, slot, op")]
    [InlineData("action", """{"op": "is", "entity_type": "Action"}""", "$.action: op must be All, == or in")]
    [InlineData("action", """{"op": "==", "slot": "?action"}""", "$.action.slot: there is no such member here; there can be op, entity")]
    [InlineData("action", """{"op": "in", "entities": [{"type": "A", "id": "x"}]}""", "$.action.entities[0]: the type of an action is Action, possibly in a namespace, not A")]
    [InlineData("effect", "\"Permit\"", "$.effect: expected permit or forbid")]
    [InlineData("conditions", "{}", "$.conditions: expected an array")]
    [InlineData("conditions", """[{"kind": "while", "body": {"Value": true}}]""", "$.conditions[0].kind: expected when or unless")]
    [InlineData("conditions", """[{"kind": "when", "body": {"Value": true}, "x": 1}]""", "$.conditions[0].x: there is no such member here; there can be kind, body")]
    [InlineData("annotations", """{"a b": ""}""", "$.annotations[\"a b\"]: an annotation is named like an attribute: letters, digits and underscores, no digit first")]
    [InlineData("annotations", """{"a": 1}""", "$.annotations.a: expected a string")]
    [InlineData("extra", "1", "$.extra: there is no such member here; there can be effect, principal, action, resource, conditions, annotations")]
    public void A_fault_in_a_policy_is_refused_with_its_place(string member, string value, string fault)
    {
        var members = new Dictionary<string, string>
        {
            ["effect"] = "\"permit\"",
            ["principal"] = """{"op": "All"}""",
            ["action"] = """{"op": "All"}""",
            ["resource"] = """{"op": "All"}""",
            ["conditions"] = "[]",
            [member] = value,
        };
        var json = $"{{{string.Join(", ", members.Select(one => $"\"{one.Key}\": {one.Value}"))}}}";

        Assert.Equal($"p.json: {fault}", Refusal(() => PolicyJson.ReadPolicy(json, "p", "p.json")));
    }

    [Theory]
    [InlineData("""{"templateId": "x", "newId": "l", "values": {}}""", "$.templateLinks[0].templateId: there is no template \"x\"")]
    [InlineData("""{"templateId": "t", "newId": "l", "values": {}}""", "$.templateLinks[0].values: template t needs a value for its slot ?principal")]
    [InlineData("""{"templateId": "t", "newId": "l", "values": {"?principal": {"type": "A", "id": "b"}, "?resource": {"type": "A", "id": "b"}}}""", "$.templateLinks[0].values: template t has no slot ?resource")]
    [InlineData("""{"templateId": "t", "newId": "l", "values": {"principal": {"type": "A", "id": "b"}}}""", "$.templateLinks[0].values.principal: there is no such member here (did you mean '?principal'?); there can be ?principal, ?resource")]
    [InlineData("""{"templateId": "t", "newId": "l", "values": {"?principal": {"type": "A:", "id": "b"}}}""", "$.templateLinks[0].values[\"?principal\"].type: \"A:\" is no entity type")]
    [InlineData("""{"templateId": "t", "newId": "t", "values": {"?principal": {"type": "A", "id": "b"}}}""", "$.templateLinks[0].newId: another policy, or a template, has the id \"t\"")]
    [InlineData("""{"templateId": "t", "newId": "s", "values": {"?principal": {"type": "A", "id": "b"}}}""", "$.templateLinks[0].newId: another policy, or a template, has the id \"s\"")]
    [InlineData("""{"templateId": "t", "newId": "l", "values": {"?principal": {"__entity": {"type": "A", "id": "b"}}}, "x": 1}""", "$.templateLinks[0].x: there is no such member here; there can be templateId, newId, values")]
    public void A_link_that_does_not_fit_is_refused_with_its_place(string link, string fault)
    {
        var body = """ "effect": "permit", "action": {"op": "All"}, "resource": {"op": "All"}, "conditions": [] """;
        var json = $$"""
            {"staticPolicies": {"s": { "principal": {"op": "All"}, {{body}} } }, "templates": {"t": { "principal": {"op": "==", "slot": "?principal"}, {{body}} } }, "templateLinks": [{{link}}]}
            """;

        Assert.Equal($"s.json: {fault}", Refusal(() => PolicyJson.ReadSet(json, "s.json")));
    }

    [Theory]
    [InlineData("", "not readable as JSON")]
    [InlineData("{", "not readable as JSON")]
    [InlineData("[]", "$: expected an object")]
    [InlineData("""{"policies": {}}""", "$.policies: there is no such member here; there can be staticPolicies, templates, templateLinks")]
    [InlineData("""{"staticPolicies": {"a": 1}}""", "$.staticPolicies.a: expected an object")]
    [InlineData("""{"staticPolicies": {"\ud800": 1}}""", "$.staticPolicies: a string that is not valid Unicode")]
    public void A_document_that_is_no_policy_set_is_refused(string json, string fault)
    {
        Assert.StartsWith($"s.json: {fault}", Refusal(() => PolicyJson.ReadSet(json, "s.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused()
    {
        Assert.StartsWith("s.json: not readable as JSON", Refusal(() => PolicyJson.ReadSet("{\"\ud800\": 1}", "s.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_that_are_absent_are_empty()
    {
        Assert.Empty(PolicyJson.ReadSet("{}", "s.json").Policies);
    }

    [Fact]
    public void A_template_without_a_slot_is_refused()
    {
        var json = $$"""{"effect": "permit", {{Anyone}}, "conditions": []}""";

        Assert.Equal("t.json: $: this has no slot, so it is a policy and no template", Refusal(() => PolicyJson.ReadTemplate(json, "t", "t.json")));
    }

    [Theory]
    [InlineData("""{"!": {"arg": """, "}}")]
    [InlineData("""{"Set": [""", "]}")]
    [InlineData("""{"==": {"left": {"Value": 1}, "right": """, "}}")]
    [InlineData("""{"&&": {"left": {"Value": true}, "right": """, "}}")]
    [InlineData("""{"ip": [""", "]}")]
    [InlineData("""{"Record": {"a": """, "}}")]
    public void Nesting_is_read_up_to_the_limit_and_refused_beyond_it(string open, string close)
    {
        const int Deep = 10_000;

        Assert.NotNull(PolicyJson.ReadPolicy(Nested(CedarLimits.ExpressionDepth - 1), "p", "p.json"));
        Assert.Contains("nests deeper than 200", Refusal(() => PolicyJson.ReadPolicy(Nested(CedarLimits.ExpressionDepth), "p", "p.json")), StringComparison.Ordinal);
        Assert.Contains("nests deeper than 200", Refusal(() => PolicyJson.ReadPolicy(Nested(Deep), "p", "p.json")), StringComparison.Ordinal);

        string Nested(int levels) =>
            $$"""{"effect": "permit", {{Anyone}}, "conditions": [{"kind": "when", "body": {{string.Concat(Enumerable.Repeat(open, levels))}}{"Value": true}{{string.Concat(Enumerable.Repeat(close, levels))}} }]}""";
    }

    [Fact]
    public void A_megabyte_of_brackets_is_refused_at_once()
    {
        const int Many = 1_000_000;

        Assert.Equal("p.json: nested too deep in too many places", Refusal(() => PolicyJson.ReadSet(new string('[', Many) + new string(']', Many), "p.json")));
    }

    [Fact]
    public void A_value_is_read_up_to_the_same_limit()
    {
        Assert.Contains("nests deeper than 200", Refusal(() => PolicyJson.ReadPolicy(
            $$"""{"effect": "permit", {{Anyone}}, "conditions": [{"kind": "when", "body": {"Value": {{new string('[', 5000)}}{{new string(']', 5000)}} } }]}""", "p", "p.json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(" && ", "true")]
    [InlineData(" || ", "true")]
    [InlineData(" - ", "1")]
    [InlineData(" * ", "1")]
    public void A_chain_may_be_long_because_it_is_not_deep(string operation, string operand)
    {
        var set = Cedar.Policies($"permit(principal, action, resource) when {{ {string.Join(operation, Enumerable.Repeat(operand, 5_000))} }};");

        var json = PolicyJson.ToJson(set);

        Assert.Equal(json, PolicyJson.ToJson(PolicyJson.ReadSet(json, "chain.json")));
    }

    private static void Same(string expected, string actual)
    {
        using var one = JsonDocument.Parse(expected);
        using var other = JsonDocument.Parse(actual);
        Assert.True(JsonElement.DeepEquals(one.RootElement, other.RootElement), actual);
    }

    private static string Refusal(Action act) => Assert.Throws<CedarDataException>(act).Message;
}
