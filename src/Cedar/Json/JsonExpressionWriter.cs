using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Assay.Cedar;

/// <summary>Writes expressions in the JSON policy format: each an object with one member, which is named for the operator or function.</summary>
internal static class JsonExpressionWriter
{
    public static void Write(Utf8JsonWriter writer, Expr expression)
    {
        switch (expression)
        {
            // Chains write themselves: they are wide here and deep there.
            case OrExpr or: WriteChain(writer, or.Operands, _ => "||"); return;
            case AndExpr and: WriteChain(writer, and.Operands, _ => "&&"); return;
            case ArithmeticExpr sum: WriteChain(writer, sum.Operands, i => NameOf(sum.Operators[i])); return;
        }

        writer.WriteStartObject();
        switch (expression)
        {
            case LiteralExpr literal: Write(writer, literal); break;
            case VariableExpr variable: writer.WriteString("Var", ExpressionPrinter.NameOf(variable.Variable)); break;
            case NotExpr not: WriteArgument(writer, "!", not.Operand); break;
            case NegateExpr negate: WriteArgument(writer, "neg", negate.Operand); break;
            case IfExpr choice: WriteIf(writer, choice); break;
            case CompareExpr compare: WritePair(writer, ExpressionPrinter.Symbol(compare.Comparison), compare.Left, compare.Right); break;
            case InExpr contained: WritePair(writer, "in", contained.Left, contained.Right); break;
            case AttributeExpr attribute: WriteAttribute(writer, attribute); break;
            case HasExpr has: WriteHas(writer, has); break;
            case LikeExpr like: WriteLike(writer, like); break;
            case IsExpr typed: WriteIs(writer, typed); break;
            case MethodExpr { Argument: null } method: WriteArgument(writer, ExpressionPrinter.NameOf(method.Method), method.Target); break;
            case MethodExpr method: WritePair(writer, ExpressionPrinter.NameOf(method.Method), method.Target, method.Argument); break;
            case CallExpr call: WriteList(writer, call.Function.Name(), call.Arguments); break;
            case SetExpr set: WriteList(writer, "Set", set.Elements); break;
            case RecordExpr record: WriteRecord(writer, record); break;
            default: throw new UnreachableException();
        }

        writer.WriteEndObject();
    }

    // a op b op c is {"op":{"left":{"op":{"left":a,"right":b}},"right":c}}.
    private static void WriteChain(Utf8JsonWriter writer, Expr[] operands, Func<int, string> operatorAt)
    {
        for (var i = operands.Length - 2; i >= 0; i--)
        {
            writer.WriteStartObject();
            writer.WriteStartObject(operatorAt(i));
            writer.WritePropertyName("left");
        }

        Write(writer, operands[0]);
        for (var i = 1; i < operands.Length; i++)
        {
            Write(writer, "right", operands[i]);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
    }

    private static string NameOf(ArithmeticOperator operation) => operation switch
    {
        ArithmeticOperator.Add => "+",
        ArithmeticOperator.Subtract => "-",
        _ => "*",
    };

    private static void Write(Utf8JsonWriter writer, LiteralExpr literal)
    {
        writer.WritePropertyName("Value");
        JsonValueWriter.Write(writer, literal.Value);
    }

    private static void Write(Utf8JsonWriter writer, string name, Expr expression)
    {
        writer.WritePropertyName(name);
        Write(writer, expression);
    }

    private static void WriteArgument(Utf8JsonWriter writer, string name, Expr argument)
    {
        writer.WriteStartObject(name);
        Write(writer, "arg", argument);
        writer.WriteEndObject();
    }

    private static void WritePair(Utf8JsonWriter writer, string name, Expr left, Expr right)
    {
        writer.WriteStartObject(name);
        Write(writer, "left", left);
        Write(writer, "right", right);
        writer.WriteEndObject();
    }

    private static void WriteIf(Utf8JsonWriter writer, IfExpr choice)
    {
        writer.WriteStartObject("if-then-else");
        Write(writer, "if", choice.Condition);
        Write(writer, "then", choice.Then);
        Write(writer, "else", choice.Otherwise);
        writer.WriteEndObject();
    }

    private static void WriteAttribute(Utf8JsonWriter writer, AttributeExpr attribute)
    {
        writer.WriteStartObject(".");
        Write(writer, "left", attribute.Target);
        writer.WriteString("attr", attribute.Name);
        writer.WriteEndObject();
    }

    private static void WriteHas(Utf8JsonWriter writer, HasExpr has)
    {
        writer.WriteStartObject("has");
        Write(writer, "left", has.Target);
        if (has.Path is [var only])
        {
            writer.WriteString("attr", only);
        }
        else
        {
            writer.WriteStartArray("attr");
            foreach (var name in has.Path)
                writer.WriteStringValue(name);

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WriteLike(Utf8JsonWriter writer, LikeExpr like)
    {
        writer.WriteStartObject("like");
        Write(writer, "left", like.Target);
        writer.WriteStartArray("pattern");
        foreach (var part in like.Pattern.Written)
        {
            if (part is null)
                writer.WriteStringValue("Wildcard");
            else
                WriteLiterals(writer, part);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    // One for each character, as the reference engine writes them.
    private static void WriteLiterals(Utf8JsonWriter writer, string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            writer.WriteStartObject();
            writer.WriteString("Literal", rune.ToString());
            writer.WriteEndObject();
        }
    }

    private static void WriteIs(Utf8JsonWriter writer, IsExpr typed)
    {
        writer.WriteStartObject("is");
        Write(writer, "left", typed.Target);
        writer.WriteString("entity_type", typed.Type);
        if (typed.Ancestor is not null)
            Write(writer, "in", typed.Ancestor);

        writer.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter writer, string name, Expr[] items)
    {
        writer.WriteStartArray(name);
        foreach (var item in items)
            Write(writer, item);

        writer.WriteEndArray();
    }

    private static void WriteRecord(Utf8JsonWriter writer, RecordExpr record)
    {
        writer.WriteStartObject("Record");
        for (var i = 0; i < record.Names.Length; i++)
            Write(writer, record.Names[i], record.Values[i]);

        writer.WriteEndObject();
    }
}
