using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Registry;

namespace Assay.Core.Decisions;

/// <summary>The identity as policies see it.</summary>
internal static class PrincipalEntity
{
    public static EntityUid UidOf(Identity identity) => new(identity.Kind == IdentityKind.Person ? EntityTypes.Person : EntityTypes.Workload, identity.Id);

    /// <summary>
    /// Attributes as declared, with <c>name</c>, <c>owner</c> and <c>managedBy</c> always the registry's own; parents are the memberships
    /// that are live at that moment, in groups that exist: deleting a role ends what it gave.
    /// </summary>
    public static Entity Of(EntityUid uid, Identity identity, DirectorySnapshot directory, DateTimeOffset now)
    {
        var memberships = identity.Memberships;
        var parents = ImmutableArray.CreateBuilder<EntityUid>(memberships.Length);
        foreach (var membership in memberships)
        {
            if (membership.IsLiveAt(now) && directory.TryGetGroup(membership.Group, out _))
                parents.Add(membership.Group);
        }

        return new Entity(uid, AttributesOf(identity), parents.DrainToImmutable());
    }

    public static RecordValue AttributesOf(Identity identity)
    {
        var declared = identity.Attributes;
        if (declared.Count == 0 && identity is { Name: null, Owner: null, ManagedBy: null })
            return declared;

        var fields = new List<KeyValuePair<string, Value>>(declared.Count + 3);
        foreach (var field in declared.Fields)
        {
            // A bundle cannot claim to be managed, owned or named otherwise than it is.
            if (field.Key is not ("name" or "owner" or "managedBy"))
                fields.Add(field);
        }

        Add(fields, "name", identity.Name);
        Add(fields, "owner", identity.Owner);
        Add(fields, "managedBy", identity.ManagedBy);
        return Value.Record(fields);
    }

    private static void Add(List<KeyValuePair<string, Value>> fields, string name, string? text)
    {
        if (text is not null)
            fields.Add(new(name, Value.Of(text)));
    }
}
