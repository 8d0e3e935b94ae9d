namespace CoveJit.Isa.Generator.Encodings;

/// <summary>A run of bits of a field: where it lies in the instruction and which bits of the value it gives.</summary>
internal readonly record struct Segment(int InstructionBit, int Width, int ValueBit)
{
    public uint InstructionMask => (uint)(((1UL << Width) - 1) << InstructionBit);
}
