using System.Collections.Immutable;
using Assay.Cedar;

namespace Assay.Core.Explaining;

/// <summary>One thing that stands between a request and a scope.</summary>
/// <param name="Policy">The policy that asks for it; null when none does.</param>
/// <param name="Needs">A sentence, or the condition in the policy's own words.</param>
/// <param name="Found">The values it saw: <c>context.risk.score = 71</c>.</param>
/// <param name="Group">A role or team whose membership would satisfy it.</param>
/// <param name="Signals">Risk signals whose clearing might satisfy it.</param>
public sealed record Missing(string? Policy, string Needs, ImmutableArray<string> Found, EntityUid? Group, ImmutableArray<string> Signals);
