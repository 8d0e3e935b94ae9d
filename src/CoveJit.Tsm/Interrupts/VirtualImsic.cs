using CoveJit.Harts.Interrupts;
using CoveJit.Memory.Bus;

namespace CoveJit.Tsm.Interrupts;

/// <summary>A vCPU's interrupt file: where the TVM sees it, which of a hart's it is, and a copy in the TSM for when it is none (CoVE, COVI). For the holder of the TSM's lock.</summary>
/// <param name="guestAddress">Guest physical address of its page.</param>
/// <param name="identities">Highest identity.</param>
internal sealed class VirtualImsic(ulong guestAddress, int identities)
{
    public ulong GuestAddress { get; } = guestAddress;

    /// <summary>Its registers while no hart's file has them; messages meanwhile.</summary>
    public InterruptFile Software { get; } = new(identities, new NoLine());

    public BindingState State { get; set; }

    /// <summary>The file that it is bound to; null if there is none.</summary>
    public GuestFile? File { get; set; }

    /// <summary>The file that it is being bound to in place of that.</summary>
    public GuestFile? Next { get; set; }

    /// <summary>The TVM's epoch when the file that it leaves was mapped last.</summary>
    public ulong Epoch { get; set; }

    /// <summary>Where messages go: to the file that is mapped, else to the copy.</summary>
    public InterruptFile Target => State switch
    {
        BindingState.Bound => File!.Registers,
        BindingState.Rebinding or BindingState.Cloned => Next!.Registers,
        _ => Software,
    };

    private sealed class NoLine : IInterruptLine
    {
        public void Set(bool level)
        {
        }
    }
}

/// <summary>How far a vCPU is bound to a hart.</summary>
internal enum BindingState
{
    /// <summary>It is not.</summary>
    Unbound,

    /// <summary>It is, and may run there.</summary>
    Bound,

    /// <summary>The file is not mapped any more (<c>unbind_aia_imsic_begin</c>).</summary>
    Unbinding,

    /// <summary>Another hart's file is mapped in its place (<c>rebind_aia_imsic_begin</c>).</summary>
    Rebinding,

    /// <summary>The old file's state is in the copy (<c>rebind_aia_imsic_clone</c>).</summary>
    Cloned,
}
