using System.Reflection.Emit;
using CoveJit.Harts.Execution;
using CoveJit.Isa;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Planning;
using CoveJit.Translator.Tier;

namespace CoveJit.Translator.Emission;

/// <summary>Edges, jumps and exits.</summary>
internal sealed partial class RegionEmitter
{
    // Returns are compared with this many continuations of calls at most before the general lookup.
    private const int MaximumPredictions = 4;

    private const long PageMask = ~0xFFFL;

    private void EmitJump(in DecodedInstruction instruction)
    {
        if (instruction.Op == Op.Jal)
        {
            EmitLink(instruction);
            EmitEdge(_block.Target, null);
            return;
        }

        // The target first: rd may be rs1.
        _semantics.EmitValue(instruction, _block.Offset);
        _il.Emit(OpCodes.Stloc, _target);
        EmitLink(instruction);
        if (instruction.Rd == Harts.State.HartState.Sink)
        {
            foreach (RegionBlock after in _plan.Blocks.Where(block => block.FollowsCall).OrderByDescending(block => block.Heat).Take(MaximumPredictions))
            {
                _il.Emit(OpCodes.Ldloc, _target);
                _semantics.EmitAddress(after.Offset);
                _il.Emit(OpCodes.Ceq);
                EmitConditionalEdge(after.Offset);
            }
        }

        EmitIndirectExit();
    }

    private void EmitLink(in DecodedInstruction instruction)
    {
        if (instruction.Rd != Harts.State.HartState.Sink)
        {
            _semantics.EmitAddress(_block.End);
            _il.Emit(OpCodes.Stloc, _registers.X(instruction.Rd)!);
        }
    }

    // Goes to an offset: inside the region, to a block known outside, or back to the interpreter.
    private void EmitEdge(int target, int? next)
    {
        if (_plan.ByOffset.TryGetValue(target, out RegionBlock? inside))
        {
            EmitMappingCheck(target);
            if (target != next)
            {
                _il.Emit(OpCodes.Br, _labels[inside.Offset]);
            }
        }
        else if (_plan.Links.TryGetValue(target, out nint native))
        {
            EmitMappingCheck(target);
            EmitLinkedExit(target, native);
        }
        else
        {
            EmitExit(target, 0, TranslatedExit.Continue);
        }
    }

    // Goes to an offset if the boolean on the stack is true.
    private void EmitConditionalEdge(int target)
    {
        if (_plan.ByOffset.ContainsKey(target) && !NeedsMappingCheck(target))
        {
            _il.Emit(OpCodes.Brtrue, _labels[target]);
            return;
        }

        Label taken = _il.DefineLabel();
        _il.Emit(OpCodes.Brtrue, taken);
        RegionBlock from = _block;
        Cold(taken, () =>
        {
            _block = from;
            EmitEdge(target, null);
        });
    }

    // The home page is as it was when the region was entered. So is a page that the edge does not leave.
    private bool NeedsMappingCheck(int target)
    {
        int page = target & ~0xFFF;
        return page != 0 && page != ((_block.End - 1) & ~0xFFF);
    }

    // Leaves if the fetch TLB does not map the target's page to the page it was compiled from.
    private void EmitMappingCheck(int target)
    {
        if (!NeedsMappingCheck(target))
        {
            return;
        }

        if (_plan.PageAt(target) is not RegionPage page)
        {
            EmitExit(target, 0, TranslatedExit.Continue);
            return;
        }

        Label changed = _il.DefineLabel();
        _semantics.EmitAddress(page.Offset);
        _il.Emit(OpCodes.Stloc, _address);
        EmitTlbEntry(_address, StateLayout.FetchBank, AccessType.Execute);
        _il.Emit(OpCodes.Ldloc, _entry);
        _il.Emit(OpCodes.Ldind_I8);
        _il.Emit(OpCodes.Ldloc, _address);
        _il.Emit(OpCodes.Bne_Un, changed);
        EmitHostAddress(_address);
        _il.LoadState(StateLayout.Ram, OpCodes.Ldind_I8);
        _il.Emit(OpCodes.Sub);
        _il.LoadConstant((long)(page.Index << 12));
        _il.Emit(OpCodes.Bne_Un, changed);
        Cold(changed, () => EmitExit(target, 0, TranslatedExit.Continue));
    }

    // Leaves through the entry of a block that was decoded when the region was planned, if it is translated by now.
    private void EmitLinkedExit(int target, nint native)
    {
        _semantics.EmitAddress(target);
        _il.Emit(OpCodes.Stloc, _target);
        EmitWriteBack();
        _il.Emit(OpCodes.Ldc_I8, (long)native);
        _il.Emit(OpCodes.Conv_U);
        _il.Emit(OpCodes.Stloc, _entry);
        EmitTailCall(ReturnContinue());
    }

    // Leaves to the address in _target: through the TLB and the page's block table to a translated block, or back to the interpreter.
    private void EmitIndirectExit()
    {
        Label miss = ReturnContinue();
        EmitWriteBack();
        EmitTlbEntry(_target, StateLayout.FetchBank, AccessType.Execute);
        _il.Emit(OpCodes.Ldloc, _entry);
        _il.Emit(OpCodes.Ldind_I8);
        _il.Emit(OpCodes.Ldloc, _target);
        _il.LoadConstant(PageMask);
        _il.Emit(OpCodes.And);
        _il.Emit(OpCodes.Bne_Un, miss);

        // table = CodeTables[(host - Ram) >> 12]
        _il.LoadState(StateLayout.CodeTables, OpCodes.Ldind_I);
        EmitHostAddress(_target);
        _il.LoadState(StateLayout.Ram, OpCodes.Ldind_I8);
        _il.Emit(OpCodes.Sub);
        _il.Emit(OpCodes.Ldc_I4, 12);
        _il.Emit(OpCodes.Shr_Un);
        _il.Emit(OpCodes.Ldc_I4, 3);
        _il.Emit(OpCodes.Shl);
        _il.Emit(OpCodes.Conv_U);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Volatile);
        _il.Emit(OpCodes.Ldind_I);
        _il.Emit(OpCodes.Stloc, _entry);
        _il.Emit(OpCodes.Ldloc, _entry);
        _il.Emit(OpCodes.Brfalse, miss);

        // reference = table[(target & 0xFFF) >> 1]; a reference counts 16-byte units
        _il.LoadState(StateLayout.Arena, OpCodes.Ldind_I);
        _il.Emit(OpCodes.Ldloc, _entry);
        _il.Emit(OpCodes.Ldloc, _target);
        _il.Emit(OpCodes.Conv_U4);
        _il.Emit(OpCodes.Ldc_I4, 0xFFE);
        _il.Emit(OpCodes.And);
        _il.Emit(OpCodes.Ldc_I4, 1);
        _il.Emit(OpCodes.Shl);
        _il.Emit(OpCodes.Conv_U);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Volatile);
        _il.Emit(OpCodes.Ldind_U4);
        _il.Emit(OpCodes.Conv_U8);
        _il.Emit(OpCodes.Ldc_I4, 4);
        _il.Emit(OpCodes.Shl);
        _il.Emit(OpCodes.Conv_U);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Stloc, _entry);

        // Reference 0 leads to a block header without an entry.
        EmitTailCall(miss);
    }

    // Registers, pc (from _target) and budget to the state.
    private void EmitWriteBack()
    {
        _registers.EmitStores(_il);
        EmitFloatWriteBack();
        EmitCredit();
        _il.StoreState(StateLayout.Pc, OpCodes.Stind_I8, () => _il.Emit(OpCodes.Ldloc, _target));
        _il.StoreState(StateLayout.Remaining, OpCodes.Stind_I8, () => _il.Emit(OpCodes.Ldloc, _left));
    }

    // block.Credit = min(MaximumCredit, block.Credit + instructions of this stay - BreakEven). The state has the budget there was at the entry.
    // Harts share the word without a lock: it is an estimate.
    private void EmitCredit()
    {
        if (_plan.BreakEven == 0)
        {
            return;
        }

        _il.Emit(OpCodes.Ldc_I8, (long)_plan.Entry.Native + StateLayout.BlockCredit);
        _il.Emit(OpCodes.Conv_U);
        _il.Emit(OpCodes.Ldc_I8, (long)_plan.Entry.Native + StateLayout.BlockCredit);
        _il.Emit(OpCodes.Conv_U);
        _il.Emit(OpCodes.Ldind_I4);
        _il.Emit(OpCodes.Conv_I8);
        _il.LoadState(StateLayout.Remaining, OpCodes.Ldind_I8);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Ldloc, _left);
        _il.Emit(OpCodes.Sub);
        _il.LoadConstant(_plan.BreakEven);
        _il.Emit(OpCodes.Sub);
        _il.LoadConstant(Region.MaximumCredit);
        _il.Emit(OpCodes.Call, typeof(Math).GetMethod(nameof(Math.Min), [typeof(long), typeof(long)])!);
        _il.Emit(OpCodes.Conv_I4);
        _il.Emit(OpCodes.Stind_I4);
    }

    // Tail-calls the translation of the block whose address is in _entry, if it has one.
    private void EmitTailCall(Label none)
    {
        LocalBuilder code = ValueOf(typeof(nint));
        _il.Emit(OpCodes.Ldloc, _entry);
        _il.Emit(OpCodes.Ldc_I4, StateLayout.BlockEntry);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Volatile);
        _il.Emit(OpCodes.Ldind_I);
        _il.Emit(OpCodes.Stloc, code);
        _il.Emit(OpCodes.Ldloc, code);
        _il.Emit(OpCodes.Brfalse, none);
        _il.Emit(OpCodes.Ldarg_0);
        _il.Emit(OpCodes.Ldloc, _entry);
        _il.Emit(OpCodes.Ldloc, code);
        _il.Emit(OpCodes.Tailcall);
        _il.EmitCalli(OpCodes.Calli, System.Reflection.CallingConventions.Standard, typeof(int), [typeof(nint), typeof(nint)], null);
        _il.Emit(OpCodes.Ret);
    }

    // Cold: returns when all is written back already.
    private Label ReturnContinue()
    {
        if (_returnContinue is Label known)
        {
            return known;
        }

        Label label = _il.DefineLabel();
        _returnContinue = label;
        Cold(label, () =>
        {
            _il.Emit(OpCodes.Ldc_I4, (int)TranslatedExit.Continue);
            _il.Emit(OpCodes.Ret);
        });
        return label;
    }

    // Leaves at an offset; refund counts instructions taken from the budget but not executed.
    private void EmitExit(int offset, int refund, TranslatedExit exit)
    {
        _semantics.EmitAddress(offset);
        _il.Emit(OpCodes.Stloc, _target);
        if (refund != 0)
        {
            _il.Emit(OpCodes.Ldloc, _left);
            _il.LoadConstant(refund);
            _il.Emit(OpCodes.Add);
            _il.Emit(OpCodes.Stloc, _left);
        }

        _il.Emit(OpCodes.Ldc_I4, (int)exit);
        _il.Emit(OpCodes.Stloc, _exitCode);
        _il.Emit(OpCodes.Br, _leave);
    }

    private void EmitLeave()
    {
        _il.MarkLabel(_leave);
        EmitWriteBack();
        _il.Emit(OpCodes.Ldloc, _exitCode);
        _il.Emit(OpCodes.Ret);
    }
}
