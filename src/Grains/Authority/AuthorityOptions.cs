using Microsoft.Extensions.Options;

namespace Assay.Grains.Authority;

/// <summary>The lease of this silo and the waiting that goes with it.</summary>
public sealed class AuthorityOptions
{
    public const string Section = "Assay:Authority";

    /// <summary>The realm this cluster serves. <c>default</c>.</summary>
    public string Realm { get; set; } = "default";

    /// <summary>Names this silo's place in the cluster; no two running silos may share one. The machine's name by default.</summary>
    public string Slot { get; set; } = Environment.MachineName;

    /// <summary>How long a silo may decide without having heard from the database. 1 s to 5 min; 10 s by default.</summary>
    public TimeSpan LeaseLife { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Taken off the lease on this side, for clocks that run at different speeds. At least 1 % of <see cref="LeaseLife"/> and less than half
    /// of it; 500 ms by default.
    /// </summary>
    public TimeSpan LeaseMargin { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Time between renewals when no news arrives. At most a third of what the margin leaves of the lease; 2 s by default.</summary>
    public TimeSpan RenewEvery { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long answers under way are waited for before a narrowing change discards them. Less than <see cref="LeaseLife"/>; 1 s by default.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Time between looks at the lease table while a narrowing call waits and no news arrives. 10 ms to 10 s; 250 ms by default.</summary>
    public TimeSpan PollEvery { get; set; } = TimeSpan.FromMilliseconds(250);
}

/// <summary>Reports every fault at once; start fails on any.</summary>
internal sealed class AuthorityOptionsValidator : IValidateOptions<AuthorityOptions>
{
    public ValidateOptionsResult Validate(string? name, AuthorityOptions options)
    {
        var faults = new List<string>();
        if (options.Realm != GrainKey.DefaultRealm)
            faults.Add($"{Name(nameof(options.Realm))} can only be '{GrainKey.DefaultRealm}' in this version.");
        if (options.Slot is not { Length: > 0 and <= 200 })
            faults.Add($"{Name(nameof(options.Slot))} must be 1 to 200 characters long.");
        Between(nameof(options.LeaseLife), options.LeaseLife, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5), faults);
        Between(nameof(options.LeaseMargin), options.LeaseMargin, options.LeaseLife / 100, options.LeaseLife / 2, faults);
        Between(nameof(options.RenewEvery), options.RenewEvery, TimeSpan.FromMilliseconds(10), (options.LeaseLife - options.LeaseMargin) / 3, faults);
        Between(nameof(options.DrainTimeout), options.DrainTimeout, TimeSpan.FromMilliseconds(1), options.LeaseLife, faults);
        Between(nameof(options.PollEvery), options.PollEvery, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(10), faults);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static void Between(string option, TimeSpan value, TimeSpan least, TimeSpan most, List<string> faults)
    {
        if (value < least || value > most)
            faults.Add($"{Name(option)} must be from {least} to {most}; it is {value}.");
    }

    private static string Name(string option) => $"{AuthorityOptions.Section}:{option}";
}
