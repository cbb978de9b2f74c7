using Assay.Cedar;

namespace Assay.Core.Replay;

/// <summary>A recorded decision as far as it takes to decide it again and to compare. One object is used for record after record.</summary>
public sealed class RecordedDecision
{
    /// <summary>The moment of the decision.</summary>
    public DateTimeOffset Time { get; internal set; }

    public string Realm { get; internal set; } = "";

    public string ClientId { get; internal set; } = "";

    public string Resource { get; internal set; } = "";

    public string PolicyDomain { get; internal set; } = "";

    /// <summary>The policy set that decided.</summary>
    public string PolicyVersion { get; internal set; } = "";

    /// <summary>Feed number of the identity version that it used.</summary>
    public long IdentityNumber { get; internal set; }

    /// <summary>Feed number up to which roles, teams and APIs were applied.</summary>
    public long DirectoryNumber { get; internal set; }

    /// <summary>What was decided, one answer per requested scope.</summary>
    public DecisionAnswers Answers { get; } = new();

    internal string Binding { get; set; } = "none";

    internal TimeSpan DefaultLifetime { get; set; }

    internal TimeSpan MaxLifetime { get; set; }

    internal RecordValue Context { get; set; } = RecordValue.Empty;
}

/// <summary>What a record turned out to be.</summary>
public enum RecordedKind
{
    /// <summary>A decision of policy, permit or denial.</summary>
    Decision,

    /// <summary>Refused before policy was asked.</summary>
    Refusal,

    /// <summary>No answer to a token request: void, or an administrator's action.</summary>
    NotADecision,

    /// <summary>Outside the time asked for; not read any further.</summary>
    OutsideTime,
}
