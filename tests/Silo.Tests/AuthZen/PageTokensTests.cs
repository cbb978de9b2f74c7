using System.Security.Cryptography;
using Assay.Silo.AuthZen;

namespace Assay.Silo.Tests.AuthZen;

/// <summary>A page token leads on in its own search, and says nothing to whoever holds it.</summary>
public sealed class PageTokensTests
{
    private static readonly AccessEntity Workload = new("workload", null), Api = new("api", "https://x.example");
    private static readonly AccessQuery Query = new(SearchFor.Subject, new(Workload, "read", Api, null), null, null);

    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);

    [Fact]
    public void It_opens_on_every_silo_of_the_cluster()
    {
        var search = PageTokens.Describe("payments-api", Query);

        var token = new PageTokens(key).Seal("vendor/worker-7", 50, search);

        Assert.True(new PageTokens(key).TryOpen(token, search, out var after, out var limit));
        Assert.Equal(("vendor/worker-7", 50), (after, limit));
        Assert.NotEqual(token, new PageTokens(key).Seal("vendor/worker-7", 50, search));
    }

    [Fact]
    public void It_belongs_to_its_search_and_caller()
    {
        var token = new PageTokens(key).Seal("a", 50, PageTokens.Describe("payments-api", Query));
        (string, AccessQuery)[] others =
        [
            ("orders-api", Query),
            ("payments-api", Query with { For = SearchFor.Resource }),
            ("payments-api", Query with { Parts = Query.Parts with { Action = "write" } }),
            ("payments-api", Query with { Parts = Query.Parts with { Action = null } }),
            ("payments-api", Query with { Parts = Query.Parts with { Subject = new("client", null) } }),
            ("payments-api", Query with { Parts = Query.Parts with { Resource = new("api", "https://y.example") } }),
            ("payments-api", Query with { Parts = Query.Parts with { Context = new("192.0.2.1", null, null) } }),
            ("payments-api", Query with { Parts = Query.Parts with { Context = new(null, "private_key_jwt", null) } }),
        ];

        foreach (var (caller, query) in others)
            Assert.False(new PageTokens(key).TryOpen(token, PageTokens.Describe(caller, query), out _, out _));
        Assert.True(new PageTokens(key).TryOpen(token, PageTokens.Describe("payments-api", Query with { Limit = 3, Token = "t" }), out _, out _)); // the page is no part of it
    }

    [Fact]
    public void A_token_that_was_changed_or_made_up_opens_nothing()
    {
        var search = PageTokens.Describe("payments-api", Query);
        var tokens = new PageTokens(key);
        var token = tokens.Seal("a", 50, search);
        var other = token[0] == 'A' ? 'B' : 'A';

        foreach (var bad in new[] { "", "x", "!!!!", other + token[1..], token[..^4], token + "AAAA", new string('A', 64), new string('A', 100_000) })
            Assert.False(tokens.TryOpen(bad, search, out _, out _), bad[..Math.Min(bad.Length, 40)]);
        Assert.False(new PageTokens(RandomNumberGenerator.GetBytes(32)).TryOpen(token, search, out _, out _));
    }
}
