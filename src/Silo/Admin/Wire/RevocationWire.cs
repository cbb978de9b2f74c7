using System.Collections.Immutable;
using Assay.Silo.Tokens;

namespace Assay.Silo.Admin.Wire;

/// <param name="Kind"><c>jti</c>, <c>identity</c>, <c>credential</c>, <c>key</c> or <c>policy-version</c></param>
/// <param name="Name">The jti, id, handle, kid or version.</param>
/// <param name="Since">Only what was issued at this moment or later.</param>
/// <param name="Until">Only what was issued before this moment, which is over.</param>
internal sealed record RevocationWish(string Kind, string Name, string Reason, DateTimeOffset? Since = null, DateTimeOffset? Until = null);

/// <param name="Next">To go on with <c>before</c>; absent when there are no more.</param>
internal sealed record RevocationPage(ImmutableArray<RevocationAnswer> Revocations, long? Next);

/// <param name="Number">The feed number: it ends what was decided before.</param>
/// <param name="Matters">Whether tokens may still live that it ends.</param>
internal sealed record RevocationAnswer(
    string Kind, string Name, DateTimeOffset? Since, DateTimeOffset? Until, long Number, DateTimeOffset At, string Actor, string Reason, bool Matters);

internal sealed record IntrospectionQuestion(string Token, bool Continuous = false);

/// <param name="Because">Why it is not: <c>not-ours</c>, <c>expired</c>, <c>revoked</c>, <c>other-timeline</c>, <c>unrecorded</c> or <c>no-longer-granted</c>.</param>
internal sealed record IntrospectionReport(
    bool Active, string? Because, string? Scope, string? ClientId, string? Audience, DateTimeOffset? IssuedAt, DateTimeOffset? ExpiresAt, string? Jti, string? Kid)
{
    public static IntrospectionReport From(TokenState state) => state is TokenState.Live { Token: var token }
        ? new IntrospectionReport(
            true, null, token.Scope, token.ClientId, token.Audience, DateTimeOffset.FromUnixTimeSeconds(token.IssuedAt),
            DateTimeOffset.FromUnixTimeSeconds(token.ExpiresAt), token.JwtId, token.KeyId)
        : new IntrospectionReport(false, WordOf(((TokenState.Dead)state).Reason), null, null, null, null, null, null, null);

    private static string WordOf(EndReason reason) => reason switch
    {
        EndReason.Expired => "expired",
        EndReason.Revoked => "revoked",
        EndReason.OtherTimeline => "other-timeline",
        EndReason.Unrecorded => "unrecorded",
        EndReason.NoLongerGranted => "no-longer-granted",
        _ => "not-ours",
    };
}
