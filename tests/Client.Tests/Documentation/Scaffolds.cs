using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Assay.Client.Tests.Documentation;

/// <summary>Makes a program of a block, and tells the compiler's faults by the page and the line.</summary>
internal static class Scaffolds
{
    // What a project has without asking (ImplicitUsings), with the SDK for programs.
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private const string Here = "// <the block>";

    // References are read once: compilations made of this one share them.
    private static readonly CSharpCompilation Empty = CSharpCompilation.Create(
        "Shown",
        [CSharpSyntaxTree.ParseText(ImplicitUsings)],
        References(),
        new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable)
            .WithSpecificDiagnosticOptions([new("CS1701", ReportDiagnostic.Suppress), new("CS1702", ReportDiagnostic.Suppress)])); // as the SDK has it: newer assemblies take the place of older ones

    private static string Folder => Path.Combine(Checkout.Root, "tests", "Client.Tests", "Documentation", "Scaffolds");

    public static bool Knows(string mark) => mark == CodeBlock.Program || File.Exists(Path.Combine(Folder, mark + ".cs"));

    /// <summary>What the compiler says of it, errors and warnings, as <c>page(line): what</c>; empty when it compiles.</summary>
    public static ImmutableArray<string> Faults(CodeBlock block)
    {
        var scaffold = block.Mark == CodeBlock.Program ? Here : File.ReadAllText(Path.Combine(Folder, block.Mark + ".cs"));
        var program = scaffold.Replace(Here, $"#line {block.Line} \"{block.Page}\"\n{block.Code}\n#line default", StringComparison.Ordinal);
        return
        [
            .. Empty.AddSyntaxTrees(CSharpSyntaxTree.ParseText(program, path: block.Mark + ".cs"))
                .GetDiagnostics()
                .Where(told => told.Severity >= DiagnosticSeverity.Warning)
                .Select(told => (told.Location.GetMappedLineSpan(), Told: told))
                .Select(at => $"{at.Item1.Path}({at.Item1.StartLinePosition.Line + 1}): {at.Told.Id} {at.Told.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}"),
        ];
    }

    // Everything this test program runs with, itself aside: what is internal in the packages is internal for the pages too.
    private static IEnumerable<MetadataReference> References() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => file.EndsWith(".dll", StringComparison.Ordinal) && !Path.GetFileName(file).StartsWith("xunit", StringComparison.Ordinal) && file != typeof(Scaffolds).Assembly.Location)
            .Select(file => MetadataReference.CreateFromFile(file));
}
