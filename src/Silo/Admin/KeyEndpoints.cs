using System.Collections.Immutable;
using Assay.Grains;
using Assay.Grains.Identities;
using Assay.Grains.Keys;
using Assay.Silo.Admin.Wire;

namespace Assay.Silo.Admin;

/// <summary>The signing keys of every purpose: where they are in their life, rotation, withdrawal.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this RouteGroupBuilder admin)
    {
        var keys = admin.MapGroup("/keys").WithTags("keys");
        keys.MapGet("", List).Needs(AdminScopes.KeyRead).WithSummary("Lists the signing keys and the times of their lives.").WithDescription("Query: purpose; all of them without it.").Produces<KeyRing>();
        keys.MapPost("/rotate", Rotate).Needs(AdminScopes.KeyRotate).WithSummary("Moves signing to an announced standby as soon as it may sign and another could follow it.")
            .WithDescription("Query: purpose; access-token without it.").Produces<RotationAnswer>();
        keys.MapPost("/{kid}/withdraw", Withdraw).Needs(AdminScopes.KeyRotate).WithSummary("Takes a compromised key out at once.")
            .WithDescription("The answer says which key signs next and from when: until then nothing of that purpose is signed. Query: purpose; access-token without it.").Produces<WithdrawalAnswer>().ProducesProblem(404);
    }

    private static async Task<IResult> List(string? purpose, IGrainFactory grains, SiloIdentity self)
    {
        if (purpose is not null && !KeyPurposes.All.Contains(purpose))
            return Unknown(purpose);
        var keys = ImmutableArray.CreateBuilder<KeyAnswer>();
        foreach (var listed in KeyPurposes.All.Reverse()) // access tokens first
        {
            if (purpose is null || purpose == listed)
                keys.AddRange((await Ring(grains, self, listed).List()).Select(key => KeyAnswer.From(listed, key)));
        }

        return AdminJson.Ok(new KeyRing(keys.DrainToImmutable()));
    }

    private static async Task<IResult> Rotate(HttpContext context, IGrainFactory grains, AdminDesk desk, SiloIdentity self, string purpose = KeyPurposes.AccessToken)
    {
        if (!KeyPurposes.All.Contains(purpose))
            return Unknown(purpose);
        var caller = context.Caller();
        var rotation = await Ring(grains, self, purpose).Rotate(caller.ClientId);
        return await desk.Finish(context, rotation.Number, Direction.Widens, caller, "rotate keys", rotation.NextKeyId, null)
            ?? AdminJson.Ok(new RotationAnswer(rotation.NextKeyId, rotation.ActivatesAt, rotation.Number));
    }

    private static async Task<IResult> Withdraw(
        string kid, HttpContext context, IGrainFactory grains, AdminDesk desk, SiloIdentity self, TimeProvider clock, string purpose = KeyPurposes.AccessToken)
    {
        if (!KeyPurposes.All.Contains(purpose))
            return Unknown(purpose);
        var caller = context.Caller();
        var ring = Ring(grains, self, purpose);
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

    private static IKeyRingGrain Ring(IGrainFactory grains, SiloIdentity self, string purpose) =>
        grains.GetGrain<IKeyRingGrain>(GrainKey.For(self.Realm, purpose));

    private static IResult Unknown(string purpose) =>
        Problems.BadQuery($"There are no keys for '{purpose}'; they are for {string.Join(", ", KeyPurposes.All.Reverse())}.");
}
