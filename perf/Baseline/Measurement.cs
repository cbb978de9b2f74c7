using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace Assay.Baseline;

/// <summary>Prepares both servers, warms them up, and measures all targets in turn, round after round, so that a slow spell of the machine hits all.</summary>
internal static class Measurement
{
    public const string Scope = "payments:read";
    private static readonly TimeSpan AssertionLife = TimeSpan.FromSeconds(300);
    private static readonly TimeSpan WarmUpStep = TimeSpan.FromSeconds(2);

    public static async Task<int> Run(Settings settings)
    {
        settings.BeginAnew();
        var data = Path.Combine(settings.Work, "data");
        var withoutEvidence = Path.Combine(settings.Work, "data-without-evidence");
        Population.WriteBundle(settings.Bundle, Path.Combine(settings.Work, "bundle"));

        await using var silo = await Silo(settings, Path.Combine(settings.Silo, "Assay.Silo"), data);

        // The admin API believes no token that has no record, so the secrets are made while there still are records.
        string[] forgetfulForms;
        await using (var mindful = await Silo(settings, Path.Combine(settings.Silo, "Assay.Silo"), withoutEvidence))
            forgetfulForms = await Population.MakeSecretForms(mindful.Url, withoutEvidence, Scope);
        await using var forgetful = await Silo(settings, Path.Combine(AppContext.BaseDirectory, "Assay.Baseline"), withoutEvidence, "forgetful");
        var keys = Population.ReadKeys(data);
        var secretForms = await Population.MakeSecretForms(silo.Url, data, Scope);
        await using var limit = await ServerProcess.Start(
            Path.Combine(AppContext.BaseDirectory, "Assay.Baseline"),
            url => ["limit", url, Path.Combine(data, "keys", "worker-000000.jwk")],
            "0",
            ("DOTNET_ENVIRONMENT", "Production"));

        List<Target> targets =
        [
            new("bare limit, secret", "bare limit, secret", [limit], "/token", _ => secretForms, Once: false),
            new("assay, secret", "bare limit, secret", [silo], "/oauth/token", _ => secretForms, Once: false),
            new("without evidence, secret", "bare limit, secret", [forgetful], "/oauth/token", _ => forgetfulForms, Once: false),
            new("bare limit, assertion", "bare limit, assertion", [limit], "/pkjwt", _ => Assertions(keys[..1], limit.Url, 256), Once: false),
            new("assay, assertion", "bare limit, assertion", [silo], "/oauth/token", count => Assertions(keys, silo.Url, count), Once: true),
        ];
        var besideData = Path.Combine(settings.Work, "data-beside");
        await using var beside = settings.Beside.Length > 0 ? await Silo(settings, Path.Combine(settings.Beside, "Assay.Silo"), besideData) : null;
        if (beside is not null)
        {
            var (besideKeys, besideForms) = (Population.ReadKeys(besideData), await Population.MakeSecretForms(beside.Url, besideData, Scope));
            targets.Insert(2, new("beside, secret", "bare limit, secret", [beside], "/oauth/token", _ => besideForms, Once: false));
            targets.Add(new("beside, assertion", "bare limit, assertion", [beside], "/oauth/token", count => Assertions(besideKeys, beside.Url, count), Once: true));
        }

        var results = await Measure(settings, [.. targets.Where(target => target.Name.Contains(settings.Only, StringComparison.Ordinal))]);
        Table.Write(Console.Out, results);
        return results.Exists(result => result.Phase.Errors > 0) ? 1 : 0;
    }

    private static async Task<ServerProcess> Silo(Settings settings, string program, string data, params string[] command)
    {
        var kek = data + ".kek";
        if (!File.Exists(kek))
            await File.WriteAllTextAsync(kek, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));
        return await ServerProcess.Start(
            program,
            url => [.. command, "--data", data, "--url", url, "--bundle", Path.Combine(settings.Work, "bundle")],
            "0",
            ("ASSAY_KEK_FILE", kek), ("DOTNET_ENVIRONMENT", "Production"), ("Logging__LogLevel__Default", "Warning"));
    }

    /// <summary>Signed right before they are used, as their life is short.</summary>
    public static string[] Assertions(ClientKey[] keys, string audience, int count)
    {
        var now = TimeProvider.System.GetUtcNow();
        var forms = new string[count];
        for (var i = 0; i < count; i++)
            forms[i] = keys[i % keys.Length].Form(audience, now, AssertionLife, Scope);
        return forms;
    }

    public static async Task<List<Result>> Measure(Settings settings, Target[] targets)
    {
        var rates = targets.ToDictionary(target => target, _ => 2000.0);
        foreach (var target in targets)
        {
            Console.Error.WriteLine($"warming up: {target.Name}");
            for (var warmed = TimeSpan.Zero; warmed < settings.WarmUp; warmed += WarmUpStep)
                await Once(target, settings.Concurrency[^1], WarmUpStep);
        }

        var results = new List<Result>();
        await using var output = settings.Output is { } file ? new StreamWriter(file, append: true) : null;
        foreach (var connections in settings.Concurrency)
        {
            for (var round = 1; round <= settings.Rounds; round++)
            {
                foreach (var target in targets)
                {
                    Console.Error.WriteLine($"c={connections} round {round} of {settings.Rounds}: {target.Name}");
                    var result = new Result(target.Name, target.Limit, connections, round, await Once(target, connections, settings.Phase));
                    results.Add(result);
                    output?.WriteLine(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
                }
            }
        }

        return results;

        async Task<Phase> Once(Target target, int connections, TimeSpan time)
        {
            // Half as many again as the last phase used: a phase that runs out is shorter, not wrong.
            var phase = await ClosedLoop.Run(target, connections, time, (int)(rates[target] * time.TotalSeconds * 1.5));
            rates[target] = Math.Max(2000, phase.Rate);
            return phase.Tokens > 0 ? phase : throw new InvalidOperationException($"{target.Name} made no token: {phase.FirstError}");
        }
    }
}

/// <summary>One measured phase; one JSON line.</summary>
internal sealed record Result(string Target, string Limit, int Connections, int Round, Phase Phase);
