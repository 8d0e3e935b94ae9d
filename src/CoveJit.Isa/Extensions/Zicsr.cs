using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Control and status register instructions (Unprivileged, chapter "Zicsr").</summary>
public static class Zicsr
{
    /// <summary>Swaps a CSR with a register; the CSR is not read when rd is x0.</summary>
    [System("csrrw", "csr rs1 001 rd 1110011", Extension.Zicsr)]
    public static Flow Csrrw(IMachine machine, uint csr, uint rd, ulong rs1) => machine.CsrReadWrite(csr, rd, rs1);

    /// <summary>Reads a CSR and sets bits in it.</summary>
    [System("csrrs", "csr rs1 010 rd 1110011", Extension.Zicsr)]
    public static Flow Csrrs(IMachine machine, uint csr, uint rd, ulong rs1) => machine.CsrReadSet(csr, rd, rs1, writes: true);

    /// <summary>Reads a CSR: CSRRS whose source register is x0 does not write, whatever the value would be.</summary>
    [System("csrrs", "csr 00000 010 rd 1110011", Extension.Zicsr, Operands = "{rd}, {csr}, zero")]
    public static Flow CsrrsX0(IMachine machine, uint csr, uint rd) => machine.CsrReadSet(csr, rd, 0, writes: false);

    /// <summary>Reads a CSR and clears bits in it.</summary>
    [System("csrrc", "csr rs1 011 rd 1110011", Extension.Zicsr)]
    public static Flow Csrrc(IMachine machine, uint csr, uint rd, ulong rs1) => machine.CsrReadClear(csr, rd, rs1, writes: true);

    /// <summary>Reads a CSR: CSRRC whose source register is x0 does not write.</summary>
    [System("csrrc", "csr 00000 011 rd 1110011", Extension.Zicsr, Operands = "{rd}, {csr}, zero")]
    public static Flow CsrrcX0(IMachine machine, uint csr, uint rd) => machine.CsrReadClear(csr, rd, 0, writes: false);

    /// <summary>Swaps a CSR with an immediate; the CSR is not read when rd is x0.</summary>
    [System("csrrwi", "csr zimm 101 rd 1110011", Extension.Zicsr)]
    public static Flow Csrrwi(IMachine machine, uint csr, uint rd, ulong zimm) => machine.CsrReadWrite(csr, rd, zimm);

    /// <summary>Reads a CSR and sets bits given by an immediate.</summary>
    [System("csrrsi", "csr zimm 110 rd 1110011", Extension.Zicsr)]
    public static Flow Csrrsi(IMachine machine, uint csr, uint rd, ulong zimm) => machine.CsrReadSet(csr, rd, zimm, writes: zimm != 0);

    /// <summary>Reads a CSR and clears bits given by an immediate.</summary>
    [System("csrrci", "csr zimm 111 rd 1110011", Extension.Zicsr)]
    public static Flow Csrrci(IMachine machine, uint csr, uint rd, ulong zimm) => machine.CsrReadClear(csr, rd, zimm, writes: zimm != 0);
}
