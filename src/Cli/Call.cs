using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Connecting;
using Assay.Cli.Output;

namespace Assay.Cli;

/// <summary>One run of one command: its arguments, where it prints, and how it reaches the server.</summary>
internal sealed class Call(ParseResult arguments, Screen screen, TimeProvider clock)
{
    public Screen Screen { get; } = screen;

    public TimeProvider Clock { get; } = clock;

    public DateTimeOffset Now => Clock.GetUtcNow();

    public Connection Connection { get; } = Connection.From(arguments.GetValue(GlobalOptions.Data), arguments.GetValue(GlobalOptions.Server));

    public T? Get<T>(Option<T> option) => arguments.GetValue(option);

    public T Get<T>(Argument<T> argument) => arguments.GetValue(argument)!;

    /// <summary>The admin API under a token that holds these scopes and no others.</summary>
    public Task<AdminApi> Admin(string scopes, CancellationToken cancellationToken) => AdminApi.Open(Connection, Clock, scopes, cancellationToken);
}
