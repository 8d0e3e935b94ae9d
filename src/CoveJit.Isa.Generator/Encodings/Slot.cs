namespace CoveJit.Isa.Generator.Encodings;

/// <summary>The member of DecodedInstruction that receives a field.</summary>
internal enum Slot
{
    Rd,
    Rs1,
    Rs2,
    Rs3,
    Rm,
    Imm,
}
