using CoveJit.Harts.State;
using CoveJit.Tsm.Devices;
using CoveJit.Tsm.Interrupts;

namespace CoveJit.Tsm.Guests;

/// <summary>A virtual CPU of a TVM. For the holder of the TSM's lock, or, while it runs, for its hart.</summary>
internal sealed class Vcpu(Tvm tvm, uint id, ulong statePage)
{
    private int _postedInterrupt;

    public Tvm Tvm { get; } = tvm;

    /// <summary>vcpu_id, which is also the TVM's hart number.</summary>
    public uint Id { get; } = id;

    /// <summary>The pages that the host has given for it.</summary>
    public ulong StatePage { get; } = statePage;

    public VcpuState State { get; set; } = VcpuState.PoweredOff;

    /// <summary>The hart that it runs on; -1 for none.</summary>
    public int Hart { get; set; } = -1;

    /// <summary>The TVM's epoch when it was last entered.</summary>
    public ulong Epoch { get; set; }

    /// <summary>Its registers and CSRs while it does not run.</summary>
    public SupervisorContext Context { get; set; } = new();

    /// <summary>
    /// Notes an IPI that another vCPU sends while this one runs. Its hart takes note at the next trap, at the latest: the vCPU cannot begin to wait before.
    /// </summary>
    public void PostInterrupt() => Volatile.Write(ref _postedInterrupt, 1);

    /// <summary>Takes what has been posted; on the hart that runs the vCPU, which needs no lock for it.</summary>
    public bool TakePostedInterrupt() => Interlocked.Exchange(ref _postedInterrupt, 0) != 0;

    /// <summary>What is left to be done of the instruction that made it exit.</summary>
    public PendingOperation Pending { get; set; }

    /// <summary>Its call that waits for a device; null if it is not in one.</summary>
    public DeviceOperation? Operation { get; set; }

    /// <summary>The range whose old pages it waits for the host to remove.</summary>
    public (ulong Start, ulong Length) Conversion { get; set; }

    /// <summary>Its interrupt file; null as long as the host has said nothing of one.</summary>
    public VirtualImsic? Imsic { get; set; }

    /// <summary>External interrupts that it lets the host inject; null for all.</summary>
    public HashSet<ulong>? Allowed { get; set; } = [];

    /// <summary>Makes it runnable from an address on, in VS-mode with translation off (SBI, HSM: initial state of a hart).</summary>
    public void Start(ulong pc, ulong argument)
    {
        Context.Pc = pc & ~1UL;
        Context[10] = Id;
        Context[11] = argument;
        State = VcpuState.Runnable;
    }

    /// <summary>Whether the host may inject an external interrupt of a given identity.</summary>
    public bool Allows(ulong identity) => Allowed is null || Allowed.Contains(identity);

    /// <summary>Whether the host may inject an external interrupt.</summary>
    public bool AllowsAnyInterrupt => Allowed is null || Allowed.Count != 0;
}
