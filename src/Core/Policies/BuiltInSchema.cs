using System.Collections.Immutable;
using Assay.Cedar;

namespace Assay.Core.Policies;

/// <summary>The part of every set's schema that is Assay's own: the entity types the registry holds, and what a request brings along (docs/policy.md).</summary>
public static class BuiltInSchema
{
    /// <summary>The name that positions in <see cref="Text"/> carry.</summary>
    public const string Source = "assay.cedarschema";

    /// <summary>The namespace it declares, closed to everybody else but for the types of <see cref="Replaceable"/>.</summary>
    public const string Namespace = "Assay";

    internal const string ContextName = "Context";

    /// <summary>The declarations in Cedar's schema syntax.</summary>
    public const string Text = """
        namespace Assay {
          entity Workload, Person in [Role, Team] = {
            name?: String,
            owner?: String,
            managedBy?: String,           // the bundle that declares it
          };
          entity Role, Team in [Role, Team];
          entity Api in [Role, Team, Api];

          type Context = {
            time: datetime,               // the moment of the decision, to the millisecond
            grantType: String,            // "client_credentials"
            client: {
              method: String,             // "private_key_jwt", "client_secret_basic", "client_secret_post"
              credential: String,         // the key's RFC 7638 thumbprint, or the handle of a secret
              assurance: Long,            // 1 a shared secret, 2 proof of possession of a key, 0 anything else
            },
            binding: String,              // how the token will be bound: "none", "dpop", "mtls"
            risk: {
              score: Long,                // 0 to 100
              level: String,              // "low" below 25, "medium" below 50, "high" below 80, else "critical"
              signals: Set<String>,       // names of the signals that still weigh
            },
            origin?: { ip: ipaddr },      // the caller's address; IPv4 also where the socket is dual-stack
            entitlementsAge: duration,    // how long ago roles and memberships were known to be current
            riskAge: duration,            // the same for risk
            delegationDepth: Long,        // 0: nobody acts for anybody else
          };
        }

        """;

    /// <summary>The types that a set may declare anew, to give them attributes and parents.</summary>
    public static readonly ImmutableArray<string> Replaceable = ["Workload", "Person", "Role", "Team", "Api"];

    internal static readonly SchemaFragment Fragment = SchemaFragment.Parse(Text, Source).Fragment!;

    private static readonly Schema Resolved = Resolve();

    /// <summary>The type of every request's context.</summary>
    internal static readonly CedarType.Record Context = Resolved.Actions.Values.Single().Context;

    /// <summary>The declaration of one of <see cref="Replaceable"/>.</summary>
    internal static SchemaDeclaration.EntityType Declaration(string name) =>
        Fragment.Namespaces[0].Declarations.OfType<SchemaDeclaration.EntityType>().First(declaration => declaration.Names.Any(declared => declared.Text == name));

    /// <summary>Whether a schema leaves a type as it is here.</summary>
    internal static bool Leaves(EntityTypeSchema type) =>
        Resolved.EntityTypes.TryGetValue(type.Name, out var own) && own.Attributes == type.Attributes && own.ParentTypes.SetEquals(type.ParentTypes);

    private static Schema Resolve()
    {
        var probe = SchemaFragment.Parse("action probe appliesTo { principal: [Assay::Workload], resource: [Assay::Api], context: Assay::Context };", Source).Fragment!;
        return Schema.Of([Fragment, probe]).Schema!;
    }
}
