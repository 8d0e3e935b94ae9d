using System.Reflection.Emit;
using CoveJit.Harts.Execution;
using CoveJit.Isa;
using CoveJit.Translator.Inspection;
using CoveJit.Translator.Planning;

namespace CoveJit.Translator.Emission;

/// <summary>
/// Emits a region as one dynamic method from the state pointer to a <see cref="TranslatedExit"/>. Guest registers live in locals; whatever the fast
/// paths cannot do leaves the method before the instruction, with exact state, for the interpreter to do.
/// </summary>
/// <remarks>
/// The method does not know its virtual address: the home page's is a local, and all others are offsets from it. It was found by physical
/// address, so the home page is what it was compiled from; edges into other pages look their mapping up in the fetch TLB.
/// </remarks>
internal sealed partial class RegionEmitter
{
    private readonly ILGenerator _il;
    private readonly RegionPlan _plan;
    private readonly RegisterFile _registers;
    private readonly SemanticsEmitter _semantics;
    private readonly Dictionary<int, Label> _labels;
    private readonly LocalBuilder _homeBase;
    private readonly LocalBuilder _left;
    private readonly LocalBuilder _dataBank;
    private readonly LocalBuilder _exitCode;
    private readonly LocalBuilder _address;
    private readonly LocalBuilder _entry;
    private readonly LocalBuilder _target;
    private readonly LocalBuilder? _floatDirty;
    private readonly Label _leave;
    private readonly List<Action> _cold = [];
    private readonly RegionInspection? _inspection;
    private Label? _returnContinue;

    // Whether the region computes with floating point, so that the host's flags count.
    private readonly bool _computesFloat;

    // The block being emitted, and the instruction in it.
    private RegionBlock _block;
    private int _index;

    private RegionEmitter(ILGenerator il, RegionPlan plan, Declarations declarations, RegionInspection? inspection)
    {
        _inspection = inspection;
        _il = il;
        _plan = plan;
        _block = plan.Entry;
        _registers = new RegisterFile(plan, il);
        _labels = plan.Blocks.ToDictionary(block => block.Offset, _ => il.DefineLabel());
        _homeBase = il.DeclareLocal(typeof(ulong));
        _left = il.DeclareLocal(typeof(long));
        _dataBank = il.DeclareLocal(typeof(nint));
        _exitCode = il.DeclareLocal(typeof(int));
        _address = il.DeclareLocal(typeof(ulong));
        _entry = il.DeclareLocal(typeof(nint));
        _target = il.DeclareLocal(typeof(ulong));
        _leave = il.DefineLabel();
        if (_registers.UsesFloat)
        {
            _floatDirty = il.DeclareLocal(typeof(int));
        }

        _semantics = new SemanticsEmitter(il, _registers, declarations, _homeBase);
        _computesFloat = plan.Blocks.Any(block => block.ComputesFloat);
    }

    /// <summary>Emits a plan.</summary>
    /// <param name="il">Where to.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="declarations">The instructions' semantics.</param>
    /// <param name="inspection">What else is to be emitted and noted down for an observer, or null.</param>
    public static void Emit(ILGenerator il, RegionPlan plan, Declarations declarations, RegionInspection? inspection = null) =>
        new RegionEmitter(il, plan, declarations, inspection).Emit();

    private void Emit()
    {
        EmitEntry();
        for (int i = 0; i < _plan.Blocks.Count; i++)
        {
            EmitBlock(_plan.Blocks[i], i + 1 < _plan.Blocks.Count ? _plan.Blocks[i + 1].Offset : null);
        }

        // Cold code may add more of itself.
        for (int i = 0; i < _cold.Count; i++)
        {
            _cold[i]();
        }

        EmitLeave();
    }

    private void EmitEntry()
    {
        if (_registers.UsesFloat)
        {
            EmitFloatGuard();
        }

        _il.LoadState(StateLayout.Pc, OpCodes.Ldind_I8);
        _il.LoadConstant(_plan.Entry.Offset);
        _il.Emit(OpCodes.Sub);
        _il.Emit(OpCodes.Stloc, _homeBase);
        _il.LoadState(StateLayout.Remaining, OpCodes.Ldind_I8);
        _il.Emit(OpCodes.Stloc, _left);
        _il.LoadState(StateLayout.DataBank, OpCodes.Ldind_I);
        _il.Emit(OpCodes.Stloc, _dataBank);
        _registers.EmitLoads(_il);
        _il.Emit(OpCodes.Br, _labels[_plan.Entry.Offset]);
    }

    private void EmitBlock(RegionBlock block, int? next)
    {
        _block = block;
        _index = 0;
        _il.MarkLabel(_labels[block.Offset]);
        if (block.Instructions.Length > 0)
        {
            EmitBudget(block);
        }

        EmitCount(block);
        for (; _index < block.Instructions.Length; _index++)
        {
            _inspection?.At(block.Offsets[_index]);
            EmitInstruction(block.Instructions[_index]);
        }

        _inspection?.At(null);

        if (block.Truncated)
        {
            EmitExit(block.End, 0, TranslatedExit.Continue);
        }
        else if (block.Terminator.Op == Op.BlockEnd)
        {
            EmitEdge(block.End, next);
        }
        else if (OpInfo.Kind(block.Terminator.Op) == OpKind.Branch)
        {
            EmitEdge(block.End, next);
        }
    }

    // Takes a block's instructions from the budget; leaves in front of it if they do not fit, or, at the head of a loop, if the hart is wanted.
    private void EmitBudget(RegionBlock block)
    {
        int count = block.Instructions.Length;
        Label exit = _il.DefineLabel();
        _il.Emit(OpCodes.Ldloc, _left);
        _il.LoadConstant(count);
        _il.Emit(OpCodes.Sub);
        _il.Emit(OpCodes.Stloc, _left);
        _il.Emit(OpCodes.Ldloc, _left);
        _il.LoadConstant(0);
        _il.Emit(OpCodes.Blt, exit);
        if (block.IsLoopHead)
        {
            _il.LoadStateAddress(StateLayout.Attention);
            _il.Emit(OpCodes.Volatile);
            _il.Emit(OpCodes.Ldind_I4);
            _il.Emit(OpCodes.Brtrue, exit);
        }

        Cold(exit, () => EmitExit(block.Offset, count, TranslatedExit.Continue));
    }

    // Counts the block's runs, if somebody wants to know.
    private void EmitCount(RegionBlock block)
    {
        if (_inspection?.CounterOf(block) is nint counter and not 0)
        {
            _il.Emit(OpCodes.Ldc_I8, counter);
            _il.Emit(OpCodes.Conv_I);
            _il.Emit(OpCodes.Dup);
            _il.Emit(OpCodes.Ldind_I8);
            _il.LoadConstant(1);
            _il.Emit(OpCodes.Add);
            _il.Emit(OpCodes.Stind_I8);
        }
    }

    private void EmitInstruction(in DecodedInstruction instruction)
    {
        switch (OpInfo.Kind(instruction.Op))
        {
            case OpKind.Alu:
                EmitCompute(instruction);
                break;
            case OpKind.Load:
                EmitLoad(instruction);
                break;
            case OpKind.Store:
                EmitStore(instruction);
                break;
            case OpKind.Amo:
                EmitAmo(instruction);
                break;
            case OpKind.Branch:
                _semantics.EmitValue(instruction, _block.Offset);
                EmitConditionalEdge(_block.Target);
                break;
            case OpKind.Jump:
                EmitJump(instruction);
                break;
            default:
                EmitSystem(instruction);
                break;
        }
    }

    private void EmitCompute(in DecodedInstruction instruction)
    {
        OpFlags flags = OpInfo.FlagsOf(instruction.Op);
        if ((flags & (OpFlags.UsesFloat | OpFlags.WritesFd)) != 0)
        {
            EmitFloatCompute(instruction);
            return;
        }

        if (instruction.Rd == Harts.State.HartState.Sink)
        {
            return; // a hint
        }

        _semantics.EmitValue(instruction, _block.Offset);
        _semantics.EmitResult(instruction);
    }

    // FENCE and prefetches: those that reach here do nothing to the hart.
    private void EmitSystem(in DecodedInstruction instruction)
    {
        // As Hart.Fence: on an x86 host only a store followed by a load can be reordered.
        bool storeBeforeLoad = instruction.Op == Op.Fence
            && ((instruction.Imm >> 4) & 1) != 0 && (instruction.Imm & 2) != 0 && ((instruction.Imm >> 8) & 15) != 8;
        if (storeBeforeLoad)
        {
            _il.Emit(OpCodes.Call, typeof(Interlocked).GetMethod(nameof(Interlocked.MemoryBarrier))!);
        }
    }

    // Emits code at the end of the method, out of the way.
    private void Cold(Label label, Action emit)
    {
        _cold.Add(() =>
        {
            _il.MarkLabel(label);
            emit();
        });
    }

    // A label to branch to when the current instruction is beyond the fast path: leaves before it.
    private Label InterpretInstead()
    {
        Label label = _il.DefineLabel();
        int offset = _block.Offsets[_index];
        int refund = _block.Instructions.Length - _index;
        Cold(label, () => EmitExit(offset, refund, TranslatedExit.Interpret));
        return label;
    }
}
