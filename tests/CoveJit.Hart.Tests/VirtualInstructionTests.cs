using System.Globalization;
using CoveJit.Memory.Translation;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests;

/// <summary>Which instructions guests may execute, and which of the two exceptions refuses the others (Privileged, "Trap Cause Codes": the list of cases).</summary>
public sealed class VirtualInstructionTests
{
    private const ulong Executes = 0;
    private const ulong Illegal = 2;
    private const ulong Virtual = 22;

    private const uint HfenceVvma = 0x2200_0073;
    private const uint HfenceGvma = 0x6200_0073;
    private const uint HinvalVvma = 0x2600_0073;
    private const uint HinvalGvma = 0x6600_0073;
    private const uint SinvalVma = 0x1600_0073;
    private const uint SfenceWInval = 0x1800_0073;
    private const uint HlvD = 0x6C05_42F3; // hlv.d t0, (a0)
    private const uint HlvxWu = 0x6835_42F3;
    private const uint HsvD = 0x6E55_4073; // hsv.d t0, (a0)
    private const uint CboZero = 0x0045_200F;
    private const uint CboInval = 0x0005_200F;
    private const uint WrsNto = 0x00D0_0073;
    private const uint WrsSto = 0x01D0_0073;
    private const uint FaddD = 0x0200_7053;

    private const string Tvm = "300|100000";
    private const string Tw = "300|200000";
    private const string Tsr = "300|400000";
    private const string Vtvm = "600|100000";
    private const string Vtw = "600|200000";
    private const string Vtsr = "600|400000";
    private const string MachineTimer = "30A|8000000000000000 306|2";
    private const string AllCbo = "30A|F0 60A|F0 10A|F0";

    /// <summary>Instruction, what is set beforehand (CSR|bits in hexadecimal), expected cause from VS, VU, HS and U.</summary>
    public static TheoryData<string, uint, string, ulong, ulong, ulong, ulong> Cases() => new()
    {
        { "time, closed by M", Read(0xC01), "606|2 106|2", Illegal, Illegal, Illegal, Illegal },
        { "time, closed by HS", Read(0xC01), "306|2 106|2", Virtual, Virtual, Executes, Executes },
        { "time, closed by VS", Read(0xC01), "306|2 606|2", Executes, Virtual, Executes, Illegal },
        { "time, open", Read(0xC01), "306|2 606|2 106|2", Executes, Executes, Executes, Executes },
        { "hpmcounter3, closed by HS", Read(0xC03), "306|8 106|8", Virtual, Virtual, Executes, Executes },
        { "write of time", Write(0xC01), "306|2 606|2 106|2", Illegal, Illegal, Illegal, Illegal },
        { "hstatus", Read(0x600), "", Virtual, Virtual, Executes, Illegal },
        { "hgeip", Read(0xE12), "", Virtual, Virtual, Executes, Illegal },
        { "write of hgeip", Write(0xE12), "", Illegal, Illegal, Illegal, Illegal },
        { "vsstatus", Read(0x200), "", Virtual, Virtual, Executes, Illegal },
        { "vsatp", Read(0x280), Tvm, Virtual, Virtual, Executes, Illegal },
        { "hgatp", Read(0x680), "", Virtual, Virtual, Executes, Illegal },
        { "hgatp under TVM", Read(0x680), Tvm, Virtual, Virtual, Illegal, Illegal },
        { "henvcfg, closed by M", Read(0x60A), "", Illegal, Illegal, Illegal, Illegal },
        { "henvcfg", Read(0x60A), "30C|4000000000000000", Virtual, Virtual, Executes, Illegal },
        { "hstateen1, closed by M", Read(0x60D), "30C|8000000000000000", Illegal, Illegal, Illegal, Illegal },
        { "hstateen1", Read(0x60D), "30D|8000000000000000", Virtual, Virtual, Executes, Illegal },
        { "vstimecmp, closed by M", Read(0x24D), "306|2", Illegal, Illegal, Illegal, Illegal },
        { "vstimecmp", Read(0x24D), MachineTimer, Virtual, Virtual, Executes, Illegal },
        { "sscratch", Read(0x140), "", Executes, Virtual, Executes, Illegal },
        { "write of sstatus", Write(0x100), "", Executes, Virtual, Executes, Illegal },
        { "mscratch", Read(0x340), "", Illegal, Illegal, Illegal, Illegal },
        { "no such CSR", Read(0x5C0), "", Illegal, Illegal, Illegal, Illegal },
        { "satp under TVM", Read(0x180), Tvm, Executes, Virtual, Illegal, Illegal },
        { "satp under VTVM", Read(0x180), Vtvm, Virtual, Virtual, Executes, Illegal },
        { "senvcfg, closed by M", Read(0x10A), "", Illegal, Illegal, Illegal, Illegal },
        { "senvcfg, closed by HS", Read(0x10A), "30C|4000000000000000", Virtual, Virtual, Executes, Illegal },
        { "senvcfg", Read(0x10A), "30C|4000000000000000 60C|4000000000000000", Executes, Virtual, Executes, Illegal },
        { "sstateen0, closed by HS", Read(0x10C), "30C|8000000000000000", Virtual, Virtual, Executes, Illegal },
        { "sstateen0", Read(0x10C), "30C|8000000000000000 60C|8000000000000000", Executes, Virtual, Executes, Illegal },
        { "stimecmp, closed by M", Read(0x14D), "606|2 60A|8000000000000000", Illegal, Illegal, Illegal, Illegal },
        { "stimecmp, henvcfg.STCE clear", Read(0x14D), MachineTimer + " 606|2", Virtual, Virtual, Executes, Illegal },
        { "stimecmp, hcounteren.TM clear", Read(0x14D), MachineTimer + " 60A|8000000000000000", Virtual, Virtual, Executes, Illegal },
        { "stimecmp", Read(0x14D), MachineTimer + " 606|2 60A|8000000000000000", Executes, Virtual, Executes, Illegal },
        { "sret", Asm.Sret, "", Executes, Virtual, Executes, Illegal },
        { "sret under TSR", Asm.Sret, Tsr, Executes, Virtual, Illegal, Illegal },
        { "sret under VTSR", Asm.Sret, Vtsr, Virtual, Virtual, Executes, Illegal },
        { "mret", Asm.Mret, "", Illegal, Illegal, Illegal, Illegal },
        { "wfi", Asm.Wfi, "", Executes, Virtual, Executes, Illegal },
        { "wfi under TW", Asm.Wfi, Tw, Illegal, Illegal, Illegal, Illegal },
        { "wfi under VTW", Asm.Wfi, Vtw, Virtual, Virtual, Executes, Illegal },
        { "wfi under TW and VTW", Asm.Wfi, Tw + " " + Vtw, Illegal, Illegal, Illegal, Illegal },
        { "wrs.nto under VTW", WrsNto, Vtw, Virtual, Virtual, Executes, Executes },
        { "wrs.nto under TW and VTW", WrsNto, Tw + " " + Vtw, Illegal, Illegal, Illegal, Illegal },
        { "wrs.sto under VTW", WrsSto, Vtw, Executes, Executes, Executes, Executes },
        { "sfence.vma", Asm.SfenceVma(0, 0), "", Executes, Virtual, Executes, Illegal },
        { "sfence.vma under TVM", Asm.SfenceVma(0, 0), Tvm, Executes, Virtual, Illegal, Illegal },
        { "sfence.vma under VTVM", Asm.SfenceVma(0, 0), Vtvm, Virtual, Virtual, Executes, Illegal },
        { "sinval.vma under VTVM", SinvalVma, Vtvm, Virtual, Virtual, Executes, Illegal },
        { "sfence.w.inval under VTVM", SfenceWInval, Vtvm, Executes, Virtual, Executes, Illegal },
        { "hfence.vvma", HfenceVvma, "", Virtual, Virtual, Executes, Illegal },
        { "hfence.vvma under TVM", HfenceVvma, Tvm, Virtual, Virtual, Executes, Illegal },
        { "hfence.gvma", HfenceGvma, "", Virtual, Virtual, Executes, Illegal },
        { "hfence.gvma under TVM", HfenceGvma, Tvm, Virtual, Virtual, Illegal, Illegal },
        { "hinval.vvma under TVM", HinvalVvma, Tvm, Virtual, Virtual, Executes, Illegal },
        { "hinval.gvma under TVM", HinvalGvma, Tvm, Virtual, Virtual, Illegal, Illegal },
        { "hlv.d", HlvD, "", Virtual, Virtual, Executes, Illegal },
        { "hlv.d under HU", HlvD, "600|200", Virtual, Virtual, Executes, Executes },
        { "hlvx.wu", HlvxWu, "", Virtual, Virtual, Executes, Illegal },
        { "hsv.d", HsvD, "", Virtual, Virtual, Executes, Illegal },
        { "hsv.d under HU", HsvD, "600|200", Virtual, Virtual, Executes, Executes },
        { "cbo.zero, closed by M", CboZero, "60A|F0 10A|F0", Illegal, Illegal, Illegal, Illegal },
        { "cbo.zero, closed by HS", CboZero, "30A|F0 10A|F0", Virtual, Virtual, Executes, Executes },
        { "cbo.zero, closed by VS", CboZero, "30A|F0 60A|F0", Executes, Virtual, Executes, Illegal },
        { "cbo.zero", CboZero, AllCbo, Executes, Executes, Executes, Executes },
        { "cbo.inval, closed by HS", CboInval, "30A|F0 10A|F0", Virtual, Virtual, Executes, Executes },
        { "cbo.inval", CboInval, AllCbo, Executes, Executes, Executes, Executes },
        { "fadd.d, vsstatus.FS off", FaddD, "300|2000", Illegal, Illegal, Executes, Executes },
        { "fadd.d, sstatus.FS off", FaddD, "200|2000", Illegal, Illegal, Illegal, Illegal },
        { "fadd.d", FaddD, "200|2000 300|2000", Executes, Executes, Executes, Executes },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Cause_by_mode(string name, uint instruction, string setup, ulong supervisor, ulong user, ulong hypervisor, ulong hostUser)
    {
        AssertCause(name, instruction, setup, PrivilegeMode.Supervisor, true, supervisor);
        AssertCause(name, instruction, setup, PrivilegeMode.User, true, user);
        AssertCause(name, instruction, setup, PrivilegeMode.Supervisor, false, hypervisor);
        AssertCause(name, instruction, setup, PrivilegeMode.User, false, hostUser);
    }

    [Fact]
    public void Without_the_extension_its_CSRs_and_instructions_do_not_exist()
    {
        HartConfiguration configuration = new() { Extensions = new HartConfiguration().Extensions.Without(Isa.Extension.H) };
        foreach (uint instruction in new[] { Read(0x600), Read(0x200), Read(0xE12), Read(0x34A), HfenceVvma, HfenceGvma, HinvalVvma, HinvalGvma, HlvD, HlvxWu, HsvD })
        {
            using TestMachine machine = new(configuration: configuration);
            machine.Write(Program, instruction);
            Assert.False(machine.Step());
            Assert.Equal(Illegal, machine.Hart.Mcause);
        }

        using TestMachine bare = new(configuration: configuration);
        bare.Set(0x300, ulong.MaxValue);
        bare.Set(0x302, ulong.MaxValue);
        bare.Set(0x303, ulong.MaxValue);
        bare.Set(0x304, ulong.MaxValue);
        Assert.Equal((0UL, 0x4_B3FFUL, 0x2222UL, 0x2AAAUL), (bare.Get(0x300) & (3UL << 38), bare.Get(0x302), bare.Get(0x303), bare.Get(0x304)));
        Assert.Equal(0x8000_0000_0014_112DUL, bare.Get(0x301));
    }

    private static uint Read(uint csr) => Asm.Csrrs(5, csr, 0);

    private static uint Write(uint csr) => Asm.Csrrw(0, csr, 5);

    private static void AssertCause(string name, uint instruction, string setup, PrivilegeMode mode, bool isVirtual, ulong cause)
    {
        using TestMachine machine = new();
        machine.Write(Program, instruction);
        machine.Hart.WriteRegister(10, Data);
        foreach (string[] item in setup.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('|')))
        {
            uint csr = uint.Parse(item[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            machine.Set(csr, machine.Get(csr) | ulong.Parse(item[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        }

        machine.GoTo(mode, Program, isVirtual);
        string where = $"{name} in {(isVirtual ? "virtual " : "")}{mode}";
        bool executed = machine.Step();
        Assert.True(cause == (executed ? 0 : machine.Hart.Mcause), $"{where}: expected {cause}, got {machine.Hart.Mcause}");
        if (!executed)
        {
            Assert.True(machine.Hart.Mtval == instruction, $"{where}: mtval {machine.Hart.Mtval:x}");
            Assert.Equal((isVirtual ? 1UL : 0, (ulong)mode, 0UL), ((machine.Get(0x300) >> 39) & 1, (machine.Get(0x300) >> 11) & 3, machine.Get(0x34A)));
        }
    }
}
