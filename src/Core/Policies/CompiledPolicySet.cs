using System.Collections.Frozen;
using System.Collections.Immutable;
using Assay.Cedar;

namespace Assay.Core.Policies;

/// <summary>A policy set that passed every check and can decide.</summary>
public sealed class CompiledPolicySet
{
    private readonly FrozenDictionary<string, Obligations> obligations;

    private CompiledPolicySet(string version, PolicySet policies, FrozenDictionary<string, Obligations> obligations)
    {
        Version = version;
        Policies = policies;
        this.obligations = obligations;
    }

    /// <summary>The content hash of the document it was made of.</summary>
    public string Version { get; }

    public PolicySet Policies { get; }

    public Obligations ObligationsOf(Policy policy) => obligations[policy.Id];

    /// <summary>Parses and checks a document. A policy's name is its <c>@id</c>, else <c>file#n</c> counted from 0; names are unique in the set.</summary>
    public static CompiledPolicies Load(PolicyDocument document)
    {
        var faults = ImmutableArray.CreateBuilder<PolicyFault>();
        var policies = new List<Policy>();
        var byName = new Dictionary<string, Policy>(StringComparer.Ordinal);
        var obligations = new Dictionary<string, Obligations>(StringComparer.Ordinal);

        foreach (var file in document.Files.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path)))
        {
            var parsed = PolicySet.Parse(file.Text, file.Path);
            faults.AddRange(parsed.Faults);
            if (parsed.Set is not { } set)
                continue;

            foreach (var template in set.Templates)
                faults.Add(new PolicyFault(template.Position, "a template decides nothing until it is linked, and a bundle cannot link one; write a policy"));

            for (var i = 0; i < set.Policies.Length; i++)
            {
                var name = set.Policies[i].Annotations.TryGetValue("id", out var given) ? given : $"{Stem(file.Path)}#{i}";
                if (name.Length is 0 or > 128)
                    faults.Add(new PolicyFault(set.Policies[i].Position, "@id must have 1 to 128 characters"));
                var policy = set.Policies[i].WithId(name);
                if (!byName.TryAdd(name, policy))
                {
                    faults.Add(new PolicyFault(policy.Position, $"the name '{name}' is taken by the policy at {byName[name].Position}; give one of them another @id"));
                    continue;
                }

                obligations[name] = Obligations.Read(policy, faults);
                policies.Add(policy);
            }
        }

        return faults.Count > 0
            ? new CompiledPolicies(null, faults.DrainToImmutable())
            : new CompiledPolicies(
                new CompiledPolicySet(document.ContentHash(), PolicySet.Of(policies), obligations.ToFrozenDictionary(StringComparer.Ordinal)), []);
    }

    private static string Stem(string path) => System.IO.Path.GetFileNameWithoutExtension(path);
}

/// <summary>A set, or everything that is wrong with it.</summary>
public sealed record CompiledPolicies(CompiledPolicySet? Set, ImmutableArray<PolicyFault> Faults);
