using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Policies;
using Assay.Core.Registry;
using static Assay.Core.Tests.Registry.BundleSamples;

namespace Assay.Core.Tests.Registry;

public sealed class BundlePlanTests
{
    [Fact]
    public void An_empty_store_gets_groups_then_apis_then_identities_then_the_policies()
    {
        var plan = Plan(new BundleCurrent(), Shop with { Policies = PermitAll });

        Assert.Equal(
            ["Create group Assay::Role::\"reader\"", "Create group Assay::Role::\"writer\"", $"Create api {Payments}", "Create identity exporter", $"Upload policy-set {PermitAll.ContentHash()}"],
            plan.Steps.Select(step => $"{step.Action} {step.Kind} {step.Id}"));
        Assert.All(plan.Steps, step => Assert.False(step.Narrows));
        Assert.Empty(plan.Notes);
        Assert.Empty(plan.MissingKeys);
    }

    [Fact]
    public void A_created_identity_is_what_was_declared_and_managed_by_the_bundle()
    {
        var identity = ExporterOf(Stored());

        Content.Same(
            new Identity
            {
                Id = "exporter",
                Name = "Exporter",
                Owner = "treasury",
                ManagedBy = "shop",
                DefaultResource = Payments,
                Memberships = [new Membership { Group = Reader, ManagedBy = "shop" }],
                Credentials = [new Credential { Handle = Key.Thumbprint, Kind = CredentialKind.PublicKey, PublicJwk = Key.ToJson(), CreatedAt = Now, ManagedBy = "shop" }],
            },
            identity);
    }

    [Fact]
    public void A_created_identity_shows_every_declared_field()
    {
        var declared = Shop with
        {
            Identities =
            [
                Exporter with
                {
                    Kind = IdentityKind.Person,
                    RequestsPerSecond = 5,
                    Attributes = Value.Record(("tier", Value.Of(2L))),
                    Memberships = [new(Reader, Later)],
                },
            ],
        };

        var step = Plan(new BundleCurrent(), declared).Steps.Single(step => step.Kind == "identity");

        Assert.Equal(
            [
                "kind: person", "name: \"Exporter\"", "owner: \"treasury\"", "grantTypes: + client_credentials", $"defaultResource: {Payments}", "requestsPerSecond: 5",
                "attributes.tier: 2", "memberships: + role reader until 2026-03-31T12:00:00Z", $"credentials: + key {Key.Thumbprint}",
            ],
            step.Changes);
    }

    [Fact]
    public void Applying_the_same_bundle_again_does_nothing()
    {
        Assert.True(Plan(Stored(Shop with { Policies = PermitAll }), Shop with { Policies = PermitAll }).IsEmpty);
    }

    [Fact]
    public void What_takes_away_comes_before_what_gives()
    {
        var identities = ImmutableArray.Create(Exporter, Exporter with { Id = "auditor", Keys = [] }, Exporter with { Id = "old", Keys = [] });
        var old = new EntityUid(EntityTypes.Role, "old");
        var before = Stored(Shop with
        {
            Identities = identities,
            Groups = Shop.Groups.Add(new DeclaredGroup { Uid = old }),
            Apis = Shop.Apis.Add(new DeclaredApi { Resource = "urn:example:old", Scopes = [new("read", null, [])] }),
        });
        var after = Shop with
        {
            Identities =
            [
                identities[0] with { Memberships = [] },
                identities[1] with { Name = "Auditor" },
                Exporter with { Id = "new", Keys = [] },
            ],
            Groups = [new DeclaredGroup { Uid = Reader, Parents = [Writer] }, Shop.Groups[1]],
            Apis = [Shop.Apis[0] with { Scopes = [Shop.Apis[0].Scopes[0]] }],
        };

        var plan = Plan(before, after, prune: true);

        Assert.Equal(
            [
                "Delete identity old", "Update identity exporter", $"Update api {Payments}", "Delete api urn:example:old", "Delete group Assay::Role::\"old\"",
                "Update group Assay::Role::\"reader\"", "Update identity auditor", "Create identity new",
            ],
            plan.Steps.Select(step => $"{step.Action} {step.Kind} {step.Id}"));
        Assert.Equal([true, true, true, true, true, false, false, false], plan.Steps.Select(step => step.Narrows));
    }

    [Fact]
    public void Nothing_is_deleted_without_prune_and_a_note_says_what_stays()
    {
        var plan = Plan(Stored(), new BundleDeclarations { Name = "shop" });

        Assert.Empty(plan.Steps);
        Assert.Equal(
            [
                "identity 'exporter' is no longer declared but stays; --prune deletes it", $"api '{Payments}' is no longer declared but stays; --prune deletes it",
                "group 'Assay::Role::\"reader\"' is no longer declared but stays; --prune deletes it", "group 'Assay::Role::\"writer\"' is no longer declared but stays; --prune deletes it",
            ],
            plan.Notes);
    }

    [Fact]
    public void Prune_deletes_only_what_this_bundle_declared()
    {
        var stored = Stored();
        var others = stored with
        {
            Identities = [.. stored.Identities, new Identity { Id = "by-hand" }, new Identity { Id = "theirs", ManagedBy = "other" }],
            Groups = [.. stored.Groups, new Group { Uid = new(EntityTypes.Team, "by-hand") }],
            Apis = [.. stored.Apis, new Api { Resource = "urn:example:theirs", ManagedBy = "other" }],
        };

        var plan = Plan(others, new BundleDeclarations { Name = "shop" }, prune: true);

        Assert.Equal(
            ["identity exporter", $"api {Payments}", "group Assay::Role::\"reader\"", "group Assay::Role::\"writer\""],
            plan.Steps.Select(step => $"{step.Kind} {step.Id}"));
    }

    [Theory]
    [InlineData(null, "was made through the admin API and belongs to no bundle; delete it there, or take it out of this bundle")]
    [InlineData("other", "is managed by 'other'; change it there, or take it out of this bundle")]
    public void What_somebody_else_manages_is_a_fault_and_nothing_is_planned(string? manager, string message)
    {
        var current = new BundleCurrent
        {
            Identities = [new Identity { Id = "exporter", ManagedBy = manager }],
            Groups = [new Group { Uid = Reader, ManagedBy = manager }],
            Apis = [new Api { Resource = Payments, ManagedBy = manager }],
        };

        var plan = Plan(current, Shop);

        Assert.Equal([$"identity 'exporter' {message}", $"api '{Payments}' {message}", $"group 'Assay::Role::\"reader\"' {message}"], plan.Faults);
        Assert.Empty(plan.Steps);
    }

    [Fact]
    public void Declarations_with_faults_are_not_planned()
    {
        var plan = Plan(new BundleCurrent(), Shop with { Name = "My Shop" });

        Assert.Equal(["name: the bundle's name has 'M' in it; allowed are lower-case letters, digits and . _ -"], plan.Faults);
        Assert.Empty(plan.Steps);
    }

    [Fact]
    public void An_api_of_a_bundle_is_always_in_the_domain_of_tokens()
    {
        var stored = Stored();
        var api = stored.Apis[0] with { PolicyDomain = PolicyDomains.Admin };

        var step = Assert.Single(Plan(stored with { Apis = [api] }, Shop with { Apis = [Shop.Apis[0] with { Name = "Payments" }] }).Steps);

        Assert.Equal(PolicyDomains.Tokens, step.Api!.PolicyDomain);
    }

    [Fact]
    public void Changes_of_an_api_are_shown_field_by_field()
    {
        var before = Shop with { Apis = [Shop.Apis[0] with { MaxTokenLifetime = TimeSpan.FromMinutes(10), ResourceServers = ["gateway", "old"], Attributes = Value.Record(("zone", Value.Of("a"))) }] };
        var after = Shop with
        {
            Apis =
            [
                Shop.Apis[0] with
                {
                    Name = "Payments",
                    Scopes = [new("read", "See", ["all"]), new("export", null, ["bulk"])],
                    MaxTokenLifetime = TimeSpan.FromSeconds(90),
                    ResourceServers = ["gateway", "new"],
                    Parents = [Reader],
                    Attributes = Value.Record(("zone", Value.Of("b"))),
                },
            ],
        };

        var step = Assert.Single(Plan(Stored(before), after).Steps);

        Assert.Equal(
            [
                "name: \"Payments\"", "scopes: - write", "scopes: + export", "scopes.read.description: \"See\"", "scopes.read.groups: + all", "scopes.export.groups: + bulk",
                "maxTokenLifetime: 10m → 90s", "resourceServers: - old", "resourceServers: + new", "parents: + role reader", "attributes.zone: \"a\" → \"b\"",
            ],
            step.Changes);
        Assert.True(step.Narrows);
        Assert.Equal(["gateway", "new"], step.Api!.ResourceServers);
    }

    [Theory]
    [InlineData(600, 300, true)]
    [InlineData(300, 600, false)]
    [InlineData(null, 300, true)]
    [InlineData(300, null, false)]
    public void A_shorter_ceiling_takes_away_and_a_longer_one_gives(int? before, int? after, bool narrows)
    {
        static BundleDeclarations Api(int? seconds) => Shop with { Apis = [Shop.Apis[0] with { MaxTokenLifetime = seconds is { } s ? TimeSpan.FromSeconds(s) : null }] };

        Assert.Equal(narrows, Assert.Single(Plan(Stored(Api(before)), Api(after)).Steps).Narrows);
    }

    [Fact]
    public void Changes_of_a_role_are_shown_field_by_field()
    {
        var before = Shop with { Groups = [Shop.Groups[0], Shop.Groups[1] with { Parents = [Reader] }] };
        var after = Shop with { Groups = [Shop.Groups[0], Shop.Groups[1] with { Description = null, Attributes = Value.Record(("level", Value.Of(3L))) }] };

        var step = Assert.Single(Plan(Stored(before), after).Steps);

        Assert.Equal(["description: - \"May write\"", "parents: - role reader", "attributes.level: 3"], step.Changes);
        Assert.True(step.Narrows);
    }

    [Fact]
    public void A_role_that_still_has_members_cannot_be_pruned()
    {
        var current = Stored();
        current = current with
        {
            Identities = [.. current.Identities, new Identity { Id = "by-hand", Memberships = [new Membership { Group = Writer }] }],
            Groups = [.. current.Groups, new Group { Uid = new(EntityTypes.Team, "theirs"), Parents = [Writer] }],
            Apis = [.. current.Apis, new Api { Resource = "urn:example:theirs", Parents = [Writer] }],
        };

        var plan = Plan(current, Shop with { Groups = [Shop.Groups[0]] }, prune: true);

        Assert.Equal(
            ["group 'Assay::Role::\"writer\"' is no longer declared, but still in use by api 'urn:example:theirs', group 'Assay::Team::\"theirs\"', identity 'by-hand'; take it away there first, or leave --prune out"],
            plan.Faults);
    }

    [Fact]
    public void A_role_that_loses_its_last_members_in_the_same_plan_can_be_pruned()
    {
        var declared = Shop with { Identities = [Exporter with { Memberships = [] }], Groups = [Shop.Groups[1]] };

        var plan = Plan(Stored(), declared, prune: true);

        Assert.Equal(["Update identity exporter", "Delete group Assay::Role::\"reader\""], plan.Steps.Select(step => $"{step.Action} {step.Kind} {step.Id}"));
    }

    [Fact]
    public void A_default_resource_must_be_an_api_of_the_bundle_or_of_the_server()
    {
        var elsewhere = Shop with { Apis = [] };

        Assert.Equal(
            [$"identity 'exporter': its defaultResource '{Payments}' is no API of this bundle or of the server; declare it under apis/"], Plan(new BundleCurrent(), elsewhere).Faults);
        Assert.Empty(Plan(new BundleCurrent { Apis = [new Api { Resource = Payments, ManagedBy = "other" }] }, elsewhere).Faults);
    }

    [Fact]
    public void A_directory_that_could_not_be_built_afterwards_is_a_fault()
    {
        var current = new BundleCurrent { Apis = [new Api { Resource = "https://PAYMENTS.example" }] };

        var plan = Plan(current, Shop);

        Assert.StartsWith("together with what is stored: the API Assay::Api::", Assert.Single(plan.Faults));
        Assert.Empty(plan.Steps);
    }

    [Fact]
    public void A_new_policy_set_is_uploaded_and_not_put_in_force()
    {
        var next = SetOf("forbid (principal, action, resource);") with
        {
            Schema = "entity Zone;",
            Actions = "action read;",
            Links = [new PolicyLink("l", "t", null, null, 1, 1)],
            Tests = [new PolicyFile("tests/a.yaml", "")],
        };
        next = next with { Files = next.Files.Add(new PolicyFile("policies/b.cedar", "@id(\"t\") forbid (principal, action, resource == ?resource);")), Links = [new PolicyLink("l", "t", null, Reader, 1, 1)] };

        var step = Assert.Single(Plan(Stored(Shop with { Policies = PermitAll }), Shop with { Policies = next }).Steps);

        Assert.Equal((BundleAction.Upload, "policy-set", next.ContentHash()), (step.Action, step.Kind, step.Id));
        Assert.Equal(
            ["policies/a.cedar: changed", "policies/b.cedar: added", "schema.cedarschema: added", "actions: as the scopes of the APIs are now", "links.yaml: added", "tests: changed", $"in force is {PermitAll.ContentHash()}; --activate puts this one in force"], step.Changes);
        Assert.Equal(next, step.Policies);
    }

    [Fact]
    public void A_policy_set_that_is_uploaded_and_not_in_force_stays_in_the_plan()
    {
        var stored = Stored(Shop with { Policies = PermitAll }) with { ActivePolicyVersion = null };

        var step = Assert.Single(Plan(stored, Shop with { Policies = PermitAll }).Steps);

        Assert.Equal(["no policy set is in force yet; --activate puts this one in force"], step.Changes);
    }

    [Fact]
    public void A_bundle_that_drops_its_policies_leaves_those_in_force()
    {
        var plan = Plan(Stored(Shop with { Policies = PermitAll }), Shop);

        Assert.Empty(plan.Steps);
        Assert.Equal(["the bundle no longer has policies; the policy set in force stays in force"], plan.Notes);
    }
}
