using System.Globalization;
using System.Net;
using System.Text;

namespace Assay.Local.Reports;

/// <summary>One page that needs nothing else: a table, and three plots for each workload.</summary>
internal static class HtmlReport
{
    private const string Head = """
        <!doctype html><html lang="en"><head><meta charset="utf-8"><title>Load</title><meta name="viewport" content="width=device-width"><style>
        :root{color-scheme:light dark;--ink:#1d2630;--dim:#66727f;--line:#d8dee4;--a:#1f6feb;--b:#bf5b04;--c:#8250df;--bad:#cf222e;--ok:#1a7f37}
        @media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#8b949e;--line:#30363d;--a:#58a6ff;--b:#e3934a;--c:#bc8cff;--bad:#ff7b72;--ok:#56d364}body{background:#0d1117}}
        body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);max-width:1100px;margin:2rem auto;padding:0 1rem}h1,h2{font-weight:600}h2{margin-top:2.5rem}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid var(--line)}th:first-child,td:first-child{text-align:left}
        .plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:1rem}svg{width:100%;height:auto}figure{margin:0}figcaption{color:var(--dim);font-size:13px}
        text{fill:var(--dim);font-size:11px}.grid{stroke:var(--line)}.bad{color:var(--bad)}.ok{color:var(--ok)}.dim{color:var(--dim)}
        polyline{fill:none;stroke-width:1.6}.a{stroke:var(--a)}.b{stroke:var(--b)}.c{stroke:var(--c)}.r{stroke:var(--bad)}i{display:inline-block;width:1.2em;height:3px;vertical-align:middle;margin:0 .3em 0 .8em}
        </style></head><body>
        """;

    public static void Write(string file, Machine machine, DateTimeOffset at, IReadOnlyList<TrialResult> results)
    {
        var page = new StringBuilder(Head);
        page.Append(CultureInfo.InvariantCulture, $"<h1>Load</h1><p class=dim>{at:yyyy-MM-dd HH:mm} UTC · {Text(machine.Processor)}, {machine.Cores} cores, {machine.MemoryMiB:N0} MiB · {Text(machine.Os)} · {Text(machine.Runtime)} · commit {Text(machine.Commit ?? "unknown")} · load before: {Text(machine.Load ?? "unknown")}</p>");
        page.Append("<table><tr><th>workload<th>asked/s<th>answered/s<th>tokens/s<th>p50 ms<th>p95<th>p99<th>p99.9<th>max<th>faults<th>limits</tr>");
        foreach (var result in results)
        {
            var (seen, seconds) = (result.Recording, result.Recording.During.TotalSeconds);
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Text(result.Workload.Name)}<td>{(result.Callers is { } callers ? $"{callers} callers" : $"{seen.Due / seconds:N0}")}<td>{seen.Timely / seconds:N0}<td>{seen.Tokens / seconds:N0}<td>{seen.Milliseconds(50):F2}<td>{seen.Milliseconds(95):F2}<td>{seen.Milliseconds(99):F2}<td>{seen.Milliseconds(99.9):F2}<td>{seen.Milliseconds(100):F2}<td>{seen.Faulty}<td>{(result.Broken.Count == 0 ? "<span class=ok>hold</span>" : "<span class=bad>broken</span>")}</tr>");
        }

        page.Append("</table><p class=dim>An open loop asks when a request is due, whatever became of earlier ones, and counts from then. With callers (a closed loop) the rate is what was found out, and the latencies follow from it.</p>");
        foreach (var result in results)
            Add(page, result);
        page.Append("</body></html>");
        File.WriteAllText(file, page.ToString());
    }

    private static void Add(StringBuilder page, TrialResult result)
    {
        var seen = result.Recording;
        page.Append(CultureInfo.InvariantCulture, $"<h2>{Text(result.Workload.Name)}</h2><p>{Text(result.Workload.Summary)}</p>");
        foreach (var broken in result.Broken)
            page.Append(CultureInfo.InvariantCulture, $"<p class=bad>{Text(broken)}</p>");
        foreach (var figure in result.Figures)
            page.Append(CultureInfo.InvariantCulture, $"<p>{Text(figure.Name)}: {figure.Value:F2} {Text(figure.Unit)}</p>");
        foreach (var happened in result.Disturbances)
            page.Append(CultureInfo.InvariantCulture, $"<p>{Text(happened.Name)} at {happened.At.TotalSeconds:F1} s</p>");
        foreach (var (fault, count) in seen.Faults.Take(5))
            page.Append(CultureInfo.InvariantCulture, $"<p class=dim>{count} × {Text(fault)}</p>");

        var length = seen.PartLength.TotalSeconds;
        var times = seen.Parts.Select((_, i) => i * length).ToArray();
        page.Append("<div class=plots>");
        page.Append(Plot(
            "Latency over time, ms (<i style='background:var(--a)'></i>p50 <i style='background:var(--b)'></i>p99 <i style='background:var(--c)'></i>max)", times, "s", logarithmic: true,
            ("a", Parts(part => part.Milliseconds(50))), ("b", Parts(part => part.Milliseconds(99))), ("c", Parts(part => part.Milliseconds(100)))));
        page.Append(Plot(
            "Answers a second (<i style='background:var(--a)'></i>all <i style='background:var(--bad)'></i>faults)", times, "s", logarithmic: false,
            ("a", Parts(part => part.Answered / length)), ("r", Parts(part => part.Faulty / length))));
        page.Append(ByPercentile(seen));
        page.Append("</div>");

        double[] Parts(Func<Recording.Part, double> of) => [.. seen.Parts.Select(of)];
    }

    /// <summary>The nines on the x axis, each as wide as the one before: where a distribution bends, and how far it goes.</summary>
    private static string ByPercentile(Recording seen)
    {
        var nines = Enumerable.Range(0, 41).Select(i => i / 10.0).Where(nine => Math.Pow(10, nine) <= Math.Max(10, seen.Answered)).ToArray();
        return Plot(
            "Latency by percentile, ms (1 = 90 %, 2 = 99 %, 3 = 99.9 %)", nines, "nines", logarithmic: true,
            ("a", [.. nines.Select(nine => seen.Milliseconds(100 * (1 - Math.Pow(10, -nine))))]));
    }

    private static string Plot(string caption, double[] x, string unit, bool logarithmic, params ReadOnlySpan<(string Class, double[] Values)> lines)
    {
        const int Width = 360, Height = 200, Left = 44, Bottom = 22, Top = 8;
        var top = 1e-9;
        var bottom = double.MaxValue;
        foreach (var (_, values) in lines)
        {
            foreach (var value in values)
            {
                top = Math.Max(top, value);
                if (value > 0)
                    bottom = Math.Min(bottom, value);
            }
        }

        bottom = logarithmic ? Math.Pow(10, Math.Floor(Math.Log10(Math.Min(bottom, top)))) : 0;
        top = logarithmic ? Math.Pow(10, Math.Ceiling(Math.Log10(top) + 1e-9)) : top * 1.1;
        var last = x.Length == 0 ? 1 : Math.Max(x[^1], 1e-9);

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<figure><svg viewBox='0 0 {Width} {Height}' role=img>");
        foreach (var value in Marks(bottom, top, logarithmic))
            svg.Append(CultureInfo.InvariantCulture, $"<line class=grid x1={Left} x2={Width} y1={Y(value):F1} y2={Y(value):F1} /><text x={Left - 4} y={Y(value) + 4:F1} text-anchor=end>{value:G3}</text>");
        svg.Append(CultureInfo.InvariantCulture, $"<text x={Left} y={Height - 6}>0</text><text x={Width - 2} y={Height - 6} text-anchor=end>{last:G4} {unit}</text>");
        foreach (var (name, values) in lines)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<polyline class={name} points='");
            for (var i = 0; i < values.Length; i++)
                svg.Append(CultureInfo.InvariantCulture, $"{Left + x[i] / last * (Width - Left - 2):F1},{Y(values[i]):F1} ");
            svg.Append("'/>");
        }

        return svg.Append("</svg><figcaption>").Append(caption).Append("</figcaption></figure>").ToString();

        double Y(double value)
        {
            var share = logarithmic ? (Math.Log10(Math.Max(value, bottom)) - Math.Log10(bottom)) / (Math.Log10(top) - Math.Log10(bottom)) : value / top;
            return Top + (1 - share) * (Height - Top - Bottom);
        }
    }

    private static IEnumerable<double> Marks(double bottom, double top, bool logarithmic)
    {
        if (!logarithmic)
            return Enumerable.Range(0, 5).Select(i => top * i / 4);
        var first = (int)Math.Round(Math.Log10(bottom));
        return Enumerable.Range(first, (int)Math.Round(Math.Log10(top)) - first + 1).Select(power => Math.Pow(10, power));
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
