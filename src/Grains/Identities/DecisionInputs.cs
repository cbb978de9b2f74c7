using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Registry;
using Assay.Core.Risk;
using Assay.Grains.Authority;

namespace Assay.Grains.Identities;

/// <summary>How an identity asks, or is said to have asked; empty where nothing is said of it.</summary>
internal readonly record struct Asking(string GrantType, string AuthenticationMethod, string CredentialHandle, string? OriginIp);

/// <summary>What policy is asked with, whoever asks: in one place, so that an answer about an identity rests on the same as an answer to it.</summary>
internal static class DecisionInputs
{
    public static DecisionInput Of(
        SiloSnapshot view, string realm, Identity identity, long number, in Asking asking, string resource, ImmutableArray<string> scopes, DateTimeOffset now,
        string domain, string version, DecisionOptions bounds)
    {
        var age = now > view.RefreshedAt ? now - view.RefreshedAt : TimeSpan.Zero;
        return new DecisionInput
        {
            Realm = realm,
            ClientId = identity.Id,
            Time = now,
            GrantType = asking.GrantType,
            AuthenticationMethod = asking.AuthenticationMethod,
            CredentialHandle = asking.CredentialHandle,
            Resource = resource,
            Scopes = scopes,
            OriginIp = asking.OriginIp,
            Risk = RiskScore.Assess(identity.Signals, now),
            EntitlementAge = age,
            RiskAge = age,
            IdentityNumber = number,
            DirectoryNumber = view.Number,
            PolicyDomain = domain,
            PolicyVersion = version,
            DefaultLifetime = bounds.TokenLifetime,
            MaxLifetime = bounds.MaxTokenLifetime,
        };
    }
}
