using System.Buffers.Binary;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;
using CoveJit.Tsm.Interrupts;
using CoveJit.Tsm.Pages;
using static CoveJit.Tsm.Functions.Arguments;

namespace CoveJit.Tsm.Functions;

/// <summary>COVH: the life of a TVM.</summary>
internal static class HostTvms
{
    private const int ParametersSize = 16;
    private const int IdentitySize = 64;
    private const ulong RootPages = GuestStage.RootSize / 4096;

    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Host, 5, 5, "create_tvm",
            [new("tvm_create_params_addr", ArgumentKind.Structure), new("tvm_create_params_len", ArgumentKind.Length)],
            "Makes a TVM, TVM_INITIALIZING, from `tvm_create_params`: 16 KiB of confidential memory for the root of its page table, aligned to that, and a page for its state.",
            "tvm_guest_id",
            [
                new(SbiError.InvalidAddress, "the structure is not in the host's memory, or a page that it names is not confidential and unassigned"),
                new(SbiError.InvalidParam, "it is shorter than 16 bytes"),
                new(SbiError.Failed, "no VMID is free"),
            ],
            CreateTvm)
        { IsDynamic = true },
        new(
            CoveExtension.Host, 6, 6, "finalize_tvm",
            [Guest, new("entry_sepc", ArgumentKind.Value), new("entry_arg", ArgumentKind.Value), new("tvm_identity_addr", ArgumentKind.Identity, CurrentOnly: true)],
            "Measures the entry point and argument of the boot vCPU, which is vCPU 0, and makes the TVM TVM_RUNNABLE. The Salus profile has no identity.",
            string.Empty,
            [
                new(SbiError.InvalidParam, "the identity is not in the host's memory"),
                new(SbiError.Failed, "the TVM is not TVM_INITIALIZING, has no vCPU 0, or one of its vCPUs lacks an interrupt file"),
            ],
            FinalizeTvm)
        { IsDynamic = true },
        .. HostPromotion.Declare(),
        new(
            CoveExtension.Host, 8, 7, "destroy_tvm", [Guest],
            "Ends a TVM. Its memory becomes confidential and unassigned; device interfaces are not bound to it any more.",
            string.Empty,
            [new(SbiError.Failed, "a vCPU runs, or is bound to an interrupt file")],
            DestroyTvm),
    ];

    private static SbiResult? CreateTvm(CoveCall call)
    {
        SecurityManager tsm = call.Tsm;
        if (call[1] < ParametersSize)
        {
            return SbiError.InvalidParam;
        }

        Span<byte> parameters = stackalloc byte[ParametersSize];
        if (!tsm.TryReadHost(call[0], parameters))
        {
            return SbiError.InvalidAddress;
        }

        ulong root = BinaryPrimitives.ReadUInt64LittleEndian(parameters);
        ulong state = BinaryPrimitives.ReadUInt64LittleEndian(parameters[8..]);
        if (root % GuestStage.RootSize != 0
            || state % 4096 != 0
            || !tsm.Pages.Are(root, RootPages, PageKind.Unassigned)
            || !tsm.Pages.Are(state, SecurityManager.TvmStatePages, PageKind.Unassigned)
            || state - root < GuestStage.RootSize
            || root - state < SecurityManager.TvmStatePages * 4096)
        {
            return SbiError.InvalidAddress;
        }

        return tsm.CreateTvm(root, state) is Tvm tvm ? SbiResult.Of(tvm.Id) : SbiError.Failed;
    }

    private static SbiResult? FinalizeTvm(CoveCall call)
    {
        Tvm tvm = call.Tvm;
        byte[] identity = [];
        if (call[3] != 0 && call.Tsm.Abi.Profile != CoveProfile.Salus)
        {
            identity = new byte[IdentitySize];
            if (!call.Tsm.TryReadHost(call[3], identity))
            {
                return SbiError.InvalidParam;
            }
        }

        if (tvm.State != TvmState.Initializing || !tvm.Vcpus.TryGetValue(0, out Vcpu? boot) || (tvm.Aia is not null && tvm.Vcpus.Values.Any(vcpu => vcpu.Imsic is null)))
        {
            return SbiError.Failed;
        }

        tvm.Identity = identity;
        tvm.Measurements.MeasureConfiguration(call[1], call[2], tvm.Vcpus.Keys.Select(id => (ulong)id));
        tvm.State = TvmState.Runnable;
        boot.Start(call[1], call[2]);
        call.Tsm.Recorder?.Finish(tvm, call[1], call[2], null);
        return SbiResult.Success;
    }

    private static SbiResult? DestroyTvm(CoveCall call)
    {
        if (call.Tvm.IsRunning || call.Tvm.Vcpus.Values.Any(vcpu => vcpu.Imsic is { State: not BindingState.Unbound }))
        {
            return SbiError.Failed;
        }

        call.Tsm.Devices?.Release(call.Tvm, call.Hart);
        call.Tsm.DestroyTvm(call.Tvm);
        return SbiResult.Success;
    }
}
