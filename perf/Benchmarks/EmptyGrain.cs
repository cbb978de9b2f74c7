namespace Assay.Benchmarks;

/// <summary>Does nothing: what Orleans takes for a grain to come to life and for a call.</summary>
[GrainInterfaceType("empty"), Alias("empty")]
public interface IEmptyGrain : IGrainWithStringKey
{
    [Alias("ask")]
    ValueTask<object?> Ask(object? question);
}

[GrainType("empty")]
internal sealed class EmptyGrain : Grain, IEmptyGrain
{
    public ValueTask<object?> Ask(object? question) => default;
}
