namespace Assay.Cedar;

/// <summary>
/// Entities, context or a policy set handed to Cedar are not usable: malformed, contradictory, cyclic or beyond <see cref="CedarLimits"/>.
/// The message says what and where. It may quote names from the data, never whole values.
/// </summary>
public sealed class CedarDataException(string message, Exception? inner = null) : Exception(message, inner);
