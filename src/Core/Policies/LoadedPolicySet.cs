using System.Collections.Frozen;
using System.Collections.Immutable;
using Assay.Cedar;

namespace Assay.Core.Policies;

/// <summary>A policy set that passed every check and can decide. Immutable; shared by all decisions.</summary>
public sealed class LoadedPolicySet
{
    private const int LongestName = 128;

    private readonly FrozenDictionary<string, Obligations> obligations;

    private LoadedPolicySet(string version, PolicySet policies, FrozenDictionary<string, Obligations> obligations) =>
        (Version, Policies, Compiled, this.obligations) = (version, policies, CompiledPolicySet.Compile(policies), obligations);

    /// <summary>The content hash of the document it was made of.</summary>
    public string Version { get; }

    /// <summary>The policies under the names that evidence knows them by, in the order of files and text.</summary>
    public PolicySet Policies { get; }

    /// <summary>The same policies, in the form that decides.</summary>
    public CompiledPolicySet Compiled { get; }

    /// <summary>What the annotations of a policy of this set ask for.</summary>
    public Obligations ObligationsOf(Policy policy) => obligations[policy.Id];

    /// <summary>
    /// Parses and checks a document and reports every fault at once. A policy's name is its <c>@id</c>, else <c>file#n</c> counted from 0;
    /// names are unique in the set. A document without policies loads, and denies everything.
    /// </summary>
    public static LoadedPolicies Load(PolicyDocument document)
    {
        var loading = new Loading();
        foreach (var file in document.InOrder())
            loading.Add(file);

        return loading.Faults.Count > 0
            ? new LoadedPolicies(null, loading.Faults.ToImmutable())
            : new LoadedPolicies(
                new LoadedPolicySet(document.ContentHash(), PolicySet.Of(loading.Policies), loading.Obligations.ToFrozenDictionary(StringComparer.Ordinal)), []);
    }

    private sealed class Loading
    {
        private readonly HashSet<string> paths = new(StringComparer.Ordinal);
        private readonly Dictionary<string, Policy> byName = new(StringComparer.Ordinal);

        public ImmutableArray<PolicyFault>.Builder Faults { get; } = ImmutableArray.CreateBuilder<PolicyFault>();

        public List<Policy> Policies { get; } = [];

        public Dictionary<string, Obligations> Obligations { get; } = new(StringComparer.Ordinal);

        public void Add(PolicyFile file)
        {
            if (!paths.Add(file.Path))
            {
                Faults.Add(new PolicyFault(new SourcePosition(file.Path, 0, 1, 1), "the document has a file of this path twice"));
                return;
            }

            var parsed = PolicySet.Parse(file.Text, file.Path);
            Faults.AddRange(parsed.Faults);
            if (parsed.Set is not { } set)
                return;

            foreach (var template in set.Templates)
                Faults.Add(new PolicyFault(template.Position, "a template decides nothing until it is linked, and a bundle cannot link one; write a policy"));

            for (var i = 0; i < set.Policies.Length; i++)
                Add(set.Policies[i], $"{Path.GetFileNameWithoutExtension(file.Path)}#{i}");
        }

        private void Add(Policy policy, string defaultName)
        {
            var given = policy.Annotations.TryGetValue("id", out var id);
            var name = given ? id! : defaultName;
            if (given && !IsName(name))
            {
                Faults.Add(new PolicyFault(
                    AnnotationPlaces.Find(policy, "id"), $"@id must have 1 to {LongestName} characters, none of them a control character, and no space at either end"));
                name = defaultName;
            }

            var named = policy.WithId(name);
            var obligations = ObligationReader.Read(named, Faults);
            if (byName.TryAdd(name, named))
            {
                Obligations[name] = obligations;
                Policies.Add(named);
            }
            else
            {
                Faults.Add(new PolicyFault(
                    given ? AnnotationPlaces.Find(policy, "id") : policy.Position,
                    $"the name '{name}' is taken by the policy at {byName[name].Position}; give one of them another @id"));
            }
        }

        private static bool IsName(string text) =>
            text.Length is > 0 and <= LongestName && !char.IsWhiteSpace(text[0]) && !char.IsWhiteSpace(text[^1]) && !text.Any(char.IsControl);
    }
}

/// <summary>A set, or everything that is wrong with it.</summary>
/// <param name="Set">Null when there is any fault.</param>
/// <param name="Faults">Each with file, line and column, and what would be right.</param>
public sealed record LoadedPolicies(LoadedPolicySet? Set, ImmutableArray<PolicyFault> Faults);
