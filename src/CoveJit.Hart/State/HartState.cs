using System.Runtime.InteropServices;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.State;

/// <summary>
/// The part of a hart's state that executing code touches on every instruction: plain data in native memory, at fixed offsets, so that the
/// interpreter and translated code reach it through one pointer.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct HartState
{
    /// <summary>Index in <see cref="X"/> that takes writes to x0: decoded blocks name it as the destination instead of 0.</summary>
    public const int Sink = 32;

    /// <summary>Integer registers; element 0 stays 0, element 32 is the <see cref="Sink"/>.</summary>
    public fixed ulong X[33];

    /// <summary>Floating-point registers, NaN-boxed.</summary>
    public fixed ulong F[32];

    /// <summary>Address of the next instruction; exact whenever no code is executing.</summary>
    public ulong Pc;

    /// <summary>Instructions retired since reset; exact whenever no code is executing.</summary>
    public ulong InstructionsRetired;

    /// <summary>TLB bank of loads and stores.</summary>
    public TlbBank* DataBank;

    /// <summary>TLB bank of instruction fetches.</summary>
    public TlbBank* FetchBank;

    /// <summary>Set by any thread to make the hart leave executing code at the next block: see <see cref="Attention"/>.</summary>
    public int Attention;

    /// <summary>Nonzero while mstatus.FS is Off: floating-point instructions are illegal.</summary>
    public uint FloatOff;

    /// <summary>Nonzero once floating-point state was written since mstatus.FS was last looked at.</summary>
    public uint FloatDirty;

    /// <summary>fflags: accrued exceptions.</summary>
    public uint Fflags;

    /// <summary>frm: rounding mode, as written (5 to 7 are invalid).</summary>
    public uint Frm;

    /// <summary>Instructions that translated code may still retire; set before it is entered, exact when it returns.</summary>
    public long Remaining;

    /// <summary>Instructions retired when <see cref="Remaining"/> is used up: their difference is the number retired, while code executes.</summary>
    public ulong RetiredAtEnd;

    /// <summary>Host address of guest RAM.</summary>
    public byte* Ram;

    /// <summary>The code cache's tables, one for each page of RAM.</summary>
    public uint** CodeTables;

    /// <summary>Base of the code cache's arena.</summary>
    public byte* Arena;

    /// <summary>Virtual address of the page that native code executes in.</summary>
    public ulong PageBase;

    /// <summary>MXCSR as native code left it: its sticky flags are not in <see cref="Fflags"/> yet.</summary>
    public uint Mxcsr;

    /// <summary>MXCSR as native code starts with: no flags.</summary>
    public uint MxcsrClear;

    /// <summary>A GC handle of the hart, for calls from native code.</summary>
    public nint Hart;

    /// <summary>Nonzero where landing pads are enabled in the current mode (Zicfilp, xLPE): JALR is the interpreter's then.</summary>
    public uint LandingPads;

    /// <summary>ELP (Zicfilp): nonzero if the next instruction must be LPAD.</summary>
    public uint ExpectsLandingPad;

    /// <summary>Whether JALR through a register leads to a landing pad where they are enabled: not returns, nor jumps through x7 (Zicfilp).</summary>
    public static bool JumpsToLandingPad(int rs1) => rs1 is not (1 or 5 or 7);
}
