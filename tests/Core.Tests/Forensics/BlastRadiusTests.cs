using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Forensics;
using Assay.Core.Tests.Decisions;

namespace Assay.Core.Tests.Forensics;

/// <summary>What is gathered from records, and which of them are meant.</summary>
public sealed class BlastRadiusTests
{
    private static readonly DateTimeOffset Now = Example.Now;

    [Fact]
    public void Tokens_are_counted_by_who_got_them_by_what_from_where_and_for_what()
    {
        var radius = Gathered(
            Permit(1, "crm", "stolen", "203.0.113.66", Now.AddMinutes(4), "list", "export"),
            Permit(2, "crm", "stolen", "198.51.100.7", Now.AddMinutes(2), "list"),
            Permit(3, "crm", "other", "198.51.100.7", Now.AddMinutes(-1), "list"),
            Denial(4, "crm", "stolen", "203.0.113.66"));

        Assert.Equal((3, 2, 1, Now.AddMinutes(4)), (radius.All.Tokens, radius.All.Live, radius.All.Refused, radius.All.LiveUntil));
        Assert.Equal(["crm 3/2/1"], Shown(radius.Identities));
        Assert.Equal(["stolen 2/2/1", "other 1/0/0"], Shown(radius.Credentials));
        Assert.Equal(["198.51.100.7 2/1/0", "203.0.113.66 1/1/1"], Shown(radius.Addresses));
        Assert.Equal([Example.Payments + " 3/2/1"], Shown(radius.Resources));
        Assert.Equal(["export", "list"], radius.Resources.Widest.Single().Value.Scopes);
        Assert.Equal([1, 2], radius.LiveTokens.Select(record => record.Position));
        Assert.Equal((Now.AddSeconds(1), Now.AddSeconds(4)), (radius.All.First, radius.All.Last));
    }

    [Fact]
    public void An_ended_token_is_not_live_and_what_is_no_decision_is_passed_over()
    {
        var radius = new BlastRadius(Now, record => record.Position == 1, 10, 10);
        radius.Add(Permit(1, "crm", "stolen", null, Now.AddMinutes(4), "list"));
        radius.Add(new EvidenceRecord { Kind = EvidenceKind.Admin, Shard = 1, Position = 2, Node = "n", Time = Now, Admin = new AdminAct("a", "disable", "crm", 7) });

        Assert.Equal((1, 0, null), (radius.All.Tokens, radius.All.Live, radius.All.LiveUntil));
        Assert.Empty(radius.LiveTokens);
        Assert.Equal(0, radius.Addresses.Count);
    }

    [Fact]
    public void What_finds_no_room_is_counted()
    {
        var radius = new BlastRadius(Now, _ => false, 2, 1);
        for (var i = 0; i < 4; i++)
            radius.Add(Permit(i, $"client-{i}", "key", null, Now.AddMinutes(1), "list"));

        Assert.Equal((4, 2, 2, 1), (radius.All.Live, radius.Identities.Count, radius.Identities.LeftOut, radius.LiveTokens.Count));
        Assert.Equal(1, radius.Credentials.Count);
    }

    [Fact]
    public void Records_are_found_by_kind_api_policy_version_outcome_and_address()
    {
        var permit = Permit(1, "crm", "stolen", "203.0.113.66", Now, "list");
        var denial = Denial(2, "crm", "stolen", null);
        var refusal = denial with { Kind = EvidenceKind.Refusal, Verdict = null, Refusal = "IdentityDisabled" };

        string Matching(EvidenceFilter filter) => string.Join(' ', new[] { permit, denial, refusal }.Where(filter.Matches).Select(record => record.Kind));
        Assert.Equal("Permit Denial Refusal", Matching(new EvidenceFilter()));
        Assert.Equal("Denial", Matching(new EvidenceFilter { Kind = EvidenceKind.Denial }));
        Assert.Equal("", Matching(new EvidenceFilter { Resource = "https://other.example" }));
        Assert.Equal("Permit", Matching(new EvidenceFilter { Policy = "may" }));
        Assert.Equal("Denial", Matching(new EvidenceFilter { Policy = "broken" }));
        Assert.Equal("", Matching(new EvidenceFilter { Policy = "brok" }));
        Assert.Equal("Permit Denial Refusal", Matching(new EvidenceFilter { Policy = "v" }));
        Assert.Equal("Permit", Matching(new EvidenceFilter { Outcome = "granted" }));
        Assert.Equal("Denial", Matching(new EvidenceFilter { Outcome = "noPermit" }));
        Assert.Equal("Refusal", Matching(new EvidenceFilter { Outcome = "identityDisabled" }));
        Assert.Equal("Permit", Matching(new EvidenceFilter { OriginIp = "203.0.113.66" }));
    }

    private static BlastRadius Gathered(params EvidenceRecord[] records)
    {
        var radius = new BlastRadius(Now, _ => false, 10, 10);
        foreach (var record in records)
            radius.Add(record);
        return radius;
    }

    private static IEnumerable<string> Shown(ReachTable table) =>
        table.Widest.Select(row => $"{row.Key} {row.Value.Tokens}/{row.Value.Live}/{row.Value.Refused}");

    private static EvidenceRecord Permit(long position, string client, string credential, string? ip, DateTimeOffset expires, params string[] scopes) => new()
    {
        Kind = EvidenceKind.Permit,
        Shard = 1,
        Position = position,
        Node = "n",
        Time = Now.AddSeconds(position),
        Input = Example.Input with { ClientId = client, CredentialHandle = credential, OriginIp = ip },
        Verdict = new Verdict([.. scopes.Select(scope => new ScopeDecision { Scope = scope, Outcome = ScopeOutcome.Granted, Policies = ["may"] })], TimeSpan.FromMinutes(5)),
        JwtId = $"j{position}",
        KeyId = "k",
        ExpiresAt = expires,
        SigningInputHash = new string('A', 43),
    };

    private static EvidenceRecord Denial(long position, string client, string credential, string? ip) => Permit(position, client, credential, ip, Now) with
    {
        Kind = EvidenceKind.Denial,
        Verdict = new Verdict([new ScopeDecision { Scope = "pay", Outcome = ScopeOutcome.NoPermit, Errors = ["broken: no such attribute"] }], TimeSpan.Zero),
        Error = "invalid_scope",
        JwtId = null,
        KeyId = null,
        ExpiresAt = null,
        SigningInputHash = null,
    };
}
