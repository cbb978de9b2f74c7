using Assay.Core.Decisions;
using Assay.Core.Shadowing;

namespace Assay.Grains.Identities;

/// <summary>
/// Core knows nothing of Orleans, so its records cross between silos in the encoding that evidence uses. Within a silo they are immutable and
/// not copied at all.
/// </summary>
[GenerateSerializer, Immutable, Alias("decision-input")]
public struct DecisionInputSurrogate
{
    [Id(0)] public byte[] Json;
}

[RegisterConverter]
public sealed class DecisionInputConverter : IConverter<DecisionInput, DecisionInputSurrogate>
{
    public DecisionInput ConvertFromSurrogate(in DecisionInputSurrogate surrogate) => DecisionJson.ReadInput(surrogate.Json);

    public DecisionInputSurrogate ConvertToSurrogate(in DecisionInput value) => new() { Json = DecisionJson.Write(value) };
}

[GenerateSerializer, Immutable, Alias("verdict")]
public struct VerdictSurrogate
{
    [Id(0)] public byte[] Json;
}

[RegisterConverter]
public sealed class VerdictConverter : IConverter<Verdict, VerdictSurrogate>
{
    public Verdict ConvertFromSurrogate(in VerdictSurrogate surrogate) => DecisionJson.ReadVerdict(surrogate.Json);

    public VerdictSurrogate ConvertToSurrogate(in Verdict value) => new() { Json = DecisionJson.Write(value) };
}

[GenerateSerializer, Immutable, Alias("shadow-answer")]
public struct ShadowAnswerSurrogate
{
    [Id(0)] public byte[] Json;
}

[RegisterConverter]
public sealed class ShadowAnswerConverter : IConverter<ShadowAnswer, ShadowAnswerSurrogate>
{
    public ShadowAnswer ConvertFromSurrogate(in ShadowAnswerSurrogate surrogate) => DecisionJson.ReadShadow(surrogate.Json);

    public ShadowAnswerSurrogate ConvertToSurrogate(in ShadowAnswer value) => new() { Json = DecisionJson.Write(value) };
}
