using CoveJit.Isa.Generator.Encodings;
using CoveJit.Isa.Generator.Model;

namespace CoveJit.Isa.Generator.Emit;

/// <summary>
/// Emits the interpreter: a loop over decoded blocks whose switch inlines the hot operations, and a handler for every operation, which the loop
/// calls for the others and single-stepping for all.
/// </summary>
internal static class InterpreterEmitter
{
    private const string Arguments = "Hart hart, HartState* s, DecodedInstruction* i, ulong pc";

    public static string Emit(InstructionCatalog catalog)
    {
        CodeWriter code = new("CoveJit.Harts.Execution");
        code.Line("using System.Runtime.CompilerServices;");
        code.Line("using System.Threading;");
        code.Line("using CoveJit.Harts.Code;");
        code.Line("using CoveJit.Harts.State;");
        code.Line("using CoveJit.Isa;");
        code.Line("using CoveJit.Isa.FloatingPoint;");
        code.Line("using CoveJit.Memory.Translation;");
        code.Line();
        code.Open("internal static unsafe partial class Interpreter");
        EmitTable(code, catalog);
        EmitLoop(code, catalog);
        foreach (InstructionModel instruction in catalog.Instructions)
        {
            EmitHandler(code, instruction);
        }

        code.Close();
        return code.ToString();
    }

    private static void EmitTable(CodeWriter code, InstructionCatalog catalog)
    {
        code.Line("/// <summary>The handlers by Op.</summary>");
        code.Open($"private static readonly delegate*<Hart, HartState*, DecodedInstruction*, ulong, Flow>[] Handlers =");
        code.Line("&HandleIllegal,");
        code.Line("&HandleIllegal, // BlockEnd is never executed by itself");
        foreach (InstructionModel instruction in catalog.Instructions)
        {
            code.Line($"&{instruction.Name},");
        }

        code.Close(";");
        code.Line();
    }

    // The loop. Locals: pc is the block's start, left what remains of the budget at the block's start, i the current instruction.
    private static void EmitLoop(CodeWriter code, InstructionCatalog catalog)
    {
        code.Open("public static RunExit Run(Hart hart, HartState* s, long budget)");
        code.Line("byte* arena = hart.Code.Arena;");
        code.Line("uint ask = hart.Code.AskThreshold;");
        code.Line("ulong end = s->InstructionsRetired + (ulong)budget;");
        code.Line("long left = budget;");
        code.Line("ulong pc = s->Pc;");
        code.Line("TlbBank* data = s->DataBank;");
        code.Line("DecodedInstruction* i;");
        code.Line("Block* block;");
        code.Line("uint* table;");
        code.Line("ulong next;");
        code.Line("RunExit exit;");
        code.Line("goto Lookup;");
        code.Line();
        code.Line("NextBlock:");
        code.Line("left -= block->Count;");
        code.Open("if (s->Attention != 0)");
        code.Line("pc = next;");
        code.Line("exit = RunExit.Leave;");
        code.Line("goto Exit;");
        code.Close();
        code.Open("if (((next ^ pc) & ~0xFFFUL) == 0)");
        code.Line("pc = next;");
        code.Line("uint reference = table[(pc & 0xFFF) >> 1];");
        code.Open("if (reference != 0)");
        code.Line("block = (Block*)(arena + ((ulong)reference << 4));");
        code.Line("goto Enter;");
        code.Close();
        code.Close();
        code.Open("else");
        code.Line("pc = next;");
        code.Open("if (TryLookup(hart, s, arena, pc, out table, out block))");
        code.Line("goto Enter;");
        code.Close();
        code.Close();
        code.Line();
        code.Line("Lookup:");
        code.Line("exit = hart.FindBlock(pc, out table, out block);");
        code.Open("if (exit != RunExit.None)");
        code.Line("goto Exit;");
        code.Close();
        code.Line();
        code.Line("// The budget is exact: what does not fit is left to single steps. They meet a block at each instruction, none of which is hot for that.");
        code.Line("Enter:");
        code.Open("if (left < block->Count)");
        code.Line("goto Short;");
        code.Close();
        code.Open("if (++block->Heat >= ask)");
        code.Line("goto Hot;");
        code.Close();
        code.Line();
        code.Line("Interpret:");
        code.Line("i = Block.Instructions(block);");
        code.Open("while (true)");
        code.Open("switch (i->Op)");
        code.Line("case Op.BlockEnd:");
        code.Line("    next = pc + block->ByteLength;");
        code.Line("    goto NextBlock;");
        foreach (InstructionModel instruction in catalog.Instructions.Where(candidate => candidate.Hot && candidate.Kind != InstructionKind.System))
        {
            code.Open($"case Op.{instruction.Name}:");
            EmitHot(code, instruction);
            code.Close();
        }

        code.Line("case Op.Illegal:");
        foreach (InstructionModel instruction in catalog.Instructions.Where(candidate => candidate.Kind == InstructionKind.System && candidate.EndsBlock))
        {
            code.Line($"case Op.{instruction.Name}:");
        }

        code.Line("    goto System;");
        code.Open("default:");
        code.Line("Flow flow = Handlers[(int)i->Op](hart, s, i, pc);");
        code.Open("if (flow == Flow.Next)");
        code.Line("i++;");
        code.Line("continue;");
        code.Close();
        code.Open("if (flow == Flow.Trap)");
        code.Line("goto Trap;");
        code.Close();
        code.Line("i++;");
        code.Line("exit = RunExit.Leave;");
        code.Line("goto Inside;");
        code.Close();
        code.Close();
        code.Close();
        code.Line();
        code.Line("Hot:");
        code.Line("nint code = Volatile.Read(ref block->Entry);");
        code.Open("if (code == 0)");
        code.Open("if (block->Heat == ask || block->Heat == hart.Code.HotThreshold)");
        code.Line("hart.Code.Translator?.OnHot(hart, pc, block); // without one, the count has reached its end");
        code.Close();
        code.Line("goto Interpret;");
        code.Close();
        code.Line("s->Pc = pc;");
        code.Line("s->Remaining = left;");
        code.Line("s->RetiredAtEnd = end;");
        code.Line("TranslatedExit translated = ((delegate*<HartState*, Block*, TranslatedExit>)code)(s, block);");
        code.Line("pc = s->Pc;");
        code.Line("left = s->Remaining;");
        code.Line("data = s->DataBank;");
        code.Open("if (block->Credit < 0)");
        code.Line("hart.Code.Translator!.OnShortStays(block);");
        code.Close();
        code.Open("if (translated == TranslatedExit.Hotter && TryLookup(hart, s, arena, pc, out table, out block))");
        code.Line("hart.Code.Translator!.OnHotter(hart, pc, block); // it says so once");
        code.Close();
        code.Open("if (s->Attention != 0 || translated == TranslatedExit.Leave)");
        code.Line("exit = RunExit.Leave;");
        code.Line("goto Exit;");
        code.Close();
        code.Open("if (translated == TranslatedExit.Interpret)");
        code.Open("if (!TryLookup(hart, s, arena, pc, out table, out block) && (exit = hart.FindBlock(pc, out table, out block)) != RunExit.None)");
        code.Line("goto Exit;");
        code.Close();
        code.Open("if (left >= block->Count)");
        code.Line("goto Interpret;");
        code.Close();
        code.Line("goto Short;");
        code.Close();
        code.Open("if (TryLookup(hart, s, arena, pc, out table, out block))");
        code.Line("goto Enter;");
        code.Close();
        code.Line("goto Lookup;");
        code.Line();
        code.Line("Short:");
        code.Line("exit = left > 0 ? RunExit.Budget : RunExit.Leave;");
        code.Line("goto Exit;");
        code.Line();
        code.Line("// An instruction that may change what execution depends on: it is the block's last, and sees exact state.");
        code.Line("System:");
        code.Line("s->Pc = pc + (ulong)(block->ByteLength - i->Length);");
        code.Line("s->InstructionsRetired = end - (ulong)left + (ulong)(block->Count - 1);");
        code.Open("switch (Handlers[(int)i->Op](hart, s, i, s->Pc))");
        code.Line("case Flow.Next:");
        code.Line("    next = pc + block->ByteLength;");
        code.Line("    goto NextBlock;");
        code.Line("case Flow.Trap:");
        code.Line("    return RunExit.Trap;");
        code.Line("case Flow.Leave:");
        code.Line("    s->Pc = pc + block->ByteLength;");
        code.Line("    break;");
        code.Close();
        code.Line("s->InstructionsRetired++;");
        code.Line("return RunExit.Leave;");
        code.Line();
        code.Line("Trap:");
        code.Line("exit = RunExit.Trap;");
        code.Line("Inside:");
        code.Open("for (DecodedInstruction* done = Block.Instructions(block); done != i; done++)");
        code.Line("pc += done->Length;");
        code.Line("left--;");
        code.Close();
        code.Line("Exit:");
        code.Line("s->Pc = pc;");
        code.Line("s->InstructionsRetired = end - (ulong)left;");
        code.Line("return exit;");
        code.Close();
        code.Line();
    }

    private static void EmitHot(CodeWriter code, InstructionModel instruction)
    {
        EmitFloatGuard(code, instruction, "hart.Illegal();", "goto Trap;");
        switch (instruction.Kind)
        {
            case InstructionKind.Branch:
                code.Line($"next = {Call(instruction)} ? pc + (ulong)(long)i->Imm : pc + block->ByteLength;");
                code.Line("goto NextBlock;");
                return;
            case InstructionKind.Jump:
                code.Line($"next = {Call(instruction)};");
                code.Line("s->X[i->Rd] = pc + block->ByteLength;");
                if (IsIndirect(instruction))
                {
                    code.Open("if (s->LandingPads != 0 && ExpectLandingPad(s, i))");
                    code.Line("left -= block->Count;");
                    code.Line("pc = next;");
                    code.Line("exit = RunExit.Leave;");
                    code.Line("goto Exit;");
                    code.Close();
                }

                code.Line("goto NextBlock;");
                return;
            case InstructionKind.Load:
                EmitLoad(code, instruction, "data", "goto Trap;");
                break;
            case InstructionKind.Store:
                EmitStore(code, instruction, "data", "goto Trap;");
                break;
            default:
                EmitCompute(code, instruction, "hart.Illegal();", "goto Trap;");
                break;
        }

        code.Line("i++;");
        code.Line("continue;");
    }

    private static void EmitHandler(CodeWriter code, InstructionModel instruction)
    {
        code.Open($"private static Flow {instruction.Name}({Arguments})");
        EmitFloatGuard(code, instruction, "", "return hart.Illegal();");
        switch (instruction.Kind)
        {
            case InstructionKind.System:
                code.Line($"return {Call(instruction)};");
                break;
            case InstructionKind.Branch:
                code.Open($"if ({Call(instruction)})");
                code.Line("s->Pc = pc + (ulong)(long)i->Imm;");
                code.Line("return Flow.Redirect;");
                code.Close();
                code.Line("return Flow.Next;");
                break;
            case InstructionKind.Jump:
                code.Line($"s->Pc = {Call(instruction)};");
                code.Line("s->X[i->Rd] = pc + i->Length;");
                if (IsIndirect(instruction))
                {
                    code.Open("if (s->LandingPads != 0)");
                    code.Line("ExpectLandingPad(s, i);");
                    code.Close();
                }

                code.Line("return Flow.Redirect;");
                break;
            case InstructionKind.Load:
                EmitLoad(code, instruction, "s->DataBank", "return Flow.Trap;");
                code.Line("return Flow.Next;");
                break;
            case InstructionKind.Store:
                EmitStore(code, instruction, "s->DataBank", "return Flow.Trap;");
                code.Line("return Flow.Next;");
                break;
            case InstructionKind.Amo:
                EmitAmo(code, instruction);
                break;
            default:
                EmitCompute(code, instruction, "", "return hart.Illegal();");
                code.Line("return Flow.Next;");
                break;
        }

        code.Close();
        code.Line();
    }

    private static bool IsIndirect(InstructionModel instruction) => instruction.Parameters.Any(parameter => parameter.Name == "rs1");

    private static void EmitFloatGuard(CodeWriter code, InstructionModel instruction, string prepare, string leave)
    {
        if (instruction.UsesFloat)
        {
            code.Open("if (s->FloatOff != 0)");
            EmitLeave(code, prepare, leave);
            code.Close();
        }
    }

    private static void EmitLeave(CodeWriter code, string prepare, string leave)
    {
        if (prepare.Length > 0)
        {
            code.Line(prepare);
        }

        code.Line(leave);
    }

    private static void EmitLoad(CodeWriter code, InstructionModel instruction, string bank, string trap)
    {
        string type = instruction.Parameters.First(parameter => parameter.Name == "value").Type;
        int size = SizeOf(type);
        code.Line("ulong address = s->X[i->Rs1] + (ulong)(long)i->Imm;");
        code.Line($"TlbEntry* entry = TlbBank.EntryFor({bank}, address, AccessType.Read);");
        code.Line($"{type} value;");
        code.Open($"if (entry->Tag == (address & 0x{0xFFFFFFFFFFFFF000UL | (uint)(size - 1):x}UL))");
        code.Line($"value = Volatile.Read(ref *({type}*)(address + (ulong)entry->Addend));");
        code.Close();
        code.Open("else");
        code.Open($"if (!hart.Load(address, {size}, out ulong loaded))");
        code.Line(trap);
        code.Close();
        code.Line($"value = ({type})loaded;");
        code.Close();
        EmitResult(code, instruction, Call(instruction));
    }

    private static void EmitStore(CodeWriter code, InstructionModel instruction, string bank, string trap)
    {
        string type = instruction.ReturnType;
        int size = SizeOf(type);
        code.Line("ulong address = s->X[i->Rs1] + (ulong)(long)i->Imm;");
        code.Line($"{type} value = {Call(instruction)};");
        code.Line($"TlbEntry* entry = TlbBank.EntryFor({bank}, address, AccessType.Write);");
        code.Open($"if (entry->Tag == (address & 0x{0xFFFFFFFFFFFFF000UL | (uint)(size - 1):x}UL))");
        code.Line($"Volatile.Write(ref *({type}*)(address + (ulong)entry->Addend), value);");
        code.Close();
        code.Open($"else if (!hart.Store(address, {size}, value))");
        code.Line(trap);
        code.Close();
    }

    private static void EmitAmo(CodeWriter code, InstructionModel instruction)
    {
        ParameterModel memory = instruction.Parameters.First(parameter => parameter.Name == "memory");
        string type = memory.Type;
        code.Line($"{type}* operand = ({type}*)hart.AtomicOperand(s->X[i->Rs1], {SizeOf(type)}, AccessType.Write);");
        code.Open("if (operand == null)");
        code.Line("return Flow.Trap;");
        code.Close();
        code.Line($"{type} seen = Volatile.Read(ref *operand);");
        code.Line($"{type} memory;");
        code.Open("do");
        code.Line("memory = seen;");
        code.Line($"seen = Interlocked.CompareExchange(ref *operand, ({type}){Call(instruction)}, memory);");
        code.Close();
        code.Line("while (seen != memory);");
        code.Line($"s->X[i->Rd] = (ulong)(long)({Signed(type)})memory;");
        code.Line($"hart.AfterAtomicStore((byte*)operand, {SizeOf(type)});");
        code.Line("return Flow.Next;");
    }

    private static void EmitCompute(CodeWriter code, InstructionModel instruction, string prepare, string leave)
    {
        if (instruction.HasRm)
        {
            // A reserved dynamic rounding mode is illegal even for an operation that never rounds.
            code.Line("RoundingMode rounding = i->Rm == (byte)RoundingMode.Dynamic ? (RoundingMode)s->Frm : (RoundingMode)i->Rm;");
            code.Open("if (rounding > RoundingMode.Rmm)");
            EmitLeave(code, prepare, leave);
            code.Close();
        }

        if (!instruction.Parameters.Any(parameter => parameter.Name == "context"))
        {
            EmitResult(code, instruction, Call(instruction));
            return;
        }

        code.Line("FloatContext context;");
        code.Line(instruction.HasRm ? "context.Rounding = rounding;" : "context.Rounding = RoundingMode.Rne;");
        code.Line("context.Flags = (FloatFlags)s->Fflags;");
        EmitResult(code, instruction, Call(instruction));
        code.Line("s->Fflags = (uint)context.Flags;");
        code.Line("s->FloatDirty = 1;");
    }

    private static void EmitResult(CodeWriter code, InstructionModel instruction, string value)
    {
        if (!instruction.WritesFd)
        {
            code.Line(instruction.ReturnType == "ulong" ? $"s->X[i->Rd] = {value};" : $"s->X[i->Rd] = (ulong){value};");
            return;
        }

        code.Line(instruction.ReturnType == "ulong" ? $"s->F[i->Rd] = {value};" : $"s->F[i->Rd] = NanBox.Box({value});");
        code.Line("s->FloatDirty = 1;");
    }

    private static string Call(InstructionModel instruction)
    {
        bool system = instruction.Kind == InstructionKind.System;
        return $"{instruction.Method}({string.Join(", ", instruction.Parameters.Select(parameter => Argument(parameter, system)))})";
    }

    private static string Argument(ParameterModel parameter, bool system) => parameter.Name switch
    {
        "machine" => "hart",
        "value" or "memory" or "pc" => parameter.Name,
        "context" => "ref context",
        "rd" when system => "i->Rd",
        "rs1" when system && parameter.Type == "uint" => "i->Rs1",
        "rs2" when system && parameter.Type == "uint" => "i->Rs2",
        "rd" => Register("i->Rd", parameter.Type),
        "rs1" => Register("i->Rs1", parameter.Type),
        "rs2" => Register("i->Rs2", parameter.Type),
        "zimm" => "i->Rs1",
        "fs1" => Float("i->Rs1", parameter.Type),
        "fs2" => Float("i->Rs2", parameter.Type),
        "fs3" => Float("i->Rs3", parameter.Type),
        "fm" => "((uint)i->Imm >> 8)",
        "pred" => "(((uint)i->Imm >> 4) & 15)",
        "succ" => "((uint)i->Imm & 15)",
        _ => parameter.Type switch
        {
            "ulong" => "(ulong)(long)i->Imm",
            "uint" => "(uint)i->Imm",
            _ => "i->Imm",
        },
    };

    private static string Register(string number, string type) => type == "ulong" ? $"s->X[{number}]" : $"({type})s->X[{number}]";

    private static string Float(string number, string type) => type switch
    {
        "ulong" => $"s->F[{number}]",
        "uint" => $"NanBox.Single(s->F[{number}])",
        _ => $"NanBox.Half(s->F[{number}])",
    };

    private static int SizeOf(string type) => type switch
    {
        "byte" or "sbyte" => 1,
        "ushort" or "short" => 2,
        "uint" or "int" => 4,
        _ => 8,
    };

    private static string Signed(string type) => SizeOf(type) switch
    {
        1 => "sbyte",
        2 => "short",
        4 => "int",
        _ => "long",
    };
}
