using System.Globalization;
using Assay.Benchmarks;
using BenchmarkDotNet.Running;

switch (args)
{
    case ["memory"]:
        Memory.Print();
        return 0;
    case ["apps", var folder]:
        SideBySide.Write(folder);
        return 0;
    case ["replay"]:
        Replay.Print();
        return 0;
    case ["status"]:
        StatusTables.Print();
        return 0;
    case ["activations", var folder, var count, .. var settings]:
        await Activations.Fill(folder, int.Parse(count, CultureInfo.InvariantCulture));
        await Activations.Run(folder, int.Parse(count, CultureInfo.InvariantCulture), [.. settings]);
        return 0;
    case ["live", var folder, var count, .. var settings]:
        await LiveIdentities.Run(folder, int.Parse(count, CultureInfo.InvariantCulture), [.. settings]);
        return 0;
    case ["compare", var results, var baseline]:
        return Comparison.Compare(results, baseline);
    case ["accept", var results, var baseline]:
        return Comparison.Accept(results, baseline);
    case ["help" or "--help" or "-h"]:
        Console.WriteLine("usage: compare|accept <results> <baseline.json> | memory | activations|live <folder> <count> | replay | status | apps <folder> | the arguments of BenchmarkDotNet, such as --filter '*' --job short");
        return 0;
    default:
        return BenchmarkSwitcher.FromAssembly(typeof(Memory).Assembly).Run(args).Any() ? 0 : 1;
}
