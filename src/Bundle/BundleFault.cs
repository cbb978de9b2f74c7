namespace Assay.Bundle;

/// <summary>One thing to put right in a bundle folder.</summary>
/// <param name="Path">The file, relative to the folder, with <c>/</c>; the folder as given when the fault is the folder itself.</param>
/// <param name="Line">1-based; 0 when the fault is the file as a whole.</param>
/// <param name="Column">1-based, in characters; 0 when the fault is the file as a whole.</param>
/// <param name="Message">What is wrong; what would be right.</param>
public sealed record BundleFault(string Path, int Line, int Column, string Message)
{
    /// <summary><c>path:line:column: message</c>, as editors and terminals understand it.</summary>
    public override string ToString() => Line > 0 ? $"{Path}:{Line}:{Column}: {Message}" : $"{Path}: {Message}";
}
