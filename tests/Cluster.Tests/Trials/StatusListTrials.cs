using Assay.Cluster.Tests.Running;
using Assay.Core.StatusLists;
using Assay.Silo.Tests.StatusLists;

namespace Assay.Cluster.Tests.Trials;

/// <summary>Lists over several silos: any serves any, and those of one that was killed never say less than was known.</summary>
[Collection(TrialServer.Collection)]
public sealed class StatusListTrials(TrialServer database)
{
    [Fact]
    public async Task Every_silo_serves_every_list_and_the_lists_of_a_killed_silo_come_back_with_what_was_revoked()
    {
        await using var borrowed = await database.MortalCluster();
        var cluster = borrowed.Cluster;
        var (dying, second, third) = (cluster.Silos[0], cluster.Silos[1], cluster.Silos[2]);
        var (one, two) = (cluster.Identities[0], cluster.Identities[1]);
        async Task<Token> Issue(SiloProcess silo, ClusterIdentity to) => new((await cluster.Http.Ask(silo, to, TestCluster.Read)).Token!, cluster.Issuer);
        var (revoked, live, later, elsewhere) = (await Issue(dying, one), await Issue(dying, two), await Issue(dying, two), await Issue(second, one));
        Assert.NotEqual(revoked.Path, elsewhere.Path); // each silo has lists of its own
        foreach (var silo in cluster.Silos)
        {
            foreach (var token in new[] { revoked, elsewhere })
                Assert.Equal(0, StatusList.At(Assert.IsType<byte[]>(await cluster.Http.Bits(silo.Url + token.Path)), 1, token.Index));
        }

        Assert.Equal((200, ""), await cluster.Http.About(third, "revoke", one, revoked.Text));
        foreach (var silo in cluster.Silos)
            await cluster.Http.Until(revoked.On(silo), 1);
        await dying.Kill();

        await cluster.Insist(async () =>
        {
            var (status, body) = await cluster.Http.About(second, "revoke", two, later.Text);
            if (status != 200)
                throw new HttpRequestException($"{status} {body}");
        });

        // Cut off at any moment, an answer says what was revoked before, or that it is not known.
        foreach (var silo in new[] { second, third })
        {
            var bits = await cluster.Http.Until(later.On(silo), 1, meanwhile: list => Assert.True(list is null || later.Path != revoked.Path || StatusList.At(list, 1, revoked.Index) == 1));
            Assert.True(StatusQuestions.Ended(bits).Count() > StatusTable.Capacity / 2); // it was restored: what has no record is shown as invalid
            await cluster.Http.Until(revoked.On(silo), 1, meanwhile: Assert.Null);
            await cluster.Http.Until(live.On(silo), 0, meanwhile: Assert.Null);
            await cluster.Http.Until(elsewhere.On(silo), 0, meanwhile: Assert.Null);
        }

        await cluster.BringBack(dying);
    }

    /// <summary>The issuer is where a proxy would be: each silo is asked at its own address.</summary>
    private sealed record Token(string Text, string Issuer)
    {
        private readonly Place place = Place.Of(Text);

        public string Path => place.Uri[Issuer.Length..];

        public int Index => place.Index;

        public Place On(SiloProcess silo) => place with { Uri = silo.Url + Path };
    }
}
