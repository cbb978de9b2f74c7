namespace Assay.Client;

/// <summary>Requests to the issuer, put once more when a verification was performed that opens what it withheld (<see cref="AssayClientOptions.OnVerificationRequired"/>).</summary>
internal sealed class VerifiedRequests(IssuerConnection issuer, Func<VerificationRequired, CancellationToken, ValueTask<bool>>? verify)
{
    public async Task<TokenResponse> AskAsync(TokenRequest request, CancellationToken cancellationToken)
    {
        var question = new TokenQuestion(request);
        TokenResponse granted;
        try
        {
            granted = await issuer.AskAsync(question, cancellationToken).ConfigureAwait(false);
        }
        catch (AssayTokenException refused) when (refused.StepUp.Count > 0 && verify is not null)
        {
            if (!await VerifiedAsync(request, request.Scopes, refused.StepUp, cancellationToken).ConfigureAwait(false))
                throw;
            return await issuer.AskAsync(question, cancellationToken).ConfigureAwait(false);
        }

        if (!await VerifiedAsync(request, granted.Withheld, granted.StepUp, cancellationToken).ConfigureAwait(false))
            return granted;

        try
        {
            return await issuer.AskAsync(question, cancellationToken).ConfigureAwait(false);
        }
        catch (AssayTokenException)
        {
            return granted; // less than hoped for, but a token
        }
    }

    /// <summary>In the order of the requests. Those that a verification opened are asked for together once more.</summary>
    public async Task<TokenResult[]> AskAllAsync(TokenRequest[] requests, CancellationToken cancellationToken)
    {
        var results = await issuer.AskAsync(new BatchQuestion(requests), cancellationToken).ConfigureAwait(false);
        var opened = await OpenedAsync(results, cancellationToken).ConfigureAwait(false);
        if (opened.Count == 0)
            return results;

        TokenResult[] again;
        try
        {
            again = await issuer.AskAsync(new BatchQuestion([.. opened.Select(place => requests[place])]), cancellationToken).ConfigureAwait(false);
        }
        catch (AssayTokenException)
        {
            return results; // less than hoped for
        }

        for (var i = 0; i < again.Length; i++)
        {
            ref var result = ref results[opened[i]];
            if (again[i].IsGranted || !result.IsGranted)
                result = again[i];
        }

        return results;
    }

    private async Task<List<int>> OpenedAsync(TokenResult[] results, CancellationToken cancellationToken)
    {
        List<int> opened = [];
        for (var place = 0; place < results.Length; place++)
        {
            var result = results[place];
            var isOpened = result.IsGranted
                ? await VerifiedAsync(result.Request, result.Token.Withheld, result.Token.StepUp, cancellationToken).ConfigureAwait(false)
                : await VerifiedAsync(result.Request, result.Request.Scopes, result.Refusal.StepUp, cancellationToken).ConfigureAwait(false);
            if (isOpened)
                opened.Add(place);
        }

        return opened;
    }

    private async ValueTask<bool> VerifiedAsync(
        TokenRequest request, IReadOnlyList<string> withheld, IReadOnlyList<string> verifications, CancellationToken cancellationToken) =>
        verifications.Count > 0
        && verify is not null
        && await verify(new VerificationRequired(request.Resource, withheld, verifications), cancellationToken).ConfigureAwait(false);
}
