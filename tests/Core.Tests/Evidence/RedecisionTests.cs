using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Tests.Decisions;
using CsCheck;

namespace Assay.Core.Tests.Evidence;

/// <summary>A record and the stored versions it names are enough to decide again.</summary>
public sealed class RedecisionTests
{
    [Fact]
    public void Every_recorded_decision_is_made_again_from_the_record_and_stored_versions_alone()
    {
        var seen = new HashSet<ScopeOutcome>();
        Situations.All.Sample(
            situation =>
            {
                var (identity, groups, api, document, ask) = situation;
                var policies = LoadedPolicySet.LoadStored(document).Set!;
                var input = ask with { PolicyVersion = policies.Version };
                var verdict = Decider.Decide(policies, DirectorySnapshot.Of(groups, [api]), identity, input);
                var stored = Situations.Record(input, verdict).Encode();

                var record = EvidenceRecord.Decode(stored);
                var again = Redecision.Repeat(record, Stored(document), Stored(groups, api), Stored(identity));

                Assert.Equal(verdict, record.Verdict);
                Assert.Equal(verdict, again);
                Assert.Equal(verdict, Decider.DecideByReference(policies, DirectorySnapshot.Of(groups, [api]), identity, input));
                Assert.True(Redecision.Holds(record, Stored(document), Stored(groups, api), Stored(identity)));
                lock (seen)
                    seen.UnionWith(verdict.Scopes.Select(scope => scope.Outcome));
            },
            iter: 2000);

        Assert.Equal(Enum.GetValues<ScopeOutcome>(), seen.Order());
    }

    [Fact]
    public void A_record_that_says_otherwise_does_not_hold()
    {
        var policies = Example.Policies("permit (principal, action, resource);");
        var input = Example.Input with { PolicyVersion = policies.Version };
        var verdict = Decider.Decide(policies, Example.Directory, Example.Exporter, input);
        var record = Situations.Record(input, verdict);

        Assert.True(Redecision.Holds(record, policies, Example.Directory, Example.Exporter));
        Assert.False(Redecision.Holds(record with { Verdict = verdict with { Lifetime = TimeSpan.FromSeconds(301) } }, policies, Example.Directory, Example.Exporter));
        Assert.False(Redecision.Holds(
            record with { Verdict = verdict with { Scopes = [verdict.Scopes[0] with { Policies = ["another"] }] } }, policies, Example.Directory, Example.Exporter));
    }

    [Fact]
    public void What_the_record_does_not_name_is_refused()
    {
        var policies = Example.Policies("permit (principal, action, resource);");
        var input = Example.Input with { PolicyVersion = policies.Version };
        var record = Situations.Record(input, Decider.Decide(policies, Example.Directory, Example.Exporter, input));

        Assert.Throws<ArgumentException>(() => Redecision.Repeat(record, Example.Policies(""), Example.Directory, Example.Exporter));
        Assert.Throws<ArgumentException>(() => Redecision.Repeat(record, policies, DirectorySnapshot.Empty, Example.Exporter));
        Assert.Throws<ArgumentException>(() => Redecision.Repeat(record, policies, Example.Directory, Example.Exporter with { Id = "another" }));
        Assert.Throws<ArgumentException>(() => Redecision.Repeat(record with { Verdict = null }, policies, Example.Directory, Example.Exporter));
        Assert.Throws<ArgumentException>(() => Redecision.Repeat(record with { Input = null }, policies, Example.Directory, Example.Exporter));
    }

    private static LoadedPolicySet Stored(PolicyDocument document) => LoadedPolicySet.LoadStored(RegistryJson.ReadPolicyDocument(RegistryJson.Write(document).Span)).Set!;

    private static DirectorySnapshot Stored(ImmutableArray<Group> groups, Api api) =>
        DirectorySnapshot.Of(groups.Select(group => RegistryJson.ReadGroup(RegistryJson.Write(group).Span)), [RegistryJson.ReadApi(RegistryJson.Write(api).Span)]);

    private static Identity Stored(Identity identity) => RegistryJson.ReadIdentity(RegistryJson.Write(identity).Span);
}
