using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Registry;
using Assay.Core.Risk;

namespace Assay.Silo.Admin.Explaining;

/// <summary>What a question takes for granted instead of what is known.</summary>
/// <param name="Risk">A risk score.</param>
/// <param name="Method">How the client authenticates.</param>
/// <param name="At">When it asks: memberships and signals count as they would then, everything else as it is now.</param>
/// <param name="Ip">From which address.</param>
internal sealed record Assumptions(int? Risk = null, string? Method = null, DateTimeOffset? At = null, string? Ip = null)
{
    public static Assumptions None { get; } = new();

    public bool IsEmpty => this == None;

    public DecisionInput Of(DecisionInput input, Identity identity)
    {
        if (IsEmpty)
            return input;

        var time = At ?? input.Time;
        var risk = RiskScore.Assess(identity.Signals, time);
        return input with
        {
            Time = time,
            Risk = Risk is { } score ? new RiskAssessment(score, RiskScore.LevelOf(score), risk.Signals) : risk,
            AuthenticationMethod = Method ?? input.AuthenticationMethod,
            OriginIp = Ip ?? input.OriginIp,
        };
    }

    public ImmutableArray<string> Words()
    {
        var words = ImmutableArray.CreateBuilder<string>();
        if (Risk is { } score)
            words.Add($"a risk score of {score}");
        if (Method is { } method)
            words.Add($"authentication by {method}");
        if (At is { } moment)
            words.Add($"a request at {moment.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.FFF'Z'}");
        if (Ip is { } address)
            words.Add($"a request from {address}");
        return words.DrainToImmutable();
    }
}
