using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Registry;
using CsCheck;
using static Assay.Core.Tests.Registry.BundleSamples;

namespace Assay.Core.Tests.Registry;

/// <summary>Each field has one owner: what the bundle declares follows it, what was done by a call stays.</summary>
public sealed class BundlePlanOwnershipTests
{
    [Fact]
    public void Disabled_revoked_and_signals_survive_a_change_of_declared_fields()
    {
        var signal = new RiskSignal { Name = "odd", Source = "admin", Weight = 80, RaisedAt = Now };
        var secret = new Credential { Handle = "secret-1", Kind = CredentialKind.Secret, SecretHash = "h", CreatedAt = Now };
        var current = Touched(identity => identity with
        {
            DisabledAt = Now,
            DisabledReason = "incident",
            Signals = [signal],
            Credentials = [identity.Credentials[0] with { RevokedAt = Now }, secret],
        });

        var plan = Plan(current, With(identity => identity with { Name = "New name" }));

        var step = Assert.Single(plan.Steps);
        Assert.Equal(["name: \"Exporter\" → \"New name\""], step.Changes);
        Content.Same(ExporterOf(current) with { Name = "New name" }, step.Identity!);
        Assert.Equal(
            [
                $"identity 'exporter': the key {Key.Thumbprint} stays revoked (since 2026-03-01T12:00:00Z); give the identity a new key",
                "identity 'exporter' stays disabled (since 2026-03-01T12:00:00Z); only an explicit call enables it",
            ],
            plan.Notes);
    }

    [Fact]
    public void Declared_fields_that_were_dropped_from_the_bundle_are_dropped()
    {
        var before = With(identity => identity with { RequestsPerSecond = 10, Attributes = Value.Record(("tier", Value.Of(1L))) });
        var after = With(identity => identity with { Name = null, Owner = null, DefaultResource = null });

        var step = Assert.Single(Plan(Stored(before), after).Steps);

        Assert.Equal(["name: - \"Exporter\"", "owner: - \"treasury\"", $"defaultResource: - {Payments}", "requestsPerSecond: - 10", "attributes.tier: - 1"], step.Changes);
    }

    [Theory]
    [InlineData(null, 10, true)]
    [InlineData(10, 5, true)]
    [InlineData(5, 10, false)]
    public void A_lower_limit_takes_away_and_a_higher_one_gives(int? before, int? after, bool narrows)
    {
        var plan = Plan(Stored(With(identity => identity with { RequestsPerSecond = before })), With(identity => identity with { RequestsPerSecond = after }));

        Assert.Equal(narrows, Assert.Single(plan.Steps).Narrows);
    }

    [Fact]
    public void A_membership_the_bundle_no_longer_declares_is_removed()
    {
        var step = Assert.Single(Plan(Stored(), With(identity => identity with { Memberships = [] })).Steps);

        Assert.Equal(["memberships: - role reader"], step.Changes);
        Assert.True(step.Narrows);
        Assert.Empty(step.Identity!.Memberships);
    }

    [Fact]
    public void A_membership_added_by_hand_stays()
    {
        var byHand = new Membership { Group = Writer, ExpiresAt = Later };
        var current = Touched(identity => identity with { Memberships = identity.Memberships.Add(byHand) });

        Assert.True(Plan(current, Shop).IsEmpty);
        Assert.Equal([byHand], Assert.Single(Plan(current, With(identity => identity with { Memberships = [] })).Steps).Identity!.Memberships);
    }

    [Fact]
    public void A_membership_removed_by_hand_stays_removed_while_the_bundle_declares_it_and_after()
    {
        var current = Touched(identity => identity with { Memberships = [identity.Memberships[0] with { RemovedAt = Now }] });

        var declared = Plan(current, Shop);
        var dropped = Apply(current, With(identity => identity with { Memberships = [], Name = "New name" }));

        Assert.Empty(declared.Steps);
        Assert.Equal(["identity 'exporter' stays out of role reader (removed 2026-03-01T12:00:00Z); only an explicit call adds it again"], declared.Notes);
        Assert.Equal(ExporterOf(current).Memberships, ExporterOf(dropped).Memberships);
        Assert.Equal(ExporterOf(current).Memberships, ExporterOf(Apply(dropped, Shop)).Memberships);
    }

    [Fact]
    public void What_the_bundle_took_away_it_may_bring_back()
    {
        var without = Apply(Stored(), With(identity => identity with { Memberships = [], Keys = [] }));

        Content.Same(ExporterOf(Stored()), ExporterOf(Apply(without, Shop)));
    }

    [Fact]
    public void A_membership_added_by_hand_and_declared_later_belongs_to_the_bundle()
    {
        var current = Touched(identity => identity with { Memberships = identity.Memberships.Add(new Membership { Group = Writer, ExpiresAt = Later }) });

        var step = Assert.Single(Plan(current, With(identity => identity with { Memberships = [new(Reader, null), new(Writer, null)] })).Steps);

        Assert.Equal(["memberships: role writer is now declared (was added by hand until 2026-03-31T12:00:00Z)"], step.Changes);
        Assert.Equal(new Membership { Group = Writer, ManagedBy = "shop" }, step.Identity!.Memberships[1]);
    }

    [Fact]
    public void An_end_of_a_membership_that_comes_nearer_takes_away_and_one_that_moves_off_gives()
    {
        static BundleDeclarations Until(DateTimeOffset? end) => With(identity => identity with { Memberships = [new(Reader, end)] });

        var nearer = Assert.Single(Plan(Stored(Until(null)), Until(Later)).Steps);
        var further = Assert.Single(Plan(Stored(Until(Later)), Until(Later.AddDays(1))).Steps);
        var forGood = Assert.Single(Plan(Stored(Until(Later)), Until(null)).Steps);

        Assert.Equal(("memberships: role reader: for good → until 2026-03-31T12:00:00Z", true), (Assert.Single(nearer.Changes), nearer.Narrows));
        Assert.Equal(("memberships: role reader: until 2026-03-31T12:00:00Z → until 2026-04-01T12:00:00Z", false), (Assert.Single(further.Changes), further.Narrows));
        Assert.Equal(("memberships: role reader: until 2026-03-31T12:00:00Z → for good", false), (Assert.Single(forGood.Changes), forGood.Narrows));
    }

    [Fact]
    public void A_key_the_bundle_no_longer_declares_is_removed_and_others_stay()
    {
        var secret = new Credential { Handle = "secret-1", Kind = CredentialKind.Secret, SecretHash = "h", CreatedAt = Now };
        var byHand = new Credential { Handle = OtherKey.Thumbprint, Kind = CredentialKind.PublicKey, PublicJwk = OtherKey.ToJson(), CreatedAt = Now };
        var current = Touched(identity => identity with { Credentials = identity.Credentials.AddRange(secret, byHand) });

        var step = Assert.Single(Plan(current, With(identity => identity with { Keys = [] })).Steps);

        Assert.Equal([$"credentials: - key {Key.Thumbprint}"], step.Changes);
        Assert.True(step.Narrows);
        Assert.Equal([secret, byHand], step.Identity!.Credentials);
    }

    [Fact]
    public void A_revoked_key_stays_revoked_while_the_bundle_declares_it_and_after()
    {
        var current = Touched(identity => identity with { Credentials = [identity.Credentials[0] with { RevokedAt = Now }] });

        var dropped = Apply(current, With(identity => identity with { Keys = [] }));

        Assert.Empty(Plan(current, Shop).Steps);
        Assert.Equal(ExporterOf(current).Credentials, ExporterOf(dropped).Credentials);
        Assert.Equal(ExporterOf(current).Credentials, ExporterOf(Apply(dropped, Shop)).Credentials);
    }

    [Fact]
    public void A_contained_key_stays_so_while_the_bundle_declares_it_and_becomes_a_tombstone_when_it_does_not()
    {
        var current = Touched(identity => identity with { Credentials = [identity.Credentials[0] with { FrozenAt = Now }] });

        var dropped = Apply(current, With(identity => identity with { Keys = [] }));

        Assert.Empty(Plan(current, Shop).Steps);
        var tombstone = Assert.Single(ExporterOf(dropped).Credentials);
        Assert.Equal((Now, true), (tombstone.FrozenAt!.Value, tombstone.RevokedAt is not null));
        Assert.Equal([tombstone], ExporterOf(Apply(dropped, Shop)).Credentials);
    }

    [Fact]
    public void A_key_added_by_hand_and_declared_later_belongs_to_the_bundle()
    {
        var current = Touched(identity => identity with { Credentials = [identity.Credentials[0] with { ManagedBy = null }] });

        var step = Assert.Single(Plan(current, Shop).Steps);

        Assert.Equal([$"credentials: key {Key.Thumbprint} is now declared (was added by hand)"], step.Changes);
        Assert.Equal("shop", step.Identity!.Credentials[0].ManagedBy);
    }

    [Fact]
    public void A_key_keeps_its_age_when_its_end_changes()
    {
        var older = Touched(identity => identity with { Credentials = [identity.Credentials[0] with { CreatedAt = Now.AddYears(-1) }] });

        var step = Assert.Single(Plan(older, With(identity => identity with { Keys = [new(Key.ToJson(), Later)] })).Steps);

        Assert.Equal([$"credentials: key {Key.Thumbprint}: for good → until 2026-03-31T12:00:00Z"], step.Changes);
        Assert.Equal((Now.AddYears(-1), Later), (step.Identity!.Credentials[0].CreatedAt, step.Identity.Credentials[0].ExpiresAt));
        Assert.True(step.Narrows);
    }

    [Fact]
    public void A_key_of_another_identity_is_a_fault()
    {
        var current = new BundleCurrent { Identities = [ExporterOf(Stored()) with { Id = "thief", ManagedBy = null }] };

        Assert.Equal([$"identity 'exporter': the key {Key.Thumbprint} is already one of 'thief'; each identity has its own"], Plan(current, Shop).Faults);
    }

    [Fact]
    public void A_workload_cannot_become_a_person()
    {
        var plan = Plan(Stored(), With(identity => identity with { Kind = IdentityKind.Person }));

        Assert.Equal(["identity 'exporter' is a workload and cannot become a person; declare a new identity under another id"], plan.Faults);
    }

    [Fact]
    public void Prune_keeps_an_identity_whose_deletion_would_forget_what_was_done_to_it()
    {
        string? Kept(Func<Identity, Identity> change)
        {
            var plan = Plan(Touched(change), new BundleDeclarations { Name = "shop", Groups = Shop.Groups, Apis = Shop.Apis }, prune: true);
            Assert.Equal(plan.Notes.Length, 1 - plan.Steps.Length);
            return plan.Notes.SingleOrDefault();
        }

        const string Rest = "and deleting it would forget that; delete it by an explicit call";
        var live = new RiskSignal { Name = "odd", Source = "admin", Weight = 10, RaisedAt = Now };
        Assert.Null(Kept(identity => identity));
        Assert.Null(Kept(identity => identity with { Signals = [live with { ExpiresAt = Now }] }));
        Assert.Equal($"identity 'exporter' is no longer declared but stays, because it is disabled {Rest}", Kept(identity => identity with { DisabledAt = Now }));
        Assert.Equal($"identity 'exporter' is no longer declared but stays, because risk signals stand against it {Rest}", Kept(identity => identity with { Signals = [live] }));
        Assert.Equal(
            $"identity 'exporter' is no longer declared but stays, because one of its credentials was revoked {Rest}",
            Kept(identity => identity with { Credentials = [identity.Credentials[0] with { RevokedAt = Now }] }));
        Assert.Equal(
            $"identity 'exporter' is no longer declared but stays, because one of its credentials is contained {Rest}",
            Kept(identity => identity with { Credentials = [identity.Credentials[0] with { FrozenAt = Now }] }));
        Assert.Equal(
            $"identity 'exporter' is no longer declared but stays, because one of its memberships was removed {Rest}",
            Kept(identity => identity with { Memberships = [identity.Memberships[0] with { RemovedAt = Now }] }));
    }

    [Fact]
    public void A_key_to_be_generated_is_missing_until_somebody_has_made_it()
    {
        var declared = With(identity => identity with { Keys = [] }) with { Generate = ["exporter"] };

        var first = Plan(new BundleCurrent(), declared);
        var applied = Apply(new BundleCurrent(), declared.WithKey("exporter", OtherKey.ToJson()));

        Assert.Equal(["exporter"], first.MissingKeys);
        Assert.False(first.IsEmpty);
        Assert.Equal(OtherKey.Thumbprint, Assert.Single(ExporterOf(applied).Credentials).Handle);
        Assert.True(Plan(applied, declared).IsEmpty);
    }

    [Fact]
    public void A_generated_key_that_was_revoked_is_not_made_again()
    {
        var declared = With(identity => identity with { Keys = [] }) with { Generate = ["exporter"] };
        var current = Touched(identity => identity with { Credentials = [identity.Credentials[0] with { RevokedAt = Now }] });

        var plan = Plan(current, declared);

        Assert.Empty(plan.MissingKeys);
        Assert.Empty(plan.Steps);
        Assert.Equal([$"identity 'exporter': the key {Key.Thumbprint} stays revoked (since 2026-03-01T12:00:00Z); give the identity a new key"], plan.Notes);
    }

    [Fact]
    public void A_key_cannot_be_added_to_an_identity_that_is_not_declared()
    {
        Assert.Throws<ArgumentException>(() => Shop.WithKey("somebody", Key.ToJson()));
    }

    [Fact]
    public void Whatever_was_done_by_calls_applying_twice_is_applying_once_and_undoes_nothing()
    {
        var end = Gen.OneOfConst<DateTimeOffset?>(null, Now, Later);
        var manager = Gen.OneOfConst<string?>(null, "shop");
        var memberships = Gen.Select(end, end, manager).Array[2].Select(all => all.Select((m, i) => new Membership
        {
            Group = i == 0 ? Reader : Writer,
            ExpiresAt = m.Item1,
            RemovedAt = m.Item2,
            ManagedBy = m.Item3,
        }));
        var credentials = Gen.Select(end, end, manager).Array[2].Select(all => all.Select((c, i) => new Credential
        {
            Handle = (i == 0 ? Key : OtherKey).Thumbprint,
            Kind = CredentialKind.PublicKey,
            PublicJwk = (i == 0 ? Key : OtherKey).ToJson(),
            CreatedAt = Now,
            ExpiresAt = c.Item1,
            RevokedAt = c.Item2,
            ManagedBy = c.Item3,
        }));

        Gen.Select(memberships, credentials, end, Gen.Bool, Gen.Bool, end).Sample((m, c, disabled, declaresGroup, declaresKey, declaredEnd) =>
        {
            var current = Touched(identity => identity with { Memberships = [.. m], Credentials = [.. c], DisabledAt = disabled });
            var declared = With(identity => identity with
            {
                Memberships = declaresGroup ? [new(Reader, declaredEnd)] : [],
                Keys = declaresKey ? [new(Key.ToJson(), declaredEnd)] : [],
            });

            var once = Apply(current, declared);

            Assert.Empty(Plan(once, declared).Steps);
            Content.Same(disabled, ExporterOf(once).DisabledAt);
            Assert.Equal(m.Where(x => x.RemovedAt is not null), ExporterOf(once).Memberships.Where(x => x.RemovedAt is not null));
            Assert.Equal(c.Where(x => x.RevokedAt is not null), ExporterOf(once).Credentials.Where(x => x.RevokedAt is not null));
            Assert.Subset(ExporterOf(once).Memberships.Select(x => x.Group).ToHashSet(), m.Where(x => x.ManagedBy is null).Select(x => x.Group).ToHashSet());
        });
    }
}
