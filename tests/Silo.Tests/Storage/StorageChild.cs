using System.Diagnostics;
using System.Globalization;
using System.Text;
using Assay.Core.Revocation;
using Assay.Grains.Authority;
using Assay.Silo.Hosting;
using Assay.Silo.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Assay.Silo.Tests.Storage;

/// <summary>A process of its own with a data folder: one that holds it, one that writes to it until it is killed, one that follows its lease.</summary>
internal static class StorageChild
{
    public const string Argument = "--storage-child";
    public const string Hold = "hold";
    public const string Write = "write";

    /// <summary>Follows its lease as a silo does, until it is over, or until it is told on standard input what becomes of it.</summary>
    public const string Follow = "follow";

    public static Process Start(string role, string folder)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardInput = true };
        if (System.IO.Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
            start.ArgumentList.Add(typeof(StorageChild).Assembly.Location);
        foreach (var argument in new[] { Argument, role, folder })
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    public static async Task<int> Run(string role, string path)
    {
        using var folder = DataFolder.Open(path);
        if (role == Hold)
        {
            Console.WriteLine("held");
            Console.In.ReadLine();
            return 0;
        }

        using var storage = new SqliteStorage(folder, TimeProvider.System);
        if (role == Follow)
            return await FollowLease(storage);

        var life = TimeSpan.FromMinutes(10);
        var lease = new SiloLease(life, TimeSpan.Zero, TimeProvider.System);
        var asked = lease.Ask();
        lease.Begin((await storage.Authority.Join(new SiloPlace("child", "child"), life, default)).Epoch, asked);
        var appender = new EvidenceAppender(
            storage.Log, lease, (_, _) => Encoding.UTF8.GetBytes("void"), new EvidenceOptions(), TimeProvider.System, NullLogger.Instance);
        var output = TextWriter.Synchronized(Console.Out);
        await Task.WhenAll([appender.Run(default), .. Enumerable.Range(0, 8).Select(_ => Task.Run(() => Issue(appender, output))), Change(storage, output)]);
        return 0;
    }

    private static async Task<int> FollowLease(SqliteStorage storage)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IAuthorityStore>(storage.Authority);
        builder.Services.AddSingleton<ISiloAddress>(new ChildAddress("child@1"));
        builder.Services.AddSingleton<ISiloEnd, ProcessEnd>();
        builder.Services.AddSingleton(new TokenHandles(new byte[32]));
        builder.Services.AddAuthority();
        builder.Services.Configure<AuthorityOptions>(options => options.Slot = "child");
        using var host = builder.Build();
        await host.StartAsync();
        Console.WriteLine("follows");

        switch (Console.In.ReadLine())
        {
            case "sealed":
                await storage.Authority.Join(new SiloPlace("child", "child@2"), TimeSpan.FromMinutes(10), default); // another one takes its slot
                break;
            case "condemned":
                await storage.Authority.Condemn("child@1", default);
                break;
            default:
                _ = host.StopAsync();
                break;
        }

        await host.WaitForShutdownAsync();
        return Environment.ExitCode;
    }

    private sealed record ChildAddress(string Address) : ISiloAddress;

    /// <summary>What a record of this test says; its assertion is as unique as it is.</summary>
    public static string Content(long shard, long position) => string.Create(CultureInfo.InvariantCulture, $"record {position} of {shard}");

    public static SpentAssertion Spent(long shard, long position) => new(new AssertionHash((ulong)shard, (ulong)position), DateTimeOffset.MaxValue.AddYears(-1));

    private static async Task Issue(EvidenceAppender appender, TextWriter output)
    {
        while (appender.Reserve() is { } slot)
        {
            var spent = Spent(slot.Shard, slot.Position);
            slot.Fill(Encoding.UTF8.GetBytes(Content(slot.Shard, slot.Position)), new EvidenceEntry("default", "exporter", "key", spent));
            if (await slot.Committed)
                Say(output, $"left {slot.Shard} {slot.Position}");
        }
    }

    private static async Task Change(SqliteStorage storage, TextWriter output)
    {
        var key = new ObjectKey("default", ObjectKinds.Api, "counted");
        var number = (await storage.Authority.Read(key, default))?.Number ?? 0;
        while (true)
        {
            var change = new Change([new ObjectWrite(key, number, Encoding.UTF8.GetBytes("x"), [])], "test", "");
            number = ((CommitResult.Committed)await storage.Authority.Commit(change, default)).Number;
            Say(output, $"changed {number} 0");
        }
    }

    private static void Say(TextWriter output, FormattableString line)
    {
        output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
        output.Flush();
    }
}
