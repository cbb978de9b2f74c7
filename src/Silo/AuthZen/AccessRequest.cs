using System.Collections.Immutable;

namespace Assay.Silo.AuthZen;

/// <summary>Subject or resource of a question.</summary>
/// <param name="Id">Null when absent, and of what is searched for.</param>
internal sealed record AccessEntity(string Type, string? Id);

/// <summary>What the caller knows of the subject's request. Null is not known.</summary>
/// <param name="Ip">From which address.</param>
/// <param name="Method">How the subject proved itself to us when it got its token.</param>
/// <param name="Credential">With which of its credentials.</param>
internal sealed record AccessContext(string? Ip, string? Method, string? Credential)
{
    public static AccessContext Empty { get; } = new(null, null, null);
}

/// <summary>The four parts of a question, as far as they are given.</summary>
internal sealed record AccessParts(AccessEntity? Subject, string? Action, AccessEntity? Resource, AccessContext? Context)
{
    public static AccessParts None { get; } = new(null, null, null, null);

    /// <summary>A part that is missing here is taken from there, whole (AuthZEN 1.0 §7.1.1).</summary>
    public AccessParts Or(AccessParts defaults) =>
        new(Subject ?? defaults.Subject, Action ?? defaults.Action, Resource ?? defaults.Resource, Context ?? defaults.Context);

    /// <summary>The question; null when something of it is missing.</summary>
    public AccessQuestion? Complete(out string? fault)
    {
        fault = Subject is null ? "subject is missing"
            : Subject.Id is null ? "subject.id is missing"
            : Action is null ? "action is missing"
            : Resource is null ? "resource is missing"
            : Resource.Id is null ? "resource.id is missing"
            : null;
        return fault is null ? new AccessQuestion(Subject!.Type, Subject.Id!, Action!, Resource!.Type, Resource.Id!, Context ?? AccessContext.Empty) : null;
    }
}

/// <summary>May this subject do that there?</summary>
internal sealed record AccessQuestion(string SubjectType, string SubjectId, string Action, string ResourceType, string ResourceId, AccessContext Context);

/// <summary>One question of several, or what is wrong with it.</summary>
internal readonly record struct AccessItem(AccessQuestion? Question, string? Fault);

/// <summary>After which answer the rest is not asked any more (AuthZEN 1.0 §7.1.2.1).</summary>
internal enum EvaluationsSemantic
{
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

/// <summary>What the evaluations endpoint is asked.</summary>
internal abstract record AccessRequest
{
    private AccessRequest()
    {
    }

    /// <summary>A single question: there is no list, or nothing in it.</summary>
    public sealed record One(AccessQuestion Question) : AccessRequest;

    public sealed record Several(ImmutableArray<AccessItem> Items, EvaluationsSemantic Semantic) : AccessRequest;
}

/// <summary>What is searched for.</summary>
internal enum SearchFor
{
    Subject,
    Resource,
    Action,
}

/// <summary>A search: the question without what is looked for.</summary>
/// <param name="Limit">The most results the caller wants; null leaves it to us.</param>
/// <param name="Token">Where to go on; null to begin.</param>
internal sealed record AccessQuery(SearchFor For, AccessParts Parts, int? Limit, string? Token);
