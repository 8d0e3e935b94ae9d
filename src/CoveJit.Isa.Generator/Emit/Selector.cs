namespace CoveJit.Isa.Generator.Emit;

/// <summary>A contiguous run of instruction bits the decoder switches on.</summary>
internal readonly record struct Selector(int Bit, int Width)
{
    public uint Mask => (uint)(((1UL << Width) - 1) << Bit);

    public uint ValueOf(uint word) => (word & Mask) >> Bit;

    public string Expression => $"(raw >> {Bit}) & {(1 << Width) - 1}";
}
