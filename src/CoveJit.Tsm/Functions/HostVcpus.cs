using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Pages;
using static CoveJit.Tsm.Functions.Arguments;

namespace CoveJit.Tsm.Functions;

/// <summary>COVH: vCPUs.</summary>
internal static class HostVcpus
{
    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Host, 14, 13, "create_tvm_vcpu",
            [Guest, new("tvm_vcpu_id", ArgumentKind.NewVcpu), new("tvm_state_page_addr", ArgumentKind.Page)],
            "Adds a vCPU, before the TVM is finalized. A confidential page becomes its state (`tvm_vcpu_state_pages` of them).",
            string.Empty,
            [
                new(SbiError.InvalidAddress, "a page is not confidential and unassigned"),
                new(SbiError.Failed, "the TVM is not TVM_INITIALIZING"),
            ],
            CreateVcpu)
        { IsDynamic = true },
        new(
            CoveExtension.Host, 15, 14, "run_tvm_vcpu", [Guest, Vcpu],
            "Runs a vCPU on the calling hart until it exits. scause and stval tell why, NACL shared memory the rest (see below).",
            "0 if it may be run again, otherwise 1",
            [
                NoSharedMemory,
                new(SbiError.Failed, "the TVM is not TVM_RUNNABLE, or the vCPU is powered off, runs elsewhere, waits for pages to be removed, or is not bound to the calling hart though it has an interrupt file"),
            ],
            Run),
    ];

    private static SbiResult? CreateVcpu(CoveCall call)
    {
        ConfidentialPages pages = call.Tsm.Pages;
        if (!pages.Are(call[2], SecurityManager.VcpuStatePages, PageKind.Unassigned))
        {
            return SbiError.InvalidAddress;
        }

        if (call.Tvm.State != Guests.TvmState.Initializing)
        {
            return SbiError.Failed;
        }

        call.Tsm.CreateVcpu(call.Tvm, (uint)call[1], call[2]);
        return SbiResult.Success;
    }

    private static SbiResult? Run(CoveCall call) => call.Tsm.Switcher.Enter(call);
}
