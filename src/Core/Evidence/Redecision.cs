using System.Text.Json;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Core.Evidence;

/// <summary>Makes a recorded decision again from the record and the stored versions it names.</summary>
public static class Redecision
{
    /// <summary>What the policy says when it is asked again about the recorded inputs.</summary>
    public static Verdict Repeat(EvidenceRecord record, CompiledPolicySet policies, DirectorySnapshot directory, Identity identity)
    {
        var input = record.Input ?? throw new ArgumentException("the record holds no decision", nameof(record));
        if (policies.Version != input.PolicyVersion)
            throw new ArgumentException($"the record was decided by policy version {input.PolicyVersion}", nameof(policies));
        return Decider.Decide(policies, directory, identity, input);
    }

    public static bool Same(Verdict a, Verdict b) => Encode(a).AsSpan().SequenceEqual(Encode(b));

    private static byte[] Encode(Verdict verdict) => JsonSerializer.SerializeToUtf8Bytes(verdict, EvidenceJsonContext.Default.Verdict);
}

/// <summary>Decisions in UTF-8 JSON, for messages between silos.</summary>
public static class DecisionJson
{
    public static byte[] Write(DecisionInput input) => JsonSerializer.SerializeToUtf8Bytes(input, EvidenceJsonContext.Default.DecisionInput);

    public static byte[] Write(Verdict verdict) => JsonSerializer.SerializeToUtf8Bytes(verdict, EvidenceJsonContext.Default.Verdict);

    public static DecisionInput ReadInput(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, EvidenceJsonContext.Default.DecisionInput) ?? throw new FormatException("not a decision input: null");

    public static Verdict ReadVerdict(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, EvidenceJsonContext.Default.Verdict) ?? throw new FormatException("not a verdict: null");
}
