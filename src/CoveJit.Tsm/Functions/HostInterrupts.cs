using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using static CoveJit.Tsm.Functions.Arguments;

namespace CoveJit.Tsm.Functions;

/// <summary>COVI: interrupt files for TVMs. Capability AIA is not set: external interrupts are injected by way of hvip.</summary>
internal static class HostInterrupts
{
    private static readonly CoveErrorCase[] Unsupported = [new(SbiError.NotSupported, "always")];
    private static readonly CoveArgument File = new("imsic_page_addr", ArgumentKind.Page);
    private static readonly CoveArgument Mask = new("imsic_mask", ArgumentKind.Value);

    public static IEnumerable<CoveFunction> Declare() =>
    [
        Refused(0, "init_tvm_aia", [Guest, new("tvm_aia_params_addr", ArgumentKind.Structure), new("tvm_aia_params_len", ArgumentKind.Length)], "Gives a TVM interrupt files."),
        Refused(1, "set_tvm_aia_cpu_imsic_addr", [Guest, Vcpu, new("tvm_vcpu_imsic_gpa", ArgumentKind.GuestPage)], "Says where a vCPU's interrupt file is."),
        Refused(2, "convert_aia_imsic", [File], "Takes a guest interrupt file from the host."),
        Refused(3, "reclaim_tvm_aia_imsic", [File], "Gives it back."),
        Refused(4, "bind_aia_imsic", [Guest, Vcpu, Mask], "Binds a vCPU to interrupt files of the calling hart."),
        Refused(5, "unbind_aia_imsic_begin", [Guest, Vcpu], "Begins to unbind a vCPU."),
        Refused(6, "unbind_aia_imsic_end", [Guest, Vcpu], "Ends to unbind a vCPU."),
        Refused(7, "inject_tvm_cpu", [Guest, Vcpu, new("interrupt_id", ArgumentKind.InterruptIdentity)], "Makes an external interrupt pending."),
        Refused(8, "rebind_aia_imsic_begin", [Guest, Vcpu, Mask], "Begins to bind a vCPU to another hart."),
        Refused(9, "rebind_aia_imsic_clone", [Guest, Vcpu], "Takes the interrupt file's state on the old hart."),
        Refused(10, "rebind_aia_imsic_end", [Guest, Vcpu], "Restores the state on the new hart."),
    ];

    private static CoveFunction Refused(uint number, string name, CoveArgument[] arguments, string effect) =>
        new(CoveExtension.Interrupts, number, number, name, arguments, effect, string.Empty, Unsupported, null);
}
