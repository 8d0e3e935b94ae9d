using CoveJit.Harts.Code;
using CoveJit.Harts.Execution;
using CoveJit.Harts.State;
using CoveJit.Isa;
using CoveJit.Isa.FloatingPoint;
using CoveJit.Memory.Physical;
using CoveJit.Translator.Emission;
using CoveJit.Translator.X64.Assembly;
using CoveJit.Translator.X64.Semantics;

namespace CoveJit.Translator.X64.Blocks;

/// <summary>
/// Emits one decoded block as native code. Convention: native code of a block is entered with the block's page offset in the low bits of rax, its page's virtual
/// address in <see cref="HartState.PageBase"/>, and the guest's registers where <see cref="PinnedRegisters"/> says.
/// </summary>
/// <remarks>
/// A block goes to another one through the other's <see cref="Block.Native"/>, so that no code is ever patched. What native code cannot do itself it
/// has the interpreter's handler do (instructions without side effects on control), or leaves for the interpreter before the instruction.
/// </remarks>
internal sealed unsafe partial class BlockEmitter
{
    /// <summary>More bytes than any block's code takes.</summary>
    public const int MaximumSize = 64 << 10;

    private readonly Assembler _assembler;
    private readonly NativeRuntime _runtime;
    private readonly CodeCache _code;
    private readonly Expressions _expressions = new();
    private readonly NodeEmitter _nodes;
    private readonly List<Action> _cold = [];
    private readonly Operand[] _operands = new Operand[8];

    // The block being emitted.
    private Block* _block;
    private DecodedInstruction* _instruction;
    private byte* _start;
    private ulong _page;
    private int _blockOffset;
    private int _offset;
    private int _done;
    private bool _floatDirty;

    public BlockEmitter(Assembler assembler, NativeRuntime runtime, CodeCache code)
    {
        _assembler = assembler;
        _runtime = runtime;
        _code = code;
        _nodes = new NodeEmitter(assembler);
    }

    /// <summary>The blocks in the same page that the code emitted last goes to.</summary>
    public List<BlockEdge> Edges { get; } = [];

    // Instructions not executed yet, the current one included.
    private int Refund => _block->Count - _done;

    /// <summary>Emits a block.</summary>
    /// <param name="block">The block.</param>
    /// <param name="address">Physical address of its first byte.</param>
    /// <param name="counter">Address of a 64-bit counter to increment at each run, or 0.</param>
    /// <param name="mark">Told where the code of each instruction begins: its offset in the block, null for what follows the last, and the offset of its code.</param>
    /// <returns>Its native code.</returns>
    public byte* Emit(Block* block, ulong address, nint counter = 0, Action<ulong?, int>? mark = null)
    {
        _block = block;
        _instruction = Block.Instructions(block);
        _page = address & ~0xFFFUL;
        _blockOffset = _offset = (int)(address & 0xFFF);
        _done = 0;
        _floatDirty = false;
        _cold.Clear();
        Edges.Clear();
        _start = _assembler.Position;
        EmitBudget();
        EmitHeat();
        EmitFloatGuard();
        if (counter != 0)
        {
            _assembler.MoveConstant(Register.Rcx, counter);
            _assembler.Op(Alu.Add, new Mem(Register.Rcx, 0), 1);
        }

        bool open = true;
        for (; _done < block->Count && open; _done++)
        {
            mark?.Invoke((ulong)(_offset - _blockOffset), (int)(_assembler.Position - _start));
            open = EmitInstruction(*_instruction);
            _offset += _instruction->Length;
            _instruction++;
        }

        if (open)
        {
            EmitEdge(_offset, back: false);
        }

        mark?.Invoke(null, (int)(_assembler.Position - _start));

        // Cold code may add more of itself.
        for (int i = 0; i < _cold.Count; i++)
        {
            _cold[i]();
        }

        return _start;
    }

    private static bool UsesFloat(Block* block)
    {
        DecodedInstruction* instruction = Block.Instructions(block);
        for (int i = 0; i < block->Count; i++)
        {
            if (OpInfo.UsesFloat(instruction[i].Op))
            {
                return true;
            }
        }

        return false;
    }

    private void EmitBudget()
    {
        int count = _block->Count;
        int offset = _offset;
        _assembler.Op(Alu.Sub, PinnedRegisters.Remaining, count);
        _assembler.JumpIf(Condition.Sign, Cold(() => EmitExit(offset, count, TranslatedExit.Continue)));
    }

    // Counts the run for the tier above.
    private void EmitHeat()
    {
        if (_code.RegionThreshold == 0 || _block->NativeRuns >= 0)
        {
            return;
        }

        int count = _block->Count;
        int offset = _offset;
        _assembler.Increment(&_block->NativeRuns);
        _assembler.JumpIf(Condition.Equal, Cold(() => EmitExit(offset, count, TranslatedExit.Hotter)));
    }

    // With mstatus.FS off or a rounding mode other than nearest-even the interpreter executes the block.
    private void EmitFloatGuard()
    {
        if (!UsesFloat(_block))
        {
            return;
        }

        int count = _block->Count;
        int offset = _offset;
        _assembler.Load(Register.Rcx, PinnedRegisters.Field(StateLayout.FloatOff), wide: false);
        _assembler.Op(Alu.Or, Register.Rcx, PinnedRegisters.Field(StateLayout.Frm), wide: false);
        _assembler.JumpIf(Condition.NotEqual, Cold(() => EmitExit(offset, count, TranslatedExit.Interpret)));
    }

    // Emits an instruction; false if nothing follows it in the block.
    private bool EmitInstruction(in DecodedInstruction instruction)
    {
        switch (OpInfo.Kind(instruction.Op))
        {
            case OpKind.Alu:
                EmitCompute(instruction);
                return true;
            case OpKind.Load:
                EmitLoad(instruction);
                return true;
            case OpKind.Store:
                EmitStore(instruction);
                return true;
            case OpKind.Amo:
                EmitAmo(instruction);
                return true;
            case OpKind.Branch:
                EmitBranch(instruction);
                return false;
            case OpKind.Jump:
                EmitJump(instruction);
                return false;
            case OpKind.System when !OpInfo.EndsBlock(instruction.Op):
                EmitSystem(instruction);
                return true;
            case OpKind.System:
                EmitLast();
                return false;
            default:
                EmitExit(_offset, Refund, TranslatedExit.Interpret);
                return false;
        }
    }

    private void EmitCompute(in DecodedInstruction instruction)
    {
        if (OpInfo.UsesFloat(instruction.Op))
        {
            EmitFloatCompute(instruction);
            return;
        }

        if (instruction.Rd == HartState.Sink)
        {
            return; // a hint
        }

        if (instruction.Op == Op.Auipc)
        {
            // The immediate counts from the block's start.
            EmitVirtualAddress(ResultRegister(instruction.Rd), _blockOffset + instruction.Imm);
            EmitResult(instruction.Rd, ResultRegister(instruction.Rd));
            return;
        }

        if (_expressions[instruction.Op] is Node node && NodeEmitter.CanEmit(node) && TryBind(instruction))
        {
            Register result = ResultRegister(instruction.Rd);
            _nodes.Emit(node, result);
            EmitResult(instruction.Rd, result);
            return;
        }

        EmitHandler();
    }

    private void EmitSystem(in DecodedInstruction instruction)
    {
        switch (instruction.Op)
        {
            case Op.Fence:
                // As Hart.Fence: on an x86 host only a store followed by a load can be reordered.
                if (((instruction.Imm >> 4) & 1) != 0 && (instruction.Imm & 2) != 0 && ((instruction.Imm >> 8) & 15) != 8)
                {
                    _assembler.FullFence();
                }

                break;
            case Op.FenceTso or Op.PrefetchI or Op.PrefetchR or Op.PrefetchW:
                break;
            default:
                EmitHandler();
                break;
        }
    }

    // Has the interpreter's handler execute the current instruction.
    private void EmitHandler()
    {
        int offset = _offset;
        int refund = Refund;
        int length = _instruction->Length;
        _assembler.MoveConstant(Register.Rax, offset);
        _assembler.LeaOf(Register.Rcx, _instruction);
        _assembler.Call(_runtime.Execute);
        _assembler.Test(Register.Rax, Register.Rax, wide: false);
        _assembler.JumpIf(Condition.NotEqual, Cold(() =>
        {
            Label leave = new();
            _assembler.Op(Alu.Cmp, Register.Rax, (int)Flow.Leave, wide: false);
            _assembler.JumpIf(Condition.Equal, leave);
            EmitExit(offset, refund, TranslatedExit.Interpret);
            _assembler.Mark(leave);
            EmitExit(offset + length, refund - 1, TranslatedExit.Leave);
        }));
        _floatDirty = false; // only what is known to be emitted counts
    }

    // Has the interpreter's handler execute the current instruction, which acts on the hart: the last of the block.
    private void EmitLast()
    {
        _assembler.MoveConstant(Register.Rax, _offset);
        _assembler.LeaOf(Register.Rcx, _instruction);
        _assembler.MoveConstant(Register.Rdx, ExitRecord.Of(_offset, Refund, TranslatedExit.Interpret));
        _assembler.Call(_runtime.ExecuteLast);
        EmitEdge(_offset + _instruction->Length, back: false);
    }

    // The operands of the current instruction's semantic method; false if one has no place that expressions understand.
    private bool TryBind(in DecodedInstruction instruction)
    {
        System.Reflection.ParameterInfo[] parameters = _expressions.DeclarationOf(instruction.Op).Parameters;
        for (int i = 0; i < parameters.Length; i++)
        {
            switch (parameters[i].Name)
            {
                case "rs1":
                    _operands[i] = PinnedRegisters.X(instruction.Rs1);
                    break;
                case "rs2":
                    _operands[i] = PinnedRegisters.X(instruction.Rs2);
                    break;
                case "fs1" when parameters[i].ParameterType != typeof(ushort):
                    _operands[i] = Operand.At(PinnedRegisters.F(instruction.Rs1));
                    break;
                case "fs2" when parameters[i].ParameterType != typeof(ushort):
                    _operands[i] = Operand.At(PinnedRegisters.F(instruction.Rs2));
                    break;
                case "rd" or "fs1" or "fs2" or "fs3" or "pc" or "context" or "value" or "memory" or "machine":
                    return false;
                default:
                    _operands[i] = Operand.Of(parameters[i].Name == "zimm" ? instruction.Rs1 : instruction.Imm);
                    break;
            }
        }

        _nodes.Bind(_operands);
        return true;
    }

    // Where a result is computed: the guest register's host register, or rax.
    private static Register ResultRegister(int rd) => rd < HartState.Sink && PinnedRegisters.Of(rd) is Register host ? host : Register.Rax;

    // Stores a result that is not in its place yet.
    private void EmitResult(int rd, Register result)
    {
        if (rd >= HartState.Sink)
        {
            return;
        }

        if (PinnedRegisters.Of(rd) is Register host)
        {
            _assembler.Move(host, result);
        }
        else
        {
            _assembler.Store(PinnedRegisters.Field(StateLayout.X(rd)), result);
        }
    }

    // A guest register in a host register: its own, or the given scratch.
    private Register InRegister(int guest, Register scratch)
    {
        Operand operand = PinnedRegisters.X(guest);
        if (operand.Register is Register host)
        {
            return host;
        }

        if (operand.Constant is long constant)
        {
            _assembler.MoveConstant(scratch, constant);
        }
        else
        {
            _assembler.Load(scratch, operand.Memory);
        }

        return scratch;
    }

    // A label whose code is emitted behind the block, out of the way. The emitter's position in the block is not what it was then.
    private Label Cold(Action emit)
    {
        Label label = new();
        _cold.Add(() =>
        {
            _assembler.Mark(label);
            emit();
        });
        return label;
    }
}
