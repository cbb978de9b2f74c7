using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Registry;

namespace Assay.Bundle.Testing;

/// <summary>One case of <c>tests/*.yaml</c>: a request at a moment, and what policy should say to it.</summary>
public sealed record PolicyTest
{
    /// <summary>The file, relative to the bundle, with <c>/</c>.</summary>
    public required string Path { get; init; }

    /// <summary>Where the case begins, 1-based.</summary>
    public required int Line { get; init; }

    /// <summary>What it says in a sentence; unique in its file.</summary>
    public required string Name { get; init; }

    /// <summary>Who asks.</summary>
    public required TestSubject Subject { get; init; }

    /// <summary>What it asks for.</summary>
    public required TestRequest Request { get; init; }

    public required TestExpectation Expected { get; init; }
}

/// <summary>Who asks: an identity of the bundle, or one that is described in place.</summary>
/// <param name="Declared">What is declared of it.</param>
/// <param name="IsOfBundle">The bundle declares it, so <c>managedBy</c> is the bundle's name.</param>
/// <param name="Added">Memberships it has in this case besides its own.</param>
/// <param name="Removed">Memberships of its own that it does not have in this case.</param>
public sealed record TestSubject(
    DeclaredIdentity Declared, bool IsOfBundle, ImmutableArray<DeclaredMembership> Added, ImmutableArray<EntityUid> Removed);

/// <summary>The request and its moment. What a case does not say is the most ordinary thing: see docs/bundle.md.</summary>
public sealed record TestRequest
{
    /// <summary>The moment of a case that names none. Fixed, so that a test says the same tomorrow.</summary>
    public static readonly DateTimeOffset UsualTime = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>An API of the bundle.</summary>
    public required string Resource { get; init; }

    /// <summary>Distinct; every scope of the API when the case names none.</summary>
    public required ImmutableArray<string> Scopes { get; init; }

    public DateTimeOffset Time { get; init; } = UsualTime;

    /// <summary>How the client proves itself.</summary>
    public string Method { get; init; } = "private_key_jwt";

    /// <summary>The handle of the credential it proves itself with.</summary>
    public string Credential { get; init; } = "test";

    /// <summary><c>none</c>, <c>dpop</c> or <c>mtls</c>.</summary>
    public string Binding { get; init; } = "none";

    /// <summary>The caller's address; null when unknown.</summary>
    public string? OriginIp { get; init; }

    /// <summary>What the risk is computed from, by the same function as on a server.</summary>
    public ImmutableArray<RiskSignal> Signals { get; init; } = [];

    public TimeSpan EntitlementAge { get; init; }

    public TimeSpan RiskAge { get; init; }
}

/// <summary>What should come of a case. Every scope that is asked for is either granted or withheld, so nothing is left open.</summary>
public sealed record TestExpectation
{
    /// <summary>Exactly these scopes are granted; those asked for and not named here are withheld.</summary>
    public required ImmutableArray<string> Granted { get; init; }

    /// <summary>How scopes are withheld, for those of which the case says so.</summary>
    public ImmutableArray<WithheldScope> Withheld { get; init; } = [];

    /// <summary>The life of the token; null when the case does not say.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>The policies that decide about each scope, exactly; null as a scope speaks of all scopes together.</summary>
    public ImmutableArray<DecidingPolicies> By { get; init; } = [];
}

/// <param name="StepUp">Exactly the verifications that open it; null when the case does not say.</param>
public sealed record WithheldScope(string Scope, ScopeOutcome Outcome, ImmutableArray<string>? StepUp);

/// <param name="Scope">Null: of all scopes together.</param>
/// <param name="Policies">Names, in any order.</param>
public sealed record DecidingPolicies(string? Scope, ImmutableArray<string> Policies);
