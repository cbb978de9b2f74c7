using System.Text.Json;
using Assay.Silo.Startup;

namespace Assay.Silo.AuthZen;

/// <summary>The AuthZEN Authorization API 1.0: routes, metadata, services.</summary>
internal static class AccessApi
{
    public const string EvaluationPath = "/access/v1/evaluation";
    public const string EvaluationsPath = "/access/v1/evaluations";
    public const string SearchPath = "/access/v1/search/";

    public static IServiceCollection AddAccess(this IServiceCollection services)
    {
        services.AddSingleton(provider => new PageTokens(provider.GetRequiredService<ClusterSecrets>().PageKey));
        services.AddSingleton<AccessDoor>();
        services.AddSingleton<AccessEvaluator>();
        services.AddSingleton<AccessSearch>();
        services.AddSingleton<AccessEndpoint>();
        return services;
    }

    public static void MapAccess(this WebApplication app, SiloIdentity self)
    {
        var access = app.Services.GetRequiredService<AccessEndpoint>();
        app.MapPost(EvaluationPath, access.Evaluation).ExcludeFromDescription();
        app.MapPost(EvaluationsPath, access.Evaluations).ExcludeFromDescription();
        app.MapPost(SearchPath + "subject", access.SearchSubject).ExcludeFromDescription();
        app.MapPost(SearchPath + "resource", access.SearchResource).ExcludeFromDescription();
        app.MapPost(SearchPath + "action", access.SearchAction).ExcludeFromDescription();

        // §9.2: the well-known name goes between host and path of the decision point's identifier.
        var path = new Uri(self.Issuer).AbsolutePath.TrimEnd('/');
        app.MapPublic("/.well-known/authzen-configuration" + path, (HttpContext context) => Metadata(context, self)).ExcludeFromDescription();
    }

    private static Task Metadata(HttpContext context, SiloIdentity self)
    {
        var issuer = self.Issuer.TrimEnd('/');
        context.Response.Headers.CacheControl = "public, max-age=300";
        return context.Response.WriteAsJsonAsync(
            new Dictionary<string, string>
            {
                ["policy_decision_point"] = self.Issuer,
                ["access_evaluation_endpoint"] = issuer + EvaluationPath,
                ["access_evaluations_endpoint"] = issuer + EvaluationsPath,
                ["search_subject_endpoint"] = issuer + SearchPath + "subject",
                ["search_resource_endpoint"] = issuer + SearchPath + "resource",
                ["search_action_endpoint"] = issuer + SearchPath + "action",
            },
            JsonSerializerOptions.Default,
            context.RequestAborted);
    }
}
