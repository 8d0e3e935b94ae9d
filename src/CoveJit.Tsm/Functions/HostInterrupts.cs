using System.Numerics;
using CoveJit.Monitor.Sbi;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;
using CoveJit.Tsm.Interrupts;

namespace CoveJit.Tsm.Functions;

/// <summary>COVI: interrupt files for TVMs, which are guest interrupt files of the harts' IMSICs. The extension is absent where there are none.</summary>
internal static class HostInterrupts
{
    private const ulong PageSize = 4096;

    private static readonly CoveArgument File = new("imsic_page_addr", ArgumentKind.Page);
    private static readonly CoveArgument Mask = new("imsic_mask", ArgumentKind.Value);

    private static readonly CoveErrorCase WrongMask = new(SbiError.InvalidParam, "the mask does not name exactly one guest interrupt file of the calling hart's that is confidential and unassigned");

    public static IEnumerable<CoveFunction> Declare() =>
    [
        Declare(
            0, "init_tvm_aia", [Arguments.Guest, new("tvm_aia_params_addr", ArgumentKind.Structure), new("tvm_aia_params_len", ArgumentKind.Length)],
            "Says where the interrupt files of a TVM's vCPUs are, by `tvm_aia_params`, before it is finalized. guests_per_hart has to be 0.",
            [
                new(SbiError.InvalidAddress, "the structure is not in the host's memory"),
                new(SbiError.InvalidParam, "it is shorter than 28 bytes, or describes no addresses that the TVM has, or the TVM is not TVM_INITIALIZING"),
                new(SbiError.Failed, "the TVM has files already"),
            ],
            Initialize),
        Declare(
            1, "set_tvm_aia_cpu_imsic_addr", [Arguments.Guest, Arguments.Vcpu, new("tvm_vcpu_imsic_gpa", ArgumentKind.GuestPage)],
            "Says where a vCPU's interrupt file is, before the TVM is finalized: every vCPU of a TVM with interrupt files has to have one by then.",
            [
                new(SbiError.InvalidAddress, "the address is not one of those that init_tvm_aia describes, or is in use"),
                new(SbiError.InvalidParam, "the TVM is not TVM_INITIALIZING"),
                new(SbiError.Failed, "the TVM has no interrupt files, the vCPU has one already, or the TVM has too many regions"),
            ],
            SetAddress),
        Declare(
            2, "convert_aia_imsic", [File],
            "Takes a guest interrupt file from the host, which can neither reach nor select it from then on. It is confidential once a global fence that begins later is complete.",
            [
                new(SbiError.InvalidAddress, "there is no guest interrupt file, or it is not the host's"),
                new(SbiError.Failed, "the memory for protection tables is used up"),
            ],
            Convert),
        Declare(
            3, "reclaim_tvm_aia_imsic", [File],
            "Gives an interrupt file back to the host, as after reset.",
            [
                new(SbiError.InvalidAddress, "there is no guest interrupt file, or it is the host's or waits for a fence"),
                new(SbiError.InvalidParam, "a vCPU is bound to it"),
                new(SbiError.Failed, "the memory for protection tables is used up"),
            ],
            Reclaim),
        Declare(
            4, "bind_aia_imsic", [Arguments.Guest, Arguments.Vcpu, Mask],
            "Binds a vCPU to the calling hart and one of its interrupt files, which gets the vCPU's interrupts and is mapped. From then on the vCPU runs there alone.",
            [
                WrongMask,
                new(CoveError.OutOfPageTablePages, "the TVM has too few page-table pages for the mapping"),
                new(SbiError.Failed, "the vCPU has no interrupt file, or is bound"),
            ],
            Bind),
        Declare(
            5, "unbind_aia_imsic_begin", [Arguments.Guest, Arguments.Vcpu],
            "Begins to unbind a vCPU: its interrupt file is not mapped any more. To be called on its hart, before a TVM fence.",
            [new(SbiError.Failed, "the vCPU is not bound to the calling hart, or runs")],
            BeginUnbinding),
        Declare(
            6, "unbind_aia_imsic_end", [Arguments.Guest, Arguments.Vcpu],
            "Ends to unbind a vCPU, on its hart, after the TVM fence: the TSM keeps its interrupts.",
            [new(SbiError.Failed, "the vCPU is not being unbound from the calling hart, or no TVM fence has been completed since that began")],
            EndUnbinding),
        Declare(
            7, "inject_tvm_cpu", [Arguments.Guest, Arguments.Vcpu, new("interrupt_id", ArgumentKind.InterruptIdentity)],
            "Makes an external interrupt pending that the vCPU has allowed.",
            [
                new(SbiError.InvalidParam, "the vCPU's file has no such interrupt, or the vCPU has not allowed it"),
                new(SbiError.Failed, "the vCPU has no interrupt file"),
            ],
            Inject),
        Declare(
            8, "rebind_aia_imsic_begin", [Arguments.Guest, Arguments.Vcpu, Mask],
            "Begins to bind a vCPU to the calling hart in place of another, or to another file of the same: the new file is mapped, and gets the vCPU's messages. Before a TVM fence.",
            [WrongMask, new(SbiError.Failed, "the vCPU is not bound, or runs")],
            BeginRebinding),
        Declare(
            9, "rebind_aia_imsic_clone", [Arguments.Guest, Arguments.Vcpu],
            "Takes the vCPU's interrupts from the old file, on its hart, after the TVM fence. That file is unassigned then.",
            [new(SbiError.Failed, "the vCPU is not being bound from the calling hart to another file, or no TVM fence has been completed since that began")],
            Clone),
        Declare(
            10, "rebind_aia_imsic_end", [Arguments.Guest, Arguments.Vcpu],
            "Gives them to the new file, on the hart that began it.",
            [new(SbiError.Failed, "the vCPU's old file has not been taken, or it is being bound to another hart")],
            EndRebinding),
    ];

    private static CoveFunction Declare(uint number, string name, CoveArgument[] arguments, string effect, CoveErrorCase[] errors, Func<CoveCall, SbiResult?> handler) =>
        new(CoveExtension.Interrupts, number, number, name, arguments, effect, string.Empty, errors, handler);

    private static SbiResult? Initialize(CoveCall call)
    {
        Tvm tvm = call.Tvm;
        if (call[2] < AiaParameters.Size || tvm.State != TvmState.Initializing)
        {
            return SbiError.InvalidParam;
        }

        Span<byte> bytes = stackalloc byte[AiaParameters.Size];
        if (!call.Tsm.TryReadHost(call[1], bytes))
        {
            return SbiError.InvalidAddress;
        }

        AiaParameters parameters = AiaParameters.Read(bytes);
        if (!parameters.AreValid(tvm.Stage.AddressBits))
        {
            return SbiError.InvalidParam;
        }

        if (tvm.Aia is not null)
        {
            return SbiError.Failed;
        }

        tvm.Aia = parameters;
        return SbiResult.Success;
    }

    private static SbiResult? SetAddress(CoveCall call)
    {
        (Tvm tvm, ulong address) = (call.Tvm, call[2]);
        if (tvm.State != TvmState.Initializing)
        {
            return SbiError.InvalidParam;
        }

        if (tvm.Aia is null || call.Vcpu.Imsic is not null)
        {
            return SbiError.Failed;
        }

        if (!tvm.Aia.IsFile(address) || !tvm.Regions.IsAll(address, PageSize, RegionKind.None))
        {
            return SbiError.InvalidAddress;
        }

        if (!tvm.Regions.TrySet(address, PageSize, RegionKind.InterruptFile))
        {
            return SbiError.Failed;
        }

        call.Vcpu.Imsic = new VirtualImsic(address, call.Tsm.GuestFiles.Identities);
        return SbiResult.Success;
    }

    private static SbiResult? Convert(CoveCall call)
    {
        if (call.Tsm.GuestFiles.Find(call[0]) is not GuestFile { State: FileState.NonConfidential } file)
        {
            return SbiError.InvalidAddress;
        }

        return call.Tsm.GuestFiles.Convert(file, call.Hart) == DomainError.None ? SbiResult.Success : SbiError.Failed;
    }

    private static SbiResult? Reclaim(CoveCall call)
    {
        GuestFile? file = call.Tsm.GuestFiles.Find(call[0]);
        switch (file?.State)
        {
            case FileState.Assigned:
                return SbiError.InvalidParam;
            case FileState.Unassigned:
                return call.Tsm.GuestFiles.Reclaim(file, call.Hart) == DomainError.None ? SbiResult.Success : SbiError.Failed;
            default:
                return SbiError.InvalidAddress;
        }
    }

    private static SbiResult? Bind(CoveCall call)
    {
        if (FindFree(call) is not GuestFile file)
        {
            return SbiError.InvalidParam;
        }

        if (call.Vcpu.Imsic is not VirtualImsic { State: BindingState.Unbound } imsic)
        {
            return SbiError.Failed;
        }

        if (call.Tvm.Stage.Map(imsic.GuestAddress, file.Page, 0, 1, LeafKind.InterruptFile) != MapError.None)
        {
            return CoveError.OutOfPageTablePages;
        }

        file.Assign(call.Vcpu);
        imsic.Software.MoveTo(file.Registers);
        (imsic.State, imsic.File) = (BindingState.Bound, file);
        return SbiResult.Success;
    }

    private static SbiResult? BeginUnbinding(CoveCall call)
    {
        if (!IsBoundAndIdle(call, out VirtualImsic? imsic) || imsic.File!.Hart != call.Hart)
        {
            return SbiError.Failed;
        }

        Unmap(call, imsic);
        imsic.State = BindingState.Unbinding;
        return SbiResult.Success;
    }

    private static SbiResult? EndUnbinding(CoveCall call)
    {
        if (call.Vcpu.Imsic is not VirtualImsic { State: BindingState.Unbinding } imsic || imsic.File!.Hart != call.Hart || imsic.Epoch >= call.Tvm.OldestRunning)
        {
            return SbiError.Failed;
        }

        Leave(imsic);
        imsic.State = BindingState.Unbound;
        return SbiResult.Success;
    }

    private static SbiResult? Inject(CoveCall call)
    {
        if (call.Vcpu.Imsic is not VirtualImsic imsic)
        {
            return SbiError.Failed;
        }

        if (call[2] > (ulong)imsic.Software.Identities || !call.Vcpu.Allows(call[2]))
        {
            return SbiError.InvalidParam;
        }

        imsic.Target.Signal((uint)call[2]);
        return SbiResult.Success;
    }

    private static SbiResult? BeginRebinding(CoveCall call)
    {
        if (FindFree(call) is not GuestFile file)
        {
            return SbiError.InvalidParam;
        }

        if (!IsBoundAndIdle(call, out VirtualImsic? imsic))
        {
            return SbiError.Failed;
        }

        Unmap(call, imsic);
        call.Tvm.Stage.Map(imsic.GuestAddress, file.Page, 0, 1, LeafKind.InterruptFile); // the tables are there
        file.Assign(call.Vcpu);
        (imsic.State, imsic.Next) = (BindingState.Rebinding, file);
        return SbiResult.Success;
    }

    private static SbiResult? Clone(CoveCall call)
    {
        if (call.Vcpu.Imsic is not VirtualImsic { State: BindingState.Rebinding } imsic || imsic.File!.Hart != call.Hart || imsic.Epoch >= call.Tvm.OldestRunning)
        {
            return SbiError.Failed;
        }

        Leave(imsic);
        imsic.State = BindingState.Cloned;
        return SbiResult.Success;
    }

    private static SbiResult? EndRebinding(CoveCall call)
    {
        if (call.Vcpu.Imsic is not VirtualImsic { State: BindingState.Cloned } imsic || imsic.Next!.Hart != call.Hart)
        {
            return SbiError.Failed;
        }

        imsic.Software.MoveTo(imsic.Next.Registers);
        (imsic.State, imsic.File, imsic.Next) = (BindingState.Bound, imsic.Next, null);
        return SbiResult.Success;
    }

    // Bit n is the calling hart's file n; a vCPU has one.
    private static GuestFile? FindFree(CoveCall call) =>
        BitOperations.IsPow2(call[2]) ? call.Tsm.GuestFiles.FindFree(call.Hart, BitOperations.TrailingZeroCount(call[2])) : null;

    private static bool IsBoundAndIdle(CoveCall call, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out VirtualImsic? imsic)
    {
        imsic = call.Vcpu.Imsic is { State: BindingState.Bound } bound && call.Vcpu.State != VcpuState.Running ? bound : null;
        return imsic is not null;
    }

    // Harts may have the translation until the TVM is fenced.
    private static void Unmap(CoveCall call, VirtualImsic imsic)
    {
        call.Tvm.Stage.Remove(call.Tvm.Stage.Find(imsic.GuestAddress));
        imsic.Epoch = call.Tvm.Epoch;
    }

    private static void Leave(VirtualImsic imsic)
    {
        imsic.File!.Registers.MoveTo(imsic.Software);
        imsic.File.Assign(null);
        imsic.File = null;
    }
}
