using System.Collections.Immutable;
using System.Text;
using Assay.Core.Registry;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Grains.SharedSignals;
using Assay.Silo.Tokens;

namespace Assay.Silo.SharedSignals;

/// <summary>
/// Whether a client may hear of what its stream is about, asked of policy each time before anything is sent: nobody presents a token for what is pushed. It
/// stands as long as one of its live credentials would get the right.
/// </summary>
internal sealed class StreamStanding(IGrainFactory grains, IdentityCalls identities, SiloView silo, SiloIdentity self, TimeProvider clock)
{
    private const int MostCredentials = 8;

    /// <summary>Null when that cannot be told at the moment: then nothing is sent.</summary>
    /// <param name="passage">What rests on the answer may leave only while it is not overtaken.</param>
    public ValueTask<bool?> MayHear(StreamBatch batch, DecisionTicket passage, CancellationToken cancellationToken) =>
        MayHear(batch.Owner, batch.HasOthers, batch.HasEverybody, passage, cancellationToken);

    public async ValueTask<bool?> MayHear(string owner, bool ofOthers, bool ofEverybody, DecisionTicket passage, CancellationToken cancellationToken)
    {
        if (silo.Current is not { } view)
            return null;

        // A resource server was shown tokens: it may ask about those whose names it knows.
        ImmutableArray<string> scopes = ofEverybody || (ofOthers && !IsResourceServer(view, owner)) ? [EventScopes.Read, EventScopes.Subjects] : [EventScopes.Read];
        IdentityState? state;
        try
        {
            state = await grains.GetGrain<IIdentityGrain>(GrainKey.For(self.Realm, owner)).Read();
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested && fault is not OperationCanceledException)
        {
            return null;
        }

        if (state is null)
            return false;
        var now = clock.GetUtcNow();
        var live = RegistryJson.ReadIdentity(Encoding.UTF8.GetBytes(state.Json)).Credentials.Where(credential => credential.IsLiveAt(now));
        foreach (var credential in live.OrderBy(credential => credential.Kind).Take(MostCredentials))
        {
            var request = new DecisionRequest
            {
                RequestId = Guid.NewGuid(),
                GrantType = "client_credentials",
                AuthenticationMethod = credential.Kind == CredentialKind.PublicKey ? "private_key_jwt" : "client_secret_basic",
                CredentialHandle = credential.Handle,
                Resource = EventScopes.Resource,
                Scopes = scopes,
            };
            switch (await identities.Ask(Question.Explain, owner, request, passage, cancellationToken))
            {
                case Decision.Decided decided when decided.Verdict.Scopes.All(scope => scope.Granted):
                    return true;
                case Decision.Decided or Decision.Refused:
                    break;
                default:
                    return null;
            }
        }

        return false;
    }

    private static bool IsResourceServer(SiloSnapshot view, string client) => view.Directory.Apis.Any(api => api.ResourceServers.Contains(client));
}
