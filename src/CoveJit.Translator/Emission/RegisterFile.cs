using System.Reflection.Emit;
using CoveJit.Harts.State;
using CoveJit.Isa;
using CoveJit.Translator.Planning;

namespace CoveJit.Translator.Emission;

/// <summary>Guest registers as IL locals: those a region uses are loaded at its entry, those it writes are stored at its exits.</summary>
internal sealed class RegisterFile
{
    private readonly LocalBuilder?[] _x = new LocalBuilder?[32];
    private readonly LocalBuilder?[] _f = new LocalBuilder?[32];
    private readonly bool[] _xWritten = new bool[32];
    private readonly bool[] _fWritten = new bool[32];

    /// <summary>Declares a local for every register the plan's instructions name.</summary>
    public RegisterFile(RegionPlan plan, ILGenerator il)
    {
        foreach (DecodedInstruction instruction in plan.Blocks.SelectMany(block => block.Instructions))
        {
            OpFlags flags = OpInfo.FlagsOf(instruction.Op);
            bool Has(OpFlags flag) => (flags & flag) != 0;
            Use(_x, Has(OpFlags.ReadsRs1), instruction.Rs1);
            Use(_x, Has(OpFlags.ReadsRs2), instruction.Rs2);
            Use(_x, Has(OpFlags.ReadsRd), instruction.Rd);
            Use(_x, Has(OpFlags.WritesRd), instruction.Rd, _xWritten);
            Use(_f, Has(OpFlags.ReadsFs1), instruction.Rs1);
            Use(_f, Has(OpFlags.ReadsFs2), instruction.Rs2);
            Use(_f, Has(OpFlags.ReadsFs3), instruction.Rs3);
            Use(_f, Has(OpFlags.WritesFd), instruction.Rd, _fWritten);
            UsesFloat |= Has(OpFlags.UsesFloat);
        }

        _x[0] = null;

        void Use(LocalBuilder?[] locals, bool used, int number, bool[]? written = null)
        {
            if (used && number < HartState.Sink)
            {
                locals[number] ??= il.DeclareLocal(locals == _x ? typeof(ulong) : typeof(double));
                if (written is not null)
                {
                    written[number] = true;
                }
            }
        }
    }

    /// <summary>Whether any instruction is illegal while mstatus.FS is Off.</summary>
    public bool UsesFloat { get; }

    /// <summary>Whether any floating-point register is written.</summary>
    public bool WritesFloat => Array.IndexOf(_fWritten, true) >= 0;

    /// <summary>The local of an integer register; null for x0.</summary>
    public LocalBuilder? X(int number) => _x[number];

    /// <summary>The local of a floating-point register.</summary>
    public LocalBuilder F(int number) => _f[number]!;

    /// <summary>Emits the loads at the entry.</summary>
    public void EmitLoads(ILGenerator il)
    {
        for (int i = 1; i < 32; i++)
        {
            if (_x[i] is LocalBuilder local)
            {
                il.LoadState(StateLayout.X(i), OpCodes.Ldind_I8);
                il.Emit(OpCodes.Stloc, local);
            }
        }

        for (int i = 0; i < 32; i++)
        {
            if (_f[i] is LocalBuilder local)
            {
                il.LoadState(StateLayout.F(i), OpCodes.Ldind_R8);
                il.Emit(OpCodes.Stloc, local);
            }
        }
    }

    /// <summary>Emits the stores of an exit.</summary>
    public void EmitStores(ILGenerator il)
    {
        for (int i = 1; i < 32; i++)
        {
            if (_x[i] is LocalBuilder local && _xWritten[i])
            {
                il.StoreState(StateLayout.X(i), OpCodes.Stind_I8, () => il.Emit(OpCodes.Ldloc, local));
            }
        }

        for (int i = 0; i < 32; i++)
        {
            if (_f[i] is LocalBuilder local && _fWritten[i])
            {
                il.StoreState(StateLayout.F(i), OpCodes.Stind_R8, () => il.Emit(OpCodes.Ldloc, local));
            }
        }
    }
}
