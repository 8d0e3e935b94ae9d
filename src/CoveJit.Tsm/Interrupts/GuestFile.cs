using CoveJit.Harts;
using CoveJit.Harts.Interrupts;
using CoveJit.Tsm.Guests;

namespace CoveJit.Tsm.Interrupts;

/// <summary>A guest interrupt file of a hart's IMSIC, and what it is to the TSM. For the holder of the TSM's lock.</summary>
internal sealed class GuestFile(Hart hart, int number, ulong page)
{
    /// <summary>The hart.</summary>
    public Hart Hart { get; } = hart;

    /// <summary>Its number in hgeip and hstatus.VGEIN, from 1 on.</summary>
    public int Number { get; } = number;

    /// <summary>Physical address of its page.</summary>
    public ulong Page { get; } = page;

    /// <summary>Its registers. The host's domain is the only one with interrupt files that guests have.</summary>
    public InterruptFile Registers { get; } = hart.InterruptDomains[0].GuestFiles[number - 1];

    public FileState State { get; set; }

    /// <summary>The vCPU that is bound to it, or is about to be.</summary>
    public Vcpu? Owner { get; set; }

    /// <summary>Makes it a vCPU's, or nobody's.</summary>
    public void Assign(Vcpu? owner)
    {
        Owner = owner;
        State = owner is null ? FileState.Unassigned : FileState.Assigned;
    }
}

/// <summary>What a guest interrupt file is; the same life as a page's.</summary>
internal enum FileState
{
    /// <summary>The host's.</summary>
    NonConfidential,

    /// <summary>The host has given it away; no fence has begun since.</summary>
    Converting,

    /// <summary>A global fence that began after it was given away is not complete.</summary>
    Fencing,

    /// <summary>Confidential, and nobody's yet.</summary>
    Unassigned,

    /// <summary>A vCPU's.</summary>
    Assigned,
}
