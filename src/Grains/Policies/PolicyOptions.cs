namespace Assay.Grains.Policies;

/// <summary>How policy sets come into force.</summary>
public sealed class PolicyOptions
{
    public const string Section = "Assay:Policies";

    /// <summary>Whoever stored a policy set may not put it in force: another identity does. Set it alike on every silo. Off by default.</summary>
    public bool TwoPersonRule { get; init; }
}
