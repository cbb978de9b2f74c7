using System.Collections.Immutable;
using Assay.Cedar;

namespace Assay.Core.Registry;

/// <summary>Computes one plan: per object what the bundle makes of it, then the order.</summary>
internal sealed class BundlePlanner(BundleCurrent current, BundleDeclarations declared, bool prune, DateTimeOffset now)
{
    private readonly List<BundleStep> steps = [];
    private readonly List<string> faults = [];
    private readonly List<string> notes = [];
    private readonly List<string> missingKeys = [];
    private readonly HashSet<string> pruned = new(StringComparer.Ordinal);

    public BundlePlan Plan()
    {
        PlanIdentities();
        PlanApis();
        PlanGroups();
        PlanPolicies();
        CheckDirectory();
        return new BundlePlan
        {
            Steps = faults.Count > 0 ? [] : [.. steps.OrderBy(Rank).ThenBy(step => step.Id, StringComparer.Ordinal)],
            Faults = [.. faults],
            Notes = [.. notes],
            MissingKeys = [.. missingKeys],
        };
    }

    // Away before there: identities lose before the roles and APIs they lose go; roles and APIs come before the identities that use them.
    private static int Rank(BundleStep step) => (step.Action, step.Narrows, step.Kind) switch
    {
        (BundleAction.Delete, _, "identity") => 0,
        (_, true, "identity") => 1,
        (BundleAction.Update, true, "api") => 2,
        (BundleAction.Update, true, "group") => 3,
        (BundleAction.Delete, _, "api") => 4,
        (BundleAction.Delete, _, "group") => 5,
        (_, _, "group") => 6,
        (_, _, "api") => 7,
        (_, _, "identity") => 8,
        _ => 9,
    };

    private void PlanIdentities()
    {
        var stored = current.Identities.ToDictionary(identity => identity.Id, StringComparer.Ordinal);
        var keyHolders = KeyHolders();
        var resources = declared.Apis.Select(api => api.Resource).Concat(current.Apis.Select(api => api.Resource)).ToHashSet(StringComparer.Ordinal);
        foreach (var wanted in declared.Identities)
        {
            if (wanted.DefaultResource is { } resource && !resources.Contains(resource))
                faults.Add($"identity '{wanted.Id}': its defaultResource '{resource}' is no API of this bundle or of the server{DidYouMean.Hint(resource, resources)}; declare it under apis/");

            var has = stored.GetValueOrDefault(wanted.Id);
            if (has is not null && !IsOurs("identity", wanted.Id, has.ManagedBy))
                continue;

            if (has is not null && has.Kind != wanted.Kind)
            {
                faults.Add($"identity '{wanted.Id}' is a {Lower(has.Kind)} and cannot become a {Lower(wanted.Kind)}; declare a new identity under another id");
                continue;
            }

            var generates = declared.Generate.Contains(wanted.Id);
            var merge = BundlePlanIdentity.Merge(has, wanted, declared.Name, generates, now);
            foreach (var credential in merge.Result.Credentials)
            {
                if (keyHolders.TryGetValue(credential.Handle, out var holder) && holder != wanted.Id)
                    faults.Add($"identity '{wanted.Id}': the key {credential.Handle} is already one of '{holder}'; each identity has its own");
            }

            notes.AddRange(merge.Notes);
            if (generates && !merge.Result.Credentials.Any(c => c.Kind == CredentialKind.PublicKey && c.ManagedBy == declared.Name))
                missingKeys.Add(wanted.Id);

            Write(merge.Changes, has is null, new BundleStep
            {
                Action = has is null ? BundleAction.Create : BundleAction.Update,
                Kind = "identity",
                Id = wanted.Id,
                Changes = merge.Changes.Lines,
                Narrows = has is not null && merge.Changes.Narrows,
                Identity = merge.Result,
            });
        }

        var names = declared.Identities.Select(identity => identity.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var left in current.Identities.Where(identity => identity.ManagedBy == declared.Name && !names.Contains(identity.Id)))
        {
            if (!prune)
                Stays("identity", left.Id);
            else if (KeptFor(left) is { } reason)
                notes.Add($"identity '{left.Id}' is no longer declared but stays, because {reason} and deleting it would forget that; delete it by an explicit call");
            else
            {
                pruned.Add(left.Id);
                Delete("identity", left.Id);
            }
        }
    }

    private Dictionary<string, string> KeyHolders()
    {
        var holders = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var identity in current.Identities)
        {
            foreach (var credential in identity.Credentials)
                holders.TryAdd(credential.Handle, identity.Id);
        }

        return holders;
    }

    // A pruned identity could come back by the next commit in Git, without what somebody did to it: so that stays.
    private string? KeptFor(Identity identity) =>
        identity.DisabledAt is not null ? "it is disabled"
        : identity.Credentials.Any(credential => credential.RevokedAt is not null) ? "one of its credentials was revoked"
        : identity.Credentials.Any(credential => credential.FrozenAt is not null) ? "one of its credentials is contained"
        : identity.Memberships.Any(membership => membership.RemovedAt is not null) ? "one of its memberships was removed"
        : identity.Signals.Any(signal => signal.ExpiresAt is not { } end || now < end) ? "risk signals stand against it"
        : null;

    private void PlanApis()
    {
        var stored = current.Apis.ToDictionary(api => api.Resource, StringComparer.Ordinal);
        foreach (var wanted in declared.Apis)
        {
            var has = stored.GetValueOrDefault(wanted.Resource);
            if (has is not null && !IsOurs("api", wanted.Resource, has.ManagedBy))
                continue;

            var (result, changes) = BundlePlanObjects.Merge(has, wanted, declared.Name);
            Write(changes, has is null, new BundleStep
            {
                Action = has is null ? BundleAction.Create : BundleAction.Update,
                Kind = "api",
                Id = wanted.Resource,
                Changes = changes.Lines,
                Narrows = has is not null && changes.Narrows,
                Api = result,
            });
        }

        var names = declared.Apis.Select(api => api.Resource).ToHashSet(StringComparer.Ordinal);
        foreach (var left in current.Apis.Where(api => api.ManagedBy == declared.Name && !names.Contains(api.Resource)))
        {
            if (prune)
                Delete("api", left.Resource);
            else
                Stays("api", left.Resource);
        }
    }

    private void PlanGroups()
    {
        var stored = current.Groups.ToDictionary(group => group.Uid);
        foreach (var wanted in declared.Groups)
        {
            var has = stored.GetValueOrDefault(wanted.Uid);
            if (has is not null && !IsOurs("group", wanted.Uid.ToString(), has.ManagedBy))
                continue;

            var (result, changes) = BundlePlanObjects.Merge(has, wanted, declared.Name);
            Write(changes, has is null, new BundleStep
            {
                Action = has is null ? BundleAction.Create : BundleAction.Update,
                Kind = "group",
                Id = wanted.Uid.ToString(),
                Changes = changes.Lines,
                Narrows = has is not null && changes.Narrows,
                Group = result,
            });
        }

        var names = declared.Groups.Select(group => group.Uid).ToHashSet();
        foreach (var left in current.Groups.Where(group => group.ManagedBy == declared.Name && !names.Contains(group.Uid)))
        {
            if (!prune)
                Stays("group", left.Uid.ToString());
            else if (UsersOf(left.Uid) is { Count: > 0 } users)
                faults.Add($"group '{left.Uid}' is no longer declared, but still in use by {string.Join(", ", users)}; take it away there first, or leave --prune out");
            else
                Delete("group", left.Uid.ToString());
        }
    }

    // Who would still point at the group when the plan is done: a role that comes back later must not find old members.
    private List<string> UsersOf(EntityUid group)
    {
        var after = steps.Where(step => step.Identity is not null).ToDictionary(step => step.Id, step => step.Identity!, StringComparer.Ordinal);
        var users = new List<string>();
        foreach (var identity in current.Identities)
        {
            if (!pruned.Contains(identity.Id) && after.GetValueOrDefault(identity.Id, identity).Memberships.Any(m => m.Group == group && m.IsLiveAt(now)))
                users.Add($"identity '{identity.Id}'");
        }

        users.AddRange(current.Groups.Where(g => g.ManagedBy != declared.Name && g.Parents.Contains(group)).Select(g => $"group '{g.Uid}'"));
        users.AddRange(current.Apis.Where(a => a.ManagedBy != declared.Name && a.Parents.Contains(group)).Select(a => $"api '{a.Resource}'"));
        users.Sort(StringComparer.Ordinal);
        return users;
    }

    private void PlanPolicies()
    {
        if (declared.Policies is not { } wanted)
        {
            if (current.LastDeclared?.Policies is not null)
                notes.Add("the bundle no longer has policies; the policy set in force stays in force");
            return;
        }

        var version = wanted.ContentHash();
        if (version == current.ActivePolicyVersion)
            return;

        steps.Add(new BundleStep
        {
            Action = BundleAction.Upload,
            Kind = "policy-set",
            Id = version,
            Changes = BundlePlanObjects.PolicyChanges(current.LastDeclared?.Policies, wanted, current.ActivePolicyVersion),
            Policies = wanted,
        });
    }

    // Every silo builds the directory of what is stored: a bundle must never leave one that cannot be built.
    private void CheckDirectory()
    {
        if (faults.Count > 0)
            return;

        var gone = steps.Where(step => step.Action == BundleAction.Delete).Select(step => (step.Kind, step.Id)).ToHashSet();
        var groups = current.Groups.ToDictionary(group => group.Uid);
        var apis = current.Apis.ToDictionary(api => api.Resource, StringComparer.Ordinal);
        foreach (var step in steps)
        {
            if (step.Group is { } group)
                groups[group.Uid] = group;
            if (step.Api is { } api)
                apis[api.Resource] = api;
        }

        try
        {
            DirectorySnapshot.Of(
                groups.Values.Where(group => !gone.Contains(("group", group.Uid.ToString()))),
                apis.Values.Where(api => !gone.Contains(("api", api.Resource))));
        }
        catch (CedarDataException exception)
        {
            faults.Add($"together with what is stored: {exception.Message}");
        }
    }

    private bool IsOurs(string kind, string id, string? manager)
    {
        if (manager == declared.Name)
            return true;

        faults.Add(manager is null
            ? $"{kind} '{id}' was made through the admin API and belongs to no bundle; delete it there, or take it out of this bundle"
            : $"{kind} '{id}' is managed by '{manager}'; change it there, or take it out of this bundle");
        return false;
    }

    private void Write(FieldChanges changes, bool isNew, BundleStep step)
    {
        if (isNew || !changes.IsEmpty)
            steps.Add(step);
    }

    private void Delete(string kind, string id) => steps.Add(new BundleStep
    {
        Action = BundleAction.Delete,
        Kind = kind,
        Id = id,
        Changes = ["no longer declared"],
        Narrows = true,
    });

    private void Stays(string kind, string id) => notes.Add($"{kind} '{id}' is no longer declared but stays; --prune deletes it");

    private static string Lower(IdentityKind kind) => kind == IdentityKind.Person ? "person" : "workload";
}
