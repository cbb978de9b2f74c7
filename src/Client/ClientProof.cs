using System.Net.Http.Headers;

namespace Assay.Client;

/// <summary>One proof of a client's identity in the making: who proves it, to whom, when; and the fields and the header that carry it.</summary>
public sealed class ClientProof
{
    private readonly HttpRequestMessage request;
    private readonly List<KeyValuePair<string, string>> fields;

    internal ClientProof(string clientId, string issuer, DateTimeOffset time, HttpRequestMessage request, List<KeyValuePair<string, string>> fields)
    {
        (ClientId, Issuer, Time) = (clientId, issuer, time);
        (this.request, this.fields) = (request, fields);
    }

    /// <summary>The identity's name at the issuer.</summary>
    public string ClientId { get; }

    /// <summary>The issuer's identifier, the audience of an assertion, exactly as the issuer writes it.</summary>
    public string Issuer { get; }

    /// <summary>The time that dates the proof, in UTC.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>Adds a field to the request, such as <c>client_assertion</c>: to its form, or to its JSON when it is for several tokens at once.</summary>
    /// <exception cref="ArgumentException">The name is empty, or the request has the field already: the issuer takes none twice (RFC 6749 §3.2).</exception>
    public void AddField(string name, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(value);
        if (fields.Exists(field => field.Key == name))
            throw new ArgumentException($"The request has a field {name} already.", nameof(name));
        fields.Add(new(name, value));
    }

    /// <summary>Sets the <c>Authorization</c> header of the request.</summary>
    /// <exception cref="ArgumentException">The scheme is empty.</exception>
    public void SetAuthorization(string scheme, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(scheme);
        request.Headers.Authorization = new AuthenticationHeaderValue(scheme, parameter);
    }
}
