using System.Text.Json;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Admin;

/// <summary>The built CLI against the real silo: the quickstart as a newcomer types it.</summary>
public sealed class CliAgainstSiloTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private const string Payments = "https://payments.example";

    private RunningSilo Silo => fixture.Silo;

    private Task<(int ExitCode, string Output, string Errors)> Assay(params string[] arguments) => Silo.Assay(arguments);

    private async Task<string> Granted(string identity, string scopes)
    {
        var ran = await Assay("token", identity, "--resource", Payments, "--scope", scopes, "--output", "json");
        if (ran.ExitCode != 0)
            return ran.Errors;
        using var json = JsonDocument.Parse(ran.Output);
        return string.Join(' ', json.RootElement.GetProperty("granted").EnumerateArray().Select(scope => scope.GetString()));
    }

    [Fact]
    public async Task A_token_is_obtained_and_explained()
    {
        var token = await Assay("token", "payments-exporter", "--resource", Payments, "--scope", "payments:read payments:write", "--raw");
        var explained = await Assay("explain", token.Output.Trim());

        Assert.Equal((0, ""), (explained.ExitCode, explained.Errors));
        Assert.StartsWith(" ALLOWED  policy allowed it.\n PARTLY GRANTED   payments-exporter for https://payments.example", explained.Output);
        Assert.Contains("permit read-payments  policies/payments.cedar:", explained.Output);
        Assert.Contains("→ assay member add payments-exporter payments-writer", explained.Output);
        Assert.Contains("decided again  the same answer from the record and stored versions alone", explained.Output);
        Assert.Contains("this token     is the recorded one", explained.Output);
        Assert.Contains("signature      valid", explained.Output);
        Assert.DoesNotContain("no longer in force", explained.Output);
    }

    [Fact]
    public async Task An_entitlement_is_removed_and_the_next_token_lacks_it()
    {
        Assert.Equal("payments:read payments:export", await Granted("payments-exporter", "payments:read payments:export"));

        Assert.Equal(0, (await Assay("member", "remove", "payments-exporter", "payments-exporter")).ExitCode);
        Assert.Equal("payments:read", await Granted("payments-exporter", "payments:read payments:export"));
        var why = await Assay("explain", "--identity", "payments-exporter", "--resource", Payments, "--scope", "payments:export");
        var apply = await Assay("apply", "-f", Path.Combine(RunningSilo.Checkout(), "samples", "quickstart"));
        Assert.Equal("payments:read", await Granted("payments-exporter", "payments:read payments:export"));

        Assert.Equal(0, (await Assay("member", "add", "payments-exporter", "payments-exporter")).ExitCode);
        Assert.Equal("payments:read payments:export", await Granted("payments-exporter", "payments:read payments:export"));
        Assert.Contains("payments:export  needs  to be in Assay::Role::\"payments-exporter\" (export-payments)", why.Output);
        Assert.Equal(0, apply.ExitCode);
        Assert.Contains("stays out of role payments-exporter", apply.Output);
    }

    [Fact]
    public async Task Risk_takes_a_scope_and_its_end_gives_it_back()
    {
        Assert.Equal("payments:read payments:write", await Granted("acme-crm", "payments:read payments:write"));

        Assert.Equal(0, (await Assay("signal", "set", "acme-crm", "unusual-country", "--weight", "80")).ExitCode);
        Assert.Equal("payments:read", await Granted("acme-crm", "payments:read payments:write"));

        Assert.Equal(0, (await Assay("signal", "clear", "acme-crm", "unusual-country")).ExitCode);
        Assert.Equal("payments:read payments:write", await Granted("acme-crm", "payments:read payments:write"));
    }

    [Fact]
    public async Task The_policies_of_the_quickstart_differ_in_nothing_from_those_in_force()
    {
        var diff = await Assay("policy", "diff", Path.Combine(RunningSilo.Checkout(), "samples", "quickstart"), "--exit-code");

        Assert.Equal((0, ""), (diff.ExitCode, diff.Errors));
        Assert.Contains("No policy differs.", diff.Output);
        Assert.Contains("No decision among ", diff.Output);
    }

    [Fact]
    public async Task A_bundle_is_one_version_whether_it_was_applied_or_is_to_be_a_shadow()
    {
        var list = await Assay("policy", "list", "--output", "json");
        var active = JsonDocument.Parse(list.Output).RootElement.GetProperty("domains").EnumerateArray()
            .Single(domain => domain.GetProperty("domain").GetString() == "tokens").GetProperty("active").GetString();

        var shadow = await Assay("policy", "shadow", Path.Combine(RunningSilo.Checkout(), "samples", "quickstart"));

        Assert.Equal(1, shadow.ExitCode);
        Assert.Contains($"'{active}' is in force", shadow.Errors);
    }

    [Theory]
    [InlineData("get", "identities")]
    [InlineData("get", "policies")]
    [InlineData("get", "keys")]
    [InlineData("get", "evidence")]
    [InlineData("get", "apis")]
    [InlineData("get", "groups")]
    [InlineData("get", "silos")]
    [InlineData("policy", "list")]
    public async Task Everything_can_be_looked_at_by_people_and_programs(string verb, string what)
    {
        var table = await Assay(verb, what);
        var json = await Assay(verb, what, "--output", "json");

        Assert.Equal((0, ""), (table.ExitCode, table.Errors));
        Assert.True(table.Output.Split('\n').Length > 2, table.Output);
        Assert.Equal(0, json.ExitCode);
        using var document = JsonDocument.Parse(json.Output);
        Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
    }
}
