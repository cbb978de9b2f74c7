using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Assay.Cedar.Oracle.Generation;
using Assay.Cedar.Tests.Compilation;

namespace Assay.Cedar.Oracle;

/// <summary>Makes the case of a number, always the same for the same seed.</summary>
internal sealed class CaseMaker(int seed)
{
    /// <summary>Cases in a row that share a schema, because reading one costs the official engine more than anything else.</summary>
    public const int Group = 40;

    private static readonly CaseKind[] Kinds =
    [
        CaseKind.Typed, CaseKind.Loose, CaseKind.Typed, CaseKind.Forms, CaseKind.Typed, CaseKind.PolicyText, CaseKind.Typed, CaseKind.Literals, CaseKind.Typed, CaseKind.PolicyText,
        CaseKind.Typed, CaseKind.Loose, CaseKind.Typed, CaseKind.PolicyJson, CaseKind.Typed, CaseKind.Data, CaseKind.Typed, CaseKind.SchemaText, CaseKind.Typed, CaseKind.SchemaJson,
    ];

    /// <param name="number">From 0.</param>
    /// <param name="only">Makes all cases of this kind.</param>
    public OracleCase Make(int number, CaseKind? only = null)
    {
        var schema = new SchemaMaker(Choose(number / Group, 600, salt: 1)).Make();
        var choices = Choose(number, 1500, salt: 2);
        var kind = only ?? Kinds[number % Kinds.Length];
        return kind switch
        {
            CaseKind.Typed => Typed(choices, schema),
            CaseKind.Loose => Loose(choices),
            CaseKind.Forms => new OracleCase(kind) { Policies = [StaticPolicy(choices, schema)], Templates = choices.OnceIn(3) ? [new PolicyMaker(choices, schema).Policy(isTemplate: true)] : [] },
            CaseKind.PolicyText => new OracleCase(kind) { Policies = [new TextMutator(choices).Mutate(string.Join('\n', AnyPolicy(choices, schema), choices.OnceIn(4) ? AnyPolicy(choices, schema) : ""))] },
            CaseKind.PolicyJson => PolicyJsonCase(choices, schema),
            CaseKind.Literals => new OracleCase(kind) { Schema = LooseSchema.Model.Text, Policies = [.. Enumerable.Range(0, 24).Select(_ => new LiteralMaker(choices).Policy())], Requests = [RequestOf(choices, LooseSchema.Model)] },
            CaseKind.SchemaText => SchemaTextCase(choices, new SchemaMaker(Choose(number, 600, salt: 3)).Make().Text),
            CaseKind.SchemaJson => new OracleCase(kind) { Changed = Mutate(choices, SchemaFragment.Parse(new SchemaMaker(Choose(number, 600, salt: 3)).Make().Text, "schema").Fragment?.ToJson() ?? "{}") },
            _ => Data(choices, schema),
        };
    }

    private static OracleCase Typed(Choices choices, SchemaModel schema)
    {
        var policies = new PolicyMaker(choices, schema);
        var templates = choices.OnceIn(4) ? ImmutableArray.Create(policies.Policy(isTemplate: true)) : [];
        var data = new DataMaker(choices, schema);
        return new OracleCase(CaseKind.Typed)
        {
            Schema = schema.Text,
            Policies = [.. Enumerable.Range(0, choices.Of(2, 3, 4, 1)).Select(_ => policies.Policy())],
            Templates = templates,
            Links = [.. templates.SelectMany(template => Links(choices, schema, template))],
            Entities = [.. data.Entities().Select(entity => entity.ToJsonString())],
            Requests = [RequestOf(choices, schema), RequestOf(choices, schema)],
        };
    }

    private static OracleCase Loose(Choices choices) => new(CaseKind.Loose)
    {
        Schema = LooseSchema.Model.Text,
        Policies = [.. Enumerable.Range(0, choices.Of(2, 3, 1)).Select(_ => new PolicyMaker(choices, LooseSchema.Model).Loose())],
        Entities = [.. new DataMaker(choices, LooseSchema.Model).Entities().Select(entity => entity.ToJsonString())],
        Requests = [RequestOf(choices, LooseSchema.Model), RequestOf(choices, LooseSchema.Model)],
    };

    private static OracleCase PolicyJsonCase(Choices choices, SchemaModel schema)
    {
        var set = PolicySet.Parse(choices.OnceIn(4) ? new PolicyMaker(choices, schema).Policy(isTemplate: true) : AnyPolicy(choices, schema), "policy").Set;
        var json = set switch
        {
            { Policies: [var policy] } => PolicyJson.ToJson(policy),
            { Templates: [var template] } => PolicyJson.ToJson(template),
            _ => "{}",
        };
        return new OracleCase(CaseKind.PolicyJson) { Changed = Mutate(choices, json) };
    }

    private static OracleCase SchemaTextCase(Choices choices, string text) =>
        new(CaseKind.SchemaText) { Schema = choices.OnceIn(4) ? text : new TextMutator(choices).Mutate(text) };

    private static OracleCase Data(Choices choices, SchemaModel schema)
    {
        var entities = new JsonArray([.. new DataMaker(choices, schema).Entities()]);
        var request = RequestOf(choices, schema);
        var isContext = choices.OnceIn(3);
        return new OracleCase(CaseKind.Data)
        {
            Schema = schema.Text,
            Entities = [.. ((JsonArray)(isContext ? entities : Changed(choices, entities) as JsonArray ?? entities)).Select(entity => entity?.ToJsonString() ?? "null")],
            Requests = [isContext ? request with { Context = (Changed(choices, JsonNode.Parse(request.Context)) as JsonObject ?? []).ToJsonString() } : request],
        };
    }

    private static IEnumerable<LinkModel> Links(Choices choices, SchemaModel schema, string template)
    {
        var count = choices.Of(1, 2);
        for (var i = 0; i < count; i++)
            yield return new LinkModel(0, Slot("?principal"), Slot("?resource"));

        EntityUid? Slot(string slot) => template.Contains(slot, StringComparison.Ordinal) ? Uid(choices, schema, schema.Types[choices.Below(schema.Types.Length)].Name) : null;
    }

    private static RequestModel RequestOf(Choices choices, SchemaModel schema)
    {
        var action = schema.Actions[choices.OnceIn(20) ? choices.Below(schema.Actions.Length) : choices.Below(Math.Max(1, schema.Actions.Count(action => action.Applies)))];
        string Type(ImmutableArray<string> types) => types.IsEmpty || choices.OnceIn(25) ? schema.Types[choices.Below(schema.Types.Length)].Name : types[choices.Below(types.Length)];
        return new RequestModel(
            Uid(choices, schema, Type(action.Principals)),
            choices.OnceIn(40) ? action.Uid with { Id = "gone" } : action.Uid,
            Uid(choices, schema, Type(action.Resources)),
            new DataMaker(choices, schema).Record(action.Context).ToJsonString());
    }

    private static EntityUid Uid(Choices choices, SchemaModel schema, string type) => new(type, choices.OnceIn(40) ? "gone" : choices.Of(schema.Type(type).UsedIds));

    private static string AnyPolicy(Choices choices, SchemaModel schema) =>
        choices.OnceIn(6) ? new PolicyMaker(choices, schema).Policy(isTemplate: true) : StaticPolicy(choices, schema);

    private static string StaticPolicy(Choices choices, SchemaModel schema) =>
        choices.OnceIn(3) ? new PolicyMaker(choices, LooseSchema.Model).Loose() : new PolicyMaker(choices, schema).Policy();

    private static string Mutate(Choices choices, string json) => Changed(choices, JsonNode.Parse(json))?.ToJsonString() ?? "null";

    private static JsonNode? Changed(Choices choices, JsonNode? json) => new JsonMutator(choices).Mutate(json);

    private Choices Choose(int number, int length, int salt)
    {
        // SplitMix64: neighbouring numbers give unrelated bytes.
        var state = ((ulong)(uint)seed << 32) ^ ((ulong)(uint)number * 8 + (ulong)salt);
        var bytes = new byte[length];
        for (var i = 0; i < bytes.Length; i++)
        {
            state += 0x9E3779B97F4A7C15;
            var z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            bytes[i] = (byte)((z ^ (z >> 31)) >> 24);
        }

        return new Choices(bytes);
    }
}
