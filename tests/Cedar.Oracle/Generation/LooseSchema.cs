using System.Collections.Immutable;

namespace Assay.Cedar.Oracle.Generation;

/// <summary>The schema of the names that <see cref="Assay.Cedar.Tests.Compilation.ExpressionWriter"/> uses.</summary>
internal static class LooseSchema
{
    private static readonly TypeModel Inner = TypeModel.Record(Fields(null));

    public static SchemaModel Model { get; } = Make();

    private static SchemaModel Make()
    {
        var fields = Fields(Inner);
        ImmutableArray<EntityTypeModel> types =
        [
            new("User", ["Group", "Assay::Api"], fields, TypeModel.Long, []),
            new("Group", ["Group"], fields, TypeModel.Long, []),
            new("Assay::Api", [], fields, null, []),
        ];
        ImmutableArray<ActionModel> actions = [Action("a", "b"), Action("b"), new(new EntityUid("Action", "c"), [], [], [], TypeModel.Record())];
        var record = TypeModel.Record(fields).Key;
        return new SchemaModel(types, actions, $$"""
            entity User in [Group, Assay::Api] {{record}} tags Long;
            entity Group in [Group] {{record}} tags Long;
            namespace Assay { entity Api {{record}}; }
            action a in [b] appliesTo { principal: [User, Group], resource: [Assay::Api, User], context: {{record}} };
            action b appliesTo { principal: [User, Group], resource: [Assay::Api, User], context: {{record}} };
            action c;

            """);

        ActionModel Action(string id, params ReadOnlySpan<string> groups) =>
            new(new EntityUid("Action", id), [.. groups.ToArray().Select(group => new EntityUid("Action", group))], ["User", "Group"], ["Assay::Api", "User"], TypeModel.Record(fields));
    }

    private static ImmutableArray<FieldModel> Fields(TypeModel? inner)
    {
        var fields = ImmutableArray.Create(
            new FieldModel("n", TypeModel.Long, true),
            new FieldModel("s", TypeModel.String, true),
            new FieldModel("b", TypeModel.Bool, true),
            new FieldModel("e", TypeModel.Entity("User"), true),
            new FieldModel("set", TypeModel.SetOf(TypeModel.Long), true),
            new FieldModel("d", TypeModel.Datetime, true),
            new FieldModel("u", TypeModel.Duration, true),
            new FieldModel("f", TypeModel.Decimal, false),
            new FieldModel("i", TypeModel.Ip, true));
        return inner is null ? fields : fields.Add(new FieldModel("r", inner, false));
    }
}
