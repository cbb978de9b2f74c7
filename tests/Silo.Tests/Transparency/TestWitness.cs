using System.Collections.Concurrent;
using System.Security.Cryptography;
using Assay.Core.Tests.Transparency;
using Assay.Core.Transparency;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Assay.Silo.Tests.Transparency;

/// <summary>A witness as C2SP tlog-witness has it, with its memory in memory.</summary>
internal sealed class TestWitness(WebApplication app, Func<string, Task<IEnumerable<NoteKey>?>> keysOf) : IAsyncDisposable
{
    public const string Name = "witness.example/w1";

    private readonly Ed25519Signing key = new(RandomNumberGenerator.GetBytes(32));
    private readonly ConcurrentDictionary<string, (long Size, TreeHash Root)> seen = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim turn = new(1);

    public string Url => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public string Key => key.NoteKey(Name);

    /// <summary>The longest proof that convinced it.</summary>
    public int LongestProof { get; private set; }

    public long SeenOf(string origin) => seen.GetValueOrDefault(origin).Size;

    /// <param name="keysOf">The keys it trusts for an origin; null for one that it does not know.</param>
    public static async Task<TestWitness> Start(Func<string, Task<IEnumerable<NoteKey>?>> keysOf)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var witness = new TestWitness(app, keysOf);
        app.MapPost("/add-checkpoint", (Delegate)witness.Add); // as a RequestDelegate its answer would be thrown away
        await app.StartAsync();
        return witness;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        turn.Dispose();
    }

    private async Task<IResult> Add(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var blank = body.IndexOf("\n\n", StringComparison.Ordinal);
        var lines = body[..blank].Split('\n');
        var note = SignedNote.Parse(body[(blank + 2)..]);
        var checkpoint = Checkpoint.Parse(note.Text);
        var old = long.Parse(lines[0]["old ".Length..]);
        var proof = lines[1..].Select(line => TreeHash.From(Convert.FromBase64String(line))).ToArray();
        if (await keysOf(checkpoint.Origin) is not { } keys)
            return Results.NotFound();
        if (!note.IsSignedBy(keys, out _))
            return Results.StatusCode(403);
        if (old > checkpoint.Size)
            return Results.BadRequest();

        await turn.WaitAsync();
        try
        {
            var (size, root) = seen.GetValueOrDefault(checkpoint.Origin, (0, TreeHash.Empty));
            if (old != size)
                return Results.Text($"{size}\n", "text/x.tlog.size", statusCode: 409);
            if (old == checkpoint.Size && root != checkpoint.Root)
                return Results.StatusCode(409);
            if (!TreeProof.Continues(old, root, checkpoint.Size, checkpoint.Root, proof))
                return Results.StatusCode(422);
            seen[checkpoint.Origin] = (checkpoint.Size, checkpoint.Root);
            LongestProof = Math.Max(LongestProof, proof.Length);
        }
        finally
        {
            turn.Release();
        }

        return Results.Text($"— somebody.else AAAAAAAA\n{key.Cosign(Name, note.Text, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds())}\n");
    }
}
