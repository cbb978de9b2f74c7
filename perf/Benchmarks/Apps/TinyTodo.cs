using Assay.Cedar;

namespace Assay.Benchmarks.Apps;

/// <summary>Lists of tasks with an owner each, shared with teams of readers and of editors.</summary>
internal static class TinyTodo
{
    private const string Policies = """
        // Everybody makes lists, and sees which are theirs.
        permit(principal, action in [Action::"createList", Action::"getLists"], resource == Application::"tinytodo");

        // Owners do anything with their list.
        permit(principal, action, resource is List)
        when { resource.owner == principal };

        // Readers and editors see it.
        permit(principal, action == Action::"getList", resource is List)
        when { principal in resource.readers || principal in resource.editors };

        // Editors change it and its tasks.
        permit(principal, action in [Action::"updateList", Action::"createTask", Action::"updateTask", Action::"deleteTask"], resource is List)
        when { principal in resource.editors };

        // Administrators do anything at all.
        permit(principal in Team::"admin", action, resource);

        // Interns make no lists.
        forbid(principal in Team::"interns", action == Action::"createList", resource == Application::"tinytodo");
        """;

    private static readonly string[] OnLists = ["getList", "getList", "updateList", "createTask", "updateTask", "deleteTask", "deleteList", "editShare"];

    public static App App { get; } = new("tinytodo", Policies, Grow);

    private static (Entities, Func<Request>) Grow(int size, Random random)
    {
        var application = new EntityUid("Application", "tinytodo");
        var users = Growth.Named("User", "user", size);
        EntityUid[] teams = [.. Growth.Named("Team", "team", size), new("Team", "interns"), new("Team", "admin")];
        var lists = Growth.Named("List", "list", size);

        var entities = new List<Entity> { new(application, RecordValue.Empty, []) };
        for (var i = 0; i < teams.Length; i++)
            entities.Add(new Entity(teams[i], RecordValue.Empty, i < size ? [.. teams[..size].Above(i, random)] : []));

        for (var i = 0; i < size; i++)
        {
            entities.Add(new Entity(users[i], Value.Record(("joblevel", Value.Of((long)random.Next(10)))), [application, .. teams.Some(random)]));
            entities.Add(new Entity(
                lists[i],
                Value.Record(
                    ("name", Value.Of(lists[i].Id)), ("owner", Value.Of(users.One(random))),
                    ("readers", Value.Of(teams[random.Next(size)])), ("editors", Value.Of(teams[random.Next(size)])),
                    ("tasks", Value.Set(Enumerable.Range(0, 3).Select(task => Value.Record(("id", Value.Of(task)), ("name", Value.Of($"task {task}"))))))),
                [application]));
        }

        return (Entities.Of(entities), () => random.Next(8) == 0
            ? new Request(users.One(random), new("Action", random.Next(2) == 0 ? "createList" : "getLists"), application, RecordValue.Empty)
            : new Request(users.One(random), new("Action", OnLists[random.Next(OnLists.Length)]), lists.One(random), RecordValue.Empty));
    }
}
