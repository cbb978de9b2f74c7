using System.Collections.Immutable;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Core.Decisions;

/// <summary>
/// Decides about an identity that others ask about and that proves nothing itself at the moment. How it proved itself is not guessed: it is granted what it
/// would be granted with every live credential it could have used.
/// </summary>
public static class AbsentDecider
{
    // Of a kind that nothing is known of: assurance 0.
    private static readonly ImmutableArray<string> Unknown = [""];
    private static readonly ImmutableArray<string> ByKey = ["private_key_jwt"];
    private static readonly ImmutableArray<string> BySecret = ["client_secret_basic", "client_secret_post"];

    /// <summary>
    /// What is granted in every case. <see cref="ScopeDecision.MaxLifetime"/> of a granted scope is the life that a token with that scope alone could have. Null when
    /// the identity holds no live credential that fits what is said.
    /// </summary>
    /// <param name="input">An empty <see cref="DecisionInput.AuthenticationMethod"/> or <see cref="DecisionInput.CredentialHandle"/> says nothing about it.</param>
    /// <exception cref="ArgumentException">The stage is not that of the identity.</exception>
    public static Verdict? Decide(LoadedPolicySet policies, DecisionStage stage, Identity identity, DecisionInput input)
    {
        Verdict? common = null;
        foreach (var credential in identity.Credentials)
        {
            if (!credential.IsLiveAt(input.Time) || (input.CredentialHandle.Length > 0 && input.CredentialHandle != credential.Handle))
                continue;

            foreach (var method in MethodsOf(credential.Kind))
            {
                if (input.AuthenticationMethod.Length > 0 && input.AuthenticationMethod != method)
                    continue;

                var verdict = Decider.Decide(policies, stage, input with { AuthenticationMethod = method, CredentialHandle = credential.Handle });
                verdict = verdict with { Scopes = Lives(verdict.Scopes, stage.View.Api, input) };
                common = common is null ? verdict : Common(common, verdict);
            }
        }

        return common;
    }

    private static ImmutableArray<string> MethodsOf(CredentialKind kind) => kind switch
    {
        CredentialKind.PublicKey => ByKey,
        CredentialKind.Secret => BySecret,
        _ => Unknown,
    };

    private static ImmutableArray<ScopeDecision> Lives(ImmutableArray<ScopeDecision> scopes, Api api, DecisionInput input)
    {
        var lives = ImmutableArray.CreateBuilder<ScopeDecision>(scopes.Length);
        foreach (var scope in scopes)
        {
            lives.Add(scope.Granted
                ? scope with { MaxLifetime = ScopeWeight.Bounded(scope.MaxLifetime ?? input.DefaultLifetime, api.MaxTokenLifetime, input.MaxLifetime) }
                : scope);
        }

        return lives.MoveToImmutable();
    }

    /// <summary>Of two verdicts on the same scopes, what both grant, for the shorter of the times; the first one's reasons where both refuse.</summary>
    private static Verdict Common(Verdict one, Verdict other)
    {
        TimeSpan? life = null;
        var scopes = ImmutableArray.CreateBuilder<ScopeDecision>(one.Scopes.Length);
        for (var i = 0; i < one.Scopes.Length; i++)
        {
            var (a, b) = (one.Scopes[i], other.Scopes[i]);
            var scope = !a.Granted ? a : !b.Granted || b.MaxLifetime < a.MaxLifetime ? b : a;
            scopes.Add(scope);
            if (scope.Granted)
                life = ScopeWeight.Smaller(life, scope.MaxLifetime);
        }

        return new Verdict(scopes.MoveToImmutable(), life ?? TimeSpan.Zero);
    }
}
