using System.Collections;
using System.Reflection;
using Assay.Cedar;

namespace Assay.Core.Tests;

/// <summary>Compares whole values by what is in them: lists element by element, records property by property, scalars and Cedar values by equality.</summary>
internal static class Content
{
    public static void Same<T>(T expected, T actual) => Compare(expected, actual, typeof(T).Name);

    private static void Compare(object? expected, object? actual, string path)
    {
        if (expected is null || actual is null || IsScalar(expected))
        {
            Assert.True(Equals(expected, actual), $"{path}: expected {expected ?? "null"}, was {actual ?? "null"}");
            return;
        }

        Assert.Equal(expected.GetType(), actual.GetType());
        if (expected is IEnumerable left and not string)
        {
            object?[] a = [.. left.Cast<object?>()], b = [.. ((IEnumerable)actual).Cast<object?>()];
            Assert.True(a.Length == b.Length, $"{path}: expected {a.Length} items, was {b.Length}");
            for (var i = 0; i < a.Length; i++)
                Compare(a[i], b[i], $"{path}[{i}]");
            return;
        }

        foreach (var property in expected.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.GetIndexParameters().Length == 0)
                Compare(property.GetValue(expected), property.GetValue(actual), $"{path}.{property.Name}");
        }
    }

    private static bool IsScalar(object value) =>
        value is string or Value or EntityUid or DateTimeOffset or TimeSpan or Guid || value.GetType().IsPrimitive || value.GetType().IsEnum;
}
