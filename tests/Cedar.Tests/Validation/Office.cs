namespace Assay.Cedar.Tests.Validation;

/// <summary>A schema with something of every kind, and what the validator says of policies under it.</summary>
internal static class Office
{
    public const string SchemaText =
        """
        entity User in [Team] = {
          name: String, age?: Long, boss?: User, home: { zip: String, floor?: Long }, roles: Set<String>,
          born: datetime, shift: duration, rate: decimal, ip?: ipaddr, likes?: Color, "first name"?: String,
        } tags String;
        entity Team in [Team] = { name: String, lead?: User, size: Long };
        entity Doc in [Folder] = { name: String, owner: User, size: Long, level?: Long } tags Set<Long>;
        entity Folder in [Folder] = { owner?: User };
        entity Color enum ["red", "green"];
        action all;
        action read in [all] appliesTo { principal: [User, Team], resource: [Doc, Folder], context: { n: Long, ip?: ipaddr } };
        action edit in [all] appliesTo { principal: User, resource: Doc, context: { n: Long, reason?: String } };
        action paint appliesTo { principal: User, resource: Color };
        namespace Yard { action mow; }
        """;

    public static readonly Schema Schema = Schema.Parse(SchemaText, "office.cedarschema").Schema!;

    /// <summary>What is found in a policy set, each finding as <c>line:column: Kind: message</c>, in order.</summary>
    public static string[] Findings(string policies, ValidationMode mode = ValidationMode.Strict) => Shown(Validator.Validate(Cedar.Policies(policies), Schema, mode));

    /// <summary>What is found in a condition of <c>edit</c>, which stands in line 2 from column 3 on.</summary>
    public static string[] InCondition(string condition, ValidationMode mode = ValidationMode.Strict) =>
        Findings($"permit(principal, action == Action::\"edit\", resource) when {{\n  {condition}\n}};", mode);

    public static string[] Shown(ValidationResult result) =>
        [.. result.Findings.Select(finding => $"{finding.Position.Line}:{finding.Position.Column}: {finding.Kind}: {finding.Message}")];
}
