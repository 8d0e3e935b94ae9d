using CoveJit.Harts.Tests;
using CoveJit.Isa;

namespace CoveJit.Translator.Tests.Support;

/// <summary>
/// A random program that ends: functions spread over pages, with loops, nested and around calls, calls direct, through tables and recursive,
/// jump tables, forward branches, and straight-line code of all kinds between them.
/// </summary>
/// <remarks>
/// x8 data window, x9 table of function addresses, x2 stack, x23 fuel (each call takes one; without it functions return at once), x18 to x21 loop
/// counters (saved by functions), x28 scratch for addresses. The trap handler owns x29 to x31: x31 mixes what it saw, so that traps are compared.
/// </remarks>
internal sealed class RandomProgram
{
    public const ulong CodeBase = 0x8010_0000;
    public const ulong DataBase = 0x8020_0000;
    public const ulong DataSize = 0x4000;
    public const ulong TableBase = 0x8021_0000;
    public const ulong StackTop = 0x8022_4000;
    public const int Functions = 8;

    /// <summary>The pages of all that the program touches, as (first address, number of pages).</summary>
    public static readonly (ulong Address, int Pages)[] Windows = [(CodeBase, 2 * Functions), (DataBase - 0x1000, 6), (TableBase, 1), (StackTop - 0x4000, 4)];

    private const ulong FunctionSpacing = 0x2000;

    // Steps over the instruction; all that may trap have four bytes.
    public static readonly uint[] Handler =
    [
        Asm.Csrrs(29, 0x341, 0),
        Asm.Add(31, 31, 29),
        Asm.Addi(29, 29, 4),
        Asm.Csrrw(0, 0x341, 29),
        Asm.Csrrs(29, 0x342, 0),
        Code.Encode(Op.Slli, 30, 31, imm: 7),
        Code.Encode(Op.Xor, 31, 31, 30),
        Asm.Add(31, 31, 29),
        Asm.Csrrs(29, 0x343, 0),
        Asm.Add(31, 31, 29),
        Asm.Mret,
    ];

    private static readonly int[] Pool = [3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 24, 25, 26, 27];
    private static readonly Op[] Integer = [.. Instructions.OfKind(OpKind.Alu).Where(op => !OpInfo.UsesFloat(op))];
    private static readonly Op[] Float = [.. Instructions.OfKind(OpKind.Alu).Where(OpInfo.UsesFloat)];
    private static readonly Op[] Loads = [.. Instructions.OfKind(OpKind.Load)];
    private static readonly Op[] Stores = [.. Instructions.OfKind(OpKind.Store)];
    private static readonly Op[] Atomics = [.. Instructions.OfKind(OpKind.Amo)];
    private static readonly Op[] Branches = [.. Instructions.OfKind(OpKind.Branch)];

    private readonly Random _random;
    private readonly bool _float;
    private readonly bool _traps;
    private readonly Code.Label[] _entries = [.. Enumerable.Range(0, Functions).Select(_ => new Code.Label())];
    private readonly List<Code> _pieces = [];
    private Code _code = new(CodeBase);
    private int _counters;
    private int _function;

    public RandomProgram(int seed)
    {
        _random = new Random(seed);
        _float = _random.Next(2) == 0;
        _traps = _random.Next(3) == 0;
        for (int i = 0; i < Functions; i++)
        {
            Start(i);
        }

        for (_function = 0; _function < Functions; _function++)
        {
            _code = _pieces[_function];
            AddFunction();
        }

        // The main program sits behind the last function.
        Entry = _code.Here;
        for (int i = 0; i < 20; i++)
        {
            _code.Go(Op.Jal, _entries[_random.Next(Functions)], rd: 1);
        }

        End = _code.AddEnd();
    }

    public ulong Entry { get; }

    public ulong End { get; }

    /// <summary>Sets data and registers; the first run also writes the code.</summary>
    public unsafe void Load(TestMachine machine, Func<ulong, ulong> physical, int fuel, int run)
    {
        if (run == 0)
        {
            _pieces.ForEach(piece => piece.Write(machine, physical));
            machine.Write(TestMachine.MachineHandler, Handler);
        }

        for (int i = 0; i < Functions; i++)
        {
            machine.Write64(physical(TableBase + (8 * (ulong)i)), _entries[i].Address!.Value);
        }

        Random values = new(run);
        for (ulong at = DataBase - 0x1000; at < DataBase + DataSize; at += 8)
        {
            machine.Write64(physical(at), (ulong)values.NextInt64() << values.Next(40));
        }

        machine.Hart.WriteMstatus(1UL << 13, 3UL << 13);
        for (int i = 0; i < 32; i++)
        {
            machine.Hart.WriteRegister(i, (ulong)values.NextInt64() << values.Next(60));
            machine.Hart.State->F[i] = i % 2 == 0 ? BitConverter.DoubleToUInt64Bits(values.NextDouble()) : 0xFFFF_FFFF_0000_0000 | BitConverter.SingleToUInt32Bits(values.NextSingle());
        }

        machine.Hart.WriteRegister(2, StackTop);
        machine.Hart.WriteRegister(8, DataBase);
        machine.Hart.WriteRegister(9, TableBase);
        machine.Hart.WriteRegister(23, (ulong)fuel);
        machine.Hart.WriteRegister(31, 0);
    }

    private void Start(int function)
    {
        // Often across a page boundary, and on odd halfwords, so that instructions lie across it too.
        ulong offset = _random.Next(2) == 0 ? 0x1000 - (ulong)(2 * _random.Next(1, 200)) : (ulong)(2 * _random.Next(0x400));
        Code code = new(CodeBase + (FunctionSpacing * (ulong)function) + offset);
        code.Mark(_entries[function]);
        _pieces.Add(code);
    }

    private void AddFunction()
    {
        Code.Label work = new();
        _code.Add(Asm.Addi(23, 23, -1));
        _code.Go(Op.Blt, work, 0, 23);
        _code.Add(Asm.Ret);
        _code.Mark(work);
        _code.Add(Asm.Addi(2, 2, -48));
        _code.Add(Asm.Store(8, 1, 2, 0));
        for (int i = 0; i < 4; i++)
        {
            _code.Add(Asm.Store(8, 18 + i, 2, 8 * (i + 1)));
        }

        AddStatements(_random.Next(4, 9), depth: 0);
        for (int i = 0; i < 4; i++)
        {
            _code.Add(Asm.Load(8, 18 + i, 2, 8 * (i + 1)));
        }

        _code.Add(Asm.Load(8, 1, 2, 0));
        _code.Add(Asm.Addi(2, 2, 48));
        _code.Add(Asm.Ret);
    }

    private void AddStatements(int count, int depth)
    {
        for (int i = 0; i < count; i++)
        {
            switch (_random.Next(depth < 3 ? 12 : 7))
            {
                case 7 or 8:
                    AddLoop(depth);
                    break;
                case 9:
                    AddCondition(depth);
                    break;
                case 10:
                    AddCall();
                    break;
                case 11:
                    AddJumpTable();
                    break;
                default:
                    for (int n = _random.Next(1, 8); n > 0; n--)
                    {
                        AddPlain();
                    }

                    break;
            }
        }
    }

    private void AddLoop(int depth)
    {
        if (_counters == 4)
        {
            return;
        }

        int counter = 18 + _counters++;
        _code.Add(Asm.Addi(counter, 0, _random.Next(2, 7)));
        Code.Label top = _code.Mark();
        AddStatements(_random.Next(1, 4), depth + 1);
        _code.Add(Asm.Addi(counter, counter, -1));
        if (_code.Here - top.Address!.Value < 0xF00)
        {
            _code.Go(Op.Bne, top, counter);
        }
        else
        {
            Code.Label done = new();
            _code.Go(Op.Beq, done, counter);
            _code.Go(Op.Jal, top);
            _code.Mark(done);
        }

        _counters--;
    }

    private void AddCondition(int depth)
    {
        Code.Label otherwise = new();
        Code.Label taken = new();
        Code.Label done = new();
        _code.Go(Branches[_random.Next(Branches.Length)], taken, Any(), Any());
        _code.Go(Op.Jal, otherwise);
        _code.Mark(taken);
        AddStatements(1, depth + 1);
        _code.Go(Op.Jal, done);
        _code.Mark(otherwise);
        AddStatements(_random.Next(2), depth + 1);
        _code.Mark(done);
    }

    private void AddCall()
    {
        switch (_random.Next(3))
        {
            case 0: // through the table
                _code.Add(Op.Andi, 28, Any(), imm: Functions - 1);
                _code.Add(Op.Sh3add, 28, 28, 9);
                _code.Add(Asm.Load(8, 28, 28, 0));
                _code.Add(Asm.Jalr(1, 28, 0));
                break;
            case 1: // recursion
                _code.Go(Op.Jal, _entries[_function], rd: 1);
                break;
            default:
                _code.Go(Op.Jal, _entries[_random.Next(Functions)], rd: 1);
                break;
        }
    }

    private void AddJumpTable()
    {
        Code.Label done = new();
        Code.Label[] cases = [new(), new(), new(), new()];
        _code.Add(Op.Andi, 28, Any(), imm: 3);
        _code.Add(Op.Auipc, 7);
        _code.Add(Op.Sh2add, 28, 28, 7);
        _code.Add(Asm.Jalr(0, 28, 12));
        foreach (Code.Label one in cases)
        {
            _code.Go(Op.Jal, one);
        }

        foreach (Code.Label one in cases)
        {
            _code.Mark(one);
            AddPlain();
            _code.Go(Op.Jal, done);
        }

        _code.Mark(done);
    }

    private void AddPlain()
    {
        switch (_random.Next(20))
        {
            case 0:
                _code.Add(0x0001); // c.nop: what follows may lie across a page boundary
                break;
            case 1:
                _code.Add((uint)(0x0001 | (Any() << 7) | (_random.Next(1, 32) << 2))); // c.addi
                break;
            case 2 or 3 or 4:
                Address(_random.Next(4) == 0 ? 0x7FF : 0x3FF8, misalign: _random.Next(4) == 0);
                _code.Add(Loads[_random.Next(Loads.Length)], Any(), 28, imm: _random.Next(-64, 64) * 8);
                break;
            case 5 or 6:
                Address(_random.Next(4) == 0 ? 0x7FF : 0x3FF8, misalign: _random.Next(4) == 0);
                _code.Add(Stores[_random.Next(Stores.Length)], 0, 28, Any(), _random.Next(-64, 64) * 8);
                break;
            case 7:
                Address(0x3FF8, misalign: _traps && _random.Next(8) == 0);
                _code.Add(Atomics[_random.Next(Atomics.Length)], Any(), 28, Any());
                break;
            case 8 when _random.Next(3) == 0:
                Address(0x3FF8, misalign: false);
                int size = _random.Next(2) == 0 ? 4 : 8;
                _code.Add(Asm.Lr(size, Any(), 28));
                _code.Add(Asm.Sc(size, Any(), 28, Any()));
                break;
            case 9 when _random.Next(4) == 0:
                _code.Add(Op.Fence);
                break;
            case 10 when _random.Next(8) == 0:
                _code.Add(Asm.FenceI);
                break;
            case 11 when _traps && _random.Next(2) == 0:
                AddTrap();
                break;
            case > 11 when _float && _random.Next(2) == 0:
                AddFloat();
                break;
            default:
                Op op = Integer[_random.Next(Integer.Length)];
                _code.Add(op, Any(), Any(), Any(), op == Op.Aes64ks1i ? _random.Next(11) : _random.Next());
                break;
        }
    }

    private void AddTrap()
    {
        switch (_random.Next(4))
        {
            case 0:
                _code.Add(Asm.Ecall);
                break;
            case 1:
                _code.Add(0xFFFF_FFFF); // illegal
                break;
            case 2:
                _code.Add(Asm.Load(8, Any(), 0, 8)); // nothing there
                break;
            default:
                _code.Add(Asm.Store(4, Any(), 0, 2040));
                break;
        }
    }

    private void AddFloat()
    {
        if (_random.Next(40) == 0)
        {
            _code.Add(Op.Csrrwi, Any(), _random.Next(3) == 0 ? _random.Next(5) : 0, imm: 2); // frm
            return;
        }

        if (_random.Next(20) == 0)
        {
            _code.Add(Asm.Csrrs(Any(), 1, 0)); // fflags
            return;
        }

        Op op = Float[_random.Next(Float.Length)];
        bool fromInteger = (OpInfo.FlagsOf(op) & OpFlags.ReadsRs1) != 0;
        int rm = _random.Next(8) == 0 ? _random.Next(5) : _random.Next(2) * 7;
        int rd = OpInfo.WritesFd(op) ? _random.Next(32) : Any();
        _code.Add(op, rd, fromInteger ? Any() : _random.Next(32), Instructions.Has(op, "rs2") ? Any() : _random.Next(32), _random.Next(32), _random.Next(32), rm);
    }

    // x28 = an address in the data window.
    private void Address(int mask, bool misalign)
    {
        _code.Add(Op.Lui, 28, imm: mask > 0x7FF ? 0x4000 : 0x1000);
        _code.Add(Asm.Addi(28, 28, -8));
        _code.Add(Op.And, 28, 28, Any());
        _code.Add(Asm.Add(28, 28, 8));
        if (misalign)
        {
            _code.Add(Asm.Addi(28, 28, _random.Next(1, 8)));
        }
    }

    private int Any() => Pool[_random.Next(Pool.Length)];
}
