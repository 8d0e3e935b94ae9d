using System.Runtime.CompilerServices;
using CoveJit.Harts.Code;
using CoveJit.Harts.State;
using CoveJit.Isa;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Execution;

/// <summary>The interpreter. The loop and the handlers are generated from the instruction declarations; this part is what they share.</summary>
internal static unsafe partial class Interpreter
{
    /// <summary>Executes one decoded instruction at pc. On <see cref="Flow.Next"/> and <see cref="Flow.Leave"/> the caller advances pc.</summary>
    public static Flow Execute(Hart hart, HartState* s, DecodedInstruction* i)
    {
        if (i->Rd == 0 && OpInfo.WritesRd(i->Op) && OpInfo.Kind(i->Op) != OpKind.System)
        {
            i->Rd = HartState.Sink;
        }

        return Handlers[(int)i->Op](hart, s, i, s->Pc);
    }

    /// <summary>The block at a virtual address in another page, if the TLB knows the page and the block is built.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryLookup(Hart hart, HartState* s, byte* arena, ulong pc, out uint* table, out Block* block)
    {
        if (TlbBank.TryHit(s->FetchBank, pc, AccessType.Execute, out byte* host))
        {
            ulong page = (ulong)(host - hart.RamPointer) >> GuestRam.PageShift;
            table = (uint*)Volatile.Read(ref *(nint*)(hart.CodeTables + page));
            if (table != null)
            {
                uint reference = table[(pc & 0xFFF) >> 1];
                block = (Block*)(arena + ((ulong)reference << 4));
                return reference != 0;
            }
        }

        table = null;
        block = null;
        return false;
    }

    /// <summary>Zicfilp: a jump through any register but the link registers and the software-guarded x7 must land on a pad. Says whether it must.</summary>
    private static bool ExpectLandingPad(HartState* s, DecodedInstruction* i)
    {
        if (!HartState.JumpsToLandingPad(i->Rs1))
        {
            return false;
        }

        s->ExpectsLandingPad = 1;
        return true;
    }

    private static Flow HandleIllegal(Hart hart, HartState* s, DecodedInstruction* i, ulong pc) => hart.Illegal();
}
