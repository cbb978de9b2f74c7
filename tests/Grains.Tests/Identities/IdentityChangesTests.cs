using System.Security.Cryptography;
using System.Text;
using Assay.Cedar;
using Assay.Core.Jose;
using Assay.Core.Registry;
using Assay.Grains.Identities;
using Outcome = Assay.Grains.Identities.IdentityChanges.Outcome;

namespace Assay.Grains.Tests.Identities;

public sealed class IdentityChangesTests
{
    private const string Reader = "Assay::Role::\"reader\"";
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Before = Now.AddDays(-1);
    private static readonly DateTimeOffset Later = Now.AddHours(8);
    private static readonly Secrets OneSecret = new();
    private static readonly string Jwk = NewJwk();
    private static readonly string Thumbprint = JsonWebKey.ParsePublic(Jwk, out _)!.Thumbprint;

    private static readonly Identity Bare = new() { Id = "exporter", Name = "Exporter" };
    private static readonly Identity Managed = Bare with { ManagedBy = "quickstart" };
    private static readonly Membership OwnReader = new() { Group = new EntityUid(EntityTypes.Role, "reader") };
    private static readonly Membership DeclaredReader = OwnReader with { ManagedBy = "quickstart" };
    private static readonly Credential Key = new() { Handle = Thumbprint, Kind = CredentialKind.PublicKey, PublicJwk = Canonical(Jwk), CreatedAt = Before };
    private static readonly RiskSignal Leaked = new() { Name = "leaked", Source = "admin", Weight = 80, RaisedAt = Before };

    // Memberships

    [Fact]
    public void A_membership_is_added() =>
        Becomes(Bare with { Memberships = [OwnReader with { ExpiresAt = Later }] }, Bare, new IdentityChange.AddMember(Reader, Later));

    [Fact]
    public void A_membership_that_is_there_until_the_same_moment_is_unchanged() =>
        Assert.Equal(new Outcome.Unchanged(null), Apply(Bare with { Memberships = [OwnReader] }, new IdentityChange.AddMember(Reader, null)));

    [Fact]
    public void Adding_again_replaces_the_end_and_keeps_who_declared_it() => Becomes(
        Managed with { Memberships = [DeclaredReader with { ExpiresAt = Later }] },
        Managed with { Memberships = [DeclaredReader] },
        new IdentityChange.AddMember(Reader, Later));

    [Fact]
    public void Adding_lifts_an_earlier_removal_of_a_declared_membership() => Becomes(
        Managed with { Memberships = [DeclaredReader] },
        Managed with { Memberships = [DeclaredReader with { RemovedAt = Before }] },
        new IdentityChange.AddMember(Reader, null));

    [Theory]
    [InlineData("reader")]
    [InlineData("Assay::Api::\"https://payments.example\"")]
    [InlineData("Assay::Workload::\"exporter\"")]
    [InlineData("")]
    public void Only_roles_and_teams_have_members(string group) => Rejected(
        ChangeFault.Invalid, $"'{group}' is not a role or team: expected Assay::Role::\"name\" or Assay::Team::\"name\"", Bare, new IdentityChange.AddMember(group, null));

    [Fact]
    public void Memberships_have_a_bound()
    {
        var full = Bare with { Memberships = [.. Enumerable.Range(0, IdentityChanges.MaxMemberships).Select(i => new Membership { Group = new EntityUid(EntityTypes.Role, $"r{i}") })] };

        Rejected(ChangeFault.Invalid, "an identity has at most 512 memberships", full, new IdentityChange.AddMember(Reader, null));
        Assert.Equal(new Outcome.Unchanged(null), Apply(full, new IdentityChange.AddMember("Assay::Role::\"r0\"", null)));
    }

    [Fact]
    public void A_membership_of_ours_is_removed_without_a_trace() =>
        Becomes(Bare, Bare with { Memberships = [OwnReader] }, new IdentityChange.RemoveMember(Reader));

    [Fact]
    public void A_declared_membership_leaves_a_mark_so_that_its_bundle_does_not_bring_it_back() => Becomes(
        Managed with { Memberships = [DeclaredReader with { RemovedAt = Now }] },
        Managed with { Memberships = [DeclaredReader] },
        new IdentityChange.RemoveMember(Reader));

    [Fact]
    public void Removing_again_is_unchanged_and_keeps_the_moment_of_the_first() => Assert.Equal(
        new Outcome.Unchanged(null), Apply(Managed with { Memberships = [DeclaredReader with { RemovedAt = Before }] }, new IdentityChange.RemoveMember(Reader)));

    [Fact]
    public void A_membership_that_is_not_there_cannot_be_removed() =>
        Rejected(ChangeFault.NotFound, "'exporter' is not a member of Assay::Role::\"reader\"", Bare, new IdentityChange.RemoveMember(Reader));

    [Fact]
    public void A_group_that_is_no_name_cannot_be_left() => Rejected(
        ChangeFault.Invalid, "'reader' is not a role or team: expected Assay::Role::\"name\" or Assay::Team::\"name\"", Bare, new IdentityChange.RemoveMember("reader"));

    // Signals

    [Fact]
    public void A_signal_is_raised_now() => Becomes(
        Bare with { Signals = [Leaked with { RaisedAt = Now, HalfLife = TimeSpan.FromHours(1), ExpiresAt = Later }] },
        Bare,
        new IdentityChange.RaiseSignal("leaked", "admin", 80, TimeSpan.FromHours(1), Later));

    [Fact]
    public void A_signal_replaces_the_one_of_its_name_and_source_only()
    {
        var detected = Leaked with { Source = "detector" };

        Becomes(
            Bare with { Signals = [detected, Leaked with { Weight = 5, RaisedAt = Now }] },
            Bare with { Signals = [Leaked, detected] },
            new IdentityChange.RaiseSignal("leaked", "admin", 5, null, null));
    }

    [Theory]
    [InlineData("leaked", 0, 60, "a signal's weight is 1 to 100")]
    [InlineData("leaked", 101, 60, "a signal's weight is 1 to 100")]
    [InlineData("leaked", 50, 0.5, "a signal's half-life is one second to 365 days")]
    [InlineData("leaked", 50, 366 * 86400.0, "a signal's half-life is one second to 365 days")]
    [InlineData("", 50, 60, "a signal's name is 1 to 64 letters, digits, '-', '_' or '.'")]
    [InlineData("le aked", 50, 60, "a signal's name is 1 to 64 letters, digits, '-', '_' or '.'")]
    [InlineData("lücke", 50, 60, "a signal's name is 1 to 64 letters, digits, '-', '_' or '.'")]
    [InlineData("11111111111111111111111111111111111111111111111111111111111111111", 50, 60, "a signal's name is 1 to 64 letters, digits, '-', '_' or '.'")]
    public void A_signal_out_of_bounds_is_rejected(string name, int weight, double halfLife, string fault) =>
        Rejected(ChangeFault.Invalid, fault, Bare, new IdentityChange.RaiseSignal(name, "admin", weight, TimeSpan.FromSeconds(halfLife), null));

    [Fact]
    public void Signals_have_a_bound_and_one_that_is_there_can_still_be_replaced()
    {
        var full = Bare with { Signals = [.. Enumerable.Range(0, IdentityChanges.MaxSignals).Select(i => Leaked with { Name = $"s{i}" })] };

        Rejected(ChangeFault.Invalid, "an identity has at most 64 signals", full, new IdentityChange.RaiseSignal("more", "admin", 1, null, null));
        Assert.IsType<Outcome.Changed>(Apply(full, new IdentityChange.RaiseSignal("s0", "admin", 1, null, null)));
    }

    [Fact]
    public void Clearing_clears_every_source_of_the_name()
    {
        var other = Leaked with { Name = "other" };

        Becomes(Bare with { Signals = [other] }, Bare with { Signals = [Leaked, other, Leaked with { Source = "detector" }] }, new IdentityChange.ClearSignal("leaked"));
    }

    [Fact]
    public void A_signal_that_is_not_there_cannot_be_cleared() =>
        Rejected(ChangeFault.NotFound, "'exporter' has no signal 'leaked'", Bare, new IdentityChange.ClearSignal("leaked"));

    // Disabling

    [Fact]
    public void Disabling_says_when_and_why() =>
        Becomes(Bare with { DisabledAt = Now, DisabledReason = "leaver" }, Bare, new IdentityChange.Disable("leaver"));

    [Fact]
    public void A_managed_identity_can_be_disabled_too() =>
        Becomes(Managed with { DisabledAt = Now, DisabledReason = "leaver" }, Managed, new IdentityChange.Disable("leaver"));

    [Fact]
    public void Disabling_again_is_unchanged_and_keeps_the_first_reason() => Assert.Equal(
        new Outcome.Unchanged(null), Apply(Bare with { DisabledAt = Before, DisabledReason = "leaver" }, new IdentityChange.Disable("again")));

    [Fact]
    public void Enabling_forgets_when_and_why() =>
        Becomes(Bare, Bare with { DisabledAt = Before, DisabledReason = "leaver" }, new IdentityChange.Enable());

    [Fact]
    public void Enabling_what_is_enabled_is_unchanged() => Assert.Equal(new Outcome.Unchanged(null), Apply(Bare, new IdentityChange.Enable()));

    // Credentials

    [Fact]
    public void A_key_is_known_by_its_thumbprint() => Becomes(
        Bare with { Credentials = [Key with { CreatedAt = Now, ExpiresAt = Later }] }, Bare, new IdentityChange.AddKey(Jwk, Later), Thumbprint);

    [Fact]
    public void A_key_that_is_there_is_unchanged() => Assert.Equal(
        new Outcome.Unchanged(Thumbprint), Apply(Bare with { Credentials = [Key] }, new IdentityChange.AddKey(Jwk, Later)));

    [Fact]
    public void A_revoked_key_does_not_come_back() => Rejected(
        ChangeFault.Taken,
        "this key was revoked; a revoked key does not come back",
        Bare with { Credentials = [Key with { RevokedAt = Before }] },
        new IdentityChange.AddKey(Jwk, null));

    [Fact]
    public void A_contained_key_does_not_come_back_by_being_added() => Rejected(
        ChangeFault.Taken,
        "this key is contained; undoing that act brings it back, and nothing else",
        Bare with { Credentials = [Key with { FrozenAt = Before }] },
        new IdentityChange.AddKey(Jwk, null));

    [Fact]
    public void A_private_key_is_not_taken()
    {
        var rejected = Assert.IsType<Outcome.Rejected>(Apply(Bare, new IdentityChange.AddKey(Jwk[..^1] + ",\"d\":\"AAAA\"}", null)));

        Assert.Equal((ChangeFault.Invalid, true), (rejected.Fault, rejected.Detail.StartsWith("the public key cannot be used: ", StringComparison.Ordinal)));
        Assert.DoesNotContain("AAAA", rejected.Detail);
    }

    [Fact]
    public void A_curve_that_is_not_for_clients_is_not_taken()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        Rejected(
            ChangeFault.Invalid, "a client key is EC P-256, or RSA of 2048 to 3072 bits", Bare, new IdentityChange.AddKey(JsonWebKey.From(pair).ToJson(), null));
    }

    [Fact]
    public void A_secret_is_stored_as_its_hash_and_answered_once()
    {
        var changed = Assert.IsType<Outcome.Changed>(Apply(Bare, new IdentityChange.MakeSecret(Later)));

        Assert.Equal(("secret-1", "s3cret"), (changed.Handle, changed.Secret));
        var made = new Credential { Handle = "secret-1", Kind = CredentialKind.Secret, SecretHash = "aGFzaA", CreatedAt = Now, ExpiresAt = Later };
        Same(Bare with { Credentials = [made] }, changed.Identity);
    }

    [Fact]
    public void Credentials_have_a_bound_that_counts_revoked_ones()
    {
        var full = Bare with { Credentials = [.. Enumerable.Range(0, IdentityChanges.MaxCredentials).Select(i => Key with { Handle = $"k{i}", RevokedAt = Before })] };

        Rejected(ChangeFault.Invalid, "an identity has at most 64 credentials, revoked ones included", full, new IdentityChange.AddKey(Jwk, null));
        Rejected(ChangeFault.Invalid, "an identity has at most 64 credentials, revoked ones included", full, new IdentityChange.MakeSecret(null));
    }

    [Fact]
    public void A_revoked_credential_stays_as_a_tombstone_whoever_declared_it()
    {
        var declared = Key with { ManagedBy = "quickstart" };

        Becomes(
            Managed with { Credentials = [declared with { RevokedAt = Now }] }, Managed with { Credentials = [declared] }, new IdentityChange.RevokeCredential(Thumbprint), Thumbprint);
    }

    [Fact]
    public void Revoking_again_is_unchanged_and_keeps_the_moment_of_the_first() => Assert.Equal(
        new Outcome.Unchanged(Thumbprint), Apply(Bare with { Credentials = [Key with { RevokedAt = Before }] }, new IdentityChange.RevokeCredential(Thumbprint)));

    [Fact]
    public void A_credential_that_is_not_there_cannot_be_revoked() =>
        Rejected(ChangeFault.NotFound, "'exporter' has no credential 'other'", Bare with { Credentials = [Key] }, new IdentityChange.RevokeCredential("other"));

    [Fact]
    public void A_tombstone_still_holds_its_key_so_that_nobody_else_gets_it() => Assert.Equal(
        ["credential:" + Thumbprint, "credential:secret-1"],
        IdentityKeys.Unique(Bare with { Credentials = [Key with { RevokedAt = Before }, Key with { Handle = "secret-1", Kind = CredentialKind.Secret }] }));

    // Declaring and deleting

    [Fact]
    public void Declaring_creates_with_declared_fields_only()
    {
        var wanted = Bare with
        {
            Owner = "team", DefaultResource = "https://payments.example", RequestsPerSecond = 5, Memberships = [OwnReader with { ManagedBy = "someone", RemovedAt = Before }],
            Credentials = [Key], Signals = [Leaked], DisabledAt = Before, DisabledReason = "no", ManagedBy = "someone",
        };

        Becomes(
            Bare with { Owner = "team", DefaultResource = "https://payments.example", RequestsPerSecond = 5, Memberships = [OwnReader] }, null, Declare(wanted));
    }

    [Fact]
    public void Declaring_again_keeps_what_happened_to_the_identity()
    {
        var present = Bare with { Memberships = [OwnReader], Credentials = [Key], Signals = [Leaked], DisabledAt = Before, DisabledReason = "leaver" };

        Becomes(present with { Name = "Renamed", Memberships = [] }, present, Declare(new Identity { Id = "exporter", Name = "Renamed" }));
    }

    [Fact]
    public void What_a_bundle_declares_is_declared_there() =>
        Rejected(ChangeFault.Managed, "bundle 'quickstart' declares it: change it there", Managed, Declare(Bare));

    [Fact]
    public void The_body_speaks_of_the_identity_it_is_sent_to() =>
        Rejected(ChangeFault.Invalid, "the body speaks of 'other'", null, Declare(new Identity { Id = "other" }));

    [Fact]
    public void A_body_that_is_no_identity_is_rejected() =>
        Assert.Equal(ChangeFault.Invalid, Assert.IsType<Outcome.Rejected>(Apply(null, new IdentityChange.Declare("""{"v":1,"id":"exporter","kind":"spaceship"}""", 0))).Fault);

    [Fact]
    public void An_identity_of_ours_is_deleted() => Assert.Equal(new Outcome.Deleted(), Apply(Bare, new IdentityChange.Delete()));

    [Fact]
    public void A_managed_identity_is_deleted_by_its_bundle() => Rejected(
        ChangeFault.Managed, "bundle 'quickstart' declares it: take it out there, or disable it here", Managed, new IdentityChange.Delete());

    [Theory]
    [MemberData(nameof(EveryChangeButDeclare))]
    public void Nobody_cannot_be_changed(IdentityChange change) => Rejected(ChangeFault.NotFound, "there is no identity 'exporter'", null, change);

    public static TheoryData<IdentityChange> EveryChangeButDeclare =>
    [
        new IdentityChange.AddMember(Reader, null), new IdentityChange.RemoveMember(Reader), new IdentityChange.RaiseSignal("a", "admin", 1, null, null),
        new IdentityChange.ClearSignal("a"), new IdentityChange.Disable("why"), new IdentityChange.Enable(), new IdentityChange.AddKey(Jwk, null),
        new IdentityChange.MakeSecret(null), new IdentityChange.RevokeCredential("a"), new IdentityChange.Delete(),
    ];

    [Fact]
    public void Every_kind_of_change_is_covered_above() => Assert.Equal(
        typeof(IdentityChange).GetNestedTypes().Order(ByName).ToArray(),
        [.. EveryChangeButDeclare.Select(row => row.Data.GetType()).Append(typeof(IdentityChange.Declare)).Order(ByName)]);

    private static readonly Comparer<Type> ByName = Comparer<Type>.Create((one, other) => string.CompareOrdinal(one.Name, other.Name));

    private static Outcome Apply(Identity? identity, IdentityChange change) => IdentityChanges.Apply(identity, change, "exporter", Now, OneSecret);

    private static void Becomes(Identity expected, Identity? identity, IdentityChange change, string? handle = null)
    {
        var changed = Assert.IsType<Outcome.Changed>(Apply(identity, change));

        Same(expected, changed.Identity);
        Assert.Equal((handle, null), (changed.Handle, changed.Secret));
    }

    private static void Rejected(ChangeFault fault, string detail, Identity? identity, IdentityChange change) =>
        Assert.Equal(new Outcome.Rejected(fault, detail), Apply(identity, change));

    private static void Same(Identity expected, Identity actual) => Assert.Equal(Text(expected), Text(actual));

    private static IdentityChange.Declare Declare(Identity identity) => new(Text(identity), 0);

    private static string Text(Identity identity) => Encoding.UTF8.GetString(RegistryJson.Write(identity).Span);

    private static string Canonical(string jwk) => JsonWebKey.ParsePublic(jwk, out _)!.ToJson();

    private static string NewJwk()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return JsonWebKey.From(pair).ToJson();
    }

    private sealed class Secrets : ISecretMaker
    {
        public (string Handle, string Secret, string Hash) Make() => ("secret-1", "s3cret", "aGFzaA");
    }
}
