using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Jose;
using Assay.Core.Registry;
using Assay.Core.Revocation;

namespace Assay.Grains.Identities;

/// <summary>What a change makes of an identity: a pure function, so that the grain only guards and stores.</summary>
internal static class IdentityChanges
{
    public const int MaxCredentials = 64;
    public const int MaxMemberships = 512;
    public const int MaxSignals = 64;

    public static Outcome Apply(Identity? identity, IdentityChange change, string id, DateTimeOffset now, ISecretMaker secrets)
    {
        if (change is IdentityChange.Declare declare)
            return Declared(identity, declare, id, now);
        if (identity is null)
            return Fault(ChangeFault.NotFound, $"there is no identity '{id}'");

        return change switch
        {
            IdentityChange.AddMember add => AddMember(identity, add),
            IdentityChange.RemoveMember remove => RemoveMember(identity, remove, now),
            IdentityChange.RaiseSignal raise => RaiseSignal(identity, raise, now),
            IdentityChange.ClearSignal clear => ClearSignal(identity, clear),
            IdentityChange.Disable disable => identity.DisabledAt is not null
                ? Same
                : Next(identity with { DisabledAt = now, DisabledReason = disable.Reason }),
            IdentityChange.Enable => identity.DisabledAt is null
                ? Same
                : Next(identity with { DisabledAt = null, DisabledReason = null }),
            IdentityChange.AddKey add => AddKey(identity, add, now),
            IdentityChange.MakeSecret make => MakeSecret(identity, make, now, secrets),
            IdentityChange.RevokeCredential revoke => Revoke(identity, revoke, now),
            IdentityChange.Delete => identity.ManagedBy is { } bundle
                ? Fault(ChangeFault.Managed, $"bundle '{bundle}' declares it: take it out there, or disable it here")
                : new Outcome.Deleted(),
            _ => Fault(ChangeFault.Invalid, "an unknown kind of change"),
        };
    }

    /// <summary>
    /// What of the tokens that are out ends with this change. Losing a membership or gaining a signal ends none: the next decision is another one, and
    /// who introspects with continuous evaluation learns of it.
    /// </summary>
    public static RevocationId? Ends(IdentityChange change, string id) => change switch
    {
        IdentityChange.Disable or IdentityChange.Delete => new RevocationId(RevocationKind.Identity, id),
        IdentityChange.RevokeCredential revoke => new RevocationId(RevocationKind.Credential, revoke.Handle),
        _ => null,
    };

    public static string ReasonOf(IdentityChange change) => change switch
    {
        IdentityChange.Disable disable => $"identity disabled: {disable.Reason}",
        IdentityChange.Delete => "identity deleted",
        _ => "credential revoked",
    };

    private static Outcome AddMember(Identity identity, IdentityChange.AddMember add)
    {
        if (!EntityUid.TryParse(add.Group, out var group) || group.Type is not (EntityTypes.Role or EntityTypes.Team))
            return Fault(ChangeFault.Invalid, $"'{add.Group}' is not a role or team: expected Assay::Role::\"name\" or Assay::Team::\"name\"");

        for (var i = 0; i < identity.Memberships.Length; i++)
        {
            var present = identity.Memberships[i];
            if (present.Group != group)
                continue;
            if (present.RemovedAt is null && present.ExpiresAt == add.ExpiresAt)
                return Same;
            return Next(identity with
            {
                Memberships = identity.Memberships.SetItem(i, present with { ExpiresAt = add.ExpiresAt, RemovedAt = null }),
            });
        }

        return identity.Memberships.Length >= MaxMemberships
            ? Fault(ChangeFault.Invalid, $"an identity has at most {MaxMemberships} memberships")
            : Next(identity with { Memberships = identity.Memberships.Add(new Membership { Group = group, ExpiresAt = add.ExpiresAt }) });
    }

    private static Outcome RemoveMember(Identity identity, IdentityChange.RemoveMember remove, DateTimeOffset now)
    {
        if (!EntityUid.TryParse(remove.Group, out var group))
            return Fault(ChangeFault.Invalid, $"'{remove.Group}' is not a role or team: expected Assay::Role::\"name\" or Assay::Team::\"name\"");

        for (var i = 0; i < identity.Memberships.Length; i++)
        {
            var present = identity.Memberships[i];
            if (present.Group != group)
                continue;
            if (present.RemovedAt is not null)
                return Same;

            // A declared one leaves a mark behind, or the next apply of the bundle would bring it back.
            return Next(identity with
            {
                Memberships = present.ManagedBy is null
                    ? identity.Memberships.RemoveAt(i)
                    : identity.Memberships.SetItem(i, present with { RemovedAt = now }),
            });
        }

        return Fault(ChangeFault.NotFound, $"'{identity.Id}' is not a member of {group}");
    }

    private static Outcome RaiseSignal(Identity identity, IdentityChange.RaiseSignal raise, DateTimeOffset now)
    {
        if (raise.Weight is < 1 or > 100)
            return Fault(ChangeFault.Invalid, "a signal's weight is 1 to 100");
        if (raise.HalfLife is { } life && (life < TimeSpan.FromSeconds(1) || life > TimeSpan.FromDays(365)))
            return Fault(ChangeFault.Invalid, "a signal's half-life is one second to 365 days");
        if (raise.Name.Length is 0 or > 64 || !raise.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            return Fault(ChangeFault.Invalid, "a signal's name is 1 to 64 letters, digits, '-', '_' or '.'");

        var signal = new RiskSignal
        {
            Name = raise.Name, Source = raise.Source, Weight = raise.Weight, RaisedAt = now, HalfLife = raise.HalfLife, ExpiresAt = raise.ExpiresAt,
        };
        var others = identity.Signals.RemoveAll(present => present.Name == raise.Name && present.Source == raise.Source);
        return others.Length >= MaxSignals
            ? Fault(ChangeFault.Invalid, $"an identity has at most {MaxSignals} signals")
            : Next(identity with { Signals = others.Add(signal) });
    }

    private static Outcome ClearSignal(Identity identity, IdentityChange.ClearSignal clear)
    {
        var rest = identity.Signals.RemoveAll(present => present.Name == clear.Name);
        return rest.Length == identity.Signals.Length
            ? Fault(ChangeFault.NotFound, $"'{identity.Id}' has no signal '{clear.Name}'")
            : Next(identity with { Signals = rest });
    }

    private static Outcome AddKey(Identity identity, IdentityChange.AddKey add, DateTimeOffset now)
    {
        var jwk = JsonWebKey.ParsePublic(add.PublicJwk, out var fault);
        if (jwk is null)
            return Fault(ChangeFault.Invalid, $"the public key cannot be used: {fault}");
        if (!jwk.IsAllowed)
            return Fault(ChangeFault.Invalid, "a client key is EC P-256, or RSA of 2048 to 3072 bits");

        foreach (var credential in identity.Credentials)
        {
            if (credential.Handle != jwk.Thumbprint)
                continue;
            return credential.RevokedAt is not null ? Fault(ChangeFault.Taken, "this key was revoked; a revoked key does not come back")
                : credential.FrozenAt is not null ? Fault(ChangeFault.Taken, "this key is contained; undoing that act brings it back, and nothing else")
                : new Outcome.Unchanged(credential.Handle);
        }

        return Added(identity, new Credential
        {
            Handle = jwk.Thumbprint, Kind = CredentialKind.PublicKey, PublicJwk = jwk.ToJson(), CreatedAt = now, ExpiresAt = add.ExpiresAt,
        });
    }

    private static Outcome MakeSecret(Identity identity, IdentityChange.MakeSecret make, DateTimeOffset now, ISecretMaker secrets)
    {
        var (handle, secret, hash) = secrets.Make();
        return Added(
            identity,
            new Credential { Handle = handle, Kind = CredentialKind.Secret, SecretHash = hash, CreatedAt = now, ExpiresAt = make.ExpiresAt },
            secret);
    }

    private static Outcome Added(Identity identity, Credential credential, string? secret = null) =>
        identity.Credentials.Length >= MaxCredentials
            ? Fault(ChangeFault.Invalid, $"an identity has at most {MaxCredentials} credentials, revoked ones included")
            : new Outcome.Changed(identity with { Credentials = identity.Credentials.Add(credential) }, credential.Handle, secret);

    private static Outcome Revoke(Identity identity, IdentityChange.RevokeCredential revoke, DateTimeOffset now)
    {
        for (var i = 0; i < identity.Credentials.Length; i++)
        {
            var credential = identity.Credentials[i];
            if (credential.Handle != revoke.Handle)
                continue;
            return credential.RevokedAt is not null
                ? new Outcome.Unchanged(credential.Handle)
                : new Outcome.Changed(
                    identity with { Credentials = identity.Credentials.SetItem(i, credential with { RevokedAt = now }) }, credential.Handle);
        }

        return Fault(ChangeFault.NotFound, $"'{identity.Id}' has no credential '{revoke.Handle}'");
    }

    private static Outcome Declared(Identity? present, IdentityChange.Declare declare, string id, DateTimeOffset now)
    {
        if (present?.ManagedBy is { } bundle)
            return Fault(ChangeFault.Managed, $"bundle '{bundle}' declares it: change it there");

        Identity declared;
        try
        {
            declared = RegistryJson.ReadIdentity(System.Text.Encoding.UTF8.GetBytes(declare.Json));
        }
        catch (FormatException fault)
        {
            return Fault(ChangeFault.Invalid, fault.Message);
        }

        if (declared.Id != id)
            return Fault(ChangeFault.Invalid, $"the body speaks of '{declared.Id}'");
        if (present is null)
            return Next(new Identity { Id = id }.Declaring(declared));
        return Next(present.Declaring(declared));
    }

    /// <summary>Only what a caller may declare: credentials, signals and whether it is disabled have calls of their own.</summary>
    private static Identity Declaring(this Identity identity, Identity declared) => identity with
    {
        Kind = declared.Kind,
        Name = declared.Name,
        Owner = declared.Owner,
        GrantTypes = declared.GrantTypes,
        DefaultResource = declared.DefaultResource,
        RequestsPerSecond = declared.RequestsPerSecond,
        Attributes = declared.Attributes,
        Memberships =
        [
            .. declared.Memberships.Select(membership => new Membership { Group = membership.Group, ExpiresAt = membership.ExpiresAt }),
        ],
    };

    private static readonly Outcome Same = new Outcome.Unchanged(null);

    private static Outcome Next(Identity identity) => new Outcome.Changed(identity, null);

    private static Outcome Fault(ChangeFault fault, string detail) => new Outcome.Rejected(fault, detail);

    public abstract record Outcome
    {
        public sealed record Changed(Identity Identity, string? Handle, string? Secret = null) : Outcome;

        public sealed record Deleted : Outcome;

        public sealed record Unchanged(string? Handle) : Outcome;

        public sealed record Rejected(ChangeFault Fault, string Detail) : Outcome;
    }
}

/// <summary>Makes client secrets and hashes them under the cluster's pepper.</summary>
public interface ISecretMaker
{
    /// <summary>A fresh secret of 256 random bits, its handle, and the keyed hash to store.</summary>
    (string Handle, string Secret, string Hash) Make();
}

/// <summary>The keys nobody else in the realm may hold: one credential is one identity's, revoked ones included.</summary>
public static class IdentityKeys
{
    public static ImmutableArray<string> Unique(Identity identity) =>
        [.. identity.Credentials.Select(credential => OfCredential(credential.Handle))];

    public static string OfCredential(string handle) => "credential:" + handle;
}
