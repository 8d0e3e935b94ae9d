namespace CoveJit.Isa;

/// <summary>
/// What system instructions ask of the hart that executes them. Guards (privilege, trap bits) are the hart's: a refusal is recorded
/// as an exception and answered with <see cref="Flow.Trap"/>. Register operands named rd are register numbers.
/// </summary>
public interface IMachine
{
    /// <summary>ECALL: environment call from the current privilege mode (Privileged, "Environment Call and Breakpoint").</summary>
    Flow EnvironmentCall();

    /// <summary>EBREAK.</summary>
    Flow Breakpoint();

    /// <summary>MRET.</summary>
    Flow MachineReturn();

    /// <summary>SRET.</summary>
    Flow SupervisorReturn();

    /// <summary>MNRET (Smrnmi) and every encoding that only an absent privileged extension defines: illegal instruction.</summary>
    Flow IllegalInstruction();

    /// <summary>WFI.</summary>
    Flow WaitForInterrupt();

    /// <summary>WRS.NTO and WRS.STO (Zawrs): wait while the reservation set is valid.</summary>
    /// <param name="shortTimeout">True for WRS.STO.</param>
    Flow WaitOnReservation(bool shortTimeout);

    /// <summary>PAUSE hint.</summary>
    Flow Pause();

    /// <summary>FENCE with its fm, pred and succ fields.</summary>
    Flow Fence(uint fm, uint pred, uint succ);

    /// <summary>FENCE.I.</summary>
    Flow FenceInstruction();

    /// <summary>SFENCE.VMA and SINVAL.VMA; the register numbers matter because x0 means "all".</summary>
    /// <param name="rs1">Register number of the virtual address.</param>
    /// <param name="rs2">Register number of the ASID.</param>
    Flow FenceVirtualMemory(uint rs1, uint rs2);

    /// <summary>HFENCE.VVMA and HINVAL.VVMA; register numbers as for <see cref="FenceVirtualMemory"/>.</summary>
    Flow FenceGuestVirtual(uint rs1, uint rs2);

    /// <summary>HFENCE.GVMA and HINVAL.GVMA; register numbers of the guest physical address, shifted right by 2, and the VMID.</summary>
    Flow FenceGuestPhysical(uint rs1, uint rs2);

    /// <summary>MFENCE.PA and MINVAL.PA; register numbers of the physical address and the supervisor domain's SDID.</summary>
    Flow FencePhysicalMemory(uint rs1, uint rs2);

    /// <summary>HLV: a load as the guest that hstatus.SPVP names.</summary>
    Flow VirtualMachineLoad(ulong address, uint rd, int size, bool signed);

    /// <summary>HLVX: an unsigned load as that guest, of memory that it may execute.</summary>
    Flow VirtualMachineLoadExecutable(ulong address, uint rd, int size);

    /// <summary>HSV: a store as that guest.</summary>
    Flow VirtualMachineStore(ulong address, ulong value, int size);

    /// <summary>SFENCE.W.INVAL and SFENCE.INVAL.IR (Svinval).</summary>
    Flow FenceInvalidation();

    /// <summary>CSRRW and CSRRWI. When rd is x0 the CSR is not read.</summary>
    Flow CsrReadWrite(uint csr, uint rd, ulong value);

    /// <summary>CSRRS and CSRRSI.</summary>
    /// <param name="csr">CSR number.</param>
    /// <param name="rd">Destination register number.</param>
    /// <param name="mask">Bits to set.</param>
    /// <param name="writes">False when the source is x0 or zimm 0: the CSR is not written.</param>
    Flow CsrReadSet(uint csr, uint rd, ulong mask, bool writes);

    /// <summary>CSRRC and CSRRCI; parameters as <see cref="CsrReadSet"/>.</summary>
    Flow CsrReadClear(uint csr, uint rd, ulong mask, bool writes);

    /// <summary>LR.W (size 4) and LR.D (size 8).</summary>
    Flow LoadReserved(ulong address, uint rd, int size);

    /// <summary>SC.W and SC.D; rd receives 0 on success, 1 on failure.</summary>
    Flow StoreConditional(ulong address, uint rd, ulong value, int size);

    /// <summary>AMOCAS.W/D/Q and .B/.H (Zacas, Zabha): rd (or the pair rd, rd+1 for size 16) holds the compare value and receives the old one.</summary>
    Flow CompareAndSwap(ulong address, uint rd, uint rs2, int size);

    /// <summary>CBO.CLEAN, CBO.FLUSH and CBO.INVAL.</summary>
    Flow CacheBlock(CacheBlockOperation operation, ulong address);

    /// <summary>CBO.ZERO.</summary>
    Flow CacheBlockZero(ulong address);
}

/// <summary>The cache-block management operations of Zicbom.</summary>
public enum CacheBlockOperation
{
    /// <summary>CBO.INVAL.</summary>
    Invalidate,

    /// <summary>CBO.CLEAN.</summary>
    Clean,

    /// <summary>CBO.FLUSH.</summary>
    Flush,
}
