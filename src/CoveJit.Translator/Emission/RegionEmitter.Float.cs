using System.Reflection.Emit;
using CoveJit.Harts.Execution;
using CoveJit.Isa;
using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Translator.Emission;

/// <summary>Floating point by the declared operations. A region assumes round-to-nearest-even as the dynamic mode; under another it is not used.</summary>
internal sealed partial class RegionEmitter
{
    // Only with mstatus.FS on and frm = RNE: otherwise the interpreter goes on.
    private void EmitFloatGuard()
    {
        Label refused = _il.DefineLabel();
        _il.LoadState(StateLayout.FloatOff, OpCodes.Ldind_I4);
        _il.LoadState(StateLayout.Frm, OpCodes.Ldind_I4);
        _il.Emit(OpCodes.Or);
        _il.Emit(OpCodes.Brtrue, refused);
        Cold(refused, () =>
        {
            _il.Emit(OpCodes.Ldc_I4, (int)TranslatedExit.Interpret);
            _il.Emit(OpCodes.Ret);
        });
        _il.LoadState(StateLayout.FloatDirty, OpCodes.Ldind_I4);
        _il.Emit(OpCodes.Stloc, _floatDirty!);
        _il.Emit(OpCodes.Ldloca, _context!);
        _il.LoadState(StateLayout.Fflags, OpCodes.Ldind_I4);
        _il.Emit(OpCodes.Stfld, typeof(FloatContext).GetField(nameof(FloatContext.Flags))!);
    }

    private void EmitFloatCompute(in DecodedInstruction instruction)
    {
        bool context = _semantics.DeclarationOf(instruction.Op).TakesContext;
        if (OpInfo.HasRm(instruction.Op) && (RoundingMode)instruction.Rm is > RoundingMode.Rmm and not RoundingMode.Dynamic)
        {
            _il.Emit(OpCodes.Br, InterpretInstead()); // reserved: illegal
            return;
        }

        if (context)
        {
            RoundingMode rounding = OpInfo.HasRm(instruction.Op) && instruction.Rm != (byte)RoundingMode.Dynamic ? (RoundingMode)instruction.Rm : RoundingMode.Rne;
            if (_rounding != rounding)
            {
                _il.Emit(OpCodes.Ldloca, _context!);
                _il.Emit(OpCodes.Ldc_I4, (int)rounding);
                _il.Emit(OpCodes.Stfld, typeof(FloatContext).GetField(nameof(FloatContext.Rounding))!);
                _rounding = rounding;
            }
        }

        _semantics.EmitValue(instruction, _block.Offset);
        _semantics.EmitResult(instruction);
        if (context || OpInfo.WritesFd(instruction.Op))
        {
            EmitFloatDirty();
        }
    }

    private void EmitFloatDirty()
    {
        _il.Emit(OpCodes.Ldc_I4_1);
        _il.Emit(OpCodes.Stloc, _floatDirty!);
    }

    private void EmitFloatWriteBack()
    {
        if (!_registers.UsesFloat)
        {
            return;
        }

        _il.StoreState(StateLayout.FloatDirty, OpCodes.Stind_I4, () => _il.Emit(OpCodes.Ldloc, _floatDirty!));
        _il.StoreState(StateLayout.Fflags, OpCodes.Stind_I4, () =>
        {
            _il.Emit(OpCodes.Ldloca, _context!);
            _il.Emit(OpCodes.Ldfld, typeof(FloatContext).GetField(nameof(FloatContext.Flags))!);
        });
    }
}
