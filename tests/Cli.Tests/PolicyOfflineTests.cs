using System.Text.Json;
using System.Xml.Linq;

namespace Assay.Cli.Tests;

/// <summary><c>policy validate</c>, <c>fmt</c> and <c>test</c>: on a folder, without any server.</summary>
public sealed class PolicyOfflineTests : IDisposable
{
    private const string Policy = """
        // Who reads.
        @id("read")
        @max_ttl("2m")
        permit (
            principal in Assay::Role::"reader",
            action == Action::"read",
            resource
        );

        """;

    private readonly CliProcess cli = new(null);

    public PolicyOfflineTests()
    {
        Write("apis/a.yaml", "resource: https://a.example\nscopes: [{name: read}, {name: write}]\n");
        Write("roles.yaml", "roles: [{id: reader}]\n");
        Write("identities/svc.yaml", "id: svc\ndefaultResource: https://a.example\nmemberships: [{role: reader}]\n");
        Write("policies/a.cedar", Policy);
    }

    public void Dispose() => cli.Dispose();

    [Fact]
    public async Task A_bundle_without_fault_is_said_to_have_none()
    {
        var ran = await cli.Run("policy", "validate", "shop");

        Assert.Equal(new Ran(0, "shop: no fault in 1 policy, 0 tests, 1 identity and 1 API.\n", ""), ran);
    }

    [Fact]
    public async Task Every_fault_of_a_bundle_is_told_with_its_place()
    {
        Write("policies/b.cedar", "@max_tll(\"5m\")\npermit (principal, action, resource);\n");
        Write("tests/a.yaml", "tests: [{name: a, identity: svd, resource: 'https://a.example', expect: denied}]\n");

        var ran = await cli.Run("policy", "validate", "shop");

        Assert.Equal((1, "assay: shop: 2 faults.\n"), (ran.ExitCode, ran.Errors));
        Assert.Equal(
            [
                "policies/b.cedar:1:1: unknown annotation @max_tll; did you mean @max_ttl?",
                "tests/a.yaml:1:29: the bundle declares no identity 'svd' (did you mean 'svc'?); name one of it, or describe one in place: identity: {memberships: [{role: …}]}",
            ],
            ran.Output.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task Programs_get_faults_as_json()
    {
        Write("policies/b.cedar", "@max_tll(\"5m\")\npermit (principal, action, resource);\n");

        var ran = await cli.Run("policy", "validate", "shop", "--output", "json");

        Assert.Equal(1, ran.ExitCode);
        using var answer = JsonDocument.Parse(ran.Output);
        Assert.False(answer.RootElement.GetProperty("valid").GetBoolean());
        Assert.Equal(
            """{"path":"policies/b.cedar","line":1,"column":1,"message":"unknown annotation @max_tll; did you mean @max_ttl?"}""",
            JsonSerializer.Serialize(Assert.Single(answer.RootElement.GetProperty("faults").EnumerateArray()), Readable));
    }

    [Theory]
    [InlineData("validate nowhere")]
    [InlineData("validate shop/roles.yaml")]
    [InlineData("test shop")]
    [InlineData("test nowhere")]
    [InlineData("fmt nowhere")]
    [InlineData("fmt shop/roles.yaml")]
    [InlineData("fmt - shop")]
    [InlineData("fmt")]
    public async Task Without_what_it_works_on_a_command_exits_with_2(string arguments)
    {
        var ran = await cli.Run(["policy", .. arguments.Split(' ')]);

        Assert.Equal((2, ""), (ran.ExitCode, ran.Output));
        Assert.NotEqual("", ran.Errors);
    }

    [Fact]
    public async Task Formatting_changes_blanks_only_and_once()
    {
        Write("policies/b.cedar", "permit(principal,// who\n  action,resource)when{true}; // always\n");

        var first = await cli.Run("policy", "fmt", "shop");
        var second = await cli.Run("policy", "fmt", "shop");

        Assert.Equal(new Ran(0, "shop/policies/b.cedar\n1 of 2 files laid out anew.\n", ""), first);
        Assert.Equal(new Ran(0, "0 of 2 files laid out anew.\n", ""), second);
        Assert.Equal(Policy, Read("policies/a.cedar"));
        Assert.Equal("permit (\n    principal, // who\n    action,\n    resource\n)\nwhen { true }; // always\n", Read("policies/b.cedar"));
    }

    [Fact]
    public async Task Checking_the_layout_names_the_files_that_would_change_and_changes_none()
    {
        Write("policies/b.cedar", "permit(principal,action,resource);");

        var ran = await cli.Run("policy", "fmt", "shop", "--check");

        Assert.Equal(new Ran(1, "shop/policies/b.cedar\n", "assay: 1 of 2 files would change.\nLay them out: assay policy fmt\n"), ran);
        Assert.Equal("permit(principal,action,resource);", Read("policies/b.cedar"));
    }

    [Fact]
    public async Task A_file_that_is_no_policy_is_left_as_it_is_and_told()
    {
        Write("policies/b.cedar", "permit(principal action);");
        Write("policies/c.cedar", "permit(principal,action,resource);");

        var ran = await cli.Run("policy", "fmt", "shop");

        Assert.Equal((2, "shop/policies/c.cedar\n1 of 3 files laid out anew.\n"), (ran.ExitCode, ran.Output));
        Assert.StartsWith("assay: 1 file could not be laid out, and is as before.\n  shop/policies/b.cedar:1:18: ", ran.Errors, StringComparison.Ordinal);
        Assert.Equal("permit(principal action);", Read("policies/b.cedar"));
    }

    [Fact]
    public async Task Standard_input_is_laid_out_to_standard_output()
    {
        var ran = await cli.RunWith("permit(principal,action,resource);", "policy", "fmt", "-");

        Assert.Equal(new Ran(0, "permit (principal, action, resource);\n", ""), ran);
    }

    [Fact]
    public async Task Tests_that_pass_are_one_line()
    {
        Write("tests/a.yaml", "tests:\n  - {name: reads, identity: svc, scopes: [read], expect: {granted: read, ttl: 2m}}\n  - {name: writes not, identity: svc, scopes: [write], expect: denied}\n");

        var ran = await cli.Run("policy", "test", "shop");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        Assert.StartsWith("2 tests: all passed; 1 of 1 policy decided (100 %). ", ran.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_that_fails_is_shown_as_expected_and_got()
    {
        Write("tests/a.yaml", "tests:\n  - {name: reads, identity: svc, scopes: [read], expect: denied}\n  - {name: writes, identity: svc, scopes: [write], expect: granted}\n");

        var ran = await cli.Run("policy", "test", "shop");

        Assert.Equal((1, "assay: 2 of 2 tests failed.\n"), (ran.ExitCode, ran.Errors));
        Assert.StartsWith(
            """
            FAILED tests/a.yaml:2: reads
                read  expected  withheld
                      got       granted by read
            FAILED tests/a.yaml:3: writes
                write  expected  granted
                       got       noPermit
                       needs     a policy that permits Action::"write" on this API: there is none
            2 tests: 0 passed, 2 failed; 1 of 1 policy decided (100 %). 
            """,
            ran.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_filter_runs_the_tests_that_have_its_text_in_file_or_name()
    {
        Write("tests/a.yaml", "tests:\n  - {name: Reads, identity: svc, scopes: [read], expect: granted}\n  - {name: Writes, identity: svc, scopes: [write], expect: granted}\n");

        var some = await cli.Run("policy", "test", "shop", "--filter", "rEAD");
        var none = await cli.Run("policy", "test", "shop", "--filter", "refund");
        var gated = await cli.Run("policy", "test", "shop", "--filter", "read", "--min-coverage", "100");

        Assert.Equal((0, ""), (some.ExitCode, some.Errors));
        Assert.StartsWith("1 test: all passed;", some.Output, StringComparison.Ordinal);
        Assert.Equal(new Ran(2, "", "assay: No test has 'refund' in its file or name.\nThere are 2.\n"), none);
        Assert.Equal(2, gated.ExitCode);
    }

    [Fact]
    public async Task Too_little_coverage_exits_with_1_when_a_bound_is_given()
    {
        Write("policies/b.cedar", "@id(\"write\")\npermit (principal in Assay::Role::\"reader\", action == Action::\"write\", resource)\nwhen { context.client.assurance > 2 };\n");
        Write("tests/a.yaml", "tests: [{name: reads, identity: svc, scopes: [read, write], expect: {granted: read}}]\n");

        var bounded = await cli.Run("policy", "test", "shop", "--min-coverage", "51", "--coverage");
        var met = await cli.Run("policy", "test", "shop", "--min-coverage", "50");

        Assert.Equal((1, "assay: Tests decide by 50 % of the policies; 51 % are asked for.\n--coverage shows which are left.\n"), (bounded.ExitCode, bounded.Errors));
        Assert.StartsWith(
            """
            POLICY  EFFECT  PLACE               DECIDED  SATISFIED
            read    permit  policies/a.cedar:2  1        1
            write   permit  policies/b.cedar:1  0        0          never satisfied

            1 test: all passed; 1 of 2 policies decided (50 %). 
            """,
            bounded.Output, StringComparison.Ordinal);
        Assert.Equal(0, met.ExitCode);
    }

    [Fact]
    public async Task Results_are_written_as_junit_xml()
    {
        Write("tests/a.yaml", "tests:\n  - {name: \"reads & \\\"more\\\" \\a\", identity: svc, scopes: [read], expect: granted}\n  - {name: writes, identity: svc, scopes: [write], expect: granted}\n");
        Write("tests/b.yaml", "tests: [{name: reads, identity: svc, scopes: [read], expect: granted}]\n");

        var ran = await cli.Run("policy", "test", "shop", "--junit", "results.xml");

        Assert.Equal(1, ran.ExitCode);
        var root = XDocument.Load(Path.Combine(cli.Folder, "results.xml")).Root!;
        Assert.Equal("testsuites name=shop tests=3 failures=1 errors=0 skipped=0", Said(root));
        Assert.Equal(
            ["testsuite name=tests/a.yaml tests=2 failures=1 errors=0 skipped=0", "testsuite name=tests/b.yaml tests=1 failures=0 errors=0 skipped=0"],
            root.Elements().Select(Said));
        Assert.Equal(
            [
                "testcase classname=tests/a.yaml name=reads & \"more\" \ufffd file=tests/a.yaml line=2",
                "testcase classname=tests/a.yaml name=writes file=tests/a.yaml line=3",
                "testcase classname=tests/b.yaml name=reads file=tests/b.yaml line=1",
            ],
            root.Elements().Elements().Select(Said));
        var failure = Assert.Single(root.Descendants("failure"));
        Assert.Equal("failure type=mismatch message=write: expected granted, got noPermit", Said(failure));
        Assert.Equal("write: expected granted, got noPermit\n    needs a policy that permits Action::\"write\" on this API: there is none", failure.Value);
    }

    [Fact]
    public async Task Programs_get_results_as_json()
    {
        Write("tests/a.yaml", "tests: [{name: reads, identity: svc, scopes: [read, write], expect: {granted: read}}]\n");

        var ran = await cli.Run("policy", "test", "shop", "--output", "json");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        using var answer = JsonDocument.Parse(ran.Output);
        Assert.Equal(
            """{"passed":1,"failed":0,"tests":[{"path":"tests/a.yaml","line":1,"name":"reads","passed":true,"granted":["read"],"ttlSeconds":120,"mismatches":[]}],"coverage":{"percent":100,"policies":[{"id":"read","effect":"permit","path":"policies/a.cedar","line":2,"decided":1,"satisfied":1}]}}""",
            JsonSerializer.Serialize(answer.RootElement, Readable));
    }

    [Fact]
    public async Task The_quickstart_passes_its_tests_covers_every_policy_and_is_laid_out()
    {
        var quickstart = Quickstart();

        var tested = await cli.Run("policy", "test", quickstart, "--min-coverage", "100");
        var laid = await cli.Run("policy", "fmt", quickstart, "--check");

        Assert.Equal((0, ""), (tested.ExitCode, tested.Errors));
        Assert.Equal(new Ran(0, "", ""), laid);
    }

    private static readonly JsonSerializerOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // Without the times, which are never the same.
    private static string Said(XElement element) =>
        $"{element.Name} {string.Join(' ', element.Attributes().Where(attribute => attribute.Name != "time").Select(attribute => $"{attribute.Name}={attribute.Value}"))}";

    private static string Quickstart()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Cluster.sln")))
                return Path.Combine(folder.FullName, "samples", "quickstart");
        }

        throw new DirectoryNotFoundException("the tests do not run inside a checkout");
    }

    private string Read(string path) => File.ReadAllText(Path.Combine(cli.Folder, "shop", path));

    private void Write(string path, string text)
    {
        var file = Path.Combine(cli.Folder, "shop", path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
