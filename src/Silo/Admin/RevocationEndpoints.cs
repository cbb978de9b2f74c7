using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Assay.Core.Evidence;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Core.Tokens;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Wire;
using Assay.Silo.Tokens;

namespace Assay.Silo.Admin;

/// <summary>Ends tokens that are out, shows what was ended, and tells administrators whether a token is live.</summary>
internal static class RevocationEndpoints
{
    private const int MostPerPage = 1_000;

    public static void MapRevocations(this RouteGroupBuilder admin)
    {
        admin.MapPost("/revocations", Revoke).Needs(AdminScopes.TokenRevoke).WithTags("tokens")
            .WithSummary("Ends all tokens that were issued by now and hang on one thing: a jti, identity, credential, key or policy version.")
            .WithDescription("since and until narrow it to what was issued between these moments. It ends tokens only: who may get new ones is decided elsewhere.")
            .Accepts<RevocationWish>("application/json").Produces<ChangeAnswer>().ProducesProblem(404).ProducesProblem(422);
        admin.MapGet("/revocations", List).Needs(AdminScopes.EvidenceRead).WithTags("tokens").WithSummary("Lists revocations, newest first.")
            .WithDescription("Query: limit (1 to 1000, 100 by default), before (the next of the page before).").Produces<RevocationPage>();
        admin.MapPost("/introspect", Introspect).Needs(AdminScopes.EvidenceRead).WithTags("tokens").WithSummary("Whether a token is live, and if not, why.")
            .WithDescription("continuous asks policy again with the state of now.").Accepts<IntrospectionQuestion>("application/json").Produces<IntrospectionReport>();
    }

    private static async Task<IResult> Revoke(
        HttpContext context, IAuthorityStore store, Revoker revoker, AdminDesk desk, JtiCodec jtis, SiloView silo, SiloIdentity self, TimeProvider clock)
    {
        var (body, refusal) = await AdminJson.Read<RevocationWish>(context);
        if (refusal is not null)
            return refusal;

        if (!RevocationId.TryReadKind(body!.Kind, out var kind))
            return Problems.Invalid($"kind '{body.Kind}' is unknown; it is jti, identity, credential, key or policy-version.");
        if (body.Reason.Length is 0 or > 500)
            return Problems.Invalid("reason has 1 to 500 characters.");
        if (body.Name.Length is 0 or > RevocationId.MaxNameLength)
            return Problems.Invalid($"name has 1 to {RevocationId.MaxNameLength} characters.");
        if (body is { Since: not null } or { Until: not null } && kind == RevocationKind.Jti)
            return Problems.Invalid("A jti is one token: since and until are for the others.");
        if (body.Until > clock.GetUtcNow() || body.Since >= (body.Until ?? clock.GetUtcNow()))
            return Problems.Invalid("since is before until, and both are over: a revocation ends what was issued, never what will be.");
        if (await Unknown(kind, body.Name, store, jtis, silo, self, context.RequestAborted) is { } unknown)
            return unknown;

        var caller = context.Caller();
        var id = new RevocationId(kind, body.Name, IssueWindow.Of(body.Since, body.Until));
        var (number, changed) = await revoker.Revoke(id, caller.ClientId, body.Reason, context.RequestAborted);
        var action = $"revoke {RevocationId.WordOf(kind)}{Between(body)}{(changed ? "" : " (already so)")}";
        return await desk.Finish(context, number, Direction.Narrows, caller, action, body.Name, kind == RevocationKind.Identity ? body.Name : null)
            ?? AdminJson.Ok(new ChangeAnswer(number, changed, null, null));
    }

    /// <summary>A slip of the pen ends nothing, and the caller is told. Credentials may be long gone: any handle is taken.</summary>
    private static async Task<IResult?> Unknown(
        RevocationKind kind, string name, IAuthorityStore store, JtiCodec jtis, SiloView silo, SiloIdentity self, CancellationToken cancellationToken)
    {
        switch (kind)
        {
            case RevocationKind.Jti when !jtis.TryDecode(name, out _):
                return Problems.NotFound($"'{name}' was not made by this cluster.");
            case RevocationKind.Identity when await store.Read(new ObjectKey(self.Realm, ObjectKinds.Identity, name), cancellationToken) is null:
                return Problems.NotFound($"There never was an identity '{name}'.");
            case RevocationKind.Key when silo.Newest?.Keys.Any(key => key.KeyId == name) != true:
                return Problems.NotFound($"There is no key '{name}'.");
            case RevocationKind.PolicyVersion:
                foreach (var domain in new[] { PolicyDomains.Tokens, PolicyDomains.Admin })
                {
                    if (await store.Read(new ObjectKey(self.Realm, ObjectKinds.PolicySet, GrainKey.For(domain, name)), cancellationToken) is not null)
                        return null;
                }

                return Problems.NotFound($"There is no policy set '{name}'.");
            default:
                return null;
        }
    }

    private static async Task<IResult> List(HttpContext context, IAuthorityStore store, SiloIdentity self, TimeProvider clock)
    {
        if (context.Limit(100, MostPerPage) is not { } limit)
            return AdminRoutes.WrongLimit(MostPerPage);
        var before = long.MaxValue;
        if (context.Query("before") is { } text && !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out before))
            return Problems.BadQuery("before must be a number.");

        var found = await store.Changes(self.Realm, ObjectKinds.Revocation, id: null, after: 0, before, limit, context.RequestAborted);
        var oldest = clock.GetUtcNow() - RevocationSet.Retention;
        return AdminJson.Ok(new RevocationPage(
            [.. found.Select(change => Answer(change, oldest))],
            found.Length == limit ? found[^1].Number : null));
    }

    private static RevocationAnswer Answer(ObjectChange change, DateTimeOffset oldest)
    {
        var id = Revocations.IdOf(change.Key);
        return new RevocationAnswer(
            RevocationId.WordOf(id.Kind),
            id.Name,
            id.Window?.Since is { } since ? DateTimeOffset.FromUnixTimeSeconds(since) : null,
            id.Window?.Until is { } until ? DateTimeOffset.FromUnixTimeSeconds(until) : null,
            change.Number,
            change.At,
            change.Actor,
            change.Reason,
            change.At >= oldest);
    }

    private static async Task<IResult> Introspect(HttpContext context, Introspector introspector, ContinuousEvaluation continuous, DecisionGate gate)
    {
        var (body, refusal) = await AdminJson.Read<IntrospectionQuestion>(context);
        if (refusal is not null)
            return refusal;

        using DecisionTicket standing = gate.Enter(), deciding = gate.Enter();
        ReadOnlyMemory<byte> token = Encoding.UTF8.GetBytes(body!.Token);
        var state = introspector.Examine(token, standing);
        var asksPolicy = body.Continuous && state is TokenState.Live;
        if (asksPolicy)
            state = await continuous.Ask(((TokenState.Live)state).Token, token, deciding, context.RequestAborted);
        if (state is TokenState.Unknown || !standing.MayLeave() || (asksPolicy && state is TokenState.Live && !deciding.MayLeave()))
            return Problems.Unavailable("The silo cannot decide at the moment.");

        await AdminJson.Ok(IntrospectionReport.From(state)).ExecuteAsync(context); // here, while the tickets are held
        return Results.Empty;
    }

    private static string Between(RevocationWish wish) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(wish.Since is { } since ? $" issued from {since.UtcDateTime:O}" : "")}{(wish.Until is { } until ? $" issued until {until.UtcDateTime:O}" : "")}");
}
