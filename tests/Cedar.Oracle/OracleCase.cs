using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;

namespace Assay.Cedar.Oracle;

/// <summary>What a case asks of both engines.</summary>
public enum CaseKind
{
    /// <summary>Validation and decisions of policies written by the types of a schema.</summary>
    Typed,

    /// <summary>The same of policies whose conditions need not make sense.</summary>
    Loose,

    /// <summary>A policy as text and JSON, both ways, and laid out anew.</summary>
    Forms,

    /// <summary>Whether a changed policy text is still one.</summary>
    PolicyText,

    /// <summary>Whether changed policy JSON is still a policy.</summary>
    PolicyJson,

    /// <summary>Texts that are almost extension values.</summary>
    Literals,

    /// <summary>A schema as text and JSON, both ways, and whether a changed text is still one.</summary>
    SchemaText,

    /// <summary>Whether changed schema JSON is still a schema.</summary>
    SchemaJson,

    /// <summary>Whether changed entities and contexts still conform.</summary>
    Data,
}

/// <summary>Everything one case is made of. Policies are named <c>p0</c>, <c>p1</c> …, templates <c>t0</c> …, links <c>l0</c> … by place.</summary>
internal sealed record OracleCase(CaseKind Kind)
{
    public string? Schema { get; init; }

    public ImmutableArray<string> Policies { get; init; } = [];

    public ImmutableArray<string> Templates { get; init; } = [];

    public ImmutableArray<LinkModel> Links { get; init; } = [];

    /// <summary>Each in JSON.</summary>
    public ImmutableArray<string> Entities { get; init; } = [];

    public ImmutableArray<RequestModel> Requests { get; init; } = [];

    /// <summary>A policy, schema or entity that was changed, in JSON.</summary>
    public string? Changed { get; init; }

    /// <summary>The case as a reader needs it to try it by hand.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        void Line(string name, string? value) => text.Append("    ").Append(name).Append(": ").AppendLine(value?.ReplaceLineEndings("\n      "));

        if (Schema is not null)
            Line("schema", Schema);

        foreach (var (i, policy) in Policies.Index())
            Line($"p{i}", policy);

        foreach (var (i, template) in Templates.Index())
            Line($"t{i}", template);

        foreach (var (i, link) in Links.Index())
            Line($"l{i}", link.ToString());

        foreach (var entity in Entities)
            Line("entity", entity);

        foreach (var request in Requests)
            Line("request", request.ToString());

        if (Changed is not null)
            Line("changed", Changed);

        return text.ToString();
    }
}

/// <summary>A policy linked from a template.</summary>
internal sealed record LinkModel(int Template, EntityUid? Principal, EntityUid? Resource);

/// <summary>A request whose context is in JSON.</summary>
internal sealed record RequestModel(EntityUid Principal, EntityUid Action, EntityUid Resource, string Context)
{
    public JsonObject ToJson() => new()
    {
        ["principal"] = Uid(Principal),
        ["action"] = Uid(Action),
        ["resource"] = Uid(Resource),
        ["context"] = JsonNode.Parse(Context),
    };

    public static JsonObject Uid(EntityUid uid) => new() { ["type"] = uid.Type, ["id"] = uid.Id };
}
