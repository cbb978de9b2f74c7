using System.Text;
using CsCheck;

namespace Assay.Bundle.Tests;

/// <summary>Folders made to harm: too much, too deep, pointing elsewhere, not text.</summary>
public sealed class HostileFolderTests
{
    [Fact]
    public void A_folder_that_is_not_there_is_a_fault()
    {
        Assert.Equal(["/no/such/folder: there is no such folder"], BundleReader.Read("/no/such/folder").Faults.Select(fault => fault.ToString()));
    }

    [Fact]
    public void A_file_is_no_bundle()
    {
        using var bundle = new TestBundle();

        Assert.Equal([$"{bundle.Path("roles.yaml")}: this is a file; a bundle is a folder"], BundleReader.Read(bundle.Path("roles.yaml")).Faults.Select(fault => fault.ToString()));
    }

    [Fact]
    public void An_empty_folder_is_a_fault()
    {
        using var bundle = new TestBundle().Without("roles.yaml").Without("teams.yaml").Write("README.md", "x");

        Assert.Equal(["bundle.yaml: the folder has nothing in it that a bundle is made of; it needs identities/, apis/ or policies/"], bundle.Faults());
    }

    [Fact]
    public void A_folder_whose_name_cannot_be_a_bundles_is_told_to_name_itself()
    {
        using var bundle = new TestBundle();
        var folder = Path.Combine(bundle.Folder, "..", "My Shop");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "roles.yaml"), "roles: [{id: a}]");

        Assert.Equal(
            ["bundle.yaml: the folder's name 'My Shop' cannot be the bundle's name: it has 'M' in it; allowed are lower-case letters, digits and . _ -; or write a bundle.yaml with 'name: …'"],
            BundleReader.Read(folder).Faults.Select(fault => fault.ToString()));
    }

    [Fact]
    public void Links_out_of_the_folder_are_refused()
    {
        using var bundle = new TestBundle()
            .Write("../outside/id.yaml", "id: outside\n")
            .Link("identities/a.yaml", "../../outside/id.yaml")
            .Link("identities/b.yaml", "/etc/hostname")
            .Link("identities/c.yaml", "../step/id.yaml")
            .Link("step", "../outside")
            .Link("policies", "../outside")
            .Link("apis/gone.yaml", "nowhere.yaml")
            .Link("apis/round.yaml", "round.yaml");

        Assert.Equal(
            [
                "apis/gone.yaml: this symbolic link leads nowhere",
                "apis/round.yaml: this symbolic link leads out of the bundle's folder; copy the file into it",
                "identities/a.yaml: this symbolic link leads out of the bundle's folder; copy the file into it",
                "identities/b.yaml: this symbolic link leads out of the bundle's folder; copy the file into it",
                "identities/c.yaml: this symbolic link leads out of the bundle's folder; copy the file into it",
                "policies: this symbolic link leads out of the bundle's folder; copy the file into it",
                "step: this symbolic link leads out of the bundle's folder; copy the file into it",
            ],
            bundle.Faults());
    }

    [Fact]
    public void A_folder_beside_with_the_same_beginning_is_outside()
    {
        using var bundle = new TestBundle().Write("../shop-secret/id.yaml", "id: a\n").Link("identities/a.yaml", "../../shop-secret/id.yaml");

        Assert.Equal(["identities/a.yaml: this symbolic link leads out of the bundle's folder; copy the file into it"], bundle.Faults());
    }

    [Theory]
    [InlineData("id: &a svc\nname: *a\n", "1:5: the anchor '&a' is not used in bundles; write values out where they belong", "2:7: the alias '*a' is not used in bundles; write the value out")]
    [InlineData("id: svc\nname: !!str x\n", "2:7: the tag 'tag:yaml.org,2002:str' is not used in bundles; leave it out (quotes make text of a number)")]
    [InlineData("id: svc\nattributes: {<<: {a: 1}}\n", "2:14: the merge key '<<' is not used in bundles; write the values out")]
    [InlineData("id: svc\n? [a]\n: b\n", "2:3: a key must be a word, not a list")]
    public void Parts_of_yaml_that_hide_what_a_file_says_are_refused(string text, params string[] faults)
    {
        using var bundle = new TestBundle().Write("identities/a.yaml", text);

        Assert.Equal(faults.Select(fault => $"identities/a.yaml:{fault}"), bundle.Faults());
    }

    [Fact]
    public void An_alias_bomb_is_refused_and_never_unfolded()
    {
        var bomb = new StringBuilder("id: svc\nattributes:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 40; i++)
            bomb.Append($"  a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        using var bundle = new TestBundle().Write("identities/a.yaml", bomb.ToString());

        Assert.All(bundle.Read().Faults, fault => Assert.Contains("is not used in bundles", fault.Message));
    }

    [Fact]
    public void Deep_nesting_ends_at_its_bound()
    {
        using var bundle = new TestBundle().Write("identities/a.yaml", "id: svc\nattributes:\n  a: " + new string('[', 200_000));

        Assert.Equal(["identities/a.yaml:3:37: the file is nested deeper than 32 levels; nothing in a bundle needs that"], bundle.Faults());
    }

    [Fact]
    public void A_file_with_too_many_values_is_refused()
    {
        using var bundle = new TestBundle().Write("identities/a.yaml", "id: svc\nattributes:\n  a: [" + string.Join(",", Enumerable.Repeat("1", 60_000)) + "]\n");

        Assert.Contains("the file has more than 50000 values; split it", Assert.Single(bundle.Faults()));
    }

    [Fact]
    public void Files_that_are_too_large_are_refused_unread()
    {
        using var bundle = new TestBundle()
            .Write("identities/a.yaml", "id: svc\n#" + new string('x', 256 * 1024))
            .Write("policies/a.cedar", "//" + new string('x', 1024 * 1024));

        Assert.Equal(["identities/a.yaml: the file is larger than 256 KiB; split it", "policies/a.cedar: the file is larger than 1024 KiB; split it"], bundle.Faults());
    }

    [Fact]
    public void Too_many_documents_in_one_file_are_refused()
    {
        using var bundle = new TestBundle().Write("identities/a.yaml", string.Concat(Enumerable.Range(0, 1001).Select(i => $"---\nid: a{i}\n")));

        Assert.Equal(["identities/a.yaml:2002:1: the file has more than 1000 documents; split it"], bundle.Faults());
    }

    [Fact]
    public void What_is_not_utf8_is_refused_at_its_first_wrong_byte()
    {
        using var bundle = new TestBundle().Write("identities/a.yaml", [.. "id: svc\nname: \u00fc"u8, 0xff, .. "x\n"u8]);

        Assert.Equal(["identities/a.yaml:2:8: this is not UTF-8; save the file as UTF-8"], bundle.Faults());
    }

    [Theory]
    [InlineData("id: svc\n\tname: x\n", "indent with spaces, not tabs")]
    [InlineData("id: svc\n  name: x\n", "look at this line's indentation, colons and quotes")]
    [InlineData("id: 'svc\n", "look at this line's indentation, colons and quotes")]
    [InlineData("id: [a\n", "look at this line's indentation, colons and quotes")]
    [InlineData("%YAML 9.9\n---\nid: a\n", "look at this line's indentation, colons and quotes")]
    public void What_is_not_yaml_is_one_fault_with_its_place(string text, string hint)
    {
        using var bundle = new TestBundle().Write("identities/a.yaml", text);

        var fault = Assert.Single(bundle.Read().Faults);
        Assert.StartsWith("this is not YAML: ", fault.Message);
        Assert.EndsWith("; " + hint, fault.Message);
        Assert.True(fault.Line > 0 && fault.Column > 0);
    }

    [Fact]
    public void Any_bytes_give_faults_or_declarations_and_no_exception()
    {
        var words = Gen.OneOfConst("id", ":", " ", "\n", "  ", "- ", "[", "]", "{", "}", ",", "'", "\"", "a", "1", "&x", "*x", "!t", "|", ">", "?", "#", "%", "---\n", "...\n", "\t", "\0", "é", "🙂", "role", "memberships", "attributes", "credentials", "jwk", "generate", "~", "<<");
        words.Array[0, 30].Sample(parts =>
        {
            using var bundle = new TestBundle().Write("identities/a.yaml", string.Concat(parts)).Write("apis/a.yaml", string.Concat(parts)).Write("policies/a.cedar", string.Concat(parts));
            var reading = bundle.Read();

            Assert.Equal(reading.Faults.IsEmpty, reading.Declarations is not null);
            Assert.All(reading.Faults, fault => Assert.True(fault.Message.Length > 0 && fault.Line >= 0));
        }, iter: 200);
    }
}
