using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Policies;
using Assay.Core.Registry;
using CsCheck;

namespace Assay.Core.Tests;

/// <summary>Generators of everything the registry holds.</summary>
internal static class Generate
{
    /// <summary>Text with everything JSON and Cedar have to escape, and letters of every plane.</summary>
    public static readonly Gen<string> Text = Gen.OneOfConst("a", "Z", "7", " ", "\"", "\\", "\n", "\t", "\u0001", "/", "<", "&", "é", "ß", "漢", "🙂", "\u2028", "'", "+")
        .Array[0, 12].Select(string.Concat);

    /// <summary>Moments to 100 ns, UTC.</summary>
    public static readonly Gen<DateTimeOffset> Moment =
        Gen.Long[0, 4_000_000_000L * TimeSpan.TicksPerSecond].Select(ticks => DateTimeOffset.UnixEpoch.AddTicks(ticks));

    public static readonly Gen<TimeSpan> Span = Gen.Long[0, TimeSpan.TicksPerDay * 400].Select(TimeSpan.FromTicks);

    public static readonly Gen<EntityUid> Role = Text.Select(id => new EntityUid(EntityTypes.Role, id));

    public static readonly Gen<Value> Value = Gen.Recursive<Value>((depth, inner) => depth > 2
        ? Scalar()
        : Gen.OneOf(Scalar(), Scalar(), inner.Array[0, 3].Select(items => (Value)Cedar.Value.Set(items)), Record(inner).Select(record => (Value)record)));

    public static readonly Gen<RecordValue> Attributes = Record(Value);

    public static readonly Gen<Credential> Credential = Gen.Select(
        Text, Gen.Bool, Text.Null(), Text.Null(), Moment, Gen.Select(Maybe(Moment), Maybe(Moment), Maybe(Moment)), Text.Null(),
        (handle, isKey, jwk, hash, created, ends, managedBy) => new Credential
        {
            Handle = handle,
            Kind = isKey ? CredentialKind.PublicKey : CredentialKind.Secret,
            PublicJwk = jwk,
            SecretHash = hash,
            CreatedAt = created,
            ExpiresAt = ends.Item1,
            RevokedAt = ends.Item2,
            FrozenAt = ends.Item3,
            ManagedBy = managedBy,
        });

    public static readonly Gen<Membership> Membership = Gen.Select(
        Role, Maybe(Moment), Text.Null(), Maybe(Moment),
        (group, expires, managedBy, removed) => new Membership { Group = group, ExpiresAt = expires, ManagedBy = managedBy, RemovedAt = removed });

    public static readonly Gen<RiskSignal> Signal = Gen.Select(
        Text, Text, Gen.Int[-10, 120], Moment, Maybe(Span), Maybe(Moment),
        (name, source, weight, raised, halfLife, expires) => new RiskSignal
        {
            Name = name,
            Source = source,
            Weight = weight,
            RaisedAt = raised,
            HalfLife = halfLife,
            ExpiresAt = expires,
        });

    public static readonly Gen<Identity> Identity = Gen.Select(
        Gen.Select(Text, Gen.Bool, Text.Null(), Text.Null(), Text.Null()),
        Gen.Select(List(Text), Text.Null(), Maybe(Gen.Int[1, 10_000]), Attributes),
        Gen.Select(List(Credential), List(Membership), List(Signal)),
        Gen.Select(Maybe(Moment), Text.Null()),
        (who, how, holds, end) => new Identity
        {
            Id = who.Item1,
            Kind = who.Item2 ? IdentityKind.Person : IdentityKind.Workload,
            Name = who.Item3,
            Owner = who.Item4,
            ManagedBy = who.Item5,
            GrantTypes = how.Item1,
            DefaultResource = how.Item2,
            RequestsPerSecond = how.Item3,
            Attributes = how.Item4,
            Credentials = holds.Item1,
            Memberships = holds.Item2,
            Signals = holds.Item3,
            DisabledAt = end.Item1,
            DisabledReason = end.Item2,
        });

    public static readonly Gen<Group> Group = Gen.Select(
        Role, Text.Null(), Text.Null(), List(Role), Attributes,
        (uid, description, managedBy, parents, attributes) =>
            new Group { Uid = uid, Description = description, ManagedBy = managedBy, Parents = parents, Attributes = attributes });

    public static readonly Gen<Api> Api = Gen.Select(
        Gen.Select(Text, Text.Null(), Text.Null(), Text),
        List(Gen.Select(Text, Text.Null(), List(Text), (name, description, groups) => new ApiScope(name, description, groups))),
        Maybe(Span), Gen.Select(List(Role), List(Text)), Attributes,
        (names, scopes, life, others, attributes) => new Api
        {
            Resource = names.Item1,
            Name = names.Item2,
            ManagedBy = names.Item3,
            PolicyDomain = names.Item4,
            Scopes = scopes,
            MaxTokenLifetime = life,
            ResourceServers = others.Item2,
            Parents = others.Item1,
            Attributes = attributes,
        });

    public static readonly Gen<SigningKey> SigningKey = Gen.Select(
        Gen.Select(Text, Text, Text, Text, Text), Moment, Gen.Select(Maybe(Moment), Maybe(Moment), Maybe(Moment), Maybe(Moment)),
        (texts, announced, times) => new SigningKey
        {
            KeyId = texts.Item1,
            Purpose = texts.Item2,
            Algorithm = texts.Item3,
            PublicJwk = texts.Item4,
            WrappedPrivateKey = texts.Item5,
            AnnouncedAt = announced,
            ActivatesAt = times.Item1,
            RetiresAt = times.Item2,
            RemovedAt = times.Item3,
            WithdrawnAt = times.Item4,
        });

    public static readonly Gen<PolicyLink> PolicyLink = Gen.Select(
        Text, Text, Maybe(Role), Maybe(Role), Gen.Int[0, 99], (id, template, principal, resource, line) => new PolicyLink(id, template, principal, resource, line, line + 1));

    public static readonly Gen<PolicyDocument> PolicyDocument =
        Gen.Select(Files(), Text.Null(), Text.Null(), List(PolicyLink), Files(), (files, schema, actions, links, tests) => new PolicyDocument(files, schema)
        {
            Actions = actions,
            Links = links,
            Tests = tests,
        });

    public static readonly Gen<PolicyPointer> PolicyPointer = Gen.Select(Text, List(Text), (active, previous) => new PolicyPointer(active, previous));

    public static Gen<ImmutableArray<T>> List<T>(Gen<T> item) => item.Array[0, 4].Select(items => ImmutableArray.Create(items));

    public static Gen<T?> Maybe<T>(Gen<T> value) where T : struct => Gen.Select(Gen.Bool, value, (has, some) => has ? some : (T?)null);

    private static Gen<ImmutableArray<PolicyFile>> Files() => List(Gen.Select(Text, Text, (path, text) => new PolicyFile(path, text)));

    private static Gen<Value> Scalar() => Gen.OneOf(
        Gen.Bool.Select(value => (Value)Cedar.Value.Of(value)),
        Gen.Long.Select(value => (Value)Cedar.Value.Of(value)),
        Text.Select(value => (Value)Cedar.Value.Of(value)),
        Role.Select(value => (Value)Cedar.Value.Of(value)),
        Moment.Select(value => (Value)Cedar.Value.Datetime(value)),
        Span.Select(value => (Value)Cedar.Value.Duration(value)),
        Gen.Byte.Select(value => (Value)Cedar.Value.Ip($"10.0.0.{value}")),
        Gen.Int[-9999, 9999].Select(value => (Value)Cedar.Value.Decimal($"{value}.5")));

    // "a" in front: a record whose only field is __entity or __extn would be an escape, and is refused when written.
    private static Gen<RecordValue> Record(Gen<Value> value) => Gen.Select(Text.Select(name => "a" + name), value).Array[0, 4]
        .Select(fields => Cedar.Value.Record(fields.DistinctBy(field => field.Item1).Select(field => KeyValuePair.Create(field.Item1, field.Item2))));
}
