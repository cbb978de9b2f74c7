using System.Collections.Immutable;
using Assay.Cli.Admin;
using Assay.Cli.Identities;
using Assay.Cli.Output;
using Assay.Cli.Policies;

namespace Assay.Cli.Explaining;

/// <summary>
/// The answer to "why did this token exist?" on one screen: the verdict in a sentence, each scope then and now, the policies in their own
/// words, the inputs with their age, what is missing and the command that supplies it, and what makes the record believable.
/// </summary>
/// <param name="finding">What the token turned out to be; null for a question about now, and for a record that is no token's.</param>
internal sealed class ExplanationScreen(Screen screen, DateTimeOffset now, Explanation explanation, FindingView? finding)
{
    private readonly DecisionView? then = explanation.Then;
    private readonly DecisionView current = explanation.Now ?? new DecisionView { Time = now };

    public void Show()
    {
        if (then is null && explanation is { Now: null, Record: { } record })
        {
            ShowAct(record);
            return;
        }

        ShowVerdict();
        ShowScopes();
        ShowMissing();
        ShowPolicies();
        ShowInputs();
        ShowProof();
    }

    private void ShowAct(RecordView record)
    {
        screen.Line(record.Action is { } action
            ? $"[bold]{Say.Data(record.Identity)}[/] did: {Say.Data(action)} {Say.Data(record.Target)}, {Say.Time(record.Time)} [dim]({Say.When(record.Time, now)})[/]"
            : $"Nothing came of this position in the log ({Say.Data(record.Kind)}).");
        if (record.Number is { } number)
            screen.Line($"It became version {number}.");
        if (record.Reason is { } reason)
            screen.Line($"Because: {Say.Data(reason)}");
        foreach (var part in record.Parts ?? [])
            screen.Line($"  {Say.Data(part)}");
        ShowProof();
    }

    private void ShowVerdict()
    {
        var shown = then ?? current;
        var granted = shown.Granted;
        var badge = granted.IsEmpty ? "[bold white on red] REFUSED [/]"
            : granted.Length < shown.Scopes.Length ? "[bold black on yellow] PARTLY GRANTED [/]"
            : "[bold black on green] GRANTED [/]";
        var target = shown.Resource is { Length: > 0 } resource ? $" for [bold]{Say.Data(resource)}[/]" : "";
        var life = granted.IsEmpty ? "" : $", for {Say.Span(TimeSpan.FromSeconds(shown.LifetimeSeconds))}";
        var moment = then is null ? current.Assumed.IsEmpty ? "if it asked now" : $"assuming {Say.Data(string.Join(", ", current.Assumed))}" : $"{Say.Time(then.Time)} [dim]({Say.When(then.Time, now)})[/]";
        screen.Line($"{badge}  [bold]{Say.Data(explanation.Identity)}[/]{target}{life}, {moment}");
        if (shown.Refusal is { } refusal)
            screen.Line($"Refused before policy was asked: {Refusal(refusal)}{Detail(shown)}.");
        if (explanation.Record?.ExpiresAt is { } end)
            screen.Line(finding?.Life == "ended" ? "The token was ended before its time: assay get revocations."
                : end > now ? $"The token is live: it expires {Say.When(end, now)}."
                : $"The token expired {Say.When(end, now)}.");
        if (then is null)
            return;

        screen.Line(Compare());
        foreach (var change in explanation.Changes)
            screen.Line($"  [yellow]changed[/]  {Say.Data(change)}");
    }

    private string Compare()
    {
        var gained = current.Granted.Except(then!.Granted).ToArray();
        var lost = then.Granted.Except(current.Granted).ToArray();
        if (current.Refusal is { } refusal)
            return $"Asked again now: [red]refused[/], {Refusal(refusal)}{Detail(current)}.";
        if (gained.Length == 0 && lost.Length == 0)
            return then.Granted.IsEmpty ? "Asked again now: the same answer." : "Asked again now: the same scopes.";
        var parts = new List<string>();
        if (lost.Length > 0)
            parts.Add($"[red]without {Say.Data(string.Join(", ", lost))}[/]");
        if (gained.Length > 0)
            parts.Add($"[green]also {Say.Data(string.Join(", ", gained))}[/]");
        return $"Asked again now: {(current.Granted.IsEmpty ? "[red]refused[/], " : "")}{string.Join(", ", parts)}.";
    }

    private void ShowScopes()
    {
        var scopes = (then ?? current).Scopes;
        if (scopes.IsEmpty)
            return;

        screen.Heading("SCOPES");
        if (then is null)
        {
            screen.Table(["SCOPE", "NOW", "DECIDED BY"], scopes.Select(scope => ImmutableArray.Create(Say.Data(scope.Scope), Outcome(scope), DecidedBy(scope))), indent: 2);
            return;
        }

        screen.Table(
            ["SCOPE", "THEN", "NOW", "DECIDED BY"],
            scopes.Select(scope => ImmutableArray.Create(
                Say.Data(scope.Scope),
                Outcome(scope),
                current.Scopes.FirstOrDefault(other => other.Scope == scope.Scope) is { } today ? Outcome(today) : "[red]refused[/]",
                DecidedBy(scope))),
            indent: 2);
    }

    private void ShowMissing()
    {
        var withheld = current.Scopes.Where(scope => !scope.IsGranted && !scope.Missing.IsEmpty).ToArray();
        if (withheld.Length == 0)
            return;

        screen.Heading("WHAT IS MISSING NOW");
        foreach (var scope in withheld)
        {
            foreach (var missing in scope.Missing)
            {
                var policy = missing.Policy is { } id ? $" [dim]({Say.Data(id)})[/]" : "";
                var found = missing.Found.IsEmpty ? "" : $"  [yellow]{Say.Data(string.Join(", ", missing.Found))}[/]";
                screen.Line($"  {Say.Data(scope.Scope)}  needs  {Say.Data(OneLine(missing.Needs))}{found}{policy}");
                if (!scope.Ways.IsEmpty)
                    continue;
                if (missing.Group is { } group)
                    screen.Line($"      [dim]→[/] assay member add {Say.Data(explanation.Identity)} {Say.Data(Quoted(Say.Group(group)))}");
                foreach (var signal in missing.Signals)
                    screen.Line($"      [dim]→[/] assay signal clear {Say.Data(explanation.Identity)} {Say.Data(signal)}  [dim](if it no longer holds)[/]");
            }

            foreach (var way in scope.Ways)
                ShowWay(scope.Scope, way);
        }
    }

    /// <summary>Changes that the server has decided again with, and the commands that make them.</summary>
    private void ShowWay(string scope, ImmutableArray<RemedyView> way)
    {
        screen.Line($"  {Say.Data(scope)}  [green]granted[/] with  {Say.Data(string.Join(", and ", way.Select(remedy => remedy.Text)))}");
        foreach (var remedy in way)
        {
            var (who, about) = (Say.Data(explanation.Identity), remedy.Subject ?? "");
            var command = remedy.Kind switch
            {
                "join" => $"assay member add {who} {Say.Data(Quoted(Say.Group(about)))}",
                "leave" => $"assay member remove {who} {Say.Data(Quoted(Say.Group(about)))}",
                "clearSignal" => $"assay signal clear {who} {Say.Data(about)}  [dim](if it no longer holds)[/]",
                _ => null,
            };
            if (command is not null)
                screen.Line($"      [dim]→[/] {command}");
        }
    }

    private void ShowPolicies()
    {
        var deciding = (then ?? current).Scopes.Concat(current.Scopes).SelectMany(scope => scope.Policies).Distinct().ToArray();
        var shown = deciding.Select(id => explanation.Policies.FirstOrDefault(policy => policy.Id == id)).OfType<PolicyView>().ToArray();
        if (shown.Length == 0)
            return;

        screen.Heading("POLICIES THAT DECIDED");
        foreach (var policy in shown)
        {
            var color = policy.Effect == "forbid" ? "red" : "green";
            var state = policy.InForce ? "" : "  [yellow]no longer in force like this[/]";
            screen.Line($"  [{color}]{Say.Data(policy.Effect)}[/] [bold]{Say.Data(policy.Id)}[/]  [dim]{Say.Data(policy.File)}:{policy.Line}[/]{state}");
            screen.Source(Compact(policy.Text), "dim", 4);
        }
    }

    private void ShowInputs()
    {
        var rows = Inputs().Select(input => (input.Name, Then: then is null ? null : input.Of(then), Now: input.Of(current))).ToArray();
        if (rows.All(row => row.Then is null && row.Now is null))
            return;

        screen.Heading("INPUTS");
        if (then is null)
        {
            screen.Table(["", ""], rows.Where(row => row.Now is not null).Select(row => ImmutableArray.Create(row.Name, row.Now!)), indent: 2);
            return;
        }

        screen.Table(
            ["", "THEN", "NOW"],
            rows.Where(row => row.Then is not null).Select(row => ImmutableArray.Create(
                row.Name, row.Then!, row.Now is null ? "-" : row.Now == row.Then ? "[dim]the same[/]" : row.Now)),
            indent: 2);
    }

    private static IEnumerable<(string Name, Func<DecisionView, string?> Of)> Inputs() =>
    [
        ("risk", decision => decision.Risk is { } risk ? IdentityViews.Risk(risk) : null),
        ("groups", decision => decision.IdentityNumber is null ? null : Say.Data(Say.List(
            decision.Entitlements.Select(member => Say.Group(member.Group)).Order(StringComparer.Ordinal), "none"))),
        ("proved by", decision => decision.AuthenticationMethod is { } method ? $"{Say.Data(method)} [dim]{Say.Data(Say.Short(decision.Credential ?? ""))}[/]" : null),
        ("binding", decision => Say.Data(decision.Binding) is { Length: > 0 } binding ? binding : null),
        ("address", decision => Say.Data(decision.OriginIp) is { Length: > 0 } address ? address : null),
        ("policy set", decision => decision.PolicyVersion is { Length: > 0 } version ? $"{Say.Data(decision.PolicyDomain)} {Say.Data(Say.Short(version))}" : null),
        ("identity", decision => decision.IdentityNumber is { } number ? $"version {number}" : null),
        ("directory", decision => decision.DirectoryNumber is { } number ? $"version {number}" : null),
        ("known current", decision => decision.EntitlementAgeSeconds is { } age
            ? $"entitlements {Say.Span(TimeSpan.FromSeconds(age))} before, risk {Say.Span(TimeSpan.FromSeconds(decision.RiskAgeSeconds ?? age))} before"
            : null),
    ];

    private void ShowProof()
    {
        if (explanation.Record is not { } record)
            return;

        screen.Heading("RECORD");
        var rows = new List<ImmutableArray<string>>
        {
            ImmutableArray.Create("record", $"{Say.Data(record.Kind)} {Say.Data(record.Place)}{(record.Node is { } node ? $" on {Say.Data(node)}" : "")}{(record.Error is { } error ? $", answered {Say.Data(error)}" : "")}"),
        };
        rows.Add([record.Jti is null ? "id" : "jti", $"{Say.Data(record.Id)}{(record.Kid is { } kid ? $" [dim]signed by[/] {Say.Data(Say.Short(kid))}" : "")}"]);
        if (record.Shadow is { } said)
            rows.Add(["shadow", $"{Say.Data(Say.Short(said.Version))} would have answered: {ShadowWords.Of(said)}"]);
        if (explanation.ReDecision is { } again)
            rows.Add(["decided again", again.Same ? "[green]the same answer[/] from the record and stored versions alone" : $"[red]ANOTHER ANSWER[/]: {Say.Data(again.Detail)}"]);
        if (finding?.IsRecorded is { } isRecorded)
            rows.Add(["this token", isRecorded ? "[green]is the recorded one[/] (SHA-256 of its signing input)" : "[bold red]IS NOT THE RECORDED ONE[/]"]);
        if (finding?.IsSigned is { } isSigned)
            rows.Add(["signature", isSigned ? "[green]valid[/]" : "[bold red]INVALID[/]"]);

        screen.Table(["", ""], rows, indent: 2);
    }

    private static string Outcome(ScopeView scope) => scope.Outcome switch
    {
        "granted" => "[green]granted[/]",
        "unknownScope" => "[yellow]the API has no such scope[/]",
        "noPermit" => "[yellow]withheld: no policy permits it[/]",
        "forbidden" => "[red]withheld: forbidden[/]",
        "stepUpRequired" => $"[yellow]withheld: verify by {Say.Data(Say.List(scope.StepUp))}[/]",
        "bindingRequired" => "[yellow]withheld: the token must be bound[/]",
        "policyError" => "[red]withheld: a policy failed[/]",
        var other => Say.Data(other),
    };

    private static string DecidedBy(ScopeView scope)
    {
        var by = scope.Policies.IsEmpty ? "[dim]default: deny[/]" : Say.Data(string.Join(", ", scope.Policies));
        if (!scope.Reasons.IsEmpty)
            by += $"  [dim]“{Say.Data(string.Join("; ", scope.Reasons))}”[/]";
        return scope.Errors.IsEmpty ? by : $"{by}  [red]{Say.Data(string.Join("; ", scope.Errors))}[/]";
    }

    private static string Refusal(string refusal) => refusal switch
    {
        "unknownIdentity" => "there is no such identity",
        "credentialNotHeld" => "it does not hold this credential, or not any more",
        "assertionReplayed" => "its assertion had been used before",
        "identityDisabled" => "the identity is disabled",
        "grantTypeNotAllowed" => "this grant type is not among those it may use",
        "unknownResource" => "no API is registered under this resource",
        "noResource" => "no resource was named and the identity has no default",
        "rateLimited" => "it asked more often than its limit allows",
        "noCredential" => "it has no live credential to prove itself with",
        "unavailable" => "the silo cannot decide at the moment",
        _ => Say.Data(refusal),
    };

    private static string Detail(DecisionView decision) => decision.RefusalDetail is { } detail ? $": {Say.Data(detail)}" : "";

    private static string OneLine(string text) => string.Join(' ', text.Split((char[])['\n', '\r', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries));

    private static string Quoted(string group) => group.AsSpan().ContainsAny(" \"'\\$`") ? $"'{group.Replace("'", "'\\''", StringComparison.Ordinal)}'" : group;

    // A policy as written, without comment lines and blank lines: its head and conditions are what decided.
    private static string Compact(string text) =>
        string.Join('\n', text.Split('\n').Where(line => line.Trim() is { Length: > 0 } written && !written.StartsWith("//", StringComparison.Ordinal)));
}
