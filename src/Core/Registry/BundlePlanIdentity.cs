using System.Collections.Immutable;
using Assay.Core.Jose;

namespace Assay.Core.Registry;

/// <summary>What a bundle makes of one identity: the declared fields as declared, everything else as it was.</summary>
internal static class BundlePlanIdentity
{
    /// <param name="has">The stored identity, managed by this bundle; null when there is none.</param>
    /// <param name="wanted">Checked declarations.</param>
    /// <param name="bundle">The bundle's name.</param>
    /// <param name="generates">The identity has <c>credential: generate</c>: keys this bundle gave it before stay.</param>
    /// <param name="now">When new credentials are created.</param>
    public static (Identity Result, FieldChanges Changes, List<string> Notes) Merge(
        Identity? has, DeclaredIdentity wanted, string bundle, bool generates, DateTimeOffset now)
    {
        var (changes, notes) = (new FieldChanges(), new List<string>());
        var before = has ?? new Identity { Id = wanted.Id, Kind = wanted.Kind, GrantTypes = [] };
        if (has is null && wanted.Kind != IdentityKind.Workload)
            changes.Add("kind: person");

        changes.Field("name", FieldChanges.Quoted(before.Name), FieldChanges.Quoted(wanted.Name));
        changes.Field("owner", FieldChanges.Quoted(before.Owner), FieldChanges.Quoted(wanted.Owner));
        changes.Words("grantTypes", before.GrantTypes, wanted.GrantTypes);
        changes.Field("defaultResource", before.DefaultResource, wanted.DefaultResource);
        changes.Field("requestsPerSecond", before.RequestsPerSecond?.ToString(), wanted.RequestsPerSecond?.ToString(), IsLower(before.RequestsPerSecond, wanted.RequestsPerSecond));
        changes.Attributes(before.Attributes, wanted.Attributes);

        var result = before with
        {
            Name = wanted.Name,
            Owner = wanted.Owner,
            ManagedBy = bundle,
            GrantTypes = wanted.GrantTypes,
            DefaultResource = wanted.DefaultResource,
            RequestsPerSecond = wanted.RequestsPerSecond,
            Attributes = wanted.Attributes,
            Memberships = Memberships(before, wanted, bundle, changes, notes),
            Credentials = Credentials(before, wanted, bundle, generates, now, changes, notes),
        };
        if (result.DisabledAt is { } moment)
            notes.Add($"identity '{wanted.Id}' stays disabled (since {FieldChanges.Around(moment)}); only an explicit call enables it");

        return (result, changes, notes);
    }

    private static ImmutableArray<Membership> Memberships(
        Identity before, DeclaredIdentity wanted, string bundle, FieldChanges changes, List<string> notes)
    {
        var declared = wanted.Memberships.ToDictionary(membership => membership.Group);
        var result = ImmutableArray.CreateBuilder<Membership>();
        foreach (var has in before.Memberships)
        {
            var isDeclared = declared.Remove(has.Group, out var wants);
            var group = FieldChanges.Plain(has.Group);
            if (has.RemovedAt is { } moment)
            {
                // Kept also while nothing declares it: a commit that comes back must not bring back what somebody removed.
                result.Add(has);
                if (isDeclared)
                    notes.Add($"identity '{wanted.Id}' stays out of {group} (removed {FieldChanges.Around(moment)}); only an explicit call adds it again");
            }
            else if (isDeclared)
            {
                if (has.ManagedBy != bundle)
                    changes.Add($"memberships: {group} is now declared{FieldChanges.Until(wants!.ExpiresAt)} (was added by {has.ManagedBy ?? "hand"}{FieldChanges.Until(has.ExpiresAt)})", IsEarlier(has.ExpiresAt, wants.ExpiresAt));
                else
                    changes.Field($"memberships: {group}", EndOf(has.ExpiresAt, wants!.ExpiresAt), EndOf(wants.ExpiresAt, has.ExpiresAt), IsEarlier(has.ExpiresAt, wants.ExpiresAt));
                result.Add(has with { ExpiresAt = wants.ExpiresAt, ManagedBy = bundle });
            }
            else if (has.ManagedBy == bundle)
            {
                changes.Add($"memberships: - {group}{FieldChanges.Until(has.ExpiresAt)}", narrows: true);
            }
            else
            {
                result.Add(has);
            }
        }

        foreach (var added in wanted.Memberships.Where(membership => declared.ContainsKey(membership.Group)))
        {
            changes.Add($"memberships: + {FieldChanges.Plain(added.Group)}{FieldChanges.Until(added.ExpiresAt)}");
            result.Add(new Membership { Group = added.Group, ExpiresAt = added.ExpiresAt, ManagedBy = bundle });
        }

        return result.DrainToImmutable();
    }

    private static ImmutableArray<Credential> Credentials(
        Identity before, DeclaredIdentity wanted, string bundle, bool generates, DateTimeOffset now, FieldChanges changes, List<string> notes)
    {
        var declared = new Dictionary<string, (string Jwk, DateTimeOffset? ExpiresAt)>(StringComparer.Ordinal);
        foreach (var key in wanted.Keys)
        {
            var parsed = JsonWebKey.ParsePublic(key.PublicJwk, out _) ?? throw new ArgumentException("The declarations were not checked.", nameof(wanted));
            declared.Add(parsed.Thumbprint, (parsed.ToJson(), key.ExpiresAt));
        }

        var result = ImmutableArray.CreateBuilder<Credential>();
        foreach (var has in before.Credentials)
        {
            var isDeclared = declared.Remove(has.Handle, out var wants);
            if (has.RevokedAt is { } moment)
            {
                result.Add(has);
                if (isDeclared || (generates && has.ManagedBy == bundle))
                    notes.Add($"identity '{wanted.Id}': the key {has.Handle} stays revoked (since {FieldChanges.Around(moment)}); give the identity a new key");
            }
            else if (isDeclared)
            {
                if (has.ManagedBy != bundle)
                    changes.Add($"credentials: key {has.Handle} is now declared{FieldChanges.Until(wants.ExpiresAt)} (was added by {has.ManagedBy ?? "hand"}{FieldChanges.Until(has.ExpiresAt)})", IsEarlier(has.ExpiresAt, wants.ExpiresAt));
                else
                    changes.Field($"credentials: key {has.Handle}", EndOf(has.ExpiresAt, wants.ExpiresAt), EndOf(wants.ExpiresAt, has.ExpiresAt), IsEarlier(has.ExpiresAt, wants.ExpiresAt));

                if (IsOtherText(has.PublicJwk, wants.Jwk))
                    changes.Add($"credentials: key {has.Handle} has another kid", narrows: true);
                result.Add(has with { PublicJwk = wants.Jwk, ExpiresAt = wants.ExpiresAt, ManagedBy = bundle });
            }
            else if (has.ManagedBy == bundle && !generates && has.FrozenAt is not null)
            {
                // With a mark: else a commit that comes back would bring it back, and so would undoing the containment.
                changes.Add($"credentials: - key {has.Handle}, which is contained", narrows: true);
                result.Add(has with { RevokedAt = now });
            }
            else if (has.ManagedBy == bundle && !generates)
            {
                changes.Add($"credentials: - key {has.Handle}", narrows: true);
            }
            else
            {
                result.Add(has);
            }
        }

        foreach (var (handle, (jwk, expiresAt)) in declared)
        {
            changes.Add($"credentials: + key {handle}{FieldChanges.Until(expiresAt)}");
            result.Add(new Credential
            {
                Handle = handle,
                Kind = CredentialKind.PublicKey,
                PublicJwk = jwk,
                CreatedAt = now,
                ExpiresAt = expiresAt,
                ManagedBy = bundle,
            });
        }

        return result.DrainToImmutable();
    }

    // The stored text may be written another way; what counts is the key and its kid.
    private static bool IsOtherText(string? stored, string wanted) =>
        stored != wanted && (stored is null || JsonWebKey.ParsePublic(stored, out _) is not { } key || key.ToJson() != wanted);

    private static string? EndOf(DateTimeOffset? end, DateTimeOffset? other) =>
        end is { } moment ? $"until {FieldChanges.Moment(moment)}" : other is null ? null : "for good";

    private static bool IsEarlier(DateTimeOffset? before, DateTimeOffset? after) => after is { } end && (before is not { } old || end < old);

    private static bool IsLower(int? before, int? after) => before is null ? after is not null : after is null || after < before;
}
