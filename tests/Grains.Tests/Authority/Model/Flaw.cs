namespace Assay.Grains.Tests.Authority.Model;

/// <summary>Ways to get the protocol wrong, each of which the model has to notice.</summary>
public enum Flaw
{
    None,

    /// <summary>A silo acknowledges a change while decisions made before it are still on their way out.</summary>
    AcknowledgesWithoutDraining,

    /// <summary>An evidence batch commits although its epoch is sealed.</summary>
    FenceIgnoresSeal,

    /// <summary>The lease counts from the answer to the renewal and not from the question.</summary>
    LeaseCountsFromTheAnswer,

    /// <summary>The lease is checked when a request begins and not when its answer leaves.</summary>
    LeaseNotCheckedAtLeaving,

    /// <summary>The answer leaves while its record is still being written.</summary>
    LeavesBeforeCommit,

    /// <summary>An activation goes on deciding with the identity it once read.</summary>
    DecidesOnStaleIdentity,

    /// <summary>An activation begins to follow changes of its identity when it has read it.</summary>
    TracksAfterReading,

    /// <summary>The receiving silo takes a decision whatever feed number it was made at.</summary>
    TakesOldDecisions,

    /// <summary>A lease is sealed, and counted as over, before it has lapsed.</summary>
    SealsBeforeLapse,

    /// <summary>A sealed lease that has not lapsed is no longer waited for.</summary>
    ForgetsSealedLeases,

    /// <summary>An activation that replaces one on a lost silo reads the evidence without waiting for the seal.</summary>
    TakesOverWithoutWaiting,

    /// <summary>It waits for the seal, but not until the lost silo's decisions are off every other silo.</summary>
    TakesOverAtTheSeal,

    /// <summary>A silo that was condemned counts as ended, although its lease has not lapsed.</summary>
    CondemnedCountsAsEnded,

    /// <summary>A commit of unknown outcome is tried again at new positions.</summary>
    RetriesAtNewPositions,

    /// <summary>A silo says it has applied what a renewal brought, but did not read it.</summary>
    AppliesNothing,
}
