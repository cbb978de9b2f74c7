using System.Globalization;
using Assay.Cedar;
using Assay.Core.Registry;

namespace Assay.Core.Explaining;

/// <summary>One change that, alone or with others, would have a scope granted.</summary>
public abstract record Remedy
{
    private Remedy()
    {
    }

    /// <summary>In words that follow "granted with".</summary>
    public abstract string Text { get; }

    /// <summary>How readily somebody brings it about, least first: among equally small sets of changes the readier ones come first.</summary>
    internal abstract int Effort { get; }

    /// <summary>A verification that a soft forbid waits for.</summary>
    public sealed record Verify(string Verification) : Remedy
    {
        public override string Text => $"a verification: {Verification}";

        internal override int Effort => 1;
    }

    /// <summary>A risk signal cleared.</summary>
    public sealed record ClearSignal(string Signal) : Remedy
    {
        public override string Text => $"the signal {Signal} cleared";

        internal override int Effort => 2;
    }

    /// <summary>Another risk score than the one that was assumed.</summary>
    public sealed record LowerRisk(int Score) : Remedy
    {
        public override string Text => string.Create(CultureInfo.InvariantCulture, $"a risk score of {Score}");

        internal override int Effort => 2;
    }

    /// <summary>Another way to authenticate, by its IANA name.</summary>
    public sealed record Authenticate(string Method) : Remedy
    {
        public override string Text => $"authentication by {Method}";

        internal override int Effort => 3;
    }

    /// <summary>A token bound to a key: <c>dpop</c> or <c>mtls</c>.</summary>
    public sealed record Bind(string Binding) : Remedy
    {
        public override string Text => $"a token bound by {Binding}";

        internal override int Effort => 3;
    }

    /// <summary>A request at another moment.</summary>
    public sealed record AskAt(DateTimeOffset Moment) : Remedy
    {
        public override string Text => $"a request at {Moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture)}";

        internal override int Effort => 3;
    }

    /// <summary>A request from an address, or from one in a range.</summary>
    public sealed record AskFrom(string Ip) : Remedy
    {
        public override string Text => $"a request from {Ip}";

        internal override int Effort => 4;
    }

    /// <summary>A membership more.</summary>
    public sealed record Join(EntityUid Group) : Remedy
    {
        public override string Text => $"membership in {Group}";

        internal override int Effort => 4;
    }

    /// <summary>A membership less.</summary>
    public sealed record Leave(EntityUid Group) : Remedy
    {
        public override string Text => $"no membership in {Group}";

        internal override int Effort => 5;
    }

    /// <summary>Another attribute, of the identity, a group or the API.</summary>
    /// <param name="Path">Names with dots between them.</param>
    /// <param name="Value">Null: any value will do.</param>
    public sealed record Attribute(EntityUid Entity, string Path, Value? Value) : Remedy
    {
        public override string Text => Value is null ? $"an attribute {Path} of {Entity}" : $"{Path} = {Value} of {Entity}";

        internal override int Effort => 6;
    }

    /// <summary>An attribute less.</summary>
    public sealed record NoAttribute(EntityUid Entity, string Path) : Remedy
    {
        public override string Text => $"no attribute {Path} of {Entity}";

        internal override int Effort => 6;
    }
}
