using System.Collections.Immutable;
using System.Text.Json;
using Assay.Core.Registry;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Microsoft.Extensions.Options;

namespace Assay.Silo.AuthZen;

/// <summary>A page of results.</summary>
/// <param name="Type">Of each result, as the caller calls it; null for actions, which have names.</param>
/// <param name="NextToken">Empty at the end.</param>
internal sealed record SearchPage(string? Type, ImmutableArray<string> Results, string NextToken)
{
    public ReadOnlyMemory<byte> Write() => AccessAnswer.Write(WriteTo);

    private void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartObject("page"u8);
        json.WriteString("next_token"u8, NextToken);
        json.WriteNumber("count"u8, Results.Length);
        json.WriteEndObject();
        json.WriteStartArray("results"u8);
        foreach (var result in Results)
        {
            json.WriteStartObject();
            if (Type is not null)
            {
                json.WriteString("type"u8, Type);
                json.WriteString("id"u8, result);
            }
            else
            {
                json.WriteString("name"u8, result);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}

/// <summary>
/// Finds who may do something, where, or what. It reads identities from the store and decides about them here, by what their grains would say
/// (<see cref="IdentityEvaluation"/>): a search over all identities wakes none of them. One request looks at a bounded number, so a page may have few results or none and yet not be the last.
/// </summary>
internal sealed class AccessSearch(
    IAuthorityStore store, SiloView silo, PageTokens tokens, SiloIdentity self, IOptions<DecisionOptions> bounds, TimeProvider clock)
{
    /// <summary>Results in a page.</summary>
    public const int MostResults = 256;

    /// <summary>Identities, or APIs, that one request looks at.</summary>
    public const int MostExamined = 2048;

    private const int Batch = 256;

    private static readonly AccessRefusal Unable = AccessRefusal.Unavailable("this silo cannot decide at the moment");

    /// <param name="passages">The answer rests on what this silo knows when it begins.</param>
    public async ValueTask<(SearchPage? Page, AccessRefusal? Refusal)> Find(
        AccessCaller caller, AccessQuery query, Passages passages, CancellationToken cancellationToken)
    {
        var search = PageTokens.Describe(caller.ClientId, query);
        var (after, limit) = ("", Math.Min(query.Limit ?? MostResults, MostResults));
        if (query.Token is { } token
            && (!tokens.TryOpen(token, search, out after, out limit) || (query.Limit is { } asked && Math.Min(asked, MostResults) != limit)))
            return (null, AccessRefusal.Malformed("page.token is none, or of another search; its parts and its limit must stay the same"));
        if (silo.CurrentFor(passages.Enter()) is not { } view)
            return (null, Unable);

        var (type, id) = query.For switch
        {
            SearchFor.Subject => (query.Parts.Subject!.Type, query.Parts.Resource!.Id),
            SearchFor.Resource => (query.Parts.Resource!.Type, null),
            _ => ((string?)null, query.Parts.Resource!.Id),
        };
        Api? api = null;
        var isKnown = AccessTypes.IsSubject(query.Parts.Subject!.Type, out var principal) && AccessTypes.IsResource(query.Parts.Resource!.Type);
        if (isKnown && id is not null && (!view.Directory.TryGetApi(id, out api) || !caller.MayAskAbout(api)))
        {
            if (!caller.IsAdministrator)
                return (null, AccessRefusal.NotYours);
            isKnown = false;
        }

        if (!isKnown)
            return (new SearchPage(type, [], ""), null);

        var page = new Page(after, limit);
        var question = new EvaluationRequest
        {
            Resource = api?.Resource ?? "",
            Scopes = query.Parts.Action is { } action ? [action] : [], // none: all that the API has
            GrantType = AccessEvaluator.GrantType,
            PrincipalType = principal,
            AuthenticationMethod = query.Parts.Context?.Method,
            CredentialHandle = query.Parts.Context?.Credential,
            OriginIp = query.Parts.Context?.Ip,
        };
        var isDecided = query.For switch
        {
            SearchFor.Subject => await Subjects(view, api!, question, page, cancellationToken),
            SearchFor.Resource => await Resources(view, caller, query.Parts.Subject.Id!, question, page, cancellationToken),
            _ => await Actions(view, query.Parts.Subject.Id!, question, page, cancellationToken),
        };
        return isDecided
            ? (new SearchPage(type, page.Found(), page.IsLast ? "" : tokens.Seal(page.After, limit, search)), null)
            : (null, Unable);
    }

    private async ValueTask<bool> Subjects(SiloSnapshot view, Api api, EvaluationRequest question, Page page, CancellationToken cancellationToken)
    {
        if (!api.Scopes.Any(scope => scope.Name == question.Scopes[0]))
        {
            page.End();
            return true;
        }

        while (page.HasRoom)
        {
            var batch = await store.Page(self.Realm, ObjectKinds.Identity, page.After.Length == 0 ? null : page.After, Batch, cancellationToken);
            foreach (var stored in batch)
            {
                if (!page.HasRoom)
                    return true;
                if (Decide(view, RegistryJson.ReadIdentity(stored.Body.Span), stored.Number, question) is not { } granted)
                    return false;
                page.Add(stored.Key.Id, !granted.IsEmpty);
            }

            if (batch.Length < Batch)
                page.End();
        }

        return true;
    }

    private async ValueTask<bool> Resources(
        SiloSnapshot view, AccessCaller caller, string subject, EvaluationRequest question, Page page, CancellationToken cancellationToken)
    {
        if (await Read(subject, cancellationToken) is { } found)
        {
            foreach (var api in view.Directory.Apis.Where(api => page.IsAfter(api.Resource)).OrderBy(api => api.Resource, StringComparer.Ordinal))
            {
                if (!page.HasRoom)
                    return true;
                if (!caller.MayAskAbout(api) || !api.Scopes.Any(scope => scope.Name == question.Scopes[0]))
                    continue;
                if (Decide(view, found.Identity, found.Number, question with { Resource = api.Resource }) is not { } granted)
                    return false;
                page.Add(api.Resource, !granted.IsEmpty);
            }
        }

        page.End();
        return true;
    }

    private async ValueTask<bool> Actions(SiloSnapshot view, string subject, EvaluationRequest question, Page page, CancellationToken cancellationToken)
    {
        if (await Read(subject, cancellationToken) is { } found)
        {
            if (Decide(view, found.Identity, found.Number, question) is not { } granted)
                return false;
            foreach (var scope in granted.Where(page.IsAfter).Order(StringComparer.Ordinal))
            {
                if (!page.HasRoom)
                    return true;
                page.Add(scope, isResult: true);
            }
        }

        page.End();
        return true;
    }

    private async ValueTask<(Identity Identity, long Number)?> Read(string subject, CancellationToken cancellationToken) =>
        RegistryText.IdFault(subject) is null
        && await store.Read(new ObjectKey(self.Realm, ObjectKinds.Identity, subject), cancellationToken) is { IsDeleted: false } stored
            ? (RegistryJson.ReadIdentity(stored.Body.Span), stored.Number)
            : null;

    /// <summary>The scopes that are granted; null when that cannot be decided now.</summary>
    private ImmutableArray<string>? Decide(SiloSnapshot view, Identity identity, long number, EvaluationRequest question) =>
        IdentityEvaluation.Of(view, self.Realm, identity, number, question, clock.GetUtcNow(), bounds.Value) switch
        {
            Decision.Decided decided => decided.Verdict.GrantedScopes(),
            Decision.Refused => [],
            _ => null,
        };

    /// <summary>A page as it fills.</summary>
    private sealed class Page(string after, int limit)
    {
        private readonly ImmutableArray<string>.Builder found = ImmutableArray.CreateBuilder<string>();
        private int examined;

        public string After { get; private set; } = after;

        /// <summary>Everything was looked at.</summary>
        public bool IsLast { get; private set; }

        public bool HasRoom => !IsLast && found.Count < limit && examined < MostExamined;

        public bool IsAfter(string name) => string.CompareOrdinal(name, After) > 0;

        public void Add(string name, bool isResult)
        {
            examined++;
            After = name;
            if (isResult)
                found.Add(name);
        }

        public void End() => IsLast = true;

        public ImmutableArray<string> Found() => found.DrainToImmutable();
    }
}
