using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Supervisor domains (Supervisor Domains Access Protection 0.9, chapter "Smsd"): fences of the memory protection table (MPT, once SMMTT).</summary>
public static class Smsd
{
    /// <summary>Orders earlier stores before later reads of the memory protection table that this hart's accesses make.</summary>
    [System("mfence.pa", Encodings.MfencePa, Extension.Smsd)]
    public static Flow MfencePa(IMachine machine, uint rs1, uint rs2) => machine.FencePhysicalMemory(rs1, rs2);

    /// <summary>Invalidates as MFENCE.PA does, ordered only by the two fences of Svinval.</summary>
    [System("minval.pa", Encodings.MinvalPa, Extension.Smsd)]
    public static Flow MinvalPa(IMachine machine, uint rs1, uint rs2) => machine.FencePhysicalMemory(rs1, rs2);

    /// <summary>
    /// The encodings, in one place: the specification leaves funct7 open. Chosen is what SFENCE.VMA and SINVAL.VMA have, with the privilege bits
    /// raised from 01 to 11, as firmware for the current draft emits it.
    /// </summary>
    private static class Encodings
    {
        public const string MfencePa = "0011001 " + Operands;
        public const string MinvalPa = "0011011 " + Operands;
        private const string Operands = "rs2 rs1 000 00000 1110011";
    }
}
