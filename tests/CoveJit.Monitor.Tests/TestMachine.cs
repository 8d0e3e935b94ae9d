using System.Buffers.Binary;
using CoveJit.Devices.Protection;
using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Memory.Physical;
using CoveJit.Monitor.Sbi;
using CoveJit.Monitor.SupervisorDomains;

namespace CoveJit.Monitor.Tests;

/// <summary>Harts, RAM and the firmware under test: no devices, no scheduler. Calls are made by running an ecall on a hart.</summary>
internal sealed unsafe class TestMachine : IMonitorPlatform, IDisposable
{
    public const ulong Base = 0x8000_0000;
    public const ulong Size = 16UL << 20;
    public const ulong End = Base + Size;
    public const ulong Data = Base + 0x10_0000;

    /// <summary>Where memory protection tables are, to the end of RAM.</summary>
    public const ulong Tables = End - 0x4_0000;

    private const uint Ecall = 0x0000_0073;
    private const uint Nop = 0x0040_006F; // a jump to the next: a slice ends after it, while it would finish a block of real nops

    private readonly Hart[] _harts;
    private readonly CodeCache _code;

    public TestMachine(int harts = 2, HartConfiguration? configuration = null, MptLeaves? domains = null)
    {
        Ram = new GuestRam(Base, Size);
        PhysicalMap map = new(Ram);
        configuration ??= new HartConfiguration();
        _code = new CodeCache(Ram, configuration.Extensions, 4 << 20) { Concurrent = harts > 1 };
        _harts = [.. Enumerable.Range(0, harts).Select(id => new Hart(id, configuration, map, _code, Clock))];
        _code.OnPageBecomesCode(page =>
        {
            foreach (Hart hart in _harts)
            {
                hart.Tlb.DropWrites(Ram.HostAddress(page));
            }
        });
        Devices = new IoMptChecker(Ram, map.DomainEpochs);
        Domains = domains is MptLeaves leaves ? new RootDomainManager(_harts, Tables, End - Tables, leaves, checker: Devices) : null;
        Monitor = new ManagedMonitor(this, Domains);
        WriteCode(Base, [Ecall, .. Enumerable.Repeat(Nop, 1000)]);
        foreach (Hart hart in _harts)
        {
            hart.MachineService = Monitor;
        }

        Monitor.Boot(0, Base, 0);
    }

    public GuestRam Ram { get; }

    public FakeClock Clock { get; } = new();

    public ManagedMonitor Monitor { get; }

    /// <summary>The supervisor domains, if the machine was to have some.</summary>
    public RootDomainManager? Domains { get; }

    /// <summary>What guards RAM against devices: refuses everything unless there are domains.</summary>
    public IoMptChecker Devices { get; }

    public CodeCache Code => _code;

    public IReadOnlyList<Hart> Harts => _harts;

    public Hart Hart0 => _harts[0];

    public List<byte> Output { get; } = [];

    public Queue<byte> Input { get; } = new();

    public List<bool> PowerOffs { get; } = [];

    public int Reboots { get; private set; }

    public void ConsoleWrite(ReadOnlySpan<byte> bytes)
    {
        lock (Output)
        {
            Output.AddRange(bytes);
        }
    }

    public int ConsoleRead(Span<byte> buffer)
    {
        int count = 0;
        while (count < buffer.Length && Input.TryDequeue(out byte next))
        {
            buffer[count++] = next;
        }

        return count;
    }

    public void PowerOff(bool failure) => PowerOffs.Add(failure);

    public void Reboot() => Reboots++;

    public void WriteCode(ulong address, params uint[] instructions)
    {
        for (int i = 0; i < instructions.Length; i++)
        {
            Write(address + ((ulong)i * 4), instructions[i]);
        }
    }

    public void Write(ulong address, uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        Assert.True(Ram.TryWrite(address, bytes));
    }

    public void Write(ulong address, ulong value)
    {
        Write(address, (uint)value);
        Write(address + 4, (uint)(value >> 32));
    }

    public ulong Read(ulong address)
    {
        byte[] bytes = new byte[8];
        Assert.True(Ram.TryRead(address, bytes));
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Starts hart <paramref name="id"/> by HSM, to stand before the nops.</summary>
    public Hart StartHart(int id)
    {
        Assert.Equal(SbiError.Success, Call(Eid.Hsm, 0, (ulong)id, Base + 4).Error);
        _harts[id].RunSlice(1);
        Assert.False(_harts[id].Halted);
        return _harts[id];
    }

    public SbiResult Call(uint extension, uint function, params ulong[] arguments) => CallOn(Hart0, extension, function, arguments);

    public static SbiResult CallOn(Hart hart, ulong extension, ulong function, params ulong[] arguments)
    {
        for (int i = 0; i < 6; i++)
        {
            hart.WriteRegister(10 + i, i < arguments.Length ? arguments[i] : 0xBAD0_BAD0_BAD0_BAD0);
        }

        hart.WriteRegister(17, extension);
        hart.WriteRegister(16, function);
        hart.Pc = Base;
        hart.RunSlice(1);
        return new SbiResult((SbiError)hart.ReadRegister(10), hart.ReadRegister(11));
    }

    /// <summary>Executes nops.</summary>
    public static void RunNops(Hart hart, int count)
    {
        hart.Pc = Base + 4;
        ulong end = hart.State->InstructionsRetired + (ulong)count;
        while (hart.State->InstructionsRetired < end)
        {
            hart.Step();
        }
    }

    public void Dispose()
    {
        Devices.Dispose();
        foreach (Hart hart in _harts)
        {
            hart.Dispose();
        }

        _code.Dispose();
        Ram.Dispose();
    }
}
