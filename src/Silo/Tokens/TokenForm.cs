using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Assay.Silo.ClientAuthentication;

namespace Assay.Silo.Tokens;

/// <summary>
/// The parameters of a token request, and of the endpoints that clients prove themselves to alike, read by hand from the request's buffers: the framework's form binder answers a bad form with an empty
/// 400 where RFC 6749 §5.2 wants JSON, and decodes into strings what the path only needs as bytes.
/// </summary>
internal sealed class TokenForm : IDisposable
{
    public const int MaxBodyBytes = 64 * 1024;
    public const int MaxParameters = 64;
    public const string ClientCredentials = "client_credentials";
    public const string JwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    /// <summary>Larger forms are rare, and their memory is not kept here.</summary>
    private const int MostKept = 4096;

    // A form is given back on another thread than it was read on, as its request waited: the shared pool has places by thread, and would make most of them anew.
    private static readonly ArrayPool<byte> Small = ArrayPool<byte>.Create(MostKept, maxArraysPerBucket: 512);

    private byte[]? buffer;
    private List<string>? unknown;
    private int parameters;

    public string? GrantType { get; private set; }
    public string? ClientId { get; private set; }

    /// <summary>UTF-8 in the pooled buffer, which is erased; valid until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> ClientSecret { get; private set; }

    public string? ClientAssertionType { get; private set; }

    /// <summary>Compact JWS as bytes in the pooled buffer; valid until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> ClientAssertion { get; private set; }

    /// <summary>What the caller shows of itself, in the form and in its <c>Authorization</c> header.</summary>
    public PresentedProof ProofWith(string? authorization) => new(authorization, ClientId, ClientSecret, ClientAssertionType, ClientAssertion);

    public string? Scope { get; private set; }
    public string? Resource { get; private set; }
    public bool HasSeveralResources { get; private set; }
    public bool HasAuthorizationDetails { get; private set; }

    /// <summary>The token that introspection and revocation are about, in the pooled buffer; valid until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Token { get; private set; }

    /// <summary><c>continuous</c> asks policy again (introspection).</summary>
    public string? Evaluation { get; private set; }

    /// <summary>What is wrong with the body, for <c>error_description</c>; null when it could be read.</summary>
    public string? Fault { get; private set; }

    public bool IsTooLarge { get; private set; }

    public static async ValueTask<TokenForm> Read(HttpRequest request, CancellationToken cancellationToken)
    {
        var form = new TokenForm();
        if (!IsForm(request.ContentType))
        {
            form.Fault = "the body must be application/x-www-form-urlencoded";
            return form;
        }

        if (await RequestBody.ReadWhole(request, MaxBodyBytes, cancellationToken) is not { } body)
        {
            form.IsTooLarge = true;
            return form;
        }

        form.Take(body);
        request.BodyReader.AdvanceTo(body.End);
        return form;
    }

    public void Dispose()
    {
        if (buffer is not { } rented)
            return;

        buffer = null;
        ClientSecret = default;
        ClientAssertion = default;
        Token = default;
        PoolOf(rented.Length).Return(rented, clearArray: true); // it may hold a secret
    }

    /// <summary>The pool that has arrays of such a length: those of the small one are no longer than <see cref="MostKept"/>, the others longer.</summary>
    private static ArrayPool<byte> PoolOf(int length) => length <= MostKept ? Small : ArrayPool<byte>.Shared;

    private static bool IsForm(string? contentType)
    {
        const string expected = "application/x-www-form-urlencoded";
        return contentType is not null
            && contentType.StartsWith(expected, StringComparison.OrdinalIgnoreCase)
            && (contentType.Length == expected.Length || contentType[expected.Length] is ';' or ' ');
    }

    private void Take(ReadOnlySequence<byte> body)
    {
        var length = (int)body.Length;
        buffer = PoolOf(length).Rent(Math.Max(length, 1));
        body.CopyTo(buffer);

        var at = 0;
        while (at < length && Fault is null)
        {
            var end = buffer.AsSpan(at, length - at).IndexOf((byte)'&');
            var next = end < 0 ? length : at + end;
            if (next > at)
                TakePair(at, next);
            at = next + 1;
        }
    }

    private void TakePair(int start, int end)
    {
        if (++parameters > MaxParameters)
        {
            Fault = "too many parameters";
            return;
        }

        var pair = buffer.AsSpan(start, end - start);
        var equals = pair.IndexOf((byte)'=');
        var name = equals < 0 ? pair : pair[..equals];
        var valueStart = equals < 0 ? end : start + equals + 1;

        if (!TryDecode(name, out var nameLength) || !TryDecode(buffer.AsSpan(valueStart, end - valueStart), out var valueLength))
        {
            Fault = "a parameter is not percent-encoded UTF-8";
            return;
        }

        name = name[..nameLength];
        if (name.IsEmpty)
            Fault = "a parameter has no name";
        else if (valueLength > 0) // without a value it counts as omitted (RFC 6749 §3.2)
            Assign(name, buffer.AsMemory(valueStart, valueLength));
    }

    private void Assign(ReadOnlySpan<byte> name, ReadOnlyMemory<byte> value)
    {
        switch (name.Length)
        {
            case 5 when name.SequenceEqual("scope"u8):
                Scope = Once(Scope, value, "scope");
                break;
            case 5 when name.SequenceEqual("token"u8):
                if (!Token.IsEmpty)
                    Fault = "token is repeated";
                Token = value;
                break;
            case 8 when name.SequenceEqual("resource"u8):
                // RFC 8707 §2 lets it repeat; one token is for one resource here.
                HasSeveralResources |= Resource is not null;
                Resource ??= Text(value);
                break;
            case 9 when name.SequenceEqual("client_id"u8):
                ClientId = Once(ClientId, value, "client_id");
                break;
            case 10 when name.SequenceEqual("evaluation"u8):
                Evaluation = Once(Evaluation, value, "evaluation");
                break;
            case 10 when name.SequenceEqual("grant_type"u8):
                GrantType = Once(GrantType, value, "grant_type");
                break;
            case 13 when name.SequenceEqual("client_secret"u8):
                if (!ClientSecret.IsEmpty)
                    Fault = "client_secret is repeated";
                ClientSecret = value;
                break;
            case 16 when name.SequenceEqual("client_assertion"u8):
                if (!ClientAssertion.IsEmpty)
                    Fault = "client_assertion is repeated";
                ClientAssertion = value;
                break;
            case 21 when name.SequenceEqual("client_assertion_type"u8):
                ClientAssertionType = Once(ClientAssertionType, value, "client_assertion_type");
                break;
            case 21 when name.SequenceEqual("authorization_details"u8):
                if (HasAuthorizationDetails)
                    Fault = "authorization_details is repeated";
                HasAuthorizationDetails = true;
                break;
            default:
                Remember(name);
                break;
        }
    }

    /// <summary>Unknown parameters are ignored (RFC 6749 §3.2), yet none may come twice.</summary>
    private void Remember(ReadOnlySpan<byte> name)
    {
        var text = Encoding.UTF8.GetString(name);
        unknown ??= [];
        if (unknown.Contains(text) && text is not "audience")
            Fault = "a parameter is repeated";
        unknown.Add(text);
    }

    private string? Once(string? present, ReadOnlyMemory<byte> value, string name)
    {
        if (present is not null)
        {
            Fault = name + " is repeated";
            return present;
        }

        return Text(value);
    }

    private static string Text(ReadOnlyMemory<byte> value) => value.Span switch
    {
        var text when text.SequenceEqual("client_credentials"u8) => ClientCredentials,
        var text when text.SequenceEqual("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"u8) => JwtBearer,
        var text => KnownTexts.Of(text),
    };

    /// <summary>Decodes form-urlencoded text; the result is never longer, and may be written over the text itself.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> plain, out int length)
    {
        length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '+')
            {
                c = (byte)' ';
            }
            else if (c == '%')
            {
                if (i + 2 >= text.Length)
                    return false;
                int high = Hex(text[i + 1]), low = Hex(text[i + 2]);
                if (high < 0 || low < 0)
                    return false;
                c = (byte)(high << 4 | low);
                i += 2;
            }

            plain[length++] = c;
        }

        return Utf8.IsValid(plain[..length]);
    }

    private static bool TryDecode(Span<byte> text, out int length)
    {
        if (text.IndexOfAny((byte)'%', (byte)'+') >= 0)
            return TryDecode(text, text, out length);
        length = text.Length;
        return Utf8.IsValid(text);
    }

    private static int Hex(byte c) => c switch
    {
        >= (byte)'0' and <= (byte)'9' => c - '0',
        >= (byte)'a' and <= (byte)'f' => c - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => c - 'A' + 10,
        _ => -1,
    };
}
