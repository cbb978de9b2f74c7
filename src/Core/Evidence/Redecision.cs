using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Core.Evidence;

/// <summary>Makes a recorded decision again from the record and the stored versions it names.</summary>
public static class Redecision
{
    /// <summary>What policy says when it is asked again about the recorded inputs. Asks the interpreter: what decided was the compiled form, and this checks it.</summary>
    /// <param name="policies">The version the record names.</param>
    /// <param name="directory">Groups and APIs as they stood at the record's directory number.</param>
    /// <param name="identity">The identity as it stood at the record's identity number.</param>
    /// <exception cref="ArgumentException">
    /// The record holds no decision of policy, or the policies or the identity are not the ones it names, or the directory lacks its resource.
    /// </exception>
    public static Verdict Repeat(EvidenceRecord record, LoadedPolicySet policies, DirectorySnapshot directory, Identity identity)
    {
        if (record is not { Input: { } input, Verdict: not null })
            throw new ArgumentException("the record holds no decision", nameof(record));
        if (policies.Version != input.PolicyVersion)
            throw new ArgumentException($"the record was decided by policy version {input.PolicyVersion}", nameof(policies));

        return Decider.DecideByReference(policies, directory, identity, input);
    }

    /// <summary>Whether deciding again gives exactly what was recorded: outcomes, policies, errors, obligations and life.</summary>
    /// <exception cref="ArgumentException">As for <see cref="Repeat"/>.</exception>
    public static bool Holds(EvidenceRecord record, LoadedPolicySet policies, DirectorySnapshot directory, Identity identity) =>
        Same(Repeat(record, policies, directory, identity), record.Verdict!);

    public static bool Same(Verdict a, Verdict b) => a.Equals(b);
}
