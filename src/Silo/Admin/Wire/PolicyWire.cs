using System.Collections.Immutable;
using Assay.Grains.Keys;
using Assay.Grains.Policies;

namespace Assay.Silo.Admin.Wire;

internal sealed record PolicyDomainPage(ImmutableArray<PolicyDomainAnswer> Domains);

/// <param name="Active">The version in force.</param>
/// <param name="Previous">Versions that were in force before, newest first; a rollback goes to the first.</param>
/// <param name="Versions">All that are stored, newest first.</param>
/// <param name="Shadow">The version that is asked beside the one in force; absent when none is.</param>
internal sealed record PolicyDomainAnswer(
    string Domain, string? Active, long ActiveSince, ImmutableArray<string> Previous, ImmutableArray<PolicyVersionAnswer> Versions, string? Shadow)
{
    public static PolicyDomainAnswer From(string domain, PolicyList list) => new(
        domain,
        list.Active,
        list.ActiveSince,
        list.Previous,
        [.. list.Versions.Select(version => new PolicyVersionAnswer(version.Version, version.Number, version.Policies))],
        list.Shadow?.Version);
}

internal sealed record PolicyVersionAnswer(string Version, long Number, int Policies);

/// <param name="Schema">The author's schema.</param>
/// <param name="Actions">The declarations of the actions that Assay made of the APIs; null in a set of the time before policies were checked against a schema.</param>
/// <param name="Tests">Test files.</param>
internal sealed record PolicyContentAnswer(
    string Domain,
    string Version,
    ImmutableArray<PolicyText> Files,
    string? Schema,
    bool Active,
    string? Actions,
    ImmutableArray<PolicyLinkText> Links,
    ImmutableArray<PolicyText> Tests);

internal sealed record PolicyText(string Path, string Text);

/// <param name="Id">The policy's name.</param>
/// <param name="Template">The template's <c>@id</c>.</param>
/// <param name="Principal">A Cedar entity for <c>?principal</c>.</param>
/// <param name="Resource">A Cedar entity for <c>?resource</c>.</param>
/// <param name="Line">Where it stands in its file; part of the set's content, so that a bundle is one version however it is uploaded.</param>
internal sealed record PolicyLinkText(string Id, string Template, string? Principal = null, string? Resource = null, int? Line = null, int? Column = null);

/// <param name="Schema">The author's schema.</param>
/// <param name="Links">Policies made from templates of the files.</param>
/// <param name="Tests">Test files, kept with the set.</param>
/// <param name="Actions">The declarations of the set's actions; made of the scopes of the domain's APIs as they are now when left out.</param>
internal sealed record PolicyUpload(
    string Domain,
    ImmutableArray<PolicyText> Files,
    string? Schema = null,
    ImmutableArray<PolicyLinkText>? Links = null,
    ImmutableArray<PolicyText>? Tests = null,
    string? Actions = null);

/// <param name="Warnings">What is allowed and probably not meant, each with file, line and column.</param>
internal sealed record PolicyUploaded(string Domain, string Version, long Number, ImmutableArray<string> Warnings);

/// <param name="Reason">For the history: 1 to 500 characters.</param>
internal sealed record DomainChoice(string Domain, string? Reason = null);

internal sealed record ActivationAnswer(string Domain, string Active, long Number, bool Changed);

internal sealed record KeyRing(ImmutableArray<KeyAnswer> Keys);

/// <param name="Purpose">What it signs: <c>access-token</c>, <c>checkpoint</c>, <c>introspection</c>, <c>status-list</c> or <c>set</c></param>
/// <param name="State"><c>announced</c>, <c>active</c>, <c>retiring</c>, <c>retired</c> or <c>withdrawn</c></param>
internal sealed record KeyAnswer(
    string Kid,
    string Purpose,
    string Algorithm,
    string State,
    DateTimeOffset AnnouncedAt,
    DateTimeOffset? ActivatesAt,
    DateTimeOffset? RetiresAt,
    DateTimeOffset? RemovedAt,
    DateTimeOffset? WithdrawnAt)
{
    public static KeyAnswer From(string purpose, KeyDescription key) => new(
        key.KeyId, purpose, key.Algorithm, key.State.ToLowerInvariant(), key.AnnouncedAt, key.ActivatesAt, key.RetiresAt, key.RemovedAt, key.WithdrawnAt);
}

internal sealed record RotationAnswer(string Kid, DateTimeOffset ActivatesAt, long Number);

/// <param name="SignsNext">The key that signs from now on, or next.</param>
/// <param name="SignsFrom">From when; nothing is signed before.</param>
internal sealed record WithdrawalAnswer(long Number, bool Changed, string? SignsNext, DateTimeOffset? SignsFrom);
