namespace Assay.Workloads;

/// <summary>What came of one request.</summary>
/// <param name="Fault">What was wrong; null when the answer was the one that was due. A refusal is in order where the workload asks for one.</param>
/// <param name="Tokens">How many tokens were in it.</param>
/// <param name="Bytes">Of the body.</param>
public readonly record struct Outcome(int Status, long Bytes, int Tokens, string? Fault)
{
    public bool IsOk => Fault is null;

    /// <summary>No answer at all: <see cref="Status"/> is 0.</summary>
    public static Outcome NoAnswer(string why) => new(0, 0, 0, why);
}
