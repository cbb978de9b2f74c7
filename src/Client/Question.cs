using System.Diagnostics;

namespace Assay.Client;

/// <summary>What the issuer is asked, put to it as often as it takes; each time with a proof of its own.</summary>
internal abstract class Question<TAnswer>
{
    /// <summary>Several tokens for one proof.</summary>
    public abstract bool IsBatch { get; }

    /// <summary>How long an answer may be.</summary>
    public abstract int MaxAnswerBytes { get; }

    /// <summary>Where it is put; null when the issuer does not offer that.</summary>
    public abstract Uri? Endpoint(IssuerEndpoints endpoints);

    /// <summary>The fields of the request, to which a proof adds its own.</summary>
    public abstract List<KeyValuePair<string, string>> Fields();

    public abstract HttpContent Content(List<KeyValuePair<string, string>> fields);

    /// <summary>What an answer of 200 says.</summary>
    /// <exception cref="AssayTokenException">Nothing that an issuer would say, or nothing but that it cannot serve now.</exception>
    public abstract TAnswer Read(byte[] body, Uri url);

    /// <summary>In an answer, that the identity asks too often (429); null when it does not say so.</summary>
    public virtual AssayTokenException? LimitIn(TAnswer answer) => null;

    public abstract Activity? StartActivity();

    /// <summary>Tells a trace what an answer says beyond that it came.</summary>
    public virtual void Tell(Activity? activity, TAnswer answer)
    {
    }
}
