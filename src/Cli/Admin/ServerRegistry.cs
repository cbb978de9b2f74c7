using System.Collections.Immutable;
using System.Text.Json;
using Assay.Cedar;
using Assay.Core.Registry;

namespace Assay.Cli.Admin;

/// <summary>What a server holds of identities, roles, teams and APIs, as policies see it.</summary>
/// <param name="IsComplete">False when the server has more identities than were asked for.</param>
internal sealed record ServerRegistry(ImmutableArray<Identity> Identities, ImmutableArray<Group> Groups, ImmutableArray<Api> Apis, bool IsComplete)
{
    /// <summary>The admin scopes that reading takes.</summary>
    public const string Scopes = "identity.read api.read";

    private const int PageSize = 500;

    /// <param name="most">At most this many identities, the first by id.</param>
    public static async Task<ServerRegistry> Read(AdminApi api, int most, CancellationToken cancellationToken)
    {
        var identities = ImmutableArray.CreateBuilder<Identity>();
        string? after = null;
        do
        {
            var path = $"identities?limit={Math.Min(most - identities.Count, PageSize)}{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}";
            var page = (await api.Get(path, cancellationToken)).As<IdentityList>();
            identities.AddRange(page.Identities.Select(Of));
            after = page.Identities.IsEmpty ? null : page.Next;
        }
        while (after is not null && identities.Count < most);

        var groups = (await api.Get("groups", cancellationToken)).As<GroupList>();
        var apis = (await api.Get("apis", cancellationToken)).As<ApiList>();
        return new ServerRegistry(identities.DrainToImmutable(), [.. groups.Groups.Select(Of)], [.. apis.Apis.Select(Of)], after is null);
    }

    private static Identity Of(IdentityView view) => new()
    {
        Id = view.Id,
        Kind = view.Kind == "person" ? IdentityKind.Person : IdentityKind.Workload,
        Name = view.Name,
        Owner = view.Owner,
        ManagedBy = view.ManagedBy,
        Attributes = Attributes(view.Attributes),
        Memberships = [.. view.Memberships.Select(member => new Membership { Group = Uid(member.Group), ExpiresAt = member.ExpiresAt, RemovedAt = member.RemovedAt })],
        DisabledAt = view.DisabledAt,
    };

    private static Group Of(GroupView view) => new()
    {
        Uid = Uid(view.Group),
        Parents = [.. view.Parents.Select(Uid)],
        Attributes = Attributes(view.Attributes),
    };

    private static Api Of(ApiView view) => new()
    {
        Resource = view.Resource,
        PolicyDomain = view.PolicyDomain,
        Scopes = [.. view.Scopes.Select(scope => new ApiScope(scope.Name, scope.Description, scope.Groups))],
        MaxTokenLifetime = view.MaxTokenLifetimeSeconds is { } life ? TimeSpan.FromSeconds(life) : null,
        Parents = [.. view.Parents.Select(Uid)],
        Attributes = Attributes(view.Attributes),
    };

    private static EntityUid Uid(string text) => EntityUid.TryParse(text, out var uid) ? uid : throw NotUnderstood($"'{text}' names no entity");

    private static RecordValue Attributes(JsonElement? json)
    {
        try
        {
            return json is { } attributes ? CedarJson.ReadValue(attributes) as RecordValue ?? throw NotUnderstood("attributes are no record") : RecordValue.Empty;
        }
        catch (CedarDataException fault)
        {
            throw NotUnderstood(fault.Message);
        }
    }

    private static Failure NotUnderstood(string fault) =>
        new(ExitCode.Failed, $"The server's answer is not understood: {fault}.", "Is the CLI as new as the server?");
}
