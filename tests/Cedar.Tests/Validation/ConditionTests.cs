namespace Assay.Cedar.Tests.Validation;

public sealed class ConditionTests
{
    /// <summary>What is wrong, what is said of it, and what would have been right.</summary>
    public static TheoryData<string, string, string> Faults => new()
    {
        { "principal.nmae == \"a\"", "2:13: UnknownAttribute: User has no attribute nmae (did you mean 'name'?)", "principal.name == \"a\"" },
        { "principal.home.zap == \"a\"", "2:18: UnknownAttribute: the record {floor?: Long, zip: String} has no attribute zap (did you mean 'zip'?)", "principal.home.zip == \"a\"" },
        { "context.reasn == \"x\"", "2:11: UnknownAttribute: the context of Action::\"edit\" has no attribute reasn (did you mean 'reason'?)", "context has reason && context.reason == \"x\"" },
        { "{a: 1}.b == 1", "2:10: UnknownAttribute: the record {a: Long} has no attribute b (did you mean 'a'?)", "{a: 1}.a == 1" },
        { "action.name == \"x\"", "2:10: UnknownAttribute: Action has no attribute name", "!(action has name)" },
        { "principal.age > 3", "2:13: UnguardedAttribute: the attribute age of User is optional and may be missing here; guard it: principal has age && principal.age …", "principal has age && principal.age > 3" },
        { "principal.boss.age > 3", "2:13: UnguardedAttribute: the attribute boss of User is optional and may be missing here; guard it: principal has boss && principal.boss … | 2:18: UnguardedAttribute: the attribute age of User is optional and may be missing here; guard it: principal.boss has age && principal.boss.age …", "principal has boss.age && principal.boss.age > 3" },
        { "principal[\"first name\"] == \"x\"", "2:13: UnguardedAttribute: the attribute \"first name\" of User is optional and may be missing here; guard it: principal has \"first name\" && principal[\"first name\"] …", "principal has \"first name\" && principal[\"first name\"] == \"x\"" },
        { "principal.home.floor == 1", "2:18: UnguardedAttribute: the attribute floor of the record {floor?: Long, zip: String} is optional and may be missing here; guard it: principal.home has floor && principal.home.floor …", "principal.home has floor && principal.home.floor == 1" },
        { "context.reason == \"x\"", "2:11: UnguardedAttribute: the attribute reason of the context of Action::\"edit\" is optional and may be missing here; guard it: context has reason && context.reason …", "context has reason && context.reason == \"x\"" },
        { "resource.owner.likes == Color::\"red\"", "2:18: UnguardedAttribute: the attribute likes of User is optional and may be missing here; guard it: resource.owner has likes && resource.owner.likes …", "resource.owner has likes && resource.owner.likes == Color::\"red\"" },
        { "(if context.n > 1 then principal else resource.owner).age == 1", "2:57: UnguardedAttribute: the attribute age of User is optional and may be missing here; guard it by 'has age' on the same expression", "(if context.n > 1 then principal else resource.owner) has age && (if context.n > 1 then principal else resource.owner).age == 1" },
        { "principal.getTag(\"k\") == \"v\"", "2:3: UnguardedTag: User may lack this tag; guard it: principal.hasTag(\"k\") && principal.getTag(\"k\") …", "principal.hasTag(\"k\") && principal.getTag(\"k\") == \"v\"" },
        { "principal.getTag(principal.name) == \"v\"", "2:3: UnguardedTag: User may lack this tag; guard it: principal.hasTag(principal.name) && principal.getTag(principal.name) …", "principal.hasTag(principal.name) && principal.getTag(principal.name) == \"v\"" },
        { "Team::\"t\".getTag(\"k\") == 1", "2:3: NoTags: Team declares no tags", "!Team::\"t\".hasTag(\"k\")" },
        { "principal.getTag(1) == \"v\"", "2:20: UnexpectedType: expected String, got Long", "principal.hasTag(\"1\") && principal.getTag(\"1\") == \"v\"" },
        { "\"a\".hasTag(\"k\")", "2:3: UnexpectedType: expected an entity, got String", "principal.hasTag(\"k\")" },
        { "principal == Usr::\"a\"", "2:16: UnknownEntityType: the schema declares no entity type Usr (did you mean 'User'?)", "principal == User::\"a\"" },
        { "principal is Yard::User", "2:3: UnknownEntityType: the schema declares no entity type Yard::User (did you mean 'User'?)", "principal is User" },
        { "action == Action::\"edti\"", "2:13: UnknownAction: the schema declares no action Action::\"edti\" (did you mean 'Action::\"edit\"'?)", "action == Action::\"edit\"" },
        { "action in Action::\"mow\"", "2:13: UnknownAction: the schema declares no action Action::\"mow\" (did you mean 'Yard::Action::\"mow\"'?)", "action in Action::\"all\"" },
        { "resource.owner.likes == Color::\"grene\"", "2:18: UnguardedAttribute: the attribute likes of User is optional and may be missing here; guard it: resource.owner has likes && resource.owner.likes … | 2:27: UnknownEntityId: Color::\"grene\" is not among the enumerated entities of Color: \"red\", \"green\" (did you mean 'green'?)", "resource.owner has likes && resource.owner.likes == Color::\"green\"" },
        { "1", "2:3: UnexpectedType: expected Bool, got Long", "1 == 1" },
        { "!principal.name", "2:4: UnexpectedType: expected Bool, got String", "!(principal.name == \"a\")" },
        { "-principal.name == 1", "2:4: UnexpectedType: expected Long, got String", "-context.n == 1" },
        { "true && \"x\"", "2:11: UnexpectedType: expected Bool, got String", "true && principal.name == \"x\"" },
        { "false || context", "2:12: UnexpectedType: expected Bool, got {n: Long, reason?: String}", "false || context == context" },
        { "if 1 then true else false", "2:6: UnexpectedType: expected Bool, got Long", "if context.n == 1 then true else false" },
        { "context.n + \"1\" == 2", "2:15: UnexpectedType: expected Long, got String; strings cannot be joined", "context.n + 1 == 2" },
        { "principal.name + \"x\" == \"y\"", "2:3: UnexpectedType: expected Long, got String; strings cannot be joined | 2:20: UnexpectedType: expected Long, got String; strings cannot be joined", "principal.name like \"*x\"" },
        { "principal.roles - [\"a\"] == [\"b\"]", "2:3: UnexpectedType: expected Long, got Set<String>; there is no union, intersection or difference of sets | 2:21: UnexpectedType: expected Long, got Set<String>; there is no union, intersection or difference of sets", "!principal.roles.containsAny([\"a\"])" },
        { "context.n < \"1\"", "2:15: UnexpectedType: expected Long, got String", "context.n < 1" },
        { "\"1\" >= context.n", "2:3: UnexpectedType: expected Long, got String", "1 >= context.n" },
        { "principal.born < 5", "2:20: UnexpectedType: expected datetime, got Long", "principal.born < datetime(\"2020-01-01\")" },
        { "principal.shift > principal.born", "2:21: UnexpectedType: expected duration, got datetime", "principal.shift > duration(\"1h\")" },
        { "principal.rate < decimal(\"1.0\")", "2:3: UnexpectedType: expected Long, datetime or duration, got decimal; decimals are compared by lessThan, lessThanOrEqual, greaterThan and greaterThanOrEqual | 2:20: UnexpectedType: expected Long, datetime or duration, got decimal; decimals are compared by lessThan, lessThanOrEqual, greaterThan and greaterThanOrEqual", "principal.rate.lessThan(decimal(\"1.0\"))" },
        { "principal.name in Team::\"t\"", "2:3: UnexpectedType: expected an entity, got String", "principal in Team::\"t\"" },
        { "principal in \"t\"", "2:16: UnexpectedType: expected an entity or a set of entities, got String; strings are matched by like", "principal in Team::\"t\"" },
        { "principal in [\"t\"]", "2:16: UnexpectedType: expected an entity or a set of entities, got Set<String>; whether a set has an element is asked by contains", "principal in [Team::\"t\"]" },
        { "principal.roles in Team::\"t\"", "2:3: UnexpectedType: expected an entity, got Set<String>", "resource.owner in Team::\"t\"" },
        { "principal.name is User", "2:3: UnexpectedType: expected an entity, got String; 'is' tells apart entities, not other values", "principal is User" },
        { "context.n like \"1*\"", "2:3: UnexpectedType: expected String, got Long", "principal.name like \"1*\"" },
        { "principal like \"a\"", "2:3: UnexpectedType: expected String, got User; entities are compared by == and tested by is", "principal == User::\"a\"" },
        { "principal.roles has admin", "2:3: UnexpectedType: expected an entity or a record, got Set<String>; whether a set has an element is asked by contains", "principal.roles.contains(\"admin\")" },
        { "principal.name has a", "2:3: UnexpectedType: expected an entity or a record, got String; strings are matched by like", "principal.home has zip" },
        { "principal has age.x", "2:3: UnexpectedType: expected an entity or a record, got Long; 'has x' asks it of age", "principal has boss.age" },
        { "principal.contains(resource)", "2:3: UnexpectedType: expected a set, got User; whether an entity is in another is asked by in", "[principal].contains(resource.owner)" },
        { "principal.home.contains(\"zip\")", "2:3: UnexpectedType: expected a set, got {floor?: Long, zip: String}; whether a record has an attribute is asked by has", "principal.home has zip" },
        { "principal.name.contains(\"a\")", "2:3: UnexpectedType: expected a set, got String; strings are matched by like", "principal.name like \"*a*\"" },
        { "principal.roles.containsAll(\"a\")", "2:31: UnexpectedType: expected a set, got String; a single element is asked for by contains", "principal.roles.containsAll([\"a\"])" },
        { "principal.roles.contains(1)", "2:3: IncompatibleTypes: a set and what it contains have one type; String and Long are different", "principal.roles.contains(\"1\")" },
        { "principal.roles.containsAny([1])", "2:3: IncompatibleTypes: two sets that are compared have one type of elements; Set<String> and Set<Long> are different", "principal.roles.containsAny([\"1\"])" },
        { "principal.name.isEmpty()", "2:3: UnexpectedType: expected a set, got String; an empty string is == \"\"", "principal.name == \"\"" },
        { "principal.name == 1", "2:3: IncompatibleTypes: both sides of '==' have one type; String and Long are different", "principal.name == \"1\"" },
        { "principal.home == {zip: \"a\"}", "2:3: IncompatibleTypes: both sides of '==' have one type; {floor?: Long, zip: String} and {zip: String} are different: they need the same attributes, optional in both or in neither", "principal.home.zip == \"a\"" },
        { "{a: 1} == {a: 1, b: 2}", "2:3: IncompatibleTypes: both sides of '==' have one type; {a: Long} and {a: Long, b: Long} are different: they need the same attributes, optional in both or in neither", "{a: 1, b: 1} == {a: 1, b: 2}" },
        { "[1, \"a\"].contains(1)", "2:3: IncompatibleTypes: the elements of a set have one type; Long and String are different", "[1, 2].contains(1)" },
        { "[principal, Team::\"t\"].contains(principal)", "2:3: IncompatibleTypes: the elements of a set have one type; User and Team are different", "principal == User::\"a\" || principal in Team::\"t\"" },
        { "(if context.n == 1 then 1 else \"a\") == 1", "2:4: IncompatibleTypes: both branches of 'if' have one type; Long and String are different", "(if context.n == 1 then 1 else 2) == 1" },
        { "principal.roles == []", "2:22: EmptySet: an empty set has no type for its elements; test for emptiness with isEmpty()", "principal.roles.isEmpty()" },
        { "ip(principal.name).isIpv4()", "2:3: ComputedConstructorArgument: ip(…) takes a literal; values that differ by request come as ipaddr in entities or the context", "ip(\"10.0.0.1\").isIpv4()" },
        { "decimal(\"1\") == principal.rate", "2:3: BadConstructorArgument: \"1\" is no decimal: it is not digits, a point and one to four digits", "decimal(\"1.0\") == principal.rate" },
        { "ip(\"10.0.0.256\").isLoopback()", "2:3: BadConstructorArgument: \"10.0.0.256\" is no ip: it is not an IPv4 or IPv6 address, nor a range like 10.0.0.0/8", "ip(\"10.0.0.255\").isLoopback()" },
        { "datetime(\"2024-02-30\") < principal.born", "2:3: BadConstructorArgument: \"2024-02-30\" is no datetime: a part of it is out of range", "datetime(\"2024-02-29\") < principal.born" },
        { "duration(\"1x\") < principal.shift", "2:3: BadConstructorArgument: \"1x\" is no duration: it is not of the form 1d2h3m4s5ms", "duration(\"1h\") < principal.shift" },
        { "ip().isIpv4()", "2:3: WrongArgumentCount: ip takes one argument, not 0", "ip(\"::1\").isIpv4()" },
        { "decimal(\"1.0\", \"2.0\") == principal.rate", "2:3: WrongArgumentCount: decimal takes one argument, not 2", "decimal(\"1.0\") == principal.rate" },
        { "ip(\"::1\").isIpv4(1)", "2:3: WrongArgumentCount: isIpv4 takes no argument, not 1", "ip(\"::1\").isIpv4()" },
        { "principal.born.offset() < principal.born", "2:3: WrongArgumentCount: offset takes one argument, not 0", "principal.born.offset(principal.shift) < principal.born" },
        { "principal.born.offset(principal.born) < principal.born", "2:25: UnexpectedType: expected duration, got datetime", "principal.born.offset(principal.shift) < principal.born" },
        { "principal.shift.toDate() < principal.born", "2:3: UnexpectedType: expected datetime, got duration", "principal.born.toDate() < principal.born" },
        { "principal.rate.lessThan(1)", "2:27: UnexpectedType: expected decimal, got Long", "principal.rate.lessThan(decimal(\"1.0\"))" },
        { "ip(1).isIpv4()", "2:6: UnexpectedType: expected String, got Long", "ip(\"1.1.1.1\").isIpv4()" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_found_where_it_is_and_its_remedy_passes(string wrong, string findings, string right)
    {
        Assert.Equal(findings, string.Join(" | ", Office.InCondition(wrong)));
        Assert.Equal("", string.Join(" | ", Office.InCondition(right)));
    }

    [Fact]
    public void Every_kind_of_error_in_conditions_has_a_case()
    {
        var kinds = Enum.GetValues<ValidationFindingKind>().Where(kind => kind < ValidationFindingKind.NoActionApplies);

        Assert.All(kinds, kind => Assert.Contains(Faults, row => row.Data.Item2.Contains($": {kind}: ", StringComparison.Ordinal)));
    }
}
