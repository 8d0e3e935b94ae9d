using CoveJit.Harts;
using CoveJit.Harts.Tests;
using CoveJit.Memory.Protection;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Inspection;
using CoveJit.Translator.Tests.Support;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Translator.X64.Tests.Blocks;

/// <summary>Supervisor domains cost translated code nothing: what a memory protection table permits is in the TLB.</summary>
public sealed unsafe class SupervisorDomainCodeTests
{
    private const ulong Root = Base + 0x70_0000;

    [Fact]
    public void Native_code_of_loads_stores_and_jumps_is_the_same_byte_for_byte_under_a_memory_protection_table()
    {
        using TestMachine machine = new();
        Observer observer = new();
        _ = new NativeTranslator(machine.Code, 2, observer: observer);
        ulong end = WriteProgram(machine);
        machine.Write64(Root, MptEntry.Uniform(MptPermissions.All)); // 16 GiB
        byte[][] without = Translate(machine, observer, end, 0);
        byte[][] with = Translate(machine, observer, end, (1UL << 60) | (Root >> 12));
        Assert.NotEqual(0UL, machine.Hart.ProtectionTableReads);
        Assert.InRange(without.Length, 2, 10);
        Assert.Equal(without.Length, with.Length);
        for (int i = 0; i < without.Length; i++)
        {
            Assert.Equal(without[i], with[i]);
        }
    }

    // The same places in the code cache, so that addresses in the code are the same as well.
    private static byte[][] Translate(TestMachine machine, Observer observer, ulong end, ulong mmpt)
    {
        observer.Code.Clear();
        machine.Code.Reset();
        machine.Prepare(machine.Hart);
        machine.Hart.FenceDomain(null);
        machine.Set(0x382, mmpt);
        machine.Hart.WriteRegister(10, Data);
        machine.Hart.WriteRegister(11, 100);
        machine.GoTo(PrivilegeMode.Supervisor, Program);
        while (machine.Hart.Pc != end)
        {
            Assert.Equal(SliceEnd.Budget, machine.Hart.RunSlice(50));
        }

        return [.. observer.Code];
    }

    private static ulong WriteProgram(TestMachine machine)
    {
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Asm.Load(8, 5, 10, 0));
        code.Add(Asm.Addi(5, 5, 1));
        code.Add(Asm.Store(8, 5, 10, 0));
        code.Add(Asm.AmoAdd(8, 6, 10, 5));
        code.Go(Isa.Op.Jal, new Code.Label { Address = Program + 0x1000 }, rd: 1); // another page
        code.Add(Asm.Addi(11, 11, -1));
        code.Go(Isa.Op.Bne, loop, 11, 0);
        ulong end = code.AddEnd();
        code.Write(machine);
        machine.Write(Program + 0x1000, Asm.Load(4, 7, 10, 8), Asm.Ret);
        return end;
    }

    private sealed class Observer : ITranslationObserver
    {
        public List<byte[]> Code { get; } = [];

        public bool WantsIl => false;

        public nint NewCounter() => 0;

        public void OnTranslated(Translation translation) => Code.Add(new ReadOnlySpan<byte>((void*)translation.Code, translation.Length).ToArray());
    }
}
