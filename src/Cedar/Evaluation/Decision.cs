namespace Assay.Cedar;

/// <summary>The authorizer's answer. Deny is the default value on purpose: what nobody decided is denied.</summary>
public enum Decision
{
    /// <summary>No permit was satisfied, or a forbid was.</summary>
    Deny,

    /// <summary>At least one permit was satisfied and no forbid.</summary>
    Allow,
}
