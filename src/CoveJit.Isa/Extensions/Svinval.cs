using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Fine-grained address-translation cache invalidation (Privileged, chapter "Svinval").</summary>
public static class Svinval
{
    /// <summary>Invalidates as SFENCE.VMA does, ordered only by the two fences of this extension.</summary>
    [System("sinval.vma", "0001011 rs2 rs1 000 00000 1110011", Extension.Svinval)]
    public static Flow SinvalVma(IMachine machine, uint rs1, uint rs2) => machine.FenceVirtualMemory(rs1, rs2);

    /// <summary>Orders earlier stores before later SINVAL.VMA.</summary>
    [System("sfence.w.inval", "0001100 00000 00000 000 00000 1110011", Extension.Svinval)]
    public static Flow SfenceWInval(IMachine machine) => machine.FenceInvalidation();

    /// <summary>Orders earlier SINVAL.VMA before later translations.</summary>
    [System("sfence.inval.ir", "0001100 00001 00000 000 00000 1110011", Extension.Svinval)]
    public static Flow SfenceInvalIr(IMachine machine) => machine.FenceInvalidation();

    /// <summary>Invalidates as HFENCE.VVMA does, ordered only by the two fences of this extension.</summary>
    [System("hinval.vvma", "0010011 rs2 rs1 000 00000 1110011", Extension.Svinval, Requires = Extension.H)]
    public static Flow HinvalVvma(IMachine machine, uint rs1, uint rs2) => machine.FenceGuestVirtual(rs1, rs2);

    /// <summary>Invalidates as HFENCE.GVMA does, ordered only by the two fences of this extension.</summary>
    [System("hinval.gvma", "0110011 rs2 rs1 000 00000 1110011", Extension.Svinval, Requires = Extension.H)]
    public static Flow HinvalGvma(IMachine machine, uint rs1, uint rs2) => machine.FenceGuestPhysical(rs1, rs2);
}
