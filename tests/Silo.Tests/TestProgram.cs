using Assay.Silo.Tests.Storage;
using Xunit.Runner.InProc.SystemConsole;

namespace Assay.Silo.Tests;

/// <summary>Runs the tests; or, as a process of its own, the part of a test that is going to be killed.</summary>
internal static class TestProgram
{
    public static async Task<int> Main(string[] args) =>
        args is [StorageChild.Argument, var role, var folder] ? await StorageChild.Run(role, folder) : await ConsoleRunner.Run(args);
}
