using Assay.Silo.Admin.Explaining;
using Assay.Silo.Admin.Forensics;
using Assay.Silo.Admin.Replaying;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Assay.Silo.Admin;

/// <summary>The admin API <c>/admin/v1</c>: looks at everything, changes what no bundle owns, narrows what one does, and applies bundles.</summary>
internal static class AdminApi
{
    private const string DocumentName = "v1";

    public static IServiceCollection AddAdmin(this IServiceCollection services)
    {
        services.AddSingleton<AdminTokens>();
        services.AddSingleton<AdminGate>();
        services.AddSingleton<AdminDesk>();
        services.AddSingleton<Changes>();
        services.AddSingleton<KnownGroups>();
        services.AddSingleton<History>();
        services.AddSingleton<ShadowReport>();
        services.AddSingleton<Explainer>();
        services.AddSingleton<PolicyReplays>();
        services.AddSingleton<TokenExaminer>();
        services.AddSingleton<BlastRadiusReport>();
        services.AddOpenApi(DocumentName, options =>
        {
            options.ShouldInclude = route => route.RelativePath?.StartsWith("admin/v1/", StringComparison.Ordinal) == true;
            options.AddDocumentTransformer(Describe);
            options.AddOperationTransformer(DescribeScopes);
        });
        return services;
    }

    public static IEndpointRouteBuilder MapAdmin(this IEndpointRouteBuilder routes)
    {
        var admin = routes.MapGroup("/admin/v1");
        admin.MapIdentities();
        admin.MapIdentityState();
        admin.MapPolicies();
        admin.MapReplay();
        admin.MapPolicyLife();
        admin.MapKeys();
        admin.MapEvidence();
        admin.MapRevocations();
        admin.MapBlastRadius();
        admin.MapContainments();
        admin.MapLogAdmin();
        admin.MapApply();
        admin.MapDirectory();
        admin.MapEventStreams();
        routes.MapOpenApi("/admin/v1/openapi.json");
        return routes;
    }

    private static Task Describe(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Assay admin API",
            Version = DocumentName,
            Description = "Calls take an access token for " + AdminScopes.Resource + ". Errors are problem documents (RFC 9457). " +
                "A call that narrows returns when no silo decides by the old state any more.",
        };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["token"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "JWT", Description = "RFC 9068 access token." },
        };
        return Task.CompletedTask;
    }

    private static Task DescribeScopes(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<NeededScopes>().LastOrDefault() is not { } needed)
            return Task.CompletedTask;

        operation.Description = $"{operation.Description} Needs {string.Join(" ", needed.Scopes.Select(scope => $"`{scope}`"))}.".TrimStart();
        operation.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("token", context.Document)] = [.. needed.Scopes] },
        ];
        return Task.CompletedTask;
    }
}
