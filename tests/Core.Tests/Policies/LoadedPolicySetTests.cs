using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Policies;

namespace Assay.Core.Tests.Policies;

public sealed class LoadedPolicySetTests
{
    [Fact]
    public void Policies_are_named_by_their_id_or_else_by_file_and_place()
    {
        var set = Loaded(
            new PolicyFile("policies/pay.cedar", "permit (principal, action, resource);\n@id(\"exporters pay\") permit (principal, action, resource);\nforbid (principal, action, resource);"),
            new PolicyFile("policies/base.cedar", "forbid (principal, action, resource);"));

        Assert.Equal(["base#0", "pay#0", "exporters pay", "pay#2"], set.Policies.Policies.Select(policy => policy.Id));
    }

    [Fact]
    public void Obligations_are_read_from_annotations()
    {
        var set = Loaded(new PolicyFile("p.cedar", """
            @id("a") @max_ttl("5m") @bind("any") @reason("because") @public permit (principal, action, resource);
            @id("b") @step_up("key_proof") @reason("too \"risky\"") forbid (principal, action, resource);
            @id("c") @max_ttl("90s") @bind("dpop") permit (principal, action, resource);
            @id("d") permit (principal, action, resource);
            """));

        Assert.Equal(
            [
                new Obligations(TimeSpan.FromMinutes(5), "any", null, "because", true),
                new Obligations(null, null, "key_proof", "too \"risky\"", false),
                new Obligations(TimeSpan.FromSeconds(90), "dpop", null, null, false),
                new Obligations(null, null, null, null, false),
            ],
            set.Policies.Policies.Select(set.ObligationsOf));
    }

    [Theory]
    [InlineData("60s", 60)]
    [InlineData("1m", 60)]
    [InlineData("900s", 900)]
    [InlineData("15m", 900)]
    [InlineData("090s", 90)]
    public void A_life_is_60_to_900_seconds_in_seconds_or_minutes(string text, int seconds)
    {
        var set = Loaded(new PolicyFile("p.cedar", $"@max_ttl(\"{text}\") permit (principal, action, resource);"));

        Assert.Equal(TimeSpan.FromSeconds(seconds), set.ObligationsOf(set.Policies.Policies[0]).MaxLifetime);
    }

    [Theory]
    [InlineData("59s"), InlineData("901s"), InlineData("16m"), InlineData("0m"), InlineData(""), InlineData("s"), InlineData("5"), InlineData("5h")]
    [InlineData("5 m"), InlineData("+5m"), InlineData("-5m"), InlineData("1e2s"), InlineData("5M"), InlineData("99999999999s"), InlineData("1m30s")]
    public void Any_other_life_is_a_fault(string text) => Assert.Equal(
        [$"p.cedar:1:1: @max_ttl(\"{text}\") must be 60 to 900 seconds, written as \"90s\" or \"5m\""],
        Faults($"@max_ttl(\"{text}\") permit (principal, action, resource);"));

    [Theory]
    [InlineData("@bind(\"mtls\") forbid", "p.cedar:1:1: @bind belongs on a permit, and this is a forbid")]
    [InlineData("@max_ttl(\"5m\") forbid", "p.cedar:1:1: @max_ttl belongs on a permit, and this is a forbid")]
    [InlineData("@step_up(\"approval\") permit", "p.cedar:1:1: @step_up belongs on a forbid, and this is a permit")]
    [InlineData("@bind(\"tls\") permit", "p.cedar:1:1: @bind(\"tls\") is no token binding; expected \"dpop\", \"mtls\" or \"any\"")]
    [InlineData("@bind permit", "p.cedar:1:1: @bind(\"\") is no token binding; expected \"dpop\", \"mtls\" or \"any\"")]
    [InlineData("@step_up(\"MFA\") forbid", "p.cedar:1:1: @step_up(\"MFA\") must name a verification in lower-case letters and '_', such as \"attestation\" or \"approval\"")]
    [InlineData("@step_up forbid", "p.cedar:1:1: @step_up(\"\") must name a verification in lower-case letters and '_', such as \"attestation\" or \"approval\"")]
    [InlineData("@reason(\"\") permit", "p.cedar:1:1: @reason must have 1 to 500 characters")]
    [InlineData("@public permit", "p.cedar:1:1: @public shows the caller a reason, and there is none; add @reason(\"…\")")]
    [InlineData("@public(\"x\") @reason(\"y\") permit", "p.cedar:1:1: @public stands alone; the text belongs into @reason")]
    [InlineData("@public @reason(\"naïve\") permit", "p.cedar:1:9: a @public reason goes into error_description, which holds printable ASCII without \" and \\ (RFC 6749 §5.2)")]
    [InlineData("@id(\"\") permit", "p.cedar:1:1: @id must have 1 to 128 characters, none of them a control character, and no space at either end")]
    [InlineData("@id(\" a\") permit", "p.cedar:1:1: @id must have 1 to 128 characters, none of them a control character, and no space at either end")]
    [InlineData("@id(\"a\\n\") permit", "p.cedar:1:1: @id must have 1 to 128 characters, none of them a control character, and no space at either end")]
    [InlineData("@maxttl(\"5m\") permit", "p.cedar:1:1: unknown annotation @maxttl; did you mean @max_ttl?")]
    [InlineData("@max_tll(\"5m\") permit", "p.cedar:1:1: unknown annotation @max_tll; did you mean @max_ttl?")]
    [InlineData("@stepUp(\"a\") forbid", "p.cedar:1:1: unknown annotation @stepUp; did you mean @step_up?")]
    [InlineData("@author(\"me\") permit", "p.cedar:1:1: unknown annotation @author; known are @id, @max_ttl, @bind, @step_up, @reason and @public")]
    public void What_is_not_in_the_vocabulary_is_a_fault_that_says_what_would_be_right(string head, string fault) =>
        Assert.Equal([fault], Faults(head + " (principal, action, resource);"));

    [Fact]
    public void Every_fault_of_every_file_is_reported_at_its_own_line_and_column()
    {
        var loaded = LoadedPolicySet.Load(new PolicyDocument(
        [
            new PolicyFile("b.cedar", "permit (principal, action, resource)"),
            new PolicyFile("a.cedar", "// é🙂 first\n@reason(\"@bind(1)\")  // @bind\n  @ bind(\"x\")\n@id(\"a\") @colour\npermit (principal, action, resource);"),
        ], null) { Actions = Sets.Actions });

        Assert.Null(loaded.Set);
        Assert.Equal(
            [
                "a.cedar:3:3: @bind(\"x\") is no token binding; expected \"dpop\", \"mtls\" or \"any\"",
                "a.cedar:4:10: unknown annotation @colour; known are @id, @max_ttl, @bind, @step_up, @reason and @public",
            ],
            loaded.Faults.Where(fault => fault.Position.Source == "a.cedar").Select(fault => fault.ToString()));
        Assert.Equal(("b.cedar", 1), Assert.Single(loaded.Faults, fault => fault.Position.Source == "b.cedar").Position is var at ? (at.Source, at.Line) : default);
    }

    [Fact]
    public void A_name_is_given_once()
    {
        var loaded = LoadedPolicySet.Load(new PolicyDocument(
        [
            new PolicyFile("a.cedar", "@id(\"x\") permit (principal, action, resource);"),
            new PolicyFile("b.cedar", "permit (principal, action, resource);\n@id(\"x\") permit (principal, action, resource);"),
            new PolicyFile("sub/b.cedar", "permit (principal, action, resource);"),
        ], null) { Actions = Sets.Actions });

        Assert.Equal(
            [
                "b.cedar:2:1: the name 'x' is taken by the policy at a.cedar:1:1; give one of them another @id",
                "sub/b.cedar:1:1: the name 'b#0' is taken by the policy at b.cedar:1:1; give one of them another @id",
            ],
            loaded.Faults.Select(fault => fault.ToString()));
    }

    [Fact]
    public void A_file_is_there_once() => Assert.Equal(
        ["p.cedar:1:1: the document has a file of this path twice"], Texts(LoadedPolicySet.Load(Sets.Of(new PolicyFile("p.cedar", ""), new PolicyFile("p.cedar", "")))));

    [Fact]
    public void A_set_that_does_not_say_which_actions_there_are_is_refused_but_one_that_was_stored_so_still_decides()
    {
        var old = new PolicyDocument([new PolicyFile("p.cedar", "@id(\"old\") permit (principal, action, resource) when { context.colour == 1 };")], "namespace X;");

        Assert.Equal(
            ["apis.cedarschema:1:1: the set does not say which actions there are; give it the declarations that Assay makes of the APIs"], Texts(LoadedPolicySet.Load(old)));
        Assert.Equal(("old", null), LoadedPolicySet.LoadStored(old).Set is { } set ? (Assert.Single(set.Policies.Policies).Id, set.Schema) : default);
    }

    [Fact]
    public void A_set_that_was_stored_loads_without_being_checked_against_its_schema_again()
    {
        var broken = Sets.Of("permit (principal, action, resource) when { context.colour == 1 };");

        var loaded = LoadedPolicySet.LoadStored(broken);

        Assert.Empty(loaded.Faults);
        Assert.NotNull(loaded.Set!.Schema);
        Assert.Null(LoadedPolicySet.Load(broken).Set);
    }

    [Fact]
    public void A_document_without_policies_loads()
    {
        var set = Loaded();

        Assert.Empty(set.Policies.Policies);
        Assert.Equal(new PolicyDocument([], null) { Actions = Sets.Actions }.ContentHash(), set.Version);
    }

    [Fact]
    public void The_version_is_this_hash_whatever_the_order_of_files()
    {
        PolicyFile a = new("a.cedar", "permit (principal, action, resource);"), b = new("b.cedar", "// nothing");

        Assert.Equal("2bf747e7c25253bed709d6e2e3edee374b684a2525b5ed6cc80f5d3fd0565cd1", new PolicyDocument([a, b], null).ContentHash());
        Assert.Equal(new PolicyDocument([a, b], null).ContentHash(), new PolicyDocument([b, a], null).ContentHash());
        Assert.Equal("2f66ed29fc459fe4ad3cb9b225d8456818a7321d9620cd5caa6a00c5956e7f84", Whole([a, b]).ContentHash());
        Assert.Equal(Whole([a, b]).ContentHash(), Whole([b, a]).ContentHash());
    }

    [Fact]
    public void Different_content_is_a_different_version()
    {
        PolicyDocument[] documents =
        [
            new([], null), new([], ""), new([], "a"), new([new("a", "")], null), new([new("", "a")], null), new([new("a", "b")], null), new([new("ab", "")], null),
            new([new("a", "b"), new("c", "d")], null), new([new("a", "bc"), new("", "d")], null), new([new("schema", "")], null),
            new([], null) { Actions = "" }, new([], "") { Actions = "" }, new([], null) { Actions = "a" }, new([new("a", "")], null) { Actions = "" },
            new([], null) { Links = [Link] }, new([], null) { Links = [Link with { Principal = null }] }, new([], null) { Links = [Link with { Principal = null, Resource = Link.Principal }] },
            new([], null) { Links = [Link with { Line = 2 }] }, new([], null) { Links = [Link, Link] }, new([], null) { Actions = "", Links = [Link] },
            new([], null) { Tests = [new("a", "b")] }, new([], null) { Tests = [new("a", "c")] }, new([new("a", "b")], null) { Tests = [new("", "")] }, new([new("a", "b")], null) { Tests = [new("a", "b")] },
        ];

        Assert.Equal(documents.Length, documents.Select(document => document.ContentHash()).Distinct().Count());
    }

    private static readonly PolicyLink Link = new("l", "t", new EntityUid("Assay::Role", "r"), null, 1, 1);

    private static PolicyDocument Whole(ImmutableArray<PolicyFile> files) => new(files, "namespace X {}") { Actions = "action \"a\";\n", Links = [Link], Tests = files };

    private static LoadedPolicySet Loaded(params PolicyFile[] files)
    {
        var loaded = LoadedPolicySet.Load(Sets.Of(files));
        Assert.Empty(loaded.Faults);
        return loaded.Set!;
    }

    private static IEnumerable<string> Faults(string text) => Texts(LoadedPolicySet.Load(Sets.Of(text)));

    private static IEnumerable<string> Texts(LoadedPolicies loaded)
    {
        Assert.Null(loaded.Set);
        return loaded.Faults.Select(fault => fault.ToString());
    }
}
