namespace Assay.Cedar.Conformance;

internal static class Program
{
    public static int Main(string[] args)
    {
        if (args is [var folder])
            return ConformanceRun.Run(folder, Console.Out);

        Console.Error.WriteLine("usage: dotnet run -c Release --project tests/Cedar.Conformance -- <folder with the archives>");
        return 1;
    }
}
