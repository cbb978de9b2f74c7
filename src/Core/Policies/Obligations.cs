namespace Assay.Core.Policies;

/// <summary>What a policy's annotations ask for, checked when the set is loaded.</summary>
/// <param name="MaxLifetime"><c>@max_ttl</c>, on a permit: 60 to 900 s.</param>
/// <param name="Bind"><c>@bind</c>, on a permit: <c>dpop</c>, <c>mtls</c> or <c>any</c>.</param>
/// <param name="StepUp"><c>@step_up</c>, on a forbid: the verification that lifts it.</param>
/// <param name="Reason"><c>@reason</c>: text for evidence.</param>
/// <param name="IsPublic"><c>@public</c>: the caller may read the reason.</param>
public sealed record Obligations(TimeSpan? MaxLifetime, string? Bind, string? StepUp, string? Reason, bool IsPublic)
{
    public static readonly TimeSpan ShortestLifetime = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan LongestLifetime = TimeSpan.FromSeconds(900);

    /// <summary>Whether a token bound this way (<c>none</c>, <c>dpop</c>, <c>mtls</c>) is what the policy asks for.</summary>
    public bool AllowsBinding(string binding) => Bind switch
    {
        null => true,
        "any" => binding is "dpop" or "mtls",
        _ => binding == Bind,
    };
}
