using System.Text.Json;

namespace Assay.Core.StatusLists;

/// <summary>Where a list is fetched from. One object a list, so that writing it into a token makes nothing.</summary>
/// <param name="id">The last part of the URL: printable ASCII.</param>
/// <param name="uri">The whole URL.</param>
public sealed class StatusListAddress(string id, string uri)
{
    public string Id { get; } = id;

    public string Uri { get; } = uri;

    internal JsonEncodedText EncodedUri { get; } = JsonEncodedText.Encode(uri, Jose.JwtWriter.JsonOptions.Encoder);
}

/// <summary>A token's place in a list: what its <c>status</c> claim says.</summary>
/// <param name="Index">From 0.</param>
public readonly record struct StatusReference(StatusListAddress List, int Index);
