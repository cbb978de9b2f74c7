using Assay.Core.Registry;

namespace Assay.Silo.AuthZen;

/// <summary>What AuthZEN's types are called, in Cedar's words and in those of other standards.</summary>
internal static class AccessTypes
{
    /// <param name="principal">The entity type that the identity has to be of; null for any.</param>
    /// <returns>False for a type of which there are no subjects here.</returns>
    public static bool IsSubject(string type, out string? principal)
    {
        principal = type switch
        {
            EntityTypes.Workload or "workload" => EntityTypes.Workload,
            EntityTypes.Person or "person" => EntityTypes.Person,
            _ => null,
        };
        return principal is not null || type == "client";
    }

    public static bool IsResource(string type) => type is EntityTypes.Api or "api";
}
