using System.Buffers.Binary;
using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Isa;
using CoveJit.Machines.Options;
using CoveJit.Machines.Time;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Translation;
using CoveJit.Translator;
using CoveJit.Translator.X64;

namespace CoveJit.Benchmarks;

/// <summary>One hart with RAM and nothing else.</summary>
internal sealed unsafe class BareHart : IDisposable
{
    /// <summary>Where RAM, and the program in it, begins.</summary>
    public const ulong Base = 0x8000_0000;

    /// <summary>The data that programs work on.</summary>
    public const ulong Data = Base + (16 << 20);

    private const ulong PageTables = Base + (8 << 20);
    private const ulong RamSize = 64 << 20;
    private const int PageSize = 4096;
    private const ulong ValidReadWriteExecuteAccessedDirty = 0xCF;
    private const ulong Sv39 = 8UL << 60;

    private const uint NativeThreshold = 4;
    private const int RegionThreshold = 30_000;

    private readonly GuestRam _ram = new(Base, RamSize);
    private readonly CodeCache _code;
    private readonly RegionTranslator? _regions;

    /// <summary>Makes a hart about to run a program in M-mode, interpreted.</summary>
    public BareHart(params ReadOnlySpan<uint> program)
        : this(Tiers.None, program)
    {
    }

    /// <summary>Makes a hart about to run a program in M-mode, with the tiers and thresholds of a machine.</summary>
    public BareHart(Tiers tiers, params ReadOnlySpan<uint> program)
    {
        HartConfiguration configuration = new();
        _code = new CodeCache(_ram, configuration.Extensions);
        Map = new PhysicalMap(_ram);
        Hart = new Hart(0, configuration, Map, _code, new HostClock());
        if ((tiers & Tiers.Regions) != 0)
        {
            _regions = new RegionTranslator(_code, [Hart]);
        }

        if ((tiers & Tiers.Native) != 0)
        {
            _ = new NativeTranslator(_code, NativeThreshold, _regions, RegionThreshold);
        }

        for (int i = 0; i < program.Length; i++)
        {
            Write(Base + (4 * (ulong)i), program[i], 4);
        }

        Hart.Reset(Base);
        Hart.WriteRegister(10, Data);
    }

    public Hart Hart { get; }

    /// <summary>Where devices are added.</summary>
    public PhysicalMap Map { get; }

    /// <summary>Runs the program until its code is what it stays.</summary>
    public void WarmUp()
    {
        const int Instructions = 4_000_000;
        const int Milliseconds = 10_000;
        Run(Instructions);
        Run(Instructions);
        if (_regions is null)
        {
            return;
        }

        // The compiler works behind; it is done when nothing new has come for a while.
        long deadline = Environment.TickCount64 + Milliseconds;
        int compiled;
        do
        {
            compiled = _regions.RegionsCompiled;
            Thread.Sleep(200);
            Run(Instructions);
        }
        while ((_regions.RegionsCompiled == 0 || _regions.RegionsCompiled != compiled) && Environment.TickCount64 < deadline);
    }

    /// <summary>Enters S-mode with all of RAM mapped to itself in 4 KiB pages; the program's first instruction must be csrw satp, a1.</summary>
    public void EnterPaged()
    {
        const ulong Middle = PageTables + PageSize;
        const ulong Leaves = Middle + PageSize;
        Write(PageTables + (8 * (Base >> 30)), Pointer(Middle), 8);
        for (ulong page = 0; page < RamSize / PageSize; page++)
        {
            Write(Leaves + (8 * page), Pointer(Base + (page * PageSize)) | ValidReadWriteExecuteAccessedDirty, 8);
        }

        for (ulong table = 0; table < RamSize >> 21; table++)
        {
            Write(Middle + (8 * table), Pointer(Leaves + (table * PageSize)), 8);
        }

        Hart.OpenPmp();
        Hart.Enter(PrivilegeMode.Supervisor, Base, Data, Sv39 | (PageTables >> 12));
    }

    /// <summary>Writes a doubleword of guest memory.</summary>
    public void Write(ulong address, ulong value) => Write(address, value, 8);

    /// <summary>Runs the program for a number of instructions.</summary>
    public void Run(long instructions)
    {
        if (Hart.RunSlice(instructions) != SliceEnd.Budget)
        {
            throw new InvalidOperationException("the program left its loop");
        }
    }

    public void Dispose()
    {
        _regions?.Dispose();
        Hart.Dispose();
        _code.Dispose();
        _ram.Dispose();
    }

    private static ulong Pointer(ulong address) => (address >> 12 << 10) | 1;

    private void Write(ulong address, ulong value, int size)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        if (!_ram.TryWrite(address, bytes[..size]))
        {
            throw new ArgumentOutOfRangeException(nameof(address));
        }
    }
}
