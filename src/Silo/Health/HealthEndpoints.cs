using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Keys;
using Assay.Silo.Signing;
using Assay.Silo.Startup;
using Assay.Core.Registry;

namespace Assay.Silo.Health;

/// <summary>
/// Live: the process answers. Ready: it may decide (so the database was there within the lease), has policies to decide by and a key to sign with, is a
/// member of the cluster, has rehearsed a token request, and was not told to stop.
/// </summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapPublic("/health/live", () => Results.Ok(new { status = "live" })).ExcludeFromDescription();
        routes.MapPublic("/health/ready", (
            SiloView silo, TokenSigner signer, ISiloStatusOracle membership, Rehearsal rehearsal, IHostApplicationLifetime host, SiloIdentity self) =>
        {
            var missing = new List<string>();
            if (silo.Current is not { } view)
                missing.Add("lease");
            else if (!view.Policies.ContainsKey(GrainKey.For(self.Realm, PolicyDomains.Admin)))
                missing.Add("policy");
            if (signer.PickKey(KeyPurposes.AccessToken) is null)
                missing.Add("signing key");
            if (membership.CurrentStatus != SiloStatus.Active)
                missing.Add("membership");
            if (!rehearsal.IsOver)
                missing.Add("rehearsal");
            if (host.ApplicationStopping.IsCancellationRequested)
                missing.Add("time: the silo is stopping");
            return missing.Count == 0
                ? Results.Ok(new { status = "ready" })
                : Results.Json(new { status = "not ready", missing }, statusCode: StatusCodes.Status503ServiceUnavailable);
        }).ExcludeFromDescription();
    }
}
