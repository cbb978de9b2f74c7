using Assay.Cedar;

namespace Assay.Benchmarks.Apps;

/// <summary>Repositories of organisations, with five roles for each, held by users and by teams within teams.</summary>
internal static class Github
{
    private const string Policies = """
        permit(principal, action in [Action::"pull", Action::"fork"], resource)
        when { principal in resource.readers };

        permit(principal, action in [Action::"assignIssue", Action::"editIssue", Action::"deleteIssue"], resource)
        when { principal in resource.triagers };

        // Whoever reads a repository closes and edits the issues they opened there.
        permit(principal, action in [Action::"editIssue", Action::"deleteIssue"], resource is Issue)
        when { principal == resource.reporter && principal in resource.repository.readers };

        permit(principal, action == Action::"push", resource)
        when { principal in resource.writers };

        permit(principal, action == Action::"editSettings", resource)
        when { principal in resource.maintainers };

        permit(principal, action in [Action::"addReader", Action::"addWriter", Action::"addAdmin", Action::"deleteRepository"], resource)
        when { principal in resource.admins };
        """;

    private static readonly string[] OnRepositories =
        ["pull", "pull", "fork", "push", "assignIssue", "editSettings", "addReader", "addWriter", "addAdmin", "deleteRepository"];

    private static readonly string[] Roles = ["readers", "triagers", "writers", "maintainers", "admins"];

    public static App App { get; } = new("github", Policies, Grow);

    private static (Entities, Func<Request>) Grow(int size, Random random)
    {
        var users = Growth.Named("User", "user", size);
        var teams = Growth.Named("Team", "team", size);
        var organisations = Growth.Named("Organisation", "organisation", size);
        var repositories = Growth.Named("Repository", "repository", size);
        var issues = Growth.Named("Issue", "issue", size);

        // Each repository and each organisation has a group for each role, and a greater role holds the lesser ones.
        EntityUid Role(EntityUid of, int role) => new("RoleGroup", $"{of.Id} {Roles[role]}");
        EntityUid[] roles = [.. repositories.SelectMany(repository => Enumerable.Range(0, Roles.Length).Select(role => Role(repository, role)))];
        RecordValue RolesOf(EntityUid repository) => Value.Record([.. Enumerable.Range(0, Roles.Length).Select(role => (Roles[role], (Value)Value.Of(Role(repository, role))))]);

        var entities = new List<Entity>();
        EntityUid[] homes = [.. repositories.Select(_ => organisations.One(random))];
        foreach (var organisation in organisations)
        {
            // What somebody is in an organisation, they are in each of its repositories.
            for (var role = 0; role < Roles.Length; role++)
                entities.Add(new Entity(Role(organisation, role), RecordValue.Empty, [.. repositories.Where((_, place) => homes[place] == organisation).Select(repository => Role(repository, role))]));
        }

        for (var i = 0; i < size; i++)
        {
            for (var role = 0; role < Roles.Length; role++)
                entities.Add(new Entity(Role(repositories[i], role), RecordValue.Empty, role == 0 ? [] : [Role(repositories[i], role - 1)]));

            entities.Add(new Entity(organisations[i], RecordValue.Empty, []));
            entities.Add(new Entity(repositories[i], RolesOf(repositories[i]), [homes[i]]));
            entities.Add(new Entity(
                issues[i],
                Value.Record(
                    ("repository", Value.Of(repositories[i])), ("reporter", Value.Of(users.One(random))),
                    ("triagers", Value.Of(Role(repositories[i], 1))), ("readers", Value.Of(Role(repositories[i], 0)))),
                []));
            entities.Add(new Entity(teams[i], RecordValue.Empty, [.. teams.Above(i, random), .. roles.Some(random, Growth.Likely / Roles.Length)]));
            entities.Add(new Entity(
                users[i], RecordValue.Empty, [.. teams.Some(random), .. roles.Some(random, Growth.Likely / Roles.Length), Role(organisations.One(random), random.Next(Roles.Length))]));
        }

        return (Entities.Of(entities), () => random.Next(5) == 0
            ? new Request(users.One(random), new("Action", random.Next(2) == 0 ? "editIssue" : "deleteIssue"), issues.One(random), RecordValue.Empty)
            : new Request(users.One(random), new("Action", OnRepositories[random.Next(OnRepositories.Length)]), repositories.One(random), RecordValue.Empty));
    }
}
