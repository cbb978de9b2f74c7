using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Tests.Decisions;

namespace Assay.Core.Tests.Policies;

/// <summary>Policy sets about the API of <see cref="Example"/>: its scopes are list and export, in the group reading, and pay.</summary>
internal static class Sets
{
    public static readonly string Actions = ActionDeclarations.Of(Example.PaymentsApi.Scopes, null);

    public static PolicyDocument Of(params PolicyFile[] files) => new([.. files], null) { Actions = Actions };

    public static PolicyDocument Of(string policies, string? schema = null) =>
        new([new PolicyFile("p.cedar", policies)], schema) { Actions = ActionDeclarations.Of(Example.PaymentsApi.Scopes, schema) };

    /// <summary>The faults of a set that has some.</summary>
    public static IEnumerable<string> Faults(PolicyDocument document)
    {
        var loaded = LoadedPolicySet.Load(document);
        Assert.Null(loaded.Set);
        return loaded.Faults.Select(fault => fault.ToString());
    }

    /// <summary>The warnings of a set without faults.</summary>
    public static IEnumerable<string> Warnings(PolicyDocument document)
    {
        var loaded = LoadedPolicySet.Load(document);
        Assert.Empty(loaded.Faults);
        return loaded.Warnings.Select(warning => warning.ToString());
    }
}
