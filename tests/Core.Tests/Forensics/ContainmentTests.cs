using System.Collections.Immutable;
using System.Text;
using Assay.Core.Forensics;
using Assay.Core.Registry;

namespace Assay.Core.Tests.Forensics;

/// <summary>What containment takes, and that undoing gives back that and nothing else.</summary>
public sealed class ContainmentTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Later = Noon.AddMinutes(5);

    private static readonly Identity Crm = new()
    {
        Id = "crm",
        Credentials =
        [
            new Credential { Handle = "stolen", Kind = CredentialKind.Secret, SecretHash = "aGFzaA", CreatedAt = Noon.AddDays(-1) },
            new Credential { Handle = "other", Kind = CredentialKind.Secret, SecretHash = "aGFzaA", CreatedAt = Noon.AddDays(-1) },
        ],
    };

    [Fact]
    public void An_identity_is_disabled_and_enabled_again()
    {
        var contained = Containment.Freeze(Crm, Noon, "used from elsewhere");

        Assert.Equal((Noon, "used from elsewhere"), (contained.DisabledAt!.Value, contained.DisabledReason));
        Assert.True(Act(ContainedKind.Identity, "crm").Holds(contained));
        Content.Same(Crm, Act(ContainedKind.Identity, "crm").Undo(contained));
    }

    [Fact]
    public void A_credential_is_frozen_and_thawed_and_the_others_stay_in_use()
    {
        var contained = Containment.Freeze(Crm, "stolen", Noon)!;

        Assert.Equal([false, true], contained.Credentials.Select(credential => credential.IsLiveAt(Later)));
        Assert.True(Act(ContainedKind.Credential, "stolen").Holds(contained));
        Content.Same(Crm, Act(ContainedKind.Credential, "stolen").Undo(contained));
        Assert.Null(Containment.Freeze(Crm, "nobody's", Noon));
    }

    [Fact]
    public void What_was_out_of_use_already_is_not_taken_and_not_given_back()
    {
        var disabled = Crm with { DisabledAt = Noon.AddDays(-1), DisabledReason = "leaver" };
        var revoked = Crm with { Credentials = Crm.Credentials.SetItem(0, Crm.Credentials[0] with { RevokedAt = Noon.AddDays(-1) }) };

        Assert.Same(disabled, Containment.Freeze(disabled, Noon, "again"));
        Assert.Same(disabled, (Act(ContainedKind.Identity, "crm") with { Froze = false }).Undo(disabled));
        Assert.Same(revoked, Containment.Freeze(revoked, "stolen", Noon));
    }

    [Fact]
    public void What_somebody_changed_since_stays_as_that_call_left_it()
    {
        var disabledAgain = Crm with { DisabledAt = Later, DisabledReason = "leaver" };
        var revokedSince = Containment.Freeze(Crm, "stolen", Noon)! is var frozen ? frozen with { Credentials = frozen.Credentials.SetItem(0, frozen.Credentials[0] with { RevokedAt = Later }) } : Crm;
        var frozenAgain = Containment.Freeze(Crm, "stolen", Later)!;

        Assert.Same(disabledAgain, Act(ContainedKind.Identity, "crm").Undo(disabledAgain));
        Assert.Same(frozenAgain, Act(ContainedKind.Credential, "stolen").Undo(frozenAgain));
        Assert.False(Act(ContainedKind.Credential, "stolen").Undo(revokedSince).Credentials[0].IsLiveAt(Later));
        Assert.Same(Crm, Act(ContainedKind.Credential, "stolen").Undo(Crm)); // thawed already
        Assert.False(Act(ContainedKind.Identity, "crm").Holds(Crm));
    }

    [Fact]
    public void An_act_is_stored_as_these_bytes_and_read_back()
    {
        var act = Act(ContainedKind.Credential, "stolen");

        var stored = RegistryJson.Write(act);

        Assert.Equal(
            """{"v":1,"kind":"credential","name":"stolen","identity":"crm","reason":"used from elsewhere","at":"2026-01-31T12:00:00Z","froze":true}""",
            Encoding.UTF8.GetString(stored.Span));
        Assert.Equal(act, RegistryJson.ReadContainment(stored.Span));
        Assert.Throws<FormatException>(() => RegistryJson.ReadContainment("""{"v":1,"kind":"planet","name":"x","reason":"x","at":"2026-01-31T12:00:00Z","froze":true}"""u8));
    }

    [Fact]
    public void A_frozen_credential_is_stored_and_one_from_before_there_were_any_is_read()
    {
        var contained = Containment.Freeze(Crm, "stolen", Noon)!;

        Content.Same(contained, RegistryJson.ReadIdentity(RegistryJson.Write(contained).Span));
        Assert.Contains("\"frozenAt\":\"2026-01-31T12:00:00Z\"", Encoding.UTF8.GetString(RegistryJson.Write(contained).Span));
        Assert.DoesNotContain("frozenAt", Encoding.UTF8.GetString(RegistryJson.Write(Crm).Span));
    }

    private static Containment Act(ContainedKind kind, string name) =>
        new() { Kind = kind, Name = name, Identity = "crm", Reason = "used from elsewhere", At = Noon, Froze = true };
}
