using System.Text.Json;
using Assay.Cedar;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Core.SharedSignals;

namespace Assay.Core.Tests.SharedSignals;

public sealed class CaepEventsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private static readonly Identity Exporter = new()
    {
        Id = "exporter",
        Credentials = [Key("thumb"), new Credential { Handle = "secret-1", Kind = CredentialKind.Secret, SecretHash = "x", CreatedAt = Noon }],
        Memberships = [In("reader"), In("writer"), new Membership { Group = new EntityUid(EntityTypes.Team, "pay") }],
    };

    [Fact]
    public void A_removed_membership_changes_claims_to_what_is_left_of_them()
    {
        var after = Exporter with { Memberships = [In("reader"), new Membership { Group = new EntityUid(EntityTypes.Team, "pay"), RemovedAt = Noon }] };

        Assert.Equal(
            [(EventTypes.TokenClaimsChange, """{"claims":{"roles":["reader"],"groups":[]},"event_timestamp":1769860800,"initiating_entity":"admin","reason_admin":{"en":"an entitlement was removed"}}""")],
            Of(Exporter, after));
    }

    [Fact]
    public void What_was_over_already_is_not_taken_away_and_what_is_added_is_no_narrowing()
    {
        var before = Exporter with { Memberships = [In("reader"), new Membership { Group = new EntityUid(EntityTypes.Role, "guest"), ExpiresAt = Noon }] };

        Assert.Empty(Of(before, before with { Memberships = [In("reader"), In("writer")] }));
    }

    [Fact]
    public void A_key_that_replaces_another_is_created_and_the_other_revoked()
    {
        var after = Exporter with { Credentials = [Key("thumb") with { RevokedAt = Noon }, Exporter.Credentials[1], Key("new")] };

        Assert.Equal([("thumb", "public-key", "revoke"), ("new", "public-key", "create")], Credentials(Exporter, after));
    }

    [Fact]
    public void A_credential_may_be_removed_end_at_another_time_or_stay_revoked()
    {
        var before = Exporter with { Credentials = [Key("gone"), Key("old") with { RevokedAt = Noon.AddDays(-1) }, Key("kept"), Exporter.Credentials[1]] };
        var after = before with { Credentials = [Key("old") with { RevokedAt = Noon.AddDays(-1) }, Key("kept") with { ExpiresAt = Noon.AddDays(1) }, Exporter.Credentials[1]] };

        Assert.Equal([("kept", "public-key", "update"), ("gone", "public-key", "delete")], Credentials(before, after));
        Assert.Equal([("thumb", "public-key", "create"), ("secret-1", "secret", "create")], Credentials(null, Exporter));
    }

    [Fact]
    public void A_contained_credential_is_revoked_to_whoever_listens_and_in_use_again_when_that_is_undone()
    {
        var contained = Exporter with { Credentials = [Key("thumb") with { FrozenAt = Noon }, Exporter.Credentials[1]] };

        Assert.Equal([("thumb", "public-key", "revoke")], Credentials(Exporter, contained));
        Assert.Equal([("thumb", "public-key", "update")], Credentials(contained, Exporter));
        Assert.Empty(Credentials(contained, contained));
    }

    [Theory]
    [InlineData(10, null), InlineData(25, "LOW MEDIUM"), InlineData(50, "LOW HIGH"), InlineData(90, "LOW HIGH")]
    public void A_signal_that_moves_the_level_says_from_where_to_where(int weight, string? levels)
    {
        var after = Exporter with { Signals = [Signal(weight)] };

        var events = Of(Exporter, after);
        var back = Of(after, Exporter);

        Assert.Equal(levels is null ? [] : [levels], events.Select(Levels));
        Assert.Equal(levels is null ? [] : [string.Join(' ', levels.Split(' ').Reverse())], back.Select(Levels));
    }

    [Fact]
    public void High_and_critical_are_one_level_to_CAEP() =>
        Assert.Empty(Of(Exporter with { Signals = [Signal(60)] }, Exporter with { Signals = [Signal(90)] }));

    [Fact]
    public void Signals_that_only_fade_are_no_change_of_anybodys()
    {
        var faded = Exporter with { Signals = [Signal(60) with { RaisedAt = Noon.AddDays(-9), HalfLife = TimeSpan.FromHours(1) }] };

        Assert.Empty(Of(faded, faded with { Name = "another" }));
    }

    [Fact]
    public void A_deleted_identity_says_nothing_itself() => Assert.Empty(CaepEvents.Of("exporter", Exporter, null, Noon, "admin"));

    [Theory]
    [InlineData(RevocationKind.Identity, "exporter", null, "exporter", null, "")]
    [InlineData(RevocationKind.Jti, "abc", "exporter", "exporter", "abc", "\"urn:assay:jti\":\"abc\",")]
    [InlineData(RevocationKind.Jti, "abc", null, null, "abc", "\"urn:assay:jti\":\"abc\",")]
    [InlineData(RevocationKind.Credential, "thumb", "exporter", "exporter", null, "\"urn:assay:credential\":\"thumb\",")]
    [InlineData(RevocationKind.Key, "kid", "exporter", null, null, "\"urn:assay:key\":\"kid\",")]
    [InlineData(RevocationKind.PolicyVersion, "f00", null, null, null, "\"urn:assay:policy-version\":\"f00\",")]
    public void A_revocation_ends_sessions_of_whom_it_names(RevocationKind kind, string name, string? owner, string? about, string? token, string named)
    {
        var made = CaepEvents.Of(new RevocationId(kind, name), owner, Noon, "exporter");

        Assert.Equal((EventTypes.SessionRevoked, about, token, Noon), (made.Type, made.About, made.Token, made.At));
        Assert.StartsWith("{" + named + "\"event_timestamp\":1769860800,\"initiating_entity\":\"" + (about is null ? "admin" : "user") + "\",\"reason_admin\":{\"en\":\"", made.Payload, StringComparison.Ordinal);
        Assert.Equal(kind is RevocationKind.Key or RevocationKind.PolicyVersion, made.ConcernsEverybody);
    }

    [Fact]
    public void A_revocation_of_what_was_issued_in_a_window_says_which()
    {
        var made = CaepEvents.Of(new RevocationId(RevocationKind.Identity, "exporter", new IssueWindow(100, 200)), null, Noon, "system");

        Assert.StartsWith("""{"urn:assay:issued":{"since":100,"until":200},"event_timestamp":1769860800,"initiating_entity":"system",""", made.Payload, StringComparison.Ordinal);
    }

    private static List<(string Type, string Payload)> Of(Identity? before, Identity after) =>
        [.. CaepEvents.Of("exporter", before, after, Noon, "admin").Select(made => (made.Type, made.Payload))];

    private static List<(string?, string?, string?)> Credentials(Identity? before, Identity after) =>
    [
        .. Of(before, after).Where(made => made.Type == EventTypes.CredentialChange).Select(made =>
        {
            using var json = JsonDocument.Parse(made.Payload);
            return (json.RootElement.GetProperty("friendly_name").GetString(), json.RootElement.GetProperty("credential_type").GetString(), json.RootElement.GetProperty("change_type").GetString());
        }),
    ];

    private static string Levels((string Type, string Payload) made)
    {
        Assert.Equal(EventTypes.RiskLevelChange, made.Type);
        using var json = JsonDocument.Parse(made.Payload);
        return $"{json.RootElement.GetProperty("previous_level").GetString()} {json.RootElement.GetProperty("current_level").GetString()}";
    }

    private static Credential Key(string handle) => new() { Handle = handle, Kind = CredentialKind.PublicKey, PublicJwk = "{}", CreatedAt = Noon };

    private static Membership In(string role) => new() { Group = new EntityUid(EntityTypes.Role, role) };

    private static RiskSignal Signal(int weight) => new() { Name = "credential-leaked", Source = "admin", Weight = weight, RaisedAt = Noon };
}
