using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Xml;

namespace Assay.Cli.Policies;

/// <summary>Test results in the XML that CI systems read (the format of Ant's JUnit task): a suite per file, a case per test.</summary>
internal static class JUnitReport
{
    /// <exception cref="Failure">The file cannot be written.</exception>
    public static void Write(string file, string bundle, ImmutableArray<TimedResult> results)
    {
        try
        {
            using var xml = XmlWriter.Create(file, new XmlWriterSettings { Indent = true, Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) });
            Write(xml, bundle, results);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Failure.Usage($"{file} cannot be written: {fault.Message}");
        }
    }

    private static void Write(XmlWriter xml, string bundle, ImmutableArray<TimedResult> results)
    {
        xml.WriteStartElement("testsuites");
        Attributes(xml, bundle, results);
        foreach (var suite in results.GroupBy(result => result.Result.Test.Path, StringComparer.Ordinal))
        {
            xml.WriteStartElement("testsuite");
            Attributes(xml, suite.Key, [.. suite]);
            foreach (var result in suite)
                Write(xml, result);
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static void Attributes(XmlWriter xml, string name, ImmutableArray<TimedResult> results)
    {
        xml.WriteAttributeString("name", Text(name));
        xml.WriteAttributeString("tests", XmlConvert.ToString(results.Length));
        xml.WriteAttributeString("failures", XmlConvert.ToString(results.Count(result => !result.Result.Passed)));
        xml.WriteAttributeString("errors", "0");
        xml.WriteAttributeString("skipped", "0");
        xml.WriteAttributeString("time", Seconds(results.Aggregate(TimeSpan.Zero, (sum, result) => sum + result.Took)));
    }

    private static void Write(XmlWriter xml, TimedResult timed)
    {
        var (test, mismatches) = (timed.Result.Test, timed.Result.Mismatches);
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", Text(test.Path));
        xml.WriteAttributeString("name", Text(test.Name));
        xml.WriteAttributeString("file", Text(test.Path));
        xml.WriteAttributeString("line", XmlConvert.ToString(test.Line));
        xml.WriteAttributeString("time", Seconds(timed.Took));
        if (!mismatches.IsEmpty)
        {
            xml.WriteStartElement("failure");
            xml.WriteAttributeString("type", "mismatch");
            xml.WriteAttributeString("message", Text($"{mismatches[0].Subject}: expected {mismatches[0].Expected}, got {mismatches[0].Found}"));
            xml.WriteString(Text(string.Join('\n', mismatches.SelectMany(mismatch => (string[])
            [
                $"{mismatch.Subject}: expected {mismatch.Expected}, got {mismatch.Found}",
                .. mismatch.Missing.Select(missing => $"    needs {missing}"),
            ]))));
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static string Seconds(TimeSpan took) => took.TotalSeconds.ToString("0.000000", CultureInfo.InvariantCulture);

    // Names may hold what XML 1.0 has no way to write.
    private static string Text(string text)
    {
        var safe = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            safe.Append(rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value) ? "\ufffd" : rune.ToString());
        return safe.ToString();
    }
}
