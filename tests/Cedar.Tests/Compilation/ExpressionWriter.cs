namespace Assay.Cedar.Tests.Compilation;

/// <summary>
/// Writes expressions that mostly make sense over the data of <see cref="World"/>, and now and then do not: another type than expected,
/// a missing attribute, an unknown entity, a number too large, a malformed literal.
/// </summary>
internal sealed class ExpressionWriter(Choices choices)
{
    public string Bool(int depth)
    {
        if (choices.OnceIn(20))
            return Any(depth);

        if (depth <= 0)
            return choices.Of("true", "false", "context.b", "principal.b", "(resource has n)");

        var d = depth - 1;
        return choices.Below(22) switch
        {
            0 => $"({Bool(d)} && {Bool(d)})",
            1 => $"({Bool(d)} || {Bool(d)} || {Bool(d)})",
            2 => $"(!{Bool(d)})",
            3 => $"(if {Bool(d)} then {Bool(d)} else {Bool(d)})",
            4 or 5 => $"({Long(d)} {Order()} {Long(d)})",
            6 => Same(d),
            7 => $"({Any(d)} {choices.Of("==", "!=")} {Any(d)})",
            8 => $"({Entity(d)} in {Entity(d)})",
            9 => $"({Entity(d)} in [{List(d, Entity)}])",
            10 => $"({Entity(d)} in {Set(d)})",
            11 => $"({Entity(d)} is {Type()}{choices.Of("", $" in {Entity(d)}")})",
            12 => $"({Holder(d)} has {choices.Of("n", "s", "r", "r.n", "r.r.e", "e.n", "gone", "\"a b\"")})",
            13 => $"{Holder(d)}.b",
            14 => $"({Text(d)} like \"{choices.Of("*", "a*", "*b", "a\\*", "")}\")",
            15 => $"{Set(d)}.{choices.Of("contains", "contains", "containsAll", "containsAny")}({choices.Of(Any(d), Set(d))})",
            16 => $"{Set(d)}.contains({Long(d)})",
            17 => $"{Set(d)}.{choices.Of("containsAll", "containsAny")}({Set(d)})",
            18 => choices.Of($"{Set(d)}.isEmpty()", $"{Entity(d)}.hasTag({Text(d)})"),
            19 => $"{Decimal(d)}.{choices.Of("lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual")}({Decimal(d)})",
            20 => choices.Of($"{Ip(d)}.{choices.Of("isIpv4", "isIpv6", "isLoopback", "isMulticast")}()", $"{Ip(d)}.isInRange({Ip(d)})"),
            _ => choices.Of($"({Datetime(d)} {Order()} {Datetime(d)})", $"({Duration(d)} {Order()} {Duration(d)})"),
        };
    }

    public string Uid() => $"{Type()}::\"{choices.Of("a", "b", "c", "d", "gone")}\"";

    public string Type() => choices.Of("User", "Group", "Assay::Api");

    private string Long(int depth) => Other(depth, "1", "context.n", "principal.n", "9223372036854775807") ?? choices.Below(10) switch
    {
        0 => choices.Of("0", "1", "2", "3", "(-1)"),
        1 => choices.Of("9223372036854775807", "(-9223372036854775808)", "4611686018427387904", "3037000500"),
        2 or 3 => $"{Holder(depth - 1)}.n",
        4 => $"({Long(depth - 1)} + {Long(depth - 1)} {choices.Of("+", "-")} {Long(depth - 1)})",
        5 => $"({Long(depth - 1)} - {Long(depth - 1)})",
        6 => $"({Long(depth - 1)} * {Long(depth - 1)})",
        7 => $"(-{Long(depth - 1)})",
        8 => $"{Duration(depth - 1)}.{choices.Of("toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays")}()",
        _ => choices.Of($"{Entity(depth - 1)}.getTag(\"n\")", $"(if {Bool(depth - 1)} then {Long(depth - 1)} else {Long(depth - 1)})"),
    };

    private string Text(int depth) => Other(depth, "\"a\"", "context.s", "resource.s") ?? choices.Below(4) switch
    {
        0 => choices.Of("\"\"", "\"a\"", "\"ab\"", "\"n\"", "\"s\""),
        1 or 2 => $"{Holder(depth - 1)}.s",
        _ => $"{Entity(depth - 1)}.getTag({Text(depth - 1)})",
    };

    private string Entity(int depth) => Other(depth, "principal", "resource", "context.e", "User::\"a\"") ?? choices.Below(6) switch
    {
        0 => "principal",
        1 => "resource",
        2 => "action",
        3 => Uid(),
        4 => $"{Holder(depth - 1)}.e",
        _ => $"(if {Bool(depth - 1)} then {Entity(depth - 1)} else {Entity(depth - 1)})",
    };

    /// <summary>Something with attributes.</summary>
    private string Holder(int depth) => Other(depth, "context", "principal", "resource", "{}") ?? choices.Below(6) switch
    {
        0 => "context",
        1 => "principal",
        2 => "resource",
        3 => Entity(depth - 1),
        4 => $"{Holder(depth - 1)}.r",
        _ => Record(depth - 1),
    };

    private string Record(int depth) => $"{{{string.Join(", ", new[] { "n", "s", "b", "e", "r" }.Take(choices.Below(6)).Select(name => $"{name}: {Field(name, depth - 1)}"))}}}";

    private string Field(string name, int depth) => name switch
    {
        "n" => Long(depth),
        "s" => Text(depth),
        "b" => Bool(depth),
        "e" => Entity(depth),
        _ => Holder(depth),
    };

    private string Set(int depth) => Other(depth, "context.set", "principal.set", "[1, 2]") ?? choices.Below(7) switch
    {
        0 => "[]",
        1 or 2 => $"{Holder(depth - 1)}.set",
        3 => $"[{List(depth - 1, Long)}]",
        4 => $"[{List(depth - 1, Entity)}]",
        5 => $"[{string.Join(", ", Enumerable.Repeat(Long(depth - 1), 15 + choices.Below(4)))}]",
        _ => $"[{List(depth - 1, Any)}]",
    };

    private string Decimal(int depth) => Other(depth, "decimal(\"1.5\")", "context.f") ?? choices.Of("decimal(\"1.5\")", "decimal(\"-0.0001\")", "decimal(\"1\")", $"{Holder(depth - 1)}.f", $"decimal({Text(depth - 1)})");

    private string Ip(int depth) => Other(depth, "ip(\"10.0.0.1\")", "context.i") ?? choices.Of("ip(\"10.0.0.1\")", "ip(\"10.0.0.0/8\")", "ip(\"::1\")", "ip(\"10.0.0\")", $"{Holder(depth - 1)}.i", $"ip({Text(depth - 1)})");

    private string Datetime(int depth) => Other(depth, "datetime(\"2024-10-15\")", "context.d") ?? choices.Of(
        "datetime(\"2024-10-15\")",
        "datetime(\"2024-13-15\")",
        $"{Holder(depth - 1)}.d",
        $"{Datetime(depth - 1)}.offset({Duration(depth - 1)})",
        $"{Datetime(depth - 1)}.toDate()");

    private string Duration(int depth) => Other(depth, "duration(\"1h\")", "context.u") ?? choices.Of(
        "duration(\"1h\")",
        "duration(\"-9223372036854775808ms\")",
        $"{Holder(depth - 1)}.u",
        $"{Datetime(depth - 1)}.durationSince({Datetime(depth - 1)})",
        $"{Datetime(depth - 1)}.toTime()");

    private string Same(int depth)
    {
        var operation = choices.Of("==", "!=");
        return choices.Below(8) switch
        {
            0 => $"({Long(depth)} {operation} {Long(depth)})",
            1 => $"({Text(depth)} {operation} {Text(depth)})",
            2 => $"({Entity(depth)} {operation} {Entity(depth)})",
            3 => $"({Set(depth)} {operation} {Set(depth)})",
            4 => $"({Holder(depth)} {operation} {Record(depth)})",
            5 => $"({Record(depth)} {operation} {Record(depth)})",
            6 => $"({Duration(depth)} {operation} {Duration(depth)})",
            _ => $"({Datetime(depth)} {operation} {Datetime(depth)})",
        };
    }

    private string Any(int depth) => depth <= 0 ? choices.Of("1", "\"a\"", "context", "principal", "context.gone", "[]") : choices.Below(11) switch
    {
        0 => Long(depth - 1),
        1 => Text(depth - 1),
        2 => Entity(depth - 1),
        3 => Set(depth - 1),
        4 => Record(depth - 1),
        5 => Bool(depth - 1),
        6 => Decimal(depth - 1),
        7 => Ip(depth - 1),
        8 => Datetime(depth - 1),
        9 => Duration(depth - 1),
        _ => $"({Holder(depth - 1)}).{choices.Of("gone", "r.gone", "isIpv4(1)", "toTime(1)", "offset()", "lessThan()")}",
    };

    /// <summary>What stands in place of the expected: something else once in a while, and something short at the bottom.</summary>
    private string? Other(int depth, params ReadOnlySpan<string> bottom) =>
        choices.OnceIn(24) ? Any(depth - 1) : depth > 0 ? null : choices.Of(bottom);

    private string Order() => choices.Of("<", "<=", ">", ">=");

    private string List(int depth, Func<int, string> element) => string.Join(", ", Enumerable.Range(0, choices.Below(4)).Select(_ => element(depth)));
}
