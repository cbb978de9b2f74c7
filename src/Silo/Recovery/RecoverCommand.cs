using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Assay.Core.Transparency;
using Assay.Grains.Authority;
using Assay.Silo.Signing;
using Assay.Silo.Startup;
using Assay.Silo.Storage.Postgres;
using Assay.Silo.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Assay.Silo.Recovery;

/// <summary>
/// <c>Assay.Silo recover</c>: after an older copy of the database was put in its place, and before any silo starts. The settings are those of a silo; <c>--checkpoint</c>
/// names a checkpoint of the log that was saved in the lost time, when there is one.
/// </summary>
internal static class RecoverCommand
{
    private const string SavedOption = "--checkpoint";

    public static async Task<int> Run(string[] args)
    {
        var (saved, rest) = Split(args);
        var configuration = new ConfigurationManager();
        configuration.AddEnvironmentVariables();
        var options = ServerOptions.Read(configuration, rest);
        var authority = configuration.GetSection(AuthorityOptions.Section).Get<AuthorityOptions>() ?? new AuthorityOptions();
        using var folder = DataFolder.Open(options.Data);
        var self = new SiloIdentity(IssuerOf(options, folder), authority.Slot);
        var note = saved is null ? null : ReadNote(saved, LogOrigin.Of(self.Issuer));

        var (kek, kekFile) = KeyEncryptionKey.Existing(Environment.GetEnvironmentVariable(KeyEncryptionKey.FileVariable), folder.Folder);
        using var vault = new KeyVault(kek);
        var seen = SeenHistory.Read(SeenFile.Of(options.Postgres is not null, folder.Folder, kekFile).Path);
        Recovered recovered;
        if (options.Postgres is { } connectionString)
        {
            using var storage = new PostgresStorage(PostgresSettings.Of(connectionString, authority.LeaseLife), TimeProvider.System, NullLoggerFactory.Instance);
            await storage.Open(CancellationToken.None);
            recovered = await Recover(storage.Recovery, storage.Authority, storage.Log, storage.Trees);
        }
        else
        {
            if (!File.Exists(folder.StateFile))
                throw new InvalidOperationException($"'{folder.Folder}' holds no database. Name the data folder with --data, or the database with --postgres.");
            using var storage = new SqliteStorage(folder, TimeProvider.System);
            recovered = await Recover(storage.Recovery, storage.Authority, storage.Log, storage.Trees);
        }

        Say(recovered, seen, note);
        return 0;

        async Task<Recovered> Recover(IRecoveryStore store, IAuthorityStore state, IEvidenceStore evidence, Evidence.ILogStore trees)
        {
            var secrets = new ClusterSecrets(state, vault, self);
            await secrets.Load(CancellationToken.None); // also proves, before anything is changed, that the key-encryption key is the right one
            if (seen?.Database != secrets.DatabaseName)
                seen = null;
            var used = Math.Max(seen?.Shards.Keys.DefaultIfEmpty().Max() ?? 0, note?.Heads.Select(head => head.Shard).DefaultIfEmpty().Max() ?? 0);
            return await new TimelineRecovery(store, state, evidence, trees, vault, self, authority, TimeProvider.System).Run(
                Math.Max(used, seen?.FirstShard ?? 0), seen?.Timeline ?? 0,
                static slots => Console.WriteLine($"Waiting for the leases of {string.Join(", ", slots)} to lapse."), CancellationToken.None);
        }
    }

    private static (string? Saved, string[] Settings) Split(string[] args)
    {
        var at = Array.IndexOf(args, SavedOption);
        if (at < 0)
            return (null, args);
        return at + 1 < args.Length
            ? (args[at + 1], [.. args[..at], .. args[(at + 2)..]])
            : throw new InvalidOperationException($"{SavedOption} names no file.");
    }

    /// <summary>As the silos are told it, or as the one that used this folder last wrote it down: the log is signed under its name.</summary>
    private static string IssuerOf(ServerOptions options, DataFolder folder)
    {
        if (options.Issuer is { } issuer)
            return issuer;
        var file = Path.Combine(folder.Folder, "server.json");
        if (File.Exists(file))
        {
            using var written = JsonDocument.Parse(File.ReadAllText(file));
            return written.RootElement.GetProperty("issuer").GetString()!;
        }

        return options.Postgres is null
            ? options.Url
            : throw new InvalidOperationException("Assay:Issuer is missing: name it as for a silo of this cluster.");
    }

    private static ClusterCheckpoint ReadNote(string file, string log)
    {
        try
        {
            var note = SignedNote.Parse(File.ReadAllText(file).ReplaceLineEndings("\n"));
            var saved = ClusterCheckpoint.Parse(note.Text);
            if (!note.IsSignedBy(saved.Keys, out _))
                throw new FormatException("it is not signed by a key that it names");
            return saved.Log == log ? saved : throw new FormatException($"it is of {saved.Log}, and this log is {log}");
        }
        catch (FormatException fault)
        {
            throw new InvalidOperationException($"'{file}' holds no checkpoint of this log: {fault.Message}.", fault);
        }
    }

    private static void Say(Recovered recovered, SeenHistory? seen, ClusterCheckpoint? saved)
    {
        var (timeline, heads) = (recovered.Timeline, recovered.Heads.ToDictionary(head => head.Shard, head => head.Size));
        Line($"Timeline {timeline.Number} is open, as feed number {recovered.Number}. Its shards begin at {timeline.FirstShard}, and the first record of that one says so.");
        Line($"The copy goes up to feed number {timeline.LastNumber} and shard {timeline.LastShard}.");
        if (seen is not null && seen.Number > timeline.LastNumber)
            Line($"Feed numbers up to {seen.Number} were seen here at {seen.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z: at least {seen.Number - timeline.LastNumber} changes are lost.");
        foreach (var head in saved?.Heads ?? [])
        {
            if (heads.GetValueOrDefault(head.Shard) is var present && present < head.Size)
                Line($"Shard {head.Shard} holds {present} records, and {head.Size} at the time of the checkpoint: {head.Size - present} are lost.");
        }

        if (!recovered.IsSigned)
            Line($"There is no key for checkpoints in the copy: the record is not signed.");
        Console.WriteLine("Tokens from beyond the copy are inactive at introspection; whoever validates offline takes them until they expire, 15 minutes at most.");
        Console.WriteLine("What was revoked, disabled, removed or withdrawn after the copy was made is not any more: do it again as soon as a silo runs.");
    }

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
