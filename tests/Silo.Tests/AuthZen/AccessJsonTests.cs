using System.Text;
using Assay.Silo.AuthZen;

namespace Assay.Silo.Tests.AuthZen;

/// <summary>What the bodies of AuthZEN requests are taken for, and what is said of bad ones.</summary>
public sealed class AccessJsonTests
{
    private const string Subject = """ "subject":{"type":"workload","id":"a"} """;
    private const string Action = """ "action":{"name":"read"} """;
    private const string Resource = """ "resource":{"type":"api","id":"https://x.example"} """;

    [Fact]
    public void A_question_is_read_with_what_is_known_of_the_subject_and_without_what_is_not_known_here()
    {
        var question = Read($$$"""
            {{{{Subject}}},{{{Action}}},{{{Resource}}},
             "context":{"ip":"2001:DB8::1","client":{"method":"private_key_jwt","credential":"k","more":[1]},"time":"1985-10-26T01:22-07:00"},
             "evaluations":7,"unheard_of":{"subject":null}}
            """, out var fault);

        Assert.Null(fault);
        Assert.Equal(new AccessQuestion("workload", "a", "read", "api", "https://x.example", new AccessContext("2001:db8::1", "private_key_jwt", "k")), question);
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "", "the body is not JSON, has a name twice in one object, or more than 16 levels" },
        { "{", "the body is not JSON, has a name twice in one object, or more than 16 levels" },
        { "{}{}", "the body is not JSON, has a name twice in one object, or more than 16 levels" },
        { "[]", "the body must be a JSON object" },
        { "null", "the body must be a JSON object" },
        { $$$"""{{{{Subject}}},{{{Subject}}},{{{Action}}},{{{Resource}}}}""", "the body is not JSON, has a name twice in one object, or more than 16 levels" },
        { $$$"""{{{{Subject}}},{{{Action}}},{{{Resource}}},"x":{"a":1,"\u0061":2}}""", "the body is not JSON, has a name twice in one object, or more than 16 levels" },
        { $$$"""{{{{Subject}}},{{{Action}}},{{{Resource}}},"x":{{{string.Concat(Enumerable.Repeat("[", 17))}}}{{{string.Concat(Enumerable.Repeat("]", 17))}}}}""", "the body is not JSON, has a name twice in one object, or more than 16 levels" },
        { $$$"""{"subject":{"type":"workload","id":"\ud800"},{{{Action}}},{{{Resource}}}}""", "a string in the body is not valid Unicode" },
        { $$$"""{{{{Action}}},{{{Resource}}}}""", "subject is missing" },
        { $$$"""{"subject":"a",{{{Action}}},{{{Resource}}}}""", "subject must be an object" },
        { $$$"""{"subject":null,{{{Action}}},{{{Resource}}}}""", "subject must be an object" },
        { $$$"""{"subject":{"id":"a"},{{{Action}}},{{{Resource}}}}""", "subject.type is missing" },
        { $$$"""{"subject":{"type":"workload"},{{{Action}}},{{{Resource}}}}""", "subject.id is missing" },
        { $$$"""{"subject":{"type":"workload","id":7},{{{Action}}},{{{Resource}}}}""", "subject.id must be a string" },
        { $$$"""{{{{Subject}}},{{{Resource}}}}""", "action is missing" },
        { $$$"""{{{{Subject}}},"action":{},{{{Resource}}}}""", "action.name is missing" },
        { $$$"""{{{{Subject}}},"action":{"name":123},{{{Resource}}}}""", "action.name must be a string" },
        { $$$"""{{{{Subject}}},{{{Action}}}}""", "resource is missing" },
        { $$$"""{{{{Subject}}},{{{Action}}},"resource":{"id":"x"}}""", "resource.type is missing" },
        { $$$"""{{{{Subject}}},{{{Action}}},"resource":{"type":"api"}}""", "resource.id is missing" },
        { $$$"""{{{{Subject}}},{{{Action}}},{{{Resource}}},"context":[]}""", "context must be an object" },
        { $$$"""{{{{Subject}}},{{{Action}}},{{{Resource}}},"context":{"ip":7}}""", "context.ip must be a string" },
        { $$$"""{{{{Subject}}},{{{Action}}},{{{Resource}}},"context":{"ip":"010.1.1.1"}}""", "context.ip is not an IP address" },
        { $$$"""{{{{Subject}}},{{{Action}}},{{{Resource}}},"context":{"ip":"fe80::1%eth0"}}""", "context.ip is not an IP address" },
        { $$$"""{{{{Subject}}},{{{Action}}},{{{Resource}}},"context":{"client":"x"}}""", "context.client must be an object" },
        { $$$"""{{{{Subject}}},{{{Action}}},{{{Resource}}},"context":{"client":{ "method":null } } }""", "context.client.method must be a string" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_is_wrong_is_said(string body, string expected)
    {
        Assert.Null(Read(body, out var fault));
        Assert.Equal(expected, fault);
    }

    [Fact]
    public void A_body_that_is_not_UTF_8_is_not_read()
    {
        Assert.Null(AccessJson.ReadEvaluation(new byte[] { (byte)'{', (byte)'"', 0xC3, 0x28, (byte)'"', (byte)':', (byte)'1', (byte)'}' }, out var fault));
        Assert.Equal("the body is not valid UTF-8", fault);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1"), InlineData("::ffff:192.0.2.1", "192.0.2.1"), InlineData("0:0::1", "::1")]
    public void An_address_has_one_spelling(string given, string read) =>
        Assert.Equal(read, Read($$$"""{{{{Subject}}},{{{Action}}},{{{Resource}}},"context":{"ip":"{{{given}}}"}}""", out _)!.Context.Ip);

    [Fact]
    public void What_an_item_lacks_is_taken_whole_from_the_top_and_what_is_wrong_with_it_is_its_own()
    {
        var several = Assert.IsType<AccessRequest.Several>(ReadSeveral($$$"""
            {{{{Subject}}},{{{Action}}},"context":{"ip":"192.0.2.1"},"options":{"evaluations_semantic":"deny_on_first_deny","other":1},
             "evaluations":[{{{{Resource}}}},{},{{{{Resource}}},"action":{"name":"write"},"context":{}},{"subject":{"type":"person"},{{{Resource}}}},7]}
            """, out var fault));

        Assert.Null(fault);
        Assert.Equal(EvaluationsSemantic.DenyOnFirstDeny, several.Semantic);
        Assert.Equal(
            [
                new AccessItem(new("workload", "a", "read", "api", "https://x.example", new("192.0.2.1", null, null)), null),
                new AccessItem(null, "resource is missing"),
                new AccessItem(new("workload", "a", "write", "api", "https://x.example", AccessContext.Empty), null),
                new AccessItem(null, "subject.id is missing"),
                new AccessItem(null, "it must be an object"),
            ],
            several.Items);
    }

    [Theory]
    [InlineData(""), InlineData(""", "evaluations":[]""")]
    public void Without_items_it_is_a_single_question(string list) =>
        Assert.Equal("a", Assert.IsType<AccessRequest.One>(ReadSeveral($$$"""{{{{Subject}}},{{{Action}}},{{{Resource}}}{{{list}}}}""", out _)).Question.SubjectId);

    [Theory]
    [InlineData(""" "evaluations":{} """, "evaluations must be a list"), InlineData(""" "subject":[],"evaluations":[{}] """, "subject must be an object")]
    [InlineData(""" "evaluations":[] """, "subject is missing"), InlineData(""" "options":[],"evaluations":[{}] """, Semantics)]
    [InlineData(""" "options":{"evaluations_semantic":"some"},"evaluations":[{}] """, Semantics), InlineData(""" "options":{"evaluations_semantic":1},"evaluations":[{}] """, Semantics)]
    public void What_is_wrong_with_all_items_is_said_of_the_request(string members, string expected)
    {
        Assert.Null(ReadSeveral($$$"""{{{{members}}}}""", out var fault));
        Assert.Equal(expected, fault);
    }

    private const string Semantics = "options.evaluations_semantic must be execute_all, deny_on_first_deny or permit_on_first_permit";

    [Fact]
    public void There_is_a_bound_on_items()
    {
        string Items(int count) => $$$"""{"evaluations":[{{{string.Join(',', Enumerable.Repeat("{}", count))}}}]}""";

        Assert.Equal(256, Assert.IsType<AccessRequest.Several>(ReadSeveral(Items(256), out _)).Items.Length);
        Assert.Null(ReadSeveral(Items(257), out var fault));
        Assert.Equal("evaluations must have 256 items at most", fault);
    }

    [Fact]
    public void What_is_searched_for_has_no_name_and_one_that_is_given_is_not_looked_at()
    {
        var subjects = Search(SearchFor.Subject, $$$"""{"subject":{"type":"workload","id":7},{{{Action}}},{{{Resource}}},"page":{"limit":2,"token":"t","sort":"x"}}""", out _);
        var resources = Search(SearchFor.Resource, $$$"""{{{{Subject}}},{{{Action}}},"resource":{"type":"api","id":"https://y.example"}}""", out _);
        var actions = Search(SearchFor.Action, $$$"""{{{{Subject}}},"action":7,{{{Resource}}},"page":{"token":""}}""", out _);

        var (a, x) = (new AccessEntity("workload", "a"), new AccessEntity("api", "https://x.example"));
        Assert.Equal(new AccessQuery(SearchFor.Subject, new(new("workload", null), "read", x, null), 2, "t"), subjects);
        Assert.Equal(new AccessQuery(SearchFor.Resource, new(a, "read", new("api", null), null), null, null), resources);
        Assert.Equal(new AccessQuery(SearchFor.Action, new(a, null, x, null), null, null), actions);
    }

    [Theory]
    [InlineData(SearchFor.Subject, """ "subject":{"type":"workload"},"resource":{"type":"api","id":"x"} """, "action is missing")]
    [InlineData(SearchFor.Subject, """ "subject":{"type":"workload"},"action":{"name":"r"},"resource":{"type":"api"} """, "resource.id is missing")]
    [InlineData(SearchFor.Subject, """ "action":{"name":"r"},"resource":{"type":"api","id":"x"} """, "subject is missing")]
    [InlineData(SearchFor.Resource, """ "subject":{"type":"workload"},"action":{"name":"r"},"resource":{"type":"api"} """, "subject.id is missing")]
    [InlineData(SearchFor.Resource, """ "subject":{"type":"workload","id":"a"},"action":{"name":"r"} """, "resource is missing")]
    [InlineData(SearchFor.Action, """ "subject":{"type":"workload"},"resource":{"type":"api","id":"x"} """, "subject.id is missing")]
    [InlineData(SearchFor.Action, """ "subject":{"type":"workload","id":"a"} """, "resource is missing")]
    [InlineData(SearchFor.Action, """ "subject":{"type":"workload","id":"a"},"resource":{"type":"api","id":"x"},"page":1 """, "page must be an object")]
    [InlineData(SearchFor.Action, """ "subject":{"type":"workload","id":"a"},"resource":{"type":"api","id":"x"},"page":{"limit":-1} """, "page.limit must be a whole number, 0 or more")]
    [InlineData(SearchFor.Action, """ "subject":{"type":"workload","id":"a"},"resource":{"type":"api","id":"x"},"page":{"limit":1.5} """, "page.limit must be a whole number, 0 or more")]
    [InlineData(SearchFor.Action, """ "subject":{"type":"workload","id":"a"},"resource":{"type":"api","id":"x"},"page":{"token":1} """, "page.token must be a string")]
    internal void A_search_says_what_it_lacks(SearchFor target, string members, string expected)
    {
        Assert.Null(Search(target, $$$"""{{{{members}}}}""", out var fault));
        Assert.Equal(expected, fault);
    }

    private static AccessQuestion? Read(string body, out string? fault) => AccessJson.ReadEvaluation(Encoding.UTF8.GetBytes(body), out fault);

    private static AccessRequest? ReadSeveral(string body, out string? fault) => AccessJson.ReadEvaluations(Encoding.UTF8.GetBytes(body), out fault);

    private static AccessQuery? Search(SearchFor target, string body, out string? fault) => AccessJson.ReadSearch(target, Encoding.UTF8.GetBytes(body), out fault);
}
