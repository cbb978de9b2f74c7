namespace Assay.Cedar;

/// <summary>What a satisfied policy says.</summary>
public enum Effect
{
    /// <summary>The request may be allowed, unless a forbid is satisfied too.</summary>
    Permit,

    /// <summary>The request is denied, whatever permits say.</summary>
    Forbid,
}
