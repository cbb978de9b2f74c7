using Assay.Core.Decisions;
using Assay.Core.Registry;

namespace Assay.Grains.Identities;

/// <summary>
/// The stages on which an identity's last decisions were made, one for each of the few APIs it asks for. One is used again only for the same state of the
/// identity and of the directory, compared by reference, and while no membership begins or ends. For one activation.
/// </summary>
internal sealed class StageCache
{
    private const int MostApis = 8;

    private readonly List<(string Resource, DecisionStage Stage)> stages = new(1);
    private Identity? identity;
    private DirectorySnapshot? directory;

    /// <param name="resource">In the directory, as the directory spells it.</param>
    public DecisionStage Of(DirectorySnapshot directory, Identity identity, string resource, DateTimeOffset moment)
    {
        if (!ReferenceEquals(identity, this.identity) || !ReferenceEquals(directory, this.directory))
        {
            stages.Clear();
            (this.identity, this.directory) = (identity, directory);
        }

        for (var i = 0; i < stages.Count; i++)
        {
            if (stages[i].Resource != resource)
                continue;
            if (stages[i].Stage.HoldsAt(moment))
                return stages[i].Stage;
            stages.RemoveAt(i);
            break;
        }

        if (stages.Count == MostApis)
            stages.RemoveAt(0);
        var stage = DecisionStage.Of(directory, identity, resource, moment)!;
        stages.Add((resource, stage));
        return stage;
    }
}
