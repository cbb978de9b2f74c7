using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Silo.Startup;

/// <summary>What every realm has from the start: the APIs of its own with their roles and policies, and the identity that the first administrator uses.</summary>
internal static class BuiltIn
{
    public const string BootstrapIdentity = "assay-bootstrap";
    public const string AdminResource = "urn:assay:admin";
    public const string EventsResource = "urn:assay:events";
    public const string AccessResource = "urn:assay:authzen";
    public const string ManagedBy = "assay";

    public static readonly EntityUid AdminRole = new(EntityTypes.Role, "assay-admin");
    public static readonly EntityUid AuditorRole = new(EntityTypes.Role, "assay-auditor");
    public static readonly EntityUid EventReceiverRole = new(EntityTypes.Role, "assay-event-receiver");

    public static Api AdminApi { get; } = new()
    {
        Resource = AdminResource,
        Name = "Assay's admin API",
        ManagedBy = ManagedBy,
        PolicyDomain = PolicyDomains.Admin,
        MaxTokenLifetime = TimeSpan.FromMinutes(5),
        Scopes =
        [
            Read("identity.read", "read identities"),
            Change("identity.write", "create, change, disable and delete identities, their credentials and memberships"),
            Change("signal.write", "raise and clear risk signals"),
            Change("token.revoke", "end tokens before their time"),
            Read("api.read", "read APIs, roles and teams"),
            Read("policy.read", "read policy sets"),
            Change("policy.write", "store policy sets and apply bundles"),
            Change("policy.activate", "put a policy set in force"),
            Read("key.read", "read the key ring"),
            Change("key.rotate", "rotate and withdraw signing keys"),
            Read("evidence.read", "read and explain decisions"),
            Change("evidence.drop", "drop evidence whose time is over"),
        ],
    };

    /// <summary>Event streams. Everybody may have streams about itself; to hear of others takes a right of its own.</summary>
    public static Api EventsApi { get; } = new()
    {
        Resource = EventsResource,
        Name = "Assay's event streams",
        ManagedBy = ManagedBy,
        PolicyDomain = PolicyDomains.Admin,
        Scopes =
        [
            new ApiScope("ssf.read", "look at and poll streams of one's own", ["assay:own-events"]),
            new ApiScope("ssf.manage", "make, change and delete streams of one's own", ["assay:own-events"]),
            new ApiScope("ssf.subjects", "hear of others", []),
        ],
    };

    /// <summary>A token for it says who asks, and no more: about which APIs is said by the APIs, which name their resource servers.</summary>
    public static Api AccessApi { get; } = new()
    {
        Resource = AccessResource,
        Name = "Assay's access evaluation API (AuthZEN)",
        ManagedBy = ManagedBy,
        PolicyDomain = PolicyDomains.Admin,
        MaxTokenLifetime = TimeSpan.FromMinutes(5),
        Scopes =
        [
            new ApiScope("access.evaluate", "ask whether an identity may do something at one's own APIs", []),
            new ApiScope("access.search", "ask who may do what at one's own APIs", []),
        ],
    };

    /// <summary>Assay's own; a realm without others is empty.</summary>
    public static ImmutableArray<Api> Apis { get; } = [AdminApi, EventsApi, AccessApi];

    public static ImmutableArray<Group> Groups { get; } =
    [
        new Group { Uid = AdminRole, Description = "may use the whole admin API", ManagedBy = ManagedBy },
        new Group { Uid = AuditorRole, Description = "may read everything in the admin API", ManagedBy = ManagedBy },
        new Group { Uid = EventReceiverRole, Description = "may hear what happens to every identity, in event streams", ManagedBy = ManagedBy },
    ];

    /// <summary>Administration is a policy domain of its own: no bundle and no token policy can widen it.</summary>
    public static PolicyDocument AdminPolicies { get; } = new(
        [
            new PolicyFile("assay/admin.cedar", """
                @id("admin")
                @reason("administrators may use the whole admin API")
                permit (principal in Assay::Role::"assay-admin", action, resource == Assay::Api::"urn:assay:admin");

                @id("auditor")
                @reason("auditors may read")
                permit (principal in Assay::Role::"assay-auditor", action in Action::"assay:read", resource == Assay::Api::"urn:assay:admin");

                @id("no-shared-secrets")
                @reason("administration takes a proof of possession, not a shared secret") @public
                forbid (principal, action, resource == Assay::Api::"urn:assay:admin")
                when { context.client.assurance < 2 };

                @id("not-at-risk")
                @reason("an identity at high risk changes nothing") @public
                forbid (principal, action in Action::"assay:change", resource == Assay::Api::"urn:assay:admin")
                when { context.risk.score >= 50 };
                """),
            new PolicyFile("assay/events.cedar", """
                @id("own-events")
                @reason("everybody may hear of itself")
                permit (principal, action in Action::"assay:own-events", resource == Assay::Api::"urn:assay:events");

                @id("events-of-others")
                @reason("event receivers may hear of everybody")
                permit (principal in Assay::Role::"assay-event-receiver", action == Action::"ssf.subjects", resource == Assay::Api::"urn:assay:events");

                @id("events-for-administrators")
                @reason("administrators may hear of everybody")
                permit (principal in Assay::Role::"assay-admin", action == Action::"ssf.subjects", resource == Assay::Api::"urn:assay:events");
                """),
            new PolicyFile("assay/access.cedar", """
                @id("access")
                @reason("every workload may ask about the APIs that name it as a resource server")
                permit (principal is Assay::Workload, action, resource == Assay::Api::"urn:assay:authzen");
                """),
        ],
        null)
    {
        Actions = ActionDeclarations.Of(Apis.SelectMany(api => api.Scopes), null),
    };

    private static ApiScope Read(string name, string description) => new(name, description, ["assay:read"]);

    private static ApiScope Change(string name, string description) => new(name, description, ["assay:change"]);
}
