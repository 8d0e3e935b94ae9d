namespace CoveJit.Isa.Tests;

/// <summary>Writes down what system instructions ask for.</summary>
internal sealed class RecordingMachine : IMachine
{
    public string Call { get; private set; } = "";

    public Flow EnvironmentCall() => Record("ecall");

    public Flow Breakpoint() => Record("ebreak");

    public Flow MachineReturn() => Record("mret");

    public Flow SupervisorReturn() => Record("sret");

    public Flow IllegalInstruction() => Record("illegal");

    public Flow WaitForInterrupt() => Record("wfi");

    public Flow WaitOnReservation(bool shortTimeout) => Record($"wrs {shortTimeout}");

    public Flow Pause() => Record("pause");

    public Flow Fence(uint fm, uint pred, uint succ) => Record($"fence {fm} {pred} {succ}");

    public Flow FenceInstruction() => Record("fence.i");

    public Flow FenceVirtualMemory(uint rs1, uint rs2) => Record($"sfence {rs1} {rs2}");

    public Flow FenceGuestVirtual(uint rs1, uint rs2) => Record($"hfence.vvma {rs1} {rs2}");

    public Flow FenceGuestPhysical(uint rs1, uint rs2) => Record($"hfence.gvma {rs1} {rs2}");

    public Flow FencePhysicalMemory(uint rs1, uint rs2) => Record($"mfence.pa {rs1} {rs2}");

    public Flow VirtualMachineLoad(ulong address, uint rd, int size, bool signed) => Record($"hlv {address} {rd} {size} {signed}");

    public Flow VirtualMachineLoadExecutable(ulong address, uint rd, int size) => Record($"hlvx {address} {rd} {size}");

    public Flow VirtualMachineStore(ulong address, ulong value, int size) => Record($"hsv {address} {value} {size}");

    public Flow FenceInvalidation() => Record("inval");

    public Flow CsrReadWrite(uint csr, uint rd, ulong value) => Record($"csrw {csr} {rd} {value}");

    public Flow CsrReadSet(uint csr, uint rd, ulong mask, bool writes) => Record($"csrs {csr} {rd} {mask} {writes}");

    public Flow CsrReadClear(uint csr, uint rd, ulong mask, bool writes) => Record($"csrc {csr} {rd} {mask} {writes}");

    public Flow LoadReserved(ulong address, uint rd, int size) => Record($"lr {address} {rd} {size}");

    public Flow StoreConditional(ulong address, uint rd, ulong value, int size) => Record($"sc {address} {rd} {value} {size}");

    public Flow CompareAndSwap(ulong address, uint rd, uint rs2, int size) => Record($"cas {address} {rd} {rs2} {size}");

    public Flow CacheBlock(CacheBlockOperation operation, ulong address) => Record($"cbo {operation} {address}");

    public Flow CacheBlockZero(ulong address) => Record($"zero {address}");

    private Flow Record(string call)
    {
        Call = call;
        return Flow.Redirect;
    }
}
