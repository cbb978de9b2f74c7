using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Grains.Policies;
using Assay.Silo.Admin.Wire;

namespace Assay.Silo.Admin;

/// <summary>Policy sets: list, show, upload, activate, roll back. What shadows and histories are about is in <see cref="PolicyLifeEndpoints"/>.</summary>
internal static class PolicyEndpoints
{
    private const int MaxReason = 500;

    public static readonly ImmutableArray<string> Domains = [PolicyDomains.Tokens, PolicyDomains.Admin];

    public static void MapPolicies(this RouteGroupBuilder admin)
    {
        var policies = admin.MapGroup("/policies").WithTags("policies");
        policies.MapGet("", List).Needs(AdminScopes.PolicyRead).WithSummary("Lists the policy sets of each domain.").Produces<PolicyDomainPage>();
        policies.MapGet("/{version}", Show).Needs(AdminScopes.PolicyRead).WithSummary("Shows a policy set's text.").Produces<PolicyContentAnswer>().ProducesProblem(404);
        policies.MapPost("", Upload).Needs(AdminScopes.PolicyWrite).WithSummary("Checks and stores a policy set without activating it.")
            .Accepts<PolicyUpload>("application/json").Produces<PolicyUploaded>(201).ProducesProblem(422);
        policies.MapPost("/{version}/activate", Activate).Needs(AdminScopes.PolicyActivate).WithSummary("Puts a stored set in force.")
            .WithDescription("403 to whoever stored it, when Assay:Policies:TwoPersonRule is on.")
            .Accepts<DomainChoice>("application/json").Produces<ActivationAnswer>().ProducesProblem(404).ProducesProblem(422);
        policies.MapPost("/rollback", Rollback).Needs(AdminScopes.PolicyActivate).WithSummary("Puts the set that was in force before back in force.")
            .Accepts<DomainChoice>("application/json").Produces<ActivationAnswer>().ProducesProblem(404);
    }

    private static async Task<IResult> List(IGrainFactory grains, SiloIdentity self)
    {
        var domains = ImmutableArray.CreateBuilder<PolicyDomainAnswer>();
        foreach (var domain in Domains)
            domains.Add(PolicyDomainAnswer.From(domain, await Grain(grains, self, domain).List()));
        return AdminJson.Ok(new PolicyDomainPage(domains.DrainToImmutable()));
    }

    private static async Task<IResult> Show(string version, HttpContext context, IAuthorityStore store, IGrainFactory grains, SiloIdentity self)
    {
        foreach (var domain in Domains)
        {
            if (await store.Read(new ObjectKey(self.Realm, ObjectKinds.PolicySet, $"{domain}/{version}"), context.RequestAborted) is not { IsDeleted: false } found)
                continue;

            var document = RegistryJson.ReadPolicyDocument(found.Body.Span);
            return AdminJson.Ok(new PolicyContentAnswer(
                domain,
                version,
                [.. document.Files.Select(file => new PolicyText(file.Path, file.Text))],
                document.Schema,
                (await Grain(grains, self, domain).List()).Active == version,
                document.Actions,
                [.. document.Links.Select(link => new PolicyLinkText(link.Id, link.Template, link.Principal?.ToString(), link.Resource?.ToString()))],
                [.. document.Tests.Select(file => new PolicyText(file.Path, file.Text))]));
        }

        return Problems.NotFound($"There is no policy set '{version}'.");
    }

    private static async Task<IResult> Upload(HttpContext context, IAuthorityStore store, IGrainFactory grains, AdminDesk desk, SiloIdentity self)
    {
        var (body, refusal) = await AdminJson.Read<PolicyUpload>(context, AdminJson.LargeBody);
        if (refusal is not null)
            return refusal;
        if (!Domains.Contains(body!.Domain))
            return UnknownDomain(body.Domain);
        if (body.Files.IsEmpty || !AreFiles(body.Files) || !AreFiles(body.Tests ?? []))
            return Problems.Invalid("A policy set has 1 to 1000 files, each with a path of its own, and at most as many tests.");

        var links = ImmutableArray.CreateBuilder<PolicyLink>();
        foreach (var link in body.Links ?? [])
        {
            if (!IsEntity(link.Principal, out var principal) || !IsEntity(link.Resource, out var resource))
                return Problems.Invalid($"The link '{link.Id}' names its principal and its resource as Cedar entities, for instance Assay::Role::\"exporter\".");
            links.Add(new PolicyLink(link.Id, link.Template, principal, resource, link.Line ?? links.Count + 1, link.Column ?? 1));
        }

        var document = new PolicyDocument(Files(body.Files), body.Schema)
        {
            Actions = body.Actions ?? await Actions(store, self, body.Domain, body.Schema, context.RequestAborted),
            Links = links.DrainToImmutable(),
            Tests = Files(body.Tests ?? []),
        };
        var caller = context.Caller();
        switch (await Grain(grains, self, body.Domain).Store(RegistryJson.Write(document), caller.ClientId))
        {
            case PolicyStored.Done done:
                return await desk.Finish(context, done.Number, Direction.Widens, caller, "store policy set", $"{body.Domain}/{done.Version}", null)
                    ?? AdminJson.Ok(new PolicyUploaded(body.Domain, done.Version, done.Number, done.Warnings), StatusCodes.Status201Created);

            case PolicyStored.Refused refused:
                return Problems.Invalid("The policy set cannot be used.", refused.Faults);

            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static Task<IResult> Activate(string version, HttpContext context, IGrainFactory grains, AdminDesk desk, SiloIdentity self) =>
        Settle(context, grains, desk, self, "activate policy set", (grain, reason) => grain.Activate(version, context.Caller().ClientId, reason));

    private static Task<IResult> Rollback(HttpContext context, IGrainFactory grains, AdminDesk desk, SiloIdentity self) =>
        Settle(context, grains, desk, self, "roll back policy", (grain, reason) => grain.Rollback(context.Caller().ClientId, reason));

    private static async Task<IResult> Settle(
        HttpContext context, IGrainFactory grains, AdminDesk desk, SiloIdentity self, string action, Func<IPolicyGrain, string?, Task<ChangeResult>> change)
    {
        var (body, refusal) = await AdminJson.Read<DomainChoice>(context);
        if ((refusal ?? Fault(body!.Domain, body.Reason)) is { } fault)
            return fault;

        var domain = body!.Domain;
        var grain = Grain(grains, self, domain);
        var result = await change(grain, body.Reason);
        var (number, changed) = result switch
        {
            ChangeResult.Done done => (done.Number, true),
            ChangeResult.Unchanged same => (same.Number, false),
            _ => (0, false),
        };
        if (result is ChangeResult.Rejected rejected)
            return Problems.Of(rejected);

        var active = (await grain.List()).Active ?? "";
        return await desk.Finish(context, number, Direction.Narrows, context.Caller(), action, $"{domain}/{active}", null)
            ?? AdminJson.Ok(new ActivationAnswer(domain, active, number, changed));
    }

    /// <summary>What is wrong with the domain or the reason of a wish; null when nothing is.</summary>
    public static IResult? Fault(string domain, string? reason) =>
        !Domains.Contains(domain) ? UnknownDomain(domain)
        : reason is null || (reason.Length is >= 1 and <= MaxReason && !reason.Any(char.IsControl)) ? null
        : Problems.Invalid($"reason has 1 to {MaxReason} characters, none of them a control character.");

    public static IPolicyGrain Grain(IGrainFactory grains, SiloIdentity self, string domain) => grains.GetGrain<IPolicyGrain>(GrainKey.For(self.Realm, domain));

    /// <summary>The actions of a set that comes without: of the scopes of the domain's APIs as they are now.</summary>
    public static async Task<string> Actions(IAuthorityStore store, SiloIdentity self, string domain, string? schema, CancellationToken cancellationToken)
    {
        var apis = await store.List(self.Realm, ObjectKinds.Api, cancellationToken);
        return ActionDeclarations.Of(apis.Objects.Select(stored => RegistryJson.ReadApi(stored.Body.Span)).Where(api => api.PolicyDomain == domain).SelectMany(api => api.Scopes), schema);
    }

    private static bool AreFiles(ImmutableArray<PolicyText> files) =>
        files.Length <= 1000 && files.All(file => file.Path.Length is > 0 and <= 500) && files.DistinctBy(file => file.Path).Count() == files.Length;

    private static ImmutableArray<PolicyFile> Files(ImmutableArray<PolicyText> files) => [.. files.Select(file => new PolicyFile(file.Path, file.Text))];

    private static bool IsEntity(string? text, out EntityUid? uid)
    {
        uid = EntityUid.TryParse(text, out var entity) ? entity : null;
        return text is null || uid is not null;
    }

    public static IResult UnknownDomain(string domain) => Problems.Invalid($"There is no policy domain '{domain}': {string.Join(" or ", Domains)}.");
}
