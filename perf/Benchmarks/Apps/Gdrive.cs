using Assay.Cedar;

namespace Assay.Benchmarks.Apps;

/// <summary>Documents in folders, shared with users and groups. What somebody may see hangs in a view of theirs, so a decision is about ancestors.</summary>
internal static class Gdrive
{
    private const string Policies = """
        // Whoever was given a view of a document, of a folder around it, or through a group, reads it.
        permit(principal, action == Action::"read", resource)
        when { resource in principal.view || resource in principal.groupViews };

        // Everybody reads what is public.
        permit(principal, action == Action::"read", resource is Document)
        when { resource.isPublic };

        // Owners of a document, or of a folder around it, read, change and share it.
        permit(principal, action in [Action::"read", Action::"write", Action::"share"], resource)
        when { resource in principal.ownedDocuments || resource in principal.ownedFolders };

        // Only the owner of the document itself gives it away.
        permit(principal, action == Action::"changeOwner", resource)
        when { principal.ownedDocuments.contains(resource) };

        // Owners of a folder put documents into it.
        permit(principal, action == Action::"createDocument", resource is Folder)
        when { resource in principal.ownedFolders };
        """;

    private static readonly string[] OnDocuments = ["read", "read", "write", "share", "changeOwner"];

    public static App App { get; } = new("gdrive", Policies, Grow);

    private static (Entities, Func<Request>) Grow(int size, Random random)
    {
        var users = Growth.Named("User", "user", size);
        var groups = Growth.Named("Group", "group", size);
        var folders = Growth.Named("Folder", "folder", size);
        var documents = Growth.Named("Document", "document", size);
        var userViews = Growth.Named("View", "user", size);
        var groupViews = Growth.Named("View", "group", size);
        EntityUid[] views = [.. userViews, .. groupViews];

        var entities = new List<Entity>();
        foreach (var view in views)
            entities.Add(new Entity(view, RecordValue.Empty, []));
        foreach (var group in groups)
            entities.Add(new Entity(group, RecordValue.Empty, []));
        for (var i = 0; i < size; i++)
        {
            entities.Add(new Entity(folders[i], RecordValue.Empty, [.. folders.Above(i, random), .. views.Some(random)]));
            entities.Add(new Entity(
                documents[i], Value.Record(("isPublic", Value.Of(random.NextDouble() < Growth.Likely))), [folders.One(random), .. views.Some(random)]));

            int[] memberOf = [.. Enumerable.Range(0, size).Where(_ => random.NextDouble() < Growth.Likely)];
            entities.Add(new Entity(
                users[i],
                Value.Record(
                    ("view", Value.Of(userViews[i])),
                    ("groupViews", Growth.Set(memberOf.Select(group => groupViews[group]))),
                    ("ownedDocuments", Growth.Set(documents.Some(random))),
                    ("ownedFolders", Growth.Set(folders.Some(random)))),
                [.. memberOf.Select(group => groups[group])]));
        }

        return (Entities.Of(entities), () => random.Next(6) == 0
            ? new Request(users.One(random), new("Action", "createDocument"), folders.One(random), RecordValue.Empty)
            : new Request(users.One(random), new("Action", OnDocuments[random.Next(OnDocuments.Length)]), documents.One(random), RecordValue.Empty));
    }
}
