using System.Text;

namespace Assay.Cedar;

/// <summary>
/// Tokens and the places where a line may end (after Oppen, "Prettyprinting"): a group stands on one line when it fits, else all its own
/// breaks are line ends. A comment ends its line, so a group with a comment inside does not stand on one line.
/// </summary>
internal sealed class Layout(IReadOnlyList<FormatToken> tokens)
{
    private const int Width = 100;
    private const int Indentation = 4;

    private readonly List<Step> steps = [];
    private readonly Stack<int> open = new();
    private int taken;

    private enum StepKind : byte
    {
        Token,
        Comments,
        Space,
        Break,
        EmptyLine,
        Indent,
        Outdent,
        Open,
        Nothing,
    }

    public FormatToken Current => tokens[taken];

    /// <summary>The token after the current one.</summary>
    public FormatToken Next => tokens[Math.Min(taken + 1, tokens.Count - 1)];

    public int Position => taken;

    public FormatToken At(int position) => tokens[position];

    public void Take() => steps.Add(new Step(StepKind.Token, taken++));

    /// <summary>The comments before the current token go here, before the token itself.</summary>
    public void CommentsFirst() => steps.Add(new Step(StepKind.Comments, taken));

    public void Space() => steps.Add(new Step(StepKind.Space));

    /// <summary>The end of a line in a group that does not fit on one; else a blank, or nothing.</summary>
    public void Break(bool isBlank = true) => steps.Add(new Step(StepKind.Break, isBlank ? 1 : 0));

    public void EmptyLine() => steps.Add(new Step(StepKind.EmptyLine));

    /// <summary>Lines that begin from here on stand further in. Gives the step, for <see cref="Cancel"/>.</summary>
    public int Indent() => Add(new Step(StepKind.Indent));

    /// <summary>Ends the last indentation.</summary>
    public int Outdent() => Add(new Step(StepKind.Outdent));

    /// <summary>Takes an indentation and its end back.</summary>
    public void Cancel(int indent, int outdent) => steps[indent] = steps[outdent] = new Step(StepKind.Nothing);

    public void Open(bool isSplit = false)
    {
        open.Push(steps.Count);
        steps.Add(new Step(StepKind.Open, taken, IsSplit: isSplit));
    }

    public void Close()
    {
        var start = open.Pop();
        steps[start] = steps[start] with { End = steps.Count, LastToken = taken - 1 };
        steps.Add(new Step(StepKind.Nothing));
    }

    public string Render() => new Rendering(tokens, steps).Run();

    private int Add(Step step)
    {
        steps.Add(step);
        return steps.Count - 1;
    }

    /// <param name="Kind">What to do.</param>
    /// <param name="Value">A token's position; of a break, its width on one line; of a group, the position of its first token.</param>
    /// <param name="End">Of a group, the step that closes it.</param>
    /// <param name="LastToken">Of a group, the position of its last token.</param>
    /// <param name="IsSplit">Of a group, that it never stands on one line.</param>
    private readonly record struct Step(StepKind Kind, int Value = 0, int End = 0, int LastToken = 0, bool IsSplit = false);

    private sealed class Rendering
    {
        private readonly IReadOnlyList<FormatToken> tokens;
        private readonly List<Step> steps;
        private readonly StringBuilder output = new();
        private readonly int[] before;
        private readonly int[] behind;
        private int indentation;
        private int column;
        private int flatUntil = -1;
        private bool lineEnd;
        private bool emptyLine;
        private bool space;
        private int commentsDone;

        public Rendering(IReadOnlyList<FormatToken> tokens, List<Step> steps)
        {
            (this.tokens, this.steps) = (tokens, steps);
            (before, behind) = (new int[tokens.Count + 1], new int[tokens.Count + 1]);
            for (var i = 0; i < tokens.Count; i++)
            {
                before[i + 1] = before[i] + (tokens[i].Before.Count > 0 ? 1 : 0);
                behind[i + 1] = behind[i] + (tokens[i].Behind is null ? 0 : 1);
            }
        }

        public string Run()
        {
            for (var i = 0; i < steps.Count; i++)
            {
                var step = steps[i];
                switch (step.Kind)
                {
                    case StepKind.Token: Write(tokens[step.Value], step.Value); break;
                    case StepKind.Comments: WriteComments(tokens[step.Value], step.Value); break;
                    case StepKind.Space: space = true; break;
                    case StepKind.Break when i <= flatUntil: space |= step.Value > 0; break;
                    case StepKind.Break: lineEnd = true; break;
                    case StepKind.EmptyLine: lineEnd = emptyLine = true; break;
                    case StepKind.Indent: indentation++; break;
                    case StepKind.Outdent: indentation--; break;
                    case StepKind.Open when i > flatUntil && Fits(i): flatUntil = step.End; break;
                }
            }

            return output.Length == 0 ? "" : output.Append('\n').ToString();
        }

        private bool Fits(int start)
        {
            var group = steps[start];
            if (group.IsSplit || before[group.LastToken + 1] > before[group.Value + 1] || behind[group.LastToken] > behind[group.Value])
                return false;

            // What follows up to the next place where the line may end has to fit too.
            var onNewLine = lineEnd || (commentsDone <= group.Value && tokens[group.Value].Before.Count > 0);
            var used = onNewLine ? indentation * Indentation : column + (space ? 1 : 0);
            for (var i = start + 1; i < steps.Count && used <= Width; i++)
            {
                var step = steps[i];
                switch (step.Kind)
                {
                    case StepKind.Token or StepKind.Comments when i > group.End && tokens[step.Value].Before.Count > 0:
                        return true;
                    case StepKind.Token:
                        used += tokens[step.Value].Width;
                        if (step.Value >= group.LastToken && tokens[step.Value].Behind is not null)
                            return used <= Width;

                        break;
                    case StepKind.Space:
                        used++;
                        break;
                    case StepKind.Break when i <= group.End:
                        used += step.Value;
                        break;
                    case StepKind.Break or StepKind.EmptyLine:
                        return used <= Width;
                }
            }

            return used <= Width;
        }

        private void Write(FormatToken token, int position)
        {
            if (commentsDone <= position)
                WriteComments(token, position);

            Write(token.Text);
            if (token.Behind is null)
                return;

            space = true;
            Write(token.Behind);
            lineEnd = true;
        }

        private void WriteComments(FormatToken token, int position)
        {
            commentsDone = position + 1;
            foreach (var comment in token.Before)
            {
                lineEnd = true;
                emptyLine |= comment.IsAfterEmptyLine;
                Write(comment.Text);
                lineEnd = true;
            }
        }

        private void Write(string text)
        {
            if (lineEnd && output.Length > 0)
            {
                output.Append(emptyLine ? "\n\n" : "\n").Append(' ', indentation * Indentation);
                column = indentation * Indentation;
            }
            else if (space)
            {
                output.Append(' ');
                column++;
            }

            lineEnd = emptyLine = space = false;
            output.Append(text);
            column += text.Length;
        }
    }
}
