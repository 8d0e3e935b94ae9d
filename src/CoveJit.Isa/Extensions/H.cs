using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Hypervisor instructions (Privileged, chapter "H", "Hypervisor Instructions").</summary>
public static class H
{
    /// <summary>Orders VS-stage page-table writes before later translations of the current virtual machine.</summary>
    [System("hfence.vvma", "0010001 rs2 rs1 000 00000 1110011", Extension.H)]
    public static Flow HfenceVvma(IMachine machine, uint rs1, uint rs2) => machine.FenceGuestVirtual(rs1, rs2);

    /// <summary>Orders G-stage page-table writes before later translations.</summary>
    [System("hfence.gvma", "0110001 rs2 rs1 000 00000 1110011", Extension.H)]
    public static Flow HfenceGvma(IMachine machine, uint rs1, uint rs2) => machine.FenceGuestPhysical(rs1, rs2);

    /// <summary>Loads a byte of the guest, sign-extended.</summary>
    [System("hlv.b", "0110000 00000 rs1 100 rd 1110011", Extension.H, EndsBlock = false, Operands = "{rd}, ({rs1})")]
    public static Flow HlvB(IMachine machine, uint rd, ulong rs1) => machine.VirtualMachineLoad(rs1, rd, 1, signed: true);

    /// <summary>Loads a byte of the guest.</summary>
    [System("hlv.bu", "0110000 00001 rs1 100 rd 1110011", Extension.H, EndsBlock = false, Operands = "{rd}, ({rs1})")]
    public static Flow HlvBu(IMachine machine, uint rd, ulong rs1) => machine.VirtualMachineLoad(rs1, rd, 1, signed: false);

    /// <summary>Loads a halfword of the guest, sign-extended.</summary>
    [System("hlv.h", "0110010 00000 rs1 100 rd 1110011", Extension.H, EndsBlock = false, Operands = "{rd}, ({rs1})")]
    public static Flow HlvH(IMachine machine, uint rd, ulong rs1) => machine.VirtualMachineLoad(rs1, rd, 2, signed: true);

    /// <summary>Loads a halfword of the guest.</summary>
    [System("hlv.hu", "0110010 00001 rs1 100 rd 1110011", Extension.H, EndsBlock = false, Operands = "{rd}, ({rs1})")]
    public static Flow HlvHu(IMachine machine, uint rd, ulong rs1) => machine.VirtualMachineLoad(rs1, rd, 2, signed: false);

    /// <summary>Loads a halfword of the guest that it could execute.</summary>
    [System("hlvx.hu", "0110010 00011 rs1 100 rd 1110011", Extension.H, EndsBlock = false, Operands = "{rd}, ({rs1})")]
    public static Flow HlvxHu(IMachine machine, uint rd, ulong rs1) => machine.VirtualMachineLoadExecutable(rs1, rd, 2);

    /// <summary>Loads a word of the guest, sign-extended.</summary>
    [System("hlv.w", "0110100 00000 rs1 100 rd 1110011", Extension.H, EndsBlock = false, Operands = "{rd}, ({rs1})")]
    public static Flow HlvW(IMachine machine, uint rd, ulong rs1) => machine.VirtualMachineLoad(rs1, rd, 4, signed: true);

    /// <summary>Loads a word of the guest.</summary>
    [System("hlv.wu", "0110100 00001 rs1 100 rd 1110011", Extension.H, EndsBlock = false, Operands = "{rd}, ({rs1})")]
    public static Flow HlvWu(IMachine machine, uint rd, ulong rs1) => machine.VirtualMachineLoad(rs1, rd, 4, signed: false);

    /// <summary>Loads a word of the guest that it could execute.</summary>
    [System("hlvx.wu", "0110100 00011 rs1 100 rd 1110011", Extension.H, EndsBlock = false, Operands = "{rd}, ({rs1})")]
    public static Flow HlvxWu(IMachine machine, uint rd, ulong rs1) => machine.VirtualMachineLoadExecutable(rs1, rd, 4);

    /// <summary>Loads a doubleword of the guest.</summary>
    [System("hlv.d", "0110110 00000 rs1 100 rd 1110011", Extension.H, EndsBlock = false, Operands = "{rd}, ({rs1})")]
    public static Flow HlvD(IMachine machine, uint rd, ulong rs1) => machine.VirtualMachineLoad(rs1, rd, 8, signed: false);

    /// <summary>Stores a byte of the guest.</summary>
    [System("hsv.b", "0110001 rs2 rs1 100 00000 1110011", Extension.H, EndsBlock = false, Operands = "{rs2}, ({rs1})")]
    public static Flow HsvB(IMachine machine, ulong rs1, ulong rs2) => machine.VirtualMachineStore(rs1, rs2, 1);

    /// <summary>Stores a halfword of the guest.</summary>
    [System("hsv.h", "0110011 rs2 rs1 100 00000 1110011", Extension.H, EndsBlock = false, Operands = "{rs2}, ({rs1})")]
    public static Flow HsvH(IMachine machine, ulong rs1, ulong rs2) => machine.VirtualMachineStore(rs1, rs2, 2);

    /// <summary>Stores a word of the guest.</summary>
    [System("hsv.w", "0110101 rs2 rs1 100 00000 1110011", Extension.H, EndsBlock = false, Operands = "{rs2}, ({rs1})")]
    public static Flow HsvW(IMachine machine, ulong rs1, ulong rs2) => machine.VirtualMachineStore(rs1, rs2, 4);

    /// <summary>Stores a doubleword of the guest.</summary>
    [System("hsv.d", "0110111 rs2 rs1 100 00000 1110011", Extension.H, EndsBlock = false, Operands = "{rs2}, ({rs1})")]
    public static Flow HsvD(IMachine machine, ulong rs1, ulong rs2) => machine.VirtualMachineStore(rs1, rs2, 8);
}
