using System.Text;
using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Explaining;
using Assay.Silo.Admin.Replaying;
using Assay.Silo.Admin.Wire;

namespace Assay.Silo.Admin;

/// <summary><c>POST /policies/replay</c>: what a candidate would have answered to recorded requests.</summary>
internal static class ReplayEndpoint
{
    private const long UsualLimit = 1_000_000;
    private const long MostLimit = 1_000_000_000;

    private static readonly TimeSpan UsualSpan = TimeSpan.FromHours(24);

    public static void MapReplay(this RouteGroupBuilder admin) =>
        admin.MapPost("/policies/replay", Replay).Needs(AdminScopes.PolicyRead, AdminScopes.EvidenceRead).WithTags("policies")
            .WithSummary("Decides recorded requests again by a candidate and reports what would differ.")
            .WithDescription("Answers lines of JSON: progress about once a second, then the report, or the fault that ended it. One replay at a time on a silo; 429 while another one runs. Ends when the caller leaves. Changes and records nothing.")
            .Accepts<ReplayWish>("application/json").Produces<ReplayLine>(StatusCodes.Status200OK, ReplayStream.MediaType)
            .ProducesProblem(404).ProducesProblem(422).ProducesProblem(429);

    private static async Task<IResult> Replay(
        HttpContext context, History history, IAuthorityStore store, SiloIdentity self, PolicyReplays replays, JtiCodec names, IHostApplicationLifetime lifetime, TimeProvider clock)
    {
        var (wish, refusal) = await AdminJson.Read<ReplayWish>(context, AdminJson.LargeBody);
        if (refusal is not null)
            return refusal;

        var domain = wish!.Domain ?? PolicyDomains.Tokens;
        if (!PolicyEndpoints.Domains.Contains(domain))
            return PolicyEndpoints.UnknownDomain(domain);
        var limit = wish.Limit ?? UsualLimit;
        if (limit is < 1 or > MostLimit)
            return Problems.Invalid($"limit must be a number from 1 to {MostLimit}.");
        var until = wish.Until ?? clock.GetUtcNow();
        var since = wish.Since ?? (until - DateTimeOffset.MinValue > UsualSpan ? until - UsualSpan : DateTimeOffset.MinValue);
        if (since >= until)
            return Problems.Invalid("since must be before until.");

        var (candidate, fault) = await Candidate(wish, domain, history, store, self, context.RequestAborted);
        return candidate is null ? fault! : new ReplayStream(replays, names, lifetime, new ReplayQuestion(candidate, domain, since, until, limit, wish.Verify));
    }

    private static async Task<(LoadedPolicySet? Set, IResult? Fault)> Candidate(
        ReplayWish wish, string domain, History history, IAuthorityStore store, SiloIdentity self, CancellationToken cancellationToken)
    {
        if (wish.Version is null == wish.Candidate is null)
            return (null, Problems.Invalid("Name the version of a stored set, or give a candidate: one of them."));
        if (wish.Version is { } version)
            return await history.Policies(domain, version, cancellationToken) is { } stored ? (stored, null) : (null, Problems.NotFound($"There is no policy set '{version}' in domain '{domain}'."));

        PolicyDocument document;
        try
        {
            document = RegistryJson.ReadPolicyDocument(Encoding.UTF8.GetBytes(wish.Candidate!.Value.GetRawText()));
        }
        catch (FormatException fault)
        {
            return (null, Problems.Of(StatusCodes.Status400BadRequest, "Malformed candidate", fault.Message));
        }

        if (document.Files.IsEmpty)
            return (null, Problems.Invalid("The candidate has no files."));
        if (document.Actions is null)
            document = document with { Actions = await PolicyEndpoints.Actions(store, self, domain, document.Schema, cancellationToken) };
        var loaded = LoadedPolicySet.Load(document);
        return (loaded.Set, loaded.Set is null ? Problems.Invalid("The candidate cannot be used.", [.. loaded.Faults.Select(fault => fault.ToString())]) : null);
    }
}
