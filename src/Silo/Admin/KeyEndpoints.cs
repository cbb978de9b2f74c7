using Assay.Grains;
using Assay.Grains.Identities;
using Assay.Grains.Keys;
using Assay.Silo.Admin.Wire;

namespace Assay.Silo.Admin;

/// <summary>The signing keys: where they are in their life, rotation, withdrawal.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this RouteGroupBuilder admin)
    {
        var keys = admin.MapGroup("/keys").WithTags("keys");
        keys.MapGet("", List).Needs(AdminScopes.KeyRead).WithSummary("Lists the signing keys and the times of their lives.").Produces<KeyRing>();
        keys.MapPost("/rotate", Rotate).Needs(AdminScopes.KeyRotate).WithSummary("Moves signing to the announced standby as soon as it may sign.").Produces<RotationAnswer>();
        keys.MapPost("/{kid}/withdraw", Withdraw).Needs(AdminScopes.KeyRotate).WithSummary("Takes a compromised key out at once.")
            .WithDescription("The answer says which key signs next and from when: until then no token is issued.").Produces<WithdrawalAnswer>().ProducesProblem(404);
    }

    private static async Task<IResult> List(IGrainFactory grains, SiloIdentity self) =>
        AdminJson.Ok(new KeyRing([.. (await Ring(grains, self).List()).Select(KeyAnswer.From)]));

    private static async Task<IResult> Rotate(HttpContext context, IGrainFactory grains, AdminDesk desk, SiloIdentity self)
    {
        var caller = context.Caller();
        var rotation = await Ring(grains, self).Rotate(caller.ClientId);
        return await desk.Finish(context, rotation.Number, Direction.Widens, caller, "rotate keys", rotation.NextKeyId, null)
            ?? AdminJson.Ok(new RotationAnswer(rotation.NextKeyId, rotation.ActivatesAt, rotation.Number));
    }

    private static async Task<IResult> Withdraw(string kid, HttpContext context, IGrainFactory grains, AdminDesk desk, SiloIdentity self, TimeProvider clock)
    {
        var caller = context.Caller();
        var ring = Ring(grains, self);
        var result = await ring.Withdraw(kid, caller.ClientId);
        if (result is ChangeResult.Rejected rejected)
            return Problems.Of(rejected);

        var (number, changed) = result is ChangeResult.Done done ? (done.Number, true) : (((ChangeResult.Unchanged)result).Number, false);
        if (await desk.Finish(context, number, Direction.Narrows, caller, changed ? "withdraw key" : "withdraw key (already so)", kid, null) is { } unfinished)
            return unfinished;

        // Who withdraws the key that signs has to know when the next one does.
        var next = (await ring.List())
            .Where(key => key is { WithdrawnAt: null, ActivatesAt: not null } && !(key.RetiresAt <= clock.GetUtcNow()))
            .MinBy(key => key.ActivatesAt);
        return AdminJson.Ok(new WithdrawalAnswer(number, changed, next?.KeyId, next?.ActivatesAt));
    }

    private static IKeyRingGrain Ring(IGrainFactory grains, SiloIdentity self) =>
        grains.GetGrain<IKeyRingGrain>(GrainKey.For(self.Realm, KeyPurposes.AccessToken));
}
