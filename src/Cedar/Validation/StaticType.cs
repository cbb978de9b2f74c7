using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;

namespace Assay.Cedar;

/// <summary>
/// What is known of an expression's value before there is a request. Besides the types of schemas there are Booleans whose value
/// is known, entities of one of several types, and records that may have more attributes than are known.
/// </summary>
internal abstract class StaticType
{
    private const int LongestShown = 120;

    private StaticType()
    {
    }

    /// <summary>A type nothing has: that of the elements of an empty set.</summary>
    public static Simple Never { get; } = new("nothing");

    /// <summary>Either Boolean.</summary>
    public static Simple Bool { get; } = new("Bool");

    /// <summary>Always true, whenever it can be evaluated.</summary>
    public static Simple True { get; } = new("Bool");

    /// <summary>Always false, whenever it can be evaluated.</summary>
    public static Simple False { get; } = new("Bool");

    public static Simple Long { get; } = new("Long");

    public static Simple String { get; } = new("String");

    public static Simple Decimal { get; } = new("decimal");

    public static Simple IpAddr { get; } = new("ipaddr");

    public static Simple Datetime { get; } = new("datetime");

    public static Simple Duration { get; } = new("duration");

    public static Simple Of(bool value) => value ? True : False;

    public static Simple Of(ExtensionType type) => type switch
    {
        ExtensionType.Decimal => Decimal,
        ExtensionType.IpAddr => IpAddr,
        ExtensionType.Datetime => Datetime,
        _ => Duration,
    };

    /// <summary>The name of an attribute as a policy would write it: in quotes when it is no identifier.</summary>
    public static string Shown(string attribute) => Names.IsUnquoted(attribute) ? attribute : Escapes.Quote(attribute);

    public bool IsBool => this == Bool || this == True || this == False || this == Never;

    /// <summary>What messages show; cut off where it gets long.</summary>
    public sealed override string ToString()
    {
        var text = new StringBuilder();
        Show(text);
        return text.ToString();
    }

    /// <summary>Appends what <see cref="ToString"/> shows.</summary>
    protected abstract void Show(StringBuilder text);

    /// <summary>A type without parts. Each has one instance.</summary>
    public sealed class Simple(string name) : StaticType
    {
        protected override void Show(StringBuilder text) => text.Append(name);
    }

    /// <summary>An entity of one of these types: at least one, ordered, each once.</summary>
    public sealed class Entity(ImmutableArray<string> names) : StaticType
    {
        public ImmutableArray<string> Names { get; } = names;

        protected override void Show(StringBuilder text) => text.AppendJoin(" or ", Names);
    }

    public sealed class Set(StaticType element) : StaticType
    {
        public StaticType Element { get; } = element;

        protected override void Show(StringBuilder text)
        {
            text.Append("Set<");
            Element.Show(text);
            text.Append('>');
        }
    }

    public sealed class Record(IReadOnlyDictionary<string, Attribute> attributes, bool isOpen) : StaticType
    {
        public static Record Empty { get; } = new(FrozenDictionary<string, Attribute>.Empty, isOpen: false);

        public IReadOnlyDictionary<string, Attribute> Attributes { get; } = attributes;

        /// <summary>Whether values may have attributes besides these, of which nothing is known.</summary>
        public bool IsOpen { get; } = isOpen;

        protected override void Show(StringBuilder text)
        {
            text.Append('{');
            var separator = "";
            foreach (var (name, attribute) in Attributes.OrderBy(attribute => attribute.Key, StringComparer.Ordinal))
            {
                text.Append(separator);
                if (text.Length > LongestShown)
                {
                    text.Append('…');
                    break;
                }

                text.Append(Shown(name)).Append(attribute.IsRequired ? ": " : "?: ");
                attribute.Type.Show(text);
                separator = ", ";
            }

            text.Append(IsOpen ? ", …}" : "}");
        }
    }

    public readonly record struct Attribute(StaticType Type, bool IsRequired);
}
