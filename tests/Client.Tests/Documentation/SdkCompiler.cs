using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace Assay.Client.Tests.Documentation;

/// <summary>
/// Pages are compiled by the compiler of the SDK, the one that built this program: what it takes, readers' projects take. Its assemblies are compiled ahead of
/// time, too; those of the package would be compiled first, for longer than all pages together.
/// </summary>
internal static class SdkCompiler
{
    [ModuleInitializer]
    internal static void Find()
    {
        var folder = typeof(SdkCompiler).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(about => about.Key == "Compiler").Value!;
        AssemblyLoadContext.Default.Resolving += (context, wanted) =>
            wanted.Name is "Microsoft.CodeAnalysis" or "Microsoft.CodeAnalysis.CSharp" ? context.LoadFromAssemblyPath(Path.Combine(folder, wanted.Name + ".dll")) : null;
    }
}
