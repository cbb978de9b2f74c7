namespace Assay.Cli.Output;

/// <summary>How far something has come, beside the answer: on a terminal one line that changes, elsewhere a line each time.</summary>
internal sealed class Progress(Screen screen) : IDisposable
{
    private const string Erased = "\r\u001b[K";

    private readonly bool isTerminal = !Console.IsErrorRedirected;

    public void Show(string text)
    {
        if (isTerminal)
            Console.Error.Write(Erased + Say.Plain(text));
        else
            screen.Note(Say.Plain(text));
    }

    public void Dispose()
    {
        if (isTerminal)
            Console.Error.Write(Erased);
    }
}
