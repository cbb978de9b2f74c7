namespace Assay.Client.Tests.Documentation;

/// <summary>What the pages show compiles, and what they say is a sample is one.</summary>
public sealed class DocumentedCodeTests
{
    private static readonly CodeBlock[] Blocks = [.. Checkout.Pages().SelectMany(CodeBlock.In)];

    [Fact]
    public void Every_block_of_code_in_the_pages_compiles()
    {
        var ours = Blocks.Where(block => block.Mark != CodeBlock.Theirs && Scaffolds.Knows(block.Mark)).ToArray();

        var faults = ours.SelectMany(block => Scaffolds.Faults(block)).ToArray();

        Assert.True(faults.Length == 0, string.Join('\n', faults));
        foreach (var page in (string[])["README.md", "docs/client.md", "docs/migrating-clients.md", "src/Client/README.md", "src/Client.AspNetCore/README.md", "samples/service-to-service/README.md"])
            Assert.Contains(ours, block => block.Page == page);
    }

    [Fact]
    public void A_block_names_how_it_becomes_a_program_and_only_the_page_about_others_shows_theirs()
    {
        var strays = Blocks.Where(block => block.Mark == CodeBlock.Theirs ? block.Page != "docs/migrating-clients.md" : !Scaffolds.Knows(block.Mark));

        Assert.Equal([], strays.Select(block => $"{block.Page}({block.Line}): {block.Mark}"));
    }

    [Fact]
    public void A_block_that_does_not_compile_is_told_with_its_page_and_line()
    {
        const string page = """
            # A page

            <!-- code: call -->
            ```csharp
            var token = await assay.GetTokenAsync("https://ledger.example", "ledger:read");
            Console.WriteLine(token.Lifetime);
            ```
            """;

        var block = Assert.Single(CodeBlock.In("docs/page.md", page.ReplaceLineEndings("\n")));

        Assert.Equal(("docs/page.md", 5, "call"), (block.Page, block.Line, block.Mark));
        var fault = Assert.Single(Scaffolds.Faults(block));
        Assert.StartsWith("docs/page.md(6): CS1061 ", fault);
    }

    [Fact]
    public void What_is_internal_in_the_packages_is_out_of_reach_for_a_page()
    {
        var block = new CodeBlock("docs/page.md", 1, "Console.WriteLine(Assay.Client.EnvironmentSettings.Issuer);", CodeBlock.Program);

        Assert.StartsWith("docs/page.md(1): CS0122 ", Assert.Single(Scaffolds.Faults(block)));
    }

    /// <summary>Pages that show the programs of samples/service-to-service, which a test runs against a silo, show all of them.</summary>
    [Theory]
    [InlineData("README.md")]
    [InlineData("samples/service-to-service/README.md")]
    public void The_page_shows_the_sample_as_it_is(string page)
    {
        var shown = CodeBlock.In(page).Select(block => block.Code + "\n").ToArray();

        Assert.Contains(Checkout.Read("samples/service-to-service/Caller/Program.cs"), shown);
        Assert.Contains(Checkout.Read("samples/service-to-service/Api/Program.cs"), shown);
    }

    /// <summary>Recipes for tests of programs and APIs, which tests beside this one follow.</summary>
    [Theory]
    [InlineData("FakeIssuer.cs")]
    [InlineData("SaidByTheTest.cs")]
    public void The_page_shows_the_recipe_as_it_is_tested(string file) =>
        Assert.Contains(Checkout.Read("tests/Client.Tests/Documentation/" + file), CodeBlock.In("docs/client.md").Select(block => block.Code + "\n"));
}
