namespace Assay.Cedar;

/// <summary>One kind of request that the schema allows: policies are checked for each by itself.</summary>
internal sealed record RequestEnvironment(string Principal, ActionSchema Action, string Resource);
