using System.Text;
using Assay.Grains.Authority;
using Assay.Silo.AuthZen;
using Assay.Silo.Tests.Storage;
using Assay.Silo.Tokens;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;

namespace Assay.Silo.Tests.Tokens;

/// <summary>A silo whose lease has lapsed says nothing about tokens: neither that one is live nor that it is not.</summary>
public sealed class LapsedLeaseTests
{
    private readonly TestClock clock = new();
    private readonly SiloView view;
    private readonly SiloLease lease;
    private readonly DecisionGate gate;
    private readonly AssayMetrics metrics = new(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());

    public LapsedLeaseTests()
    {
        lease = new SiloLease(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1), clock);
        view = new SiloView(lease);
        gate = new DecisionGate(lease, clock);
        lease.Begin(1, lease.Ask());
        clock.Advance(TimeSpan.FromSeconds(9));
    }

    [Fact]
    public async Task Introspection_answers_503()
    {
        // Nobody else is asked: whatever would be is not there.
        var endpoint = new IntrospectionEndpoint(Door, null!, null!, null!, view, gate, new Admission(1), null!, new SiloIdentity("https://issuer.example", "one"), metrics, clock);

        Assert.Equal((503, "1"), await Post(endpoint.Handle));
    }

    [Fact]
    public async Task Revocation_answers_503()
    {
        var endpoint = new RevocationEndpoint(Door, null!, null!, null!, null!, gate, new Admission(1), metrics);

        Assert.Equal((503, "1"), await Post(endpoint.Handle));
    }

    [Fact]
    public async Task Questions_about_access_are_answered_503()
    {
        var access = Access(new Admission(1));

        foreach (var ask in new RequestDelegate[] { access.Evaluation, access.Evaluations, access.SearchSubject, access.SearchResource, access.SearchAction })
            Assert.Equal((503, "1"), await Post(ask));
        Assert.Equal(503, (await Evaluator.Answer(new AccessCaller("payments-api", true, true), [default], EvaluationsSemantic.ExecuteAll, new Passages(gate), CancellationToken.None)).Refusal?.Status);
    }

    [Fact]
    public async Task At_the_concurrency_limit_all_answer_503()
    {
        Assert.Equal((503, "1"), await Post(Access(new Admission(0)).Evaluation));
        Assert.Equal((503, "1"), await Post(new IntrospectionEndpoint(Door, null!, null!, null!, view, gate, new Admission(0), null!, null!, metrics, clock).Handle));
        Assert.Equal((503, "1"), await Post(new RevocationEndpoint(Door, null!, null!, null!, null!, gate, new Admission(0), metrics).Handle));
    }

    [Fact]
    public void A_token_is_neither_live_nor_dead()
    {
        using var passage = gate.Enter();

        Assert.IsType<TokenState.Unknown>(new Introspector(view, null!, null!, new SiloIdentity("https://issuer.example", "one"), clock).Examine("token"u8.ToArray(), passage));
    }

    private AccessEvaluator Evaluator => new(null!, null!, view, null!, metrics);

    private AccessEndpoint Access(Admission admission)
    {
        var introspector = new Introspector(view, null!, null!, new SiloIdentity("https://issuer.example", "one"), clock);
        return new AccessEndpoint(new AccessDoor(introspector, null!), Evaluator, null!, gate, admission, metrics, NullLogger<AccessEndpoint>.Instance);
    }

    private ClientDoor Door => new(null!, null!, view, null!);

    private static async Task<(int, string)> Post(RequestDelegate handle)
    {
        var context = new DefaultHttpContext();
        var body = Encoding.ASCII.GetBytes("client_id=c&client_secret=s&token=t");
        context.Request.Method = "POST";
        context.Request.ContentType = "application/x-www-form-urlencoded";
        context.Request.ContentLength = body.Length;
        context.Request.Headers.Authorization = "Bearer token";
        context.Request.Body = new MemoryStream(body);
        context.Response.Body = new MemoryStream();
        await handle(context);
        return (context.Response.StatusCode, context.Response.Headers.RetryAfter.ToString());
    }
}
