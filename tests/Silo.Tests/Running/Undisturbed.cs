namespace Assay.Silo.Tests.Running;

/// <summary>
/// Tests of several silos that watch each other, or of processes that are killed: one after the other and beside nothing else, because on a machine
/// with few cores a crowd of other tests is enough to make a silo take another one for dead.
/// </summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class Undisturbed
{
    public const string Collection = "undisturbed";
}
