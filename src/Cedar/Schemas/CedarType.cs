using System.Collections.Frozen;
using System.Text;

namespace Assay.Cedar;

/// <summary>The type of an attribute, a tag or a context, as a schema declares it, with all names resolved. Immutable.</summary>
public abstract record CedarType
{
    private const int LongestShown = 200;

    private CedarType()
    {
    }

    /// <summary>The type in Cedar's schema syntax, cut off when it is long.</summary>
    public sealed override string ToString()
    {
        var text = new StringBuilder();
        Show(text);
        return text.Length <= LongestShown ? text.ToString() : $"{text.ToString(0, LongestShown)}…";
    }

    private void Show(StringBuilder text)
    {
        switch (this)
        {
            case Set set:
                text.Append("Set<");
                set.Element.Show(text);
                text.Append('>');
                break;

            case Record record:
                record.ShowAttributes(text);
                break;

            case Entity entity:
                text.Append(entity.Name);
                break;

            case Extension extension:
                text.Append(extension.Type.ToString().ToLowerInvariant());
                break;

            default:
                text.Append(GetType().Name);
                break;
        }
    }

    /// <summary><c>Bool</c></summary>
    public sealed record Bool : CedarType;

    /// <summary><c>Long</c></summary>
    public sealed record Long : CedarType;

    /// <summary><c>String</c></summary>
    public sealed record String : CedarType;

    /// <summary><c>Set&lt;Element&gt;</c></summary>
    public sealed record Set(CedarType Element) : CedarType;

    /// <summary>An entity of this type, which the schema declares.</summary>
    public sealed record Entity(string Name) : CedarType;

    /// <summary>One of the extension types.</summary>
    public sealed record Extension(ExtensionType Type) : CedarType;

    /// <summary>A closed record: it has these attributes and no others.</summary>
    public sealed record Record(FrozenDictionary<string, AttributeType> Attributes) : CedarType
    {
        /// <summary>The record without attributes.</summary>
        public static Record Empty { get; } = new(FrozenDictionary<string, AttributeType>.Empty);

        internal void ShowAttributes(StringBuilder text)
        {
            text.Append('{');
            var separator = "";
            foreach (var (name, attribute) in Attributes.OrderBy(attribute => attribute.Key, StringComparer.Ordinal))
            {
                if (text.Length > LongestShown)
                    return;

                text.Append(separator).Append(Names.IsIdentifier(name) ? name : Escapes.Quote(name)).Append(attribute.IsRequired ? ": " : "?: ");
                attribute.Type.Show(text);
                separator = ", ";
            }

            text.Append('}');
        }

        /// <summary>Equal when both have the same attributes of the same types.</summary>
        public bool Equals(Record? other) =>
            other is not null && Attributes.Count == other.Attributes.Count
            && Attributes.All(attribute => other.Attributes.TryGetValue(attribute.Key, out var theirs) && attribute.Value == theirs);

        /// <inheritdoc/>
        public override int GetHashCode() => Attributes.Keys.Aggregate(Attributes.Count, (hash, name) => hash ^ name.GetHashCode(StringComparison.Ordinal));
    }
}

/// <summary>What a record or an entity holds under one name.</summary>
/// <param name="Type">Of what type.</param>
/// <param name="IsRequired">Whether it is always there; when not, policies guard it with <c>has</c>.</param>
public sealed record AttributeType(CedarType Type, bool IsRequired);

/// <summary>The types that extensions add to the language.</summary>
public enum ExtensionType : byte
{
    /// <summary><c>decimal</c></summary>
    Decimal,

    /// <summary><c>ipaddr</c></summary>
    IpAddr,

    /// <summary><c>datetime</c></summary>
    Datetime,

    /// <summary><c>duration</c></summary>
    Duration,
}
