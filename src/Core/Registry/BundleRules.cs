using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Jose;
using Assay.Core.Policies;

namespace Assay.Core.Registry;

/// <summary>
/// What must hold of declarations, whoever sends them. The reader of a bundle folder turns each place into a file and a line; the admin API
/// runs the same rules over what arrives.
/// </summary>
internal sealed class BundleRules
{
    private const string OwnPrefix = "assay-";
    private const string OwnResources = "urn:assay:";
    private const int LongestList = 10_000;
    private const int DeepestAttribute = 16;
    private const int MostAttributes = 1_000;
    private const int HighestRate = 1_000_000;

    private static readonly string[] KnownGrantTypes = ["client_credentials"];
    private static readonly string[] BuiltInAttributes = ["name", "owner", "managedBy"];

    private readonly BundleDeclarations bundle;
    private readonly List<DeclarationFault> faults = [];
    private readonly List<DeclarationFault> warnings = [];
    private readonly Dictionary<EntityUid, int> groups = [];
    private readonly Dictionary<string, int> apis = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> identities = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> keys = new(StringComparer.Ordinal);

    private BundleRules(BundleDeclarations bundle) => this.bundle = bundle;

    public static DeclarationReview Review(BundleDeclarations bundle)
    {
        var rules = new BundleRules(bundle);
        rules.Run();
        return new DeclarationReview([.. rules.faults], [.. rules.warnings]);
    }

    private void Run()
    {
        Report("name", "the bundle's name", RegistryText.BundleNameFault(bundle.Name));
        if (bundle.Identities.Length > LongestList || bundle.Groups.Length > LongestList || bundle.Apis.Length > LongestList)
        {
            Add("bundle", $"has more than {LongestList} objects of a kind; split it into several bundles");
            return;
        }

        Index();
        for (var i = 0; i < bundle.Groups.Length; i++)
            Check(bundle.Groups[i], $"groups[{i}]");
        for (var i = 0; i < bundle.Apis.Length; i++)
            Check(bundle.Apis[i], $"apis[{i}]");
        for (var i = 0; i < bundle.Identities.Length; i++)
            Check(bundle.Identities[i], $"identities[{i}]");
        CheckGenerate();
        CheckPolicies(actionsAreSound: CheckCircles());
    }

    private void Index()
    {
        for (var i = 0; i < bundle.Groups.Length; i++)
        {
            var uid = bundle.Groups[i].Uid;
            if (!groups.TryAdd(uid, i))
                Add($"groups[{i}].id", $"the {Noun(uid)} is declared twice; keep one, or rename this one");
        }

        for (var i = 0; i < bundle.Apis.Length; i++)
        {
            if (!apis.TryAdd(bundle.Apis[i].Resource, i))
                Add($"apis[{i}].resource", $"the API '{bundle.Apis[i].Resource}' is declared twice; keep one, with all its scopes");
        }

        for (var i = 0; i < bundle.Identities.Length; i++)
        {
            if (!identities.TryAdd(bundle.Identities[i].Id, i))
                Add($"identities[{i}].id", $"the identity '{bundle.Identities[i].Id}' is declared twice; keep one, or rename this one");
        }
    }

    private void Check(DeclaredGroup group, string at)
    {
        if (group.Uid.Type is not (EntityTypes.Role or EntityTypes.Team))
            Add($"{at}.id", $"'{group.Uid}' is neither a role nor a team; declare {EntityTypes.Role} or {EntityTypes.Team}");

        Report($"{at}.id", $"'{group.Uid.Id}'", RegistryText.IdFault(group.Uid.Id) ?? OwnFault(group.Uid.Id));
        ReportProse($"{at}.description", "'description'", group.Description);
        CheckParents(group.Parents, at);
        CheckAttributes(group.Attributes, at);
    }

    private void Check(DeclaredApi api, string at)
    {
        Report($"{at}.resource", $"'{api.Resource}'", RegistryText.ResourceFault(api.Resource) ?? FormFault(api.Resource));
        if (api.Resource.StartsWith(OwnResources, StringComparison.Ordinal))
            Add($"{at}.resource", $"'{api.Resource}' begins with '{OwnResources}', which is kept for Assay itself; choose another name");

        ReportProse($"{at}.name", "'name'", api.Name);
        if (api.MaxTokenLifetime is { } life)
            Report($"{at}.maxTokenLifetime", "'maxTokenLifetime'", RegistryText.LifetimeFault(life));

        if (api.Scopes.IsEmpty)
            Add($"{at}.scopes", $"the API '{api.Resource}' has no scope; list at least one under 'scopes', or no token can be made for it");

        CheckScopes(api, at);
        CheckDistinct(api.ResourceServers, $"{at}.resourceServers", "resource server");
        for (var i = 0; i < api.ResourceServers.Length; i++)
            Report($"{at}.resourceServers[{i}]", $"'{api.ResourceServers[i]}'", RegistryText.IdFault(api.ResourceServers[i]));
        CheckParents(api.Parents, at);
        CheckAttributes(api.Attributes, at);
    }

    private void CheckScopes(DeclaredApi api, string at)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < api.Scopes.Length; i++)
        {
            var scope = api.Scopes[i];
            var here = $"{at}.scopes[{i}]";
            Report($"{here}.name", $"the scope '{scope.Name}'", RegistryText.ScopeFault(scope.Name));
            ReportProse($"{here}.description", "'description'", scope.Description);
            if (!seen.Add(scope.Name))
                Add($"{here}.name", $"the scope '{scope.Name}' stands twice in this API; keep one");

            CheckDistinct(scope.Groups, $"{here}.groups", "action group");
            for (var g = 0; g < scope.Groups.Length; g++)
                Report($"{here}.groups[{g}]", $"the action group '{scope.Groups[g]}'", RegistryText.ScopeFault(scope.Groups[g]));
        }
    }

    private void Check(DeclaredIdentity identity, string at)
    {
        Report($"{at}.id", $"'{identity.Id}'", RegistryText.IdFault(identity.Id) ?? OwnFault(identity.Id));
        ReportProse($"{at}.name", "'name'", identity.Name);
        ReportProse($"{at}.owner", "'owner'", identity.Owner);
        CheckDistinct(identity.GrantTypes, $"{at}.grantTypes", "grant type");
        for (var i = 0; i < identity.GrantTypes.Length; i++)
        {
            if (!KnownGrantTypes.Contains(identity.GrantTypes[i]))
                Add($"{at}.grantTypes[{i}]", Unknown("grant type", identity.GrantTypes[i], KnownGrantTypes) + "; this version has client_credentials");
        }

        if (identity.DefaultResource is { } resource)
            Report($"{at}.defaultResource", $"'{resource}'", RegistryText.ResourceFault(resource) ?? FormFault(resource));

        if (identity.RequestsPerSecond is < 1 or > HighestRate)
            Add($"{at}.requestsPerSecond", $"'requestsPerSecond' is {identity.RequestsPerSecond}; it must be 1 to {HighestRate}");

        CheckMemberships(identity, at);
        CheckKeys(identity, at);
        CheckAttributes(identity.Attributes, at);
        foreach (var name in BuiltInAttributes)
        {
            if (identity.Attributes.TryGetValue(name, out _))
                Add($"{at}.attributes.{name}", $"the attribute '{name}' is set by Assay itself, from the field of that name; choose another name");
        }
    }

    private void CheckMemberships(DeclaredIdentity identity, string at)
    {
        var seen = new HashSet<EntityUid>();
        for (var i = 0; i < identity.Memberships.Length; i++)
        {
            var group = identity.Memberships[i].Group;
            if (!groups.ContainsKey(group))
                AddUndeclared($"{at}.memberships[{i}]", group);
            if (!seen.Add(group))
                Add($"{at}.memberships[{i}]", $"'{identity.Id}' is in the {Noun(group)} twice; keep one");
        }
    }

    private void CheckKeys(DeclaredIdentity identity, string at)
    {
        for (var i = 0; i < identity.Keys.Length; i++)
        {
            var here = $"{at}.credentials[{i}].jwk";
            if (JsonWebKey.ParsePublic(identity.Keys[i].PublicJwk, out var fault) is not { } key)
                Add(here, $"the key {RegistryText.KeyFault(fault)}");
            else if (!key.IsAllowed)
                Add(here, $"the key is {key.KeyType} of {key.Bits} bits; use EC P-256, or RSA of 2048 to 3072 bits (larger ones make requests costly to check)");
            else if (!keys.TryAdd(key.Thumbprint, identity.Id))
                Add(here, keys[key.Thumbprint] == identity.Id
                    ? $"'{identity.Id}' has this key twice; keep one"
                    : $"this key also belongs to '{keys[key.Thumbprint]}'; each identity has its own, or nobody can tell who asked");
        }
    }

    private void CheckParents(ImmutableArray<EntityUid> parents, string at)
    {
        var seen = new HashSet<EntityUid>();
        for (var i = 0; i < parents.Length; i++)
        {
            var (parent, here) = (parents[i], $"{at}.parents[{i}]");
            if (parent.Type is EntityTypes.Role or EntityTypes.Team ? !groups.ContainsKey(parent)
                : parent.Type == EntityTypes.Api && !apis.ContainsKey(parent.Id))
                AddUndeclared(here, parent);
            else if (parent.Type is EntityTypes.Workload or EntityTypes.Person or EntityTypes.Action)
                Add(here, $"'{parent}' cannot be a parent; a parent is a role, a team, an API or an entity type of your own");
            if (!seen.Add(parent))
                Add(here, $"'{parent}' stands twice; keep one");
        }
    }

    private void CheckAttributes(RecordValue attributes, string at)
    {
        foreach (var (name, value) in attributes.Fields)
        {
            var count = 0;
            if (name.Length is 0 or > RegistryText.MaxIdLength)
                Add($"{at}.attributes.{name}", $"an attribute's name has 1 to {RegistryText.MaxIdLength} characters; this one has {name.Length}");
            else if (!IsWithinLimits(value, 1, ref count))
                Add($"{at}.attributes.{name}", $"the attribute is too large; {DeepestAttribute} levels and {MostAttributes} values are allowed");
        }
    }

    private static bool IsWithinLimits(Value value, int depth, ref int count)
    {
        if (depth > DeepestAttribute || ++count > MostAttributes)
            return false;

        IEnumerable<Value> inner = value switch
        {
            SetValue set => set.Elements,
            RecordValue record => record.Fields.Values,
            _ => [],
        };
        foreach (var part in inner)
        {
            if (!IsWithinLimits(part, depth + 1, ref count))
                return false;
        }

        return true;
    }

    private void CheckGenerate()
    {
        CheckDistinct(bundle.Generate, "generate", "identity");
        for (var i = 0; i < bundle.Generate.Length; i++)
        {
            if (!identities.ContainsKey(bundle.Generate[i]))
                Add($"generate[{i}]", Unknown("identity", bundle.Generate[i], identities.Keys));
        }
    }

    /// <summary>Whether the scopes of all APIs together have no circle.</summary>
    private bool CheckCircles()
    {
        var before = faults.Count;
        var objects = new List<(EntityUid Child, IEnumerable<EntityUid> Parents, string At)>();
        for (var i = 0; i < bundle.Groups.Length; i++)
            objects.Add((bundle.Groups[i].Uid, bundle.Groups[i].Parents, $"groups[{i}].parents"));

        for (var i = 0; i < bundle.Apis.Length; i++)
        {
            objects.Add((new(EntityTypes.Api, bundle.Apis[i].Resource), bundle.Apis[i].Parents, $"apis[{i}].parents"));

            // Each API has its own actions.
            CheckCircles(ActionsOf(i));
        }

        // Policies are checked with the groups that a scope has in any of them.
        if (faults.Count == before)
        {
            CheckCircles(Enumerable.Range(0, bundle.Apis.Length).SelectMany(ActionsOf).Where(action => action.Parents.Any())
                .GroupBy(action => action.Child, (child, same) => (child, same.SelectMany(action => action.Parents), same.Last().At)));
        }

        var areSound = faults.Count == before;
        CheckCircles(objects);
        return areSound;
    }

    private IEnumerable<(EntityUid Child, IEnumerable<EntityUid> Parents, string At)> ActionsOf(int api) =>
        bundle.Apis[api].Scopes.Select((scope, s) => (
            new EntityUid(EntityTypes.Action, scope.Name),
            scope.Groups.Select(group => new EntityUid(EntityTypes.Action, group)),
            $"apis[{api}].scopes[{s}].groups"));

    private void CheckCircles(IEnumerable<(EntityUid Child, IEnumerable<EntityUid> Parents, string At)> objects)
    {
        var parents = new Dictionary<EntityUid, (EntityUid[] Parents, string At)>();
        foreach (var (child, above, at) in objects)
            parents.TryAdd(child, ([.. above], at));

        var done = new HashSet<EntityUid>();
        foreach (var (start, (_, at)) in parents)
        {
            if (FindCircle(start, parents, done) is { } circle)
                Add(at, $"{string.Join(" is in ", circle)}: a circle; take one of these parents out");
        }
    }

    // Depth first with an own stack: a chain of ten thousand roles must not end the process.
    private static List<EntityUid>? FindCircle(EntityUid start, Dictionary<EntityUid, (EntityUid[] Parents, string At)> parents, HashSet<EntityUid> done)
    {
        var path = new List<EntityUid>();
        var onPath = new HashSet<EntityUid>();
        var stack = new Stack<(EntityUid Uid, bool Leave)>();
        stack.Push((start, false));
        while (stack.TryPop(out var step))
        {
            if (step.Leave)
            {
                path.RemoveAt(path.Count - 1);
                onPath.Remove(step.Uid);
                done.Add(step.Uid);
                continue;
            }

            if (onPath.Contains(step.Uid))
            {
                List<EntityUid> circle = [.. path.SkipWhile(uid => uid != step.Uid), step.Uid];
                done.UnionWith(path);
                return circle;
            }

            if (done.Contains(step.Uid))
                continue;

            path.Add(step.Uid);
            onPath.Add(step.Uid);
            stack.Push((step.Uid, true));
            if (!parents.TryGetValue(step.Uid, out var above))
                continue;
            foreach (var parent in above.Parents)
                stack.Push((parent, false));
        }

        return null;
    }

    private void CheckPolicies(bool actionsAreSound)
    {
        if (bundle.Policies is not { } policies)
            return;

        var loaded = LoadedPolicySet.Load(policies);
        foreach (var fault in loaded.Faults)
        {
            if (actionsAreSound || fault.Position.Source != ActionDeclarations.Source) // else it has been said where the APIs are declared
                faults.Add(At(fault.Position, fault.Message));
        }

        foreach (var warning in loaded.Warnings)
            warnings.Add(At(warning.Position, warning.Message));
        if (loaded.Set is { } set)
            WarnOfUndeclared(set, policies);
        if (loaded.Schema is { } schema)
            new BundleConformance(bundle, schema, faults).Check();
    }

    /// <summary>A role that is misspelt in a policy is valid Cedar, and nobody is in it.</summary>
    private void WarnOfUndeclared(LoadedPolicySet set, PolicyDocument document)
    {
        foreach (var policy in set.Policies.Policies.Where(policy => policy.Template is null).Select(policy => (policy.Principal, policy.Resource, policy.Position))
            .Concat(set.Policies.Templates.Select(template => (template.Principal, template.Resource, template.Position))))
        {
            foreach (var uid in (EntityUid?[])[Named(policy.Principal), Named(policy.Resource)])
                WarnOfUndeclared(uid, policy.Position);
        }

        foreach (var link in document.Links)
        {
            foreach (var uid in (EntityUid?[])[link.Principal, link.Resource])
                WarnOfUndeclared(uid, new SourcePosition(PolicyDocument.LinksPath, 0, link.Line, link.Column));
        }

        static EntityUid? Named(ScopeConstraint constraint) => constraint switch
        {
            ScopeConstraint.Equal equal => equal.Entity,
            ScopeConstraint.In { Entities: [var entity] } => entity,
            ScopeConstraint.IsIn test => test.Entity,
            _ => null,
        };
    }

    private void WarnOfUndeclared(EntityUid? named, SourcePosition at)
    {
        if (named is not { } uid)
            return;

        var isThere = uid.Type switch
        {
            EntityTypes.Role or EntityTypes.Team => groups.ContainsKey(uid) || OwnFault(uid.Id) is not null,
            EntityTypes.Api => apis.ContainsKey(uid.Id) || uid.Id.StartsWith(OwnResources, StringComparison.Ordinal),
            _ => true,
        };
        if (!isThere)
            warnings.Add(At(at, $"{Undeclared(uid)}, or nothing this policy says comes to pass"));
    }

    private static DeclarationFault At(SourcePosition position, string message) => new(position.Source, message, position.Line, position.Column);

    private void CheckDistinct(ImmutableArray<string> words, string at, string noun)
    {
        for (var i = 1; i < words.Length; i++)
        {
            if (words.AsSpan(0, i).Contains(words[i]))
                Add($"{at}[{i}]", $"the {noun} '{words[i]}' stands twice; keep one");
        }
    }

    private void AddUndeclared(string at, EntityUid uid) => faults.Add(new(at, Undeclared(uid)) { IsReference = true });

    private string Undeclared(EntityUid uid) => uid.Type switch
    {
        EntityTypes.Role => $"the role '{uid.Id}' is not declared{Hint(uid)}; declare it in roles.yaml",
        EntityTypes.Team => $"the team '{uid.Id}' is not declared{Hint(uid)}; declare it in teams.yaml",
        EntityTypes.Api => $"the API '{uid.Id}' is not declared{DidYouMean.Hint(uid.Id, apis.Keys)}; declare it under apis/",
        _ => $"'{uid}' is neither a role nor a team",
    };

    // The near word of the same kind first; else the same word as the other kind.
    private string Hint(EntityUid uid)
    {
        var other = new EntityUid(uid.Type == EntityTypes.Role ? EntityTypes.Team : EntityTypes.Role, uid.Id);
        return groups.ContainsKey(other)
            ? $" (did you mean the {Noun(other)}?)"
            : DidYouMean.Hint(uid.Id, groups.Keys.Where(known => known.Type == uid.Type).Select(known => known.Id));
    }

    private static string Unknown(string noun, string word, IEnumerable<string> known) => $"unknown {noun} '{word}'{DidYouMean.Hint(word, known)}";

    private static string? OwnFault(string id) =>
        id.StartsWith(OwnPrefix, StringComparison.Ordinal) ? $"begins with '{OwnPrefix}', which is kept for Assay itself; choose another name" : null;

    private static string? FormFault(string resource) =>
        RegistryText.NormalizeResource(resource) is var form && form != resource ? $"has capitals in scheme or host; write '{form}'" : null;

    internal static string Noun(EntityUid uid) => uid.Type switch
    {
        EntityTypes.Role => $"role '{uid.Id}'",
        EntityTypes.Team => $"team '{uid.Id}'",
        EntityTypes.Api => $"API '{uid.Id}'",
        _ => uid.ToString(),
    };

    private void ReportProse(string at, string subject, string? text)
    {
        if (text is not null)
            Report(at, subject, RegistryText.ProseFault(text));
    }

    private void Report(string at, string subject, string? fault)
    {
        if (fault is not null)
            Add(at, $"{subject} {fault}");
    }

    private void Add(string at, string message) => faults.Add(new(at, message));
}
