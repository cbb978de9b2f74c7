using System.Collections.Immutable;
using System.Security.Cryptography;
using Assay.Cedar;
using Assay.Core.Jose;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Core.Tests.Registry;

/// <summary>Declarations to begin a test with, and what storing them makes of the store.</summary>
internal static class BundleSamples
{
    public const string Payments = "https://payments.example";
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset Later = Now.AddDays(30);
    public static readonly EntityUid Reader = new(EntityTypes.Role, "reader");
    public static readonly EntityUid Writer = new(EntityTypes.Role, "writer");
    public static readonly JsonWebKey Key = NewKey();
    public static readonly JsonWebKey OtherKey = NewKey();

    public static readonly PolicyDocument PermitAll = SetOf("permit (principal, action, resource);");

    public static readonly DeclaredIdentity Exporter = new()
    {
        Id = "exporter",
        Name = "Exporter",
        Owner = "treasury",
        DefaultResource = Payments,
        Memberships = [new(Reader, null)],
        Keys = [new(Key.ToJson(), null)],
    };

    public static readonly BundleDeclarations Shop = new()
    {
        Name = "shop",
        Identities = [Exporter],
        Groups = [new DeclaredGroup { Uid = Reader }, new DeclaredGroup { Uid = Writer, Description = "May write" }],
        Apis = [new DeclaredApi { Resource = Payments, Scopes = [new("read", null, []), new("write", "Change", ["change"])] }],
    };

    /// <summary>A policy set about the shop's API.</summary>
    public static PolicyDocument SetOf(string text, string? schema = null) =>
        new([new PolicyFile("policies/a.cedar", text)], schema) { Actions = ActionDeclarations.Of([new("read", null, []), new("write", null, ["change"])], schema) };

    public static JsonWebKey NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return JsonWebKey.From(key);
    }

    /// <summary>The shop with another exporter.</summary>
    public static BundleDeclarations With(Func<DeclaredIdentity, DeclaredIdentity> change) => Shop with { Identities = [change(Exporter)] };

    public static BundlePlan Plan(BundleCurrent current, BundleDeclarations declared, bool prune = false) => BundlePlan.Compute(current, declared, prune, Now);

    /// <summary>The store after applying to an empty one.</summary>
    public static BundleCurrent Stored(BundleDeclarations? declared = null) => Apply(new BundleCurrent(), declared ?? Shop);

    /// <summary>The store after writing every step of the plan.</summary>
    public static BundleCurrent Apply(BundleCurrent current, BundleDeclarations declared, bool prune = false)
    {
        var plan = Plan(current, declared, prune);
        Assert.Empty(plan.Faults);
        var identities = current.Identities.ToDictionary(identity => identity.Id);
        var groups = current.Groups.ToDictionary(group => group.Uid.ToString());
        var apis = current.Apis.ToDictionary(api => api.Resource);
        foreach (var step in plan.Steps)
        {
            if (step.Action == BundleAction.Delete)
                Assert.True(step.Kind == "identity" ? identities.Remove(step.Id) : step.Kind == "group" ? groups.Remove(step.Id) : apis.Remove(step.Id));
            if (step.Identity is { } identity)
                identities[step.Id] = identity;
            if (step.Group is { } group)
                groups[step.Id] = group;
            if (step.Api is { } api)
                apis[step.Id] = api;
        }

        return current with
        {
            Identities = [.. identities.Values],
            Groups = [.. groups.Values],
            Apis = [.. apis.Values],
            LastDeclared = declared,
            ActivePolicyVersion = declared.Policies?.ContentHash() ?? current.ActivePolicyVersion,
        };
    }

    /// <summary>The store with the exporter changed by a call.</summary>
    public static BundleCurrent Touched(Func<Identity, Identity> change) =>
        Stored() is var stored ? stored with { Identities = [.. stored.Identities.Select(change)] } : null!;

    public static Identity ExporterOf(BundleCurrent current) => current.Identities.Single(identity => identity.Id == "exporter");
}
