using System.Text.RegularExpressions;
using Assay.Cedar;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Core.Tests.Policies;

/// <summary>Every policy that the documentation prints loads strictly, with nothing to be warned of.</summary>
public sealed partial class CookbookTests
{
    private static readonly ApiScope[] Scopes =
        [new("data:read", null, []), new("data:export", null, []), new("data:write", null, ["data:change"]), new("data:delete", null, ["data:change"])];

    private static readonly string Text = File.ReadAllText(Checkout.Path("docs", "policy-cookbook.md"));

    [Fact]
    public void The_policies_of_the_cookbook_load_together_without_a_warning()
    {
        var loaded = LoadedPolicySet.Load(new PolicyDocument([.. Blocks("cedar").Select((text, i) => new PolicyFile($"block{i:00}.cedar", text))], Schema)
        {
            Actions = ActionDeclarations.Of(Scopes, Schema),
            Links = [new PolicyLink("acme-reads", "reads-an-api", new EntityUid(EntityTypes.Role, "vendor"), new EntityUid(EntityTypes.Api, "https://data.example"), 1, 1)],
        });

        Assert.Empty(loaded.Faults);
        Assert.Empty(loaded.Warnings);
        Assert.Equal(18, loaded.Set!.Policies.Policies.Length);
    }

    [Fact]
    public void The_scopes_of_the_cookbook_are_the_ones_it_is_checked_with() => Assert.Equal(
        Scopes.Select(scope => scope.Name), NameForm().Matches(Blocks("yaml").Single()).Select(match => match.Groups[1].Value));

    [Fact]
    public void The_schema_that_policy_md_shows_loads()
    {
        var shown = BlockForm("cedarschema").Matches(File.ReadAllText(Checkout.Path("docs", "policy.md"))).Select(match => match.Groups[1].Value).Where(text => text != BuiltInSchema.Text);

        foreach (var schema in shown)
            Assert.Empty(LoadedPolicySet.Load(new PolicyDocument([], schema) { Actions = ActionDeclarations.Of(Scopes, schema) }).Faults);
        Assert.NotEmpty(shown);
    }

    private static string Schema => Blocks("cedarschema").Single();

    private static IEnumerable<string> Blocks(string language) => BlockForm(language).Matches(Text).Select(match => match.Groups[1].Value);

    private static Regex BlockForm(string language) => new($"^```{language}\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline);

    [GeneratedRegex("- name: (.*)")]
    private static partial Regex NameForm();
}
