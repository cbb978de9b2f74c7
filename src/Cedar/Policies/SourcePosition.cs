namespace Assay.Cedar;

/// <summary>A place in a policy or schema text.</summary>
/// <param name="Source">The name the text was parsed under, usually a file path.</param>
/// <param name="Offset">Bytes before it when the text is UTF-8.</param>
/// <param name="Line">The line, from 1; lines end with a line feed.</param>
/// <param name="Column">Characters (Unicode code points) into the line, from 1.</param>
public sealed record SourcePosition(string Source, int Offset, int Line, int Column)
{
    /// <summary><c>source:line:column</c>, as editors understand it.</summary>
    public override string ToString() => $"{Source}:{Line}:{Column}";
}

/// <summary>Something wrong in a policy or schema text: where, and what would be right.</summary>
/// <param name="Position">Where it begins.</param>
/// <param name="Message">One sentence without the position.</param>
public sealed record PolicyFault(SourcePosition Position, string Message)
{
    /// <summary>Position and message, as a compiler prints them.</summary>
    public override string ToString() => $"{Position}: {Message}";
}
