using CoveJit.Fuzz.Encoding;

namespace CoveJit.Fuzz.Generation;

/// <summary>
/// A few instructions that belong together (an address computation and its access, a loop). The reducer removes
/// whole items; <paramref name="Id"/> is kept, so jump targets stay meaningful.
/// </summary>
public sealed record Item(int Id, IReadOnlyList<Insn> Instructions)
{
    public int Bytes => Instructions.Sum(i => i.Length);
}
