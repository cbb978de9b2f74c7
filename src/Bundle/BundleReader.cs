using System.Collections.Immutable;
using Assay.Bundle.Folder;
using Assay.Bundle.Testing;
using Assay.Bundle.Yaml;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Bundle;

/// <summary>
/// Reads a bundle folder: identities, roles, teams, APIs, policies, and the tests of the policies. Reads files, and nothing outside the folder; asks no clock, no network
/// and no server, so that the same folder always reads the same.
/// </summary>
public sealed class BundleReader
{
    private const string Unnamed = "unnamed";

    private readonly Source source;
    private readonly BundleFolder folder;
    private readonly GroupFiles groups;
    private readonly ApiFiles apis;
    private readonly KeyFiles keys;
    private readonly IdentityFiles identities;
    private readonly LinkFile links;
    private readonly FaultList warnings = new();

    private BundleReader(BundleFolder folder, FaultList faults)
    {
        source = new Source(faults, new Places());
        this.folder = folder;
        (groups, apis, keys) = (new GroupFiles(source), new ApiFiles(source), new KeyFiles(folder, source));
        identities = new IdentityFiles(source, keys);
        links = new LinkFile(source);
    }

    /// <summary>Reads and checks everything in the folder. Faults are a result, not an exception: all of them, not the first.</summary>
    /// <param name="folder">A path; relative ones begin at the process's working folder.</param>
    public static BundleReading Read(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var faults = new FaultList();
        if (BundleFolder.Read(folder, faults) is not { } files)
            return new BundleReading(null, faults.Sorted(), []);

        var reader = new BundleReader(files, faults);
        var declarations = reader.Read();
        var tests = reader.ReadTests();
        var warnings = reader.warnings.Sorted();
        return faults.Count == 0 ? new BundleReading(declarations, [], warnings) { Tests = tests } : new BundleReading(null, faults.Sorted(), warnings);
    }

    private BundleDeclarations Read()
    {
        var name = ReadName();
        ReadOne("roles.yaml", document => groups.Read(document, "roles", EntityTypes.Role), () => groups.IsIncomplete = true);
        ReadOne("teams.yaml", document => groups.Read(document, "teams", EntityTypes.Team), () => groups.IsIncomplete = true);
        ReadAll("apis", apis.Read, () => apis.IsIncomplete = true);
        ReadAll("identities", identities.Read, () => identities.IsIncomplete = true);
        ReadOne(PolicyDocument.LinksPath, links.Read, () => links.IsIncomplete = true);
        keys.ReportUnused();
        if (folder.Unreadable.Any(path => path.StartsWith("apis/", StringComparison.Ordinal)))
            apis.IsIncomplete = true;
        if (folder.Unreadable.Any(path => path.StartsWith("identities/", StringComparison.Ordinal)))
            identities.IsIncomplete = true;
        if (folder.Unreadable.Contains("roles.yaml") || folder.Unreadable.Contains("teams.yaml"))
            groups.IsIncomplete = true;

        var declarations = new BundleDeclarations
        {
            Name = name,
            Identities = [.. identities.Identities],
            Groups = [.. groups.Groups],
            Apis = [.. apis.Apis],
            Policies = ReadPolicies(),
            Generate = [.. identities.Generate],
        };
        var review = declarations.Review();
        ReportAll(review.Faults);
        foreach (var warning in links.IsIncomplete ? [] : review.Warnings)
            Report(warning, warnings);
        return declarations;
    }

    private ImmutableArray<PolicyTest> ReadTests()
    {
        var tests = new TestFiles(source, new TestedBundle(identities.Identities, groups.Groups, apis.Apis)
        {
            KnowsAllIdentities = !identities.IsIncomplete,
            KnowsAllGroups = !groups.IsIncomplete,
            KnowsAllApis = !apis.IsIncomplete,
        });
        ReadAll("tests", tests.Read, () => { });
        return [.. tests.Tests];
    }

    private string ReadName()
    {
        string? name = null;
        var said = false;
        ReadOne("bundle.yaml", document =>
        {
            said = true;
            name = Fields.Open(document, "bundle.yaml", "bundle", source, ["name"])?.RequiredText("name");
            if (name is not null)
                source.Places.Set("name", source.Places.Find("bundle.name")!.Value);
        }, () => said = true);
        if (name is not null || said)
            return name ?? Unnamed;

        name = folder.Name;
        if (RegistryText.BundleNameFault(name) is not { } fault)
            return name;

        source.Faults.Add("bundle.yaml", $"the folder's name '{name}' cannot be the bundle's name: it {fault}; or write a bundle.yaml with 'name: …'");
        return Unnamed;
    }

    private void ReadOne(string path, Action<YamlNode> read, Action unreadable)
    {
        if (!folder.Files.TryGetValue(path, out var text))
            return;

        if (YamlTree.Read(path, text, source.Faults) is not { } documents)
        {
            unreadable();
            return;
        }

        if (documents.IsEmpty)
            source.Faults.Add(path, "the file is empty; fill it, or take it out");
        else if (documents.Length > 1)
            source.Faults.Add(documents[1].At, "the file holds a second document ('---'); this file is one document");
        else
            read(documents[0]);
    }

    private void ReadAll(string subfolder, Action<YamlNode> read, Action unreadable)
    {
        foreach (var path in folder.In(subfolder))
        {
            if (YamlTree.Read(path, folder.Files[path], source.Faults) is not { } documents)
            {
                unreadable();
                continue;
            }

            if (documents.IsEmpty)
                source.Faults.Add(path, "the file is empty; fill it, or take it out");
            foreach (var document in documents)
                read(document);
        }
    }

    private PolicyDocument? ReadPolicies()
    {
        folder.Files.TryGetValue("schema.cedarschema", out var schema);
        ImmutableArray<PolicyFile> files = [.. folder.In("policies").Select(path => new PolicyFile(path, folder.Files[path]))];
        if (!files.IsEmpty)
        {
            return new PolicyDocument(files, schema)
            {
                Actions = apis.IsIncomplete ? null : ActionDeclarations.Of(apis.Apis.SelectMany(api => api.Scopes), schema),
                Links = [.. links.Links],
                Tests = [.. folder.In("tests").Select(path => new PolicyFile(path, folder.Files[path]))],
            };
        }

        if (folder.Unreadable.Any(path => path.StartsWith("policies/", StringComparison.Ordinal)))
            return null;
        if (schema is not null)
            source.Faults.Add("schema.cedarschema", "there is a schema but no policy; put policies into policies/*.cedar, or take the schema out");
        if (folder.Files.ContainsKey(PolicyDocument.LinksPath))
            source.Faults.Add(PolicyDocument.LinksPath, "there are links but no policy; put the templates into policies/*.cedar, or take the links out");
        return null;
    }

    private void ReportAll(ImmutableArray<DeclarationFault> broken)
    {
        // A part that could not be read breaks rules too; what is wrong with its form has been said.
        var isSaid = broken.Select(fault => fault.Line == 0 && source.Places.Exactly(fault.Where) is { } at && source.Faults.Has(at)).ToArray();
        for (var i = 0; i < broken.Length; i++)
        {
            if (!isSaid[i])
                Report(broken[i], source.Faults);
        }
    }

    private void Report(DeclarationFault fault, FaultList list)
    {
        // What seems undeclared may stand in a file that could not be read: that one fault is enough.
        if ((fault.IsReference && (groups.IsIncomplete || apis.IsIncomplete)) || (fault.Where == ActionDeclarations.Source && apis.IsIncomplete))
            return;

        if (fault.Line > 0)
            list.Add(new FilePosition(fault.Where, fault.Line, fault.Column), fault.Message);
        else if (source.Places.Find(fault.Where) is { } at)
            list.Add(at, fault.Message);
        else
            list.Add(fault.Where, fault.Message);
    }
}
