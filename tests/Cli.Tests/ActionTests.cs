using System.Text.Json;

namespace Assay.Cli.Tests;

/// <summary>Commands that change something: what they send, and what they say.</summary>
public sealed class ActionTests : CliTest
{
    [Theory]
    [InlineData("payments-reader", """Assay::Role::"payments-reader""")]
    [InlineData("role:a:b", """Assay::Role::"a:b""")]
    [InlineData("team:billing", """Assay::Team::"billing""")]
    [InlineData("""Assay::Role::"x y" """, """Assay::Role::"x y""")]
    public async Task A_group_is_named_by_role_team_or_in_full(string typed, string uid)
    {
        Server.On("PUT /identities/exporter/memberships", """{"number":7,"changed":true}""");

        var ran = await Cli.Run("member", "add", "exporter", typed.Trim());

        Assert.Equal(0, ran.ExitCode);
        Assert.Equal(uid + "\"", JsonDocument.Parse(Assert.Single(Server.AdminRequests).Body).RootElement.GetProperty("group").GetString());
        Assert.Equal("identity.write", AdminScopes());
    }

    [Fact]
    public async Task A_membership_with_an_end_says_when_it_ends()
    {
        Server.On("PUT /identities/exporter/memberships", """{"number":7,"changed":true}""");
        var before = Now;

        var ran = await Cli.Run("member", "add", "exporter", "payments-writer", "--expires", "1d12h");

        Assert.StartsWith("exporter is in payments-writer until ", ran.Output);
        Assert.EndsWith(". (version 7)\n", ran.Output);
        var ends = JsonDocument.Parse(Assert.Single(Server.AdminRequests).Body).RootElement.GetProperty("expiresAt").GetDateTimeOffset();
        Assert.InRange(ends, before + TimeSpan.FromHours(36), Now + TimeSpan.FromHours(36));
    }

    [Fact]
    public async Task Removing_a_member_names_the_group_in_the_query()
    {
        Server.On("DELETE /identities/exporter/memberships?group=Assay%3A%3ARole%3A%3A%22payments-reader%22", """{"number":8,"changed":true}""");

        var ran = await Cli.Run("member", "remove", "exporter", "payments-reader");

        Assert.Equal(new Ran(0, "exporter is no longer in payments-reader: no token is decided with it from here on. (version 8)\n", ""), ran);
    }

    [Fact]
    public async Task A_signal_is_sent_with_weight_and_half_life()
    {
        Server.On("PUT /identities/crm/signals/unusual-country", """{"number":9,"changed":true}""");

        var ran = await Cli.Run("signal", "set", "crm", "unusual-country", "--weight", "60", "--half-life", "1h");

        Assert.Equal(new Ran(0, "unusual-country weighs 60 on crm: every decision from here on sees it. (version 9)\n", ""), ran);
        Assert.Equal("""{"weight":60,"halfLife":"1h"}""", Assert.Single(Server.AdminRequests).Body);
        Assert.Equal("signal.write", AdminScopes());
    }

    [Fact]
    public async Task A_signal_can_be_cleared()
    {
        Server.On("DELETE /identities/crm/signals/unusual-country", """{"number":10,"changed":true}""");

        Assert.Equal(new Ran(0, "unusual-country no longer weighs on crm. (version 10)\n", ""), await Cli.Run("signal", "clear", "crm", "unusual-country"));
    }

    [Fact]
    public async Task An_identity_is_disabled_with_its_reason_and_enabled_again()
    {
        Server.On("POST /identities/crm/disable", """{"number":11,"changed":true}""");
        Server.On("POST /identities/crm/enable", """{"number":11,"changed":false}""");

        Assert.Equal(new Ran(0, "crm is disabled: it gets no token from here on. (version 11)\n", ""), await Cli.Run("identity", "disable", "crm", "--reason", "key leaked"));
        Assert.Equal(new Ran(0, "crm was enabled already. (version 11)\n", ""), await Cli.Run("identity", "enable", "crm"));
        Assert.Equal("""{"reason":"key leaked"}""", Server.AdminRequests.First().Body);
    }

    [Fact]
    public async Task Only_the_public_part_of_a_key_leaves_the_machine()
    {
        var secret = CliProcess.WriteKey(Path.Combine(Cli.Folder, "crm.jwk"));
        Server.On("POST /identities/crm/credentials", """{"number":12,"changed":true,"handle":"thumb"}""");

        var ran = await Cli.Run("credential", "add", "crm", "--jwk-file", "crm.jwk");

        Assert.Equal(new Ran(0, "crm can prove itself with thumb. (version 12)\n", ""), ran);
        var sent = JsonDocument.Parse(Assert.Single(Server.AdminRequests).Body).RootElement.GetProperty("publicJwk");
        Assert.Equal(["kty", "crv", "x", "y"], sent.EnumerateObject().Select(member => member.Name));
        Assert.All(Server.Requests, asked => Assert.DoesNotContain(secret, asked.Body));
    }

    [Fact]
    public async Task A_file_that_is_no_key_is_not_sent()
    {
        File.WriteAllText(Path.Combine(Cli.Folder, "not.jwk"), "[1]");

        var ran = await Cli.Run("credential", "add", "crm", "--jwk-file", "not.jwk");

        Assert.Equal(2, ran.ExitCode);
        Assert.Contains("not.jwk is not a JWK.", ran.Errors);
        Assert.Empty(Server.Requests);
    }

    [Fact]
    public async Task A_secret_is_alone_on_standard_output()
    {
        Server.On("POST /identities/crm/credentials", """{"number":13,"changed":true,"handle":"secret-abc","secret":"assay_secret_xyz"}""");

        var ran = await Cli.Run("credential", "add", "crm", "--secret");

        Assert.Equal(new Ran(0, "assay_secret_xyz\n", "secret-abc for crm; the secret is shown now and never again:\n"), ran);
        Assert.Equal("""{"generateSecret":true}""", Assert.Single(Server.AdminRequests).Body);
    }

    [Fact]
    public async Task A_credential_is_revoked_by_enough_of_its_handle()
    {
        Server.On("GET /identities/crm", """
            {"id":"crm","credentials":[{"handle":"abc1","kind":"publicKey","createdAt":"2026-11-01T10:00:00Z"},{"handle":"abd2","kind":"publicKey","createdAt":"2026-11-01T10:00:00Z"}]}
            """);
        Server.On("DELETE /identities/crm/credentials/abd2", """{"number":14,"changed":true}""");

        Assert.Equal(new Ran(0, "abd2 proves nothing any more. (version 14)\n", ""), await Cli.Run("credential", "revoke", "crm", "abd"));
        Assert.Equal(new Ran(1, "", "assay: 2 credentials of crm begin with 'ab'.\n  abc1\n  abd2\n"), await Cli.Run("credential", "revoke", "crm", "ab"));
        Assert.Equal(new Ran(1, "", "assay: crm has no credential 'x'.\n  abc1\n  abd2\n"), await Cli.Run("credential", "revoke", "crm", "x"));
    }

    [Fact]
    public async Task Keys_rotate_and_the_next_one_is_named()
    {
        Server.On("POST /keys/rotate", $$"""{"kid":"next","activatesAt":"{{Moment(TimeSpan.Zero)}}","number":15}""");

        Assert.Equal(new Ran(0, "next signs now. (version 15)\n", ""), await Cli.Run("keys", "rotate"));
        Assert.Equal("key.rotate", AdminScopes());

        Server.On("POST /keys/rotate?purpose=checkpoint", $$"""{"kid":"other","activatesAt":"{{Moment(TimeSpan.Zero)}}","number":16}""");

        Assert.Equal(new Ran(0, "other signs now. (version 16)\n", ""), await Cli.Run("keys", "rotate", "--purpose", "checkpoint"));
    }

    [Fact]
    public async Task A_key_is_withdrawn_by_enough_of_its_id()
    {
        Server.On("GET /keys", """{"keys":[{"kid":"k1-abc","purpose":"checkpoint","algorithm":"ES256","state":"active","announcedAt":"2026-11-01T10:00:00Z"}]}""");
        Server.On("POST /keys/k1-abc/withdraw?purpose=checkpoint", """{"number":16,"changed":true,"signsNext":"k2","signsFrom":"2026-11-01T10:00:00Z"}""");

        Assert.Equal(
            new Ran(0, "k1-abc is withdrawn: no silo signs with it or publishes it. (version 16)\nk2 signs now.\n", ""), await Cli.Run("keys", "withdraw", "k1"));
        Assert.Equal(1, (await Cli.Run("keys", "withdraw", "zz")).ExitCode);
    }

    [Fact]
    public async Task Withdrawing_the_key_that_signs_says_until_when_no_token_is_issued()
    {
        Server.On("GET /keys", """{"keys":[{"kid":"k1","purpose":"access-token","algorithm":"ES256","state":"active","announcedAt":"2026-11-01T10:00:00Z"}]}""");
        Server.On("POST /keys/k1/withdraw?purpose=access-token", $$"""{"number":16,"changed":true,"signsNext":"k2","signsFrom":"{{Moment(TimeSpan.FromHours(-23.99))}}"}""");

        var ran = await Cli.Run("keys", "withdraw", "k1");

        Assert.Equal(0, ran.ExitCode);
        Assert.EndsWith(" (in 24 h). Until then no token is issued.\n", ran.Output);
    }

    [Fact]
    public async Task A_policy_set_is_activated_by_enough_of_its_version()
    {
        Server.On("GET /policies", """
            {"domains":[{"domain":"tokens","active":"aaaa1","activeSince":1,"previous":[],"versions":[{"version":"aaaa1","number":1,"policies":1},{"version":"bbbb2","number":2,"policies":1}]}]}
            """);
        Server.On("POST /policies/bbbb2/activate", """{"domain":"tokens","active":"bbbb2","number":17,"changed":true}""");

        var ran = await Cli.Run("policy", "activate", "bb");

        Assert.Equal(new Ran(0, "tokens: bbbb2 is in force; no token is decided by another set from here on. (version 17)\n", ""), ran);
        Assert.Equal("""{"domain":"tokens"}""", Server.AdminRequests.Last().Body);
        Assert.Equal("policy.read policy.activate", AdminScopes());
    }

    [Fact]
    public async Task A_policy_is_rolled_back()
    {
        Server.On("POST /policies/rollback", """{"domain":"tokens","active":"aaaa1","number":18,"changed":true}""");

        Assert.Equal(
            new Ran(0, "tokens: aaaa1 is back in force; no token is decided by another set from here on. (version 18)\n", ""), await Cli.Run("policy", "rollback"));
        Assert.Equal("""{"domain":"tokens"}""", Assert.Single(Server.AdminRequests).Body);
    }

    [Fact]
    public async Task What_is_managed_by_a_bundle_is_refused_with_the_bundles_name()
    {
        Server.On("PUT /identities/crm/memberships", """{"title":"Managed by a bundle","status":409,"detail":"bundle 'quickstart' declares it: change it there"}""", 409);

        Assert.Equal(
            new Ran(1, "", "assay: Managed by a bundle: bundle 'quickstart' declares it: change it there\n"), await Cli.Run("member", "add", "crm", "payments-reader"));
    }
}
