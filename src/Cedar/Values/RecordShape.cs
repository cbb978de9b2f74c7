namespace Assay.Cedar;

/// <summary>The names of records that are made again and again.</summary>
public sealed class RecordShape
{
    /// <param name="names">1 to 16 of them, as beyond that a record looks them up in another way.</param>
    /// <exception cref="ArgumentException">There are none, or too many, or one appears twice.</exception>
    public RecordShape(params ReadOnlySpan<string> names)
    {
        if (names.Length is 0 or > RecordValue.LargestLinear)
            throw new ArgumentException($"a shape has 1 to {RecordValue.LargestLinear} names", nameof(names));
        for (var i = 1; i < names.Length; i++)
        {
            if (names[..i].Contains(names[i]))
                throw new ArgumentException($"'{names[i]}' appears twice", nameof(names));
        }

        Names = names.ToArray();
    }

    internal string[] Names { get; }
}
