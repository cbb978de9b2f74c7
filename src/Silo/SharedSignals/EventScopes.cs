namespace Assay.Silo.SharedSignals;

/// <summary>The scopes of Assay's own event streams (CAEP interoperability profile), and the resource their tokens are for.</summary>
internal static class EventScopes
{
    public const string Resource = "urn:assay:events";

    /// <summary>Look at one's own streams, and poll them.</summary>
    public const string Read = "ssf.read";

    /// <summary>Everything about one's own streams.</summary>
    public const string Manage = "ssf.manage";

    /// <summary>Hear of others.</summary>
    public const string Subjects = "ssf.subjects";
}
