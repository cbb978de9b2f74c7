using System.Collections.Immutable;
using System.Globalization;
using Assay.Core.Registry;
using Assay.Grains.Identities;
using Assay.Grains.Policies;
using Assay.Silo.Admin.Wire;

namespace Assay.Silo.Admin;

/// <summary>What happens to policy sets between storing and activating them: shadows, and the history of all of it.</summary>
internal static class PolicyLifeEndpoints
{
    private const int MostEvents = 200;

    public static void MapPolicyLife(this RouteGroupBuilder admin)
    {
        var policies = admin.MapGroup("/policies").WithTags("policies");
        policies.MapGet("/history", History).Needs(AdminScopes.PolicyRead).WithSummary("Tells what happened to policy sets, newest first: stored, activated, rolled back, shadowed; by whom, when and why.")
            .WithDescription("Query: domain (both when absent), limit (1 to 200, 50 by default), before (a feed number: only older ones).").Produces<PolicyHistoryPage>();
        policies.MapGet("/shadow", Status).Needs(AdminScopes.PolicyRead, AdminScopes.EvidenceRead).WithSummary("Tells which sets are shadows, and how their answers differ.")
            .WithDescription("Counts are summed over the silos, each since it took the shadow up. Differences are the newest ones among the newest 1000 records.").Produces<ShadowPage>();
        policies.MapPost("/{version}/shadow", Begin).Needs(AdminScopes.PolicyWrite).WithSummary("Has a stored set asked beside the one in force. It changes no decision.")
            .Accepts<DomainChoice>("application/json").Produces<ShadowChange>().ProducesProblem(404).ProducesProblem(422);
        policies.MapDelete("/shadow", End).Needs(AdminScopes.PolicyWrite).WithSummary("Ends the shadow of a domain.")
            .WithDescription("Query: domain, and reason (1 to 500 characters) for the history.").Produces<ShadowChange>().ProducesProblem(422);
    }

    private static async Task<IResult> History(HttpContext context, IGrainFactory grains, SiloIdentity self)
    {
        if (context.Limit(50, MostEvents) is not { } limit)
            return AdminRoutes.WrongLimit(MostEvents);
        var before = long.MaxValue;
        if (context.Request.Query.ContainsKey("before") && (!long.TryParse(context.Query("before"), NumberStyles.None, CultureInfo.InvariantCulture, out before) || before < 1))
            return Problems.BadQuery("before must be a feed number.");
        var domain = context.Query("domain");
        if (domain is not null && PolicyEndpoints.Fault(domain, null) is { } fault)
            return fault;

        var events = new List<PolicyEventAnswer>();
        foreach (var one in domain is null ? PolicyEndpoints.Domains : [domain])
            events.AddRange((await PolicyEndpoints.Grain(grains, self, one).History(before, limit)).Select(found => PolicyEventAnswer.From(one, found)));
        return AdminJson.Ok(new PolicyHistoryPage([.. events.OrderByDescending(found => found.Number).Take(limit)]));
    }

    private static async Task<IResult> Status(HttpContext context, ShadowReport report) => AdminJson.Ok(new ShadowPage(await report.Read(context.RequestAborted)));

    private static async Task<IResult> Begin(string version, HttpContext context, IGrainFactory grains, AdminDesk desk, SiloIdentity self)
    {
        var (body, refusal) = await AdminJson.Read<DomainChoice>(context);
        if ((refusal ?? PolicyEndpoints.Fault(body!.Domain, body.Reason)) is { } fault)
            return fault;

        var result = await PolicyEndpoints.Grain(grains, self, body!.Domain).Shadow(version, context.Caller().ClientId, body.Reason);
        return await Settle(context, desk, result, body.Domain, "shadow policy set", version);
    }

    private static async Task<IResult> End(HttpContext context, IGrainFactory grains, AdminDesk desk, SiloIdentity self)
    {
        var (domain, reason) = (context.Query("domain") ?? PolicyDomains.Tokens, context.Query("reason"));
        if (PolicyEndpoints.Fault(domain, reason) is { } fault)
            return fault;

        var result = await PolicyEndpoints.Grain(grains, self, domain).EndShadow(context.Caller().ClientId, reason);
        return await Settle(context, desk, result, domain, "end policy shadow", null);
    }

    private static async Task<IResult> Settle(HttpContext context, AdminDesk desk, ChangeResult result, string domain, string action, string? version)
    {
        if (result is ChangeResult.Rejected rejected)
            return Problems.Of(rejected);

        var (number, changed) = result is ChangeResult.Done done ? (done.Number, true) : (((ChangeResult.Unchanged)result).Number, false);
        var target = version is null ? domain : $"{domain}/{version}";
        return await desk.Finish(context, number, Direction.Widens, context.Caller(), changed ? action : $"{action} (already so)", target, null)
            ?? AdminJson.Ok(new ShadowChange(domain, version, number, changed));
    }
}
