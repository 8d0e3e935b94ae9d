using CoveJit.Harts.Csrs;
using CoveJit.Memory.Translation;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests;

/// <summary>Memory accesses of guests, and as guests: both stages, their permissions, faults and what they report, fences.</summary>
public sealed class TwoStageTests : IDisposable
{
    private const ulong Rwx = 0xCF; // V R W X A D
    private const ulong User = 0x10;
    private const ulong Rw = 0xC7;
    private const ulong R = 0xC3;
    private const ulong X = 0xC9;
    private const ulong Va = 0x1234_5000;
    private const ulong Gpa = 0x4000_0000;
    private const uint LoadT0 = 0x0005_3283; // ld t0, 0(a0)
    private const uint StoreT0 = 0x0055_3023; // sd t0, 0(a0)
    private const uint HlvD = 0x6C05_42F3;
    private const uint HlvxWu = 0x6835_42F3;
    private const uint HsvW = 0x6A55_4073;

    private readonly TestMachine _machine = new();
    private readonly ulong _guestRoot;

    // RAM is mapped to itself in both stages; then a page of the guest's at Va, Gpa.
    public TwoStageTests()
    {
        _guestRoot = _machine.NewGuestRoot();
        _machine.MapPage(Base, Base, Rwx | User, 2, _guestRoot, guest: true);
        _machine.MapPage(Base, Base, Rwx, 2);
        _machine.Set(0x30A, Envcfg.Pbmte);
        _machine.Write64(Data, 0x1122_3344_5566_7788);
        _machine.Write64(Data + 0x1000, 0x99AA_BBCC_DDEE_FF00);
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_guest_loads_stores_and_fetches_through_both_stages()
    {
        Map(Rwx, Rwx | User);
        _machine.Write(Data + 0x100, LoadT0, Asm.Ecall);
        _machine.Hart.WriteRegister(10, Va + 8);
        _machine.Write64(Data + 8, 42);
        Enter(pc: Va + 0x100);
        Assert.True(_machine.Step());
        Assert.Equal(42UL, _machine.Hart.ReadRegister(5));
        Assert.Equal(Va + 0x104, _machine.Hart.Pc);
    }

    // Flags of the two leaves, and the causes of a load, a store and a fetch; 0 for none.
    [Theory]
    [InlineData(Rwx, Rwx | User, 0, 0, 0)]
    [InlineData(0UL, Rwx | User, 13, 15, 12)]
    [InlineData(Rwx, 0UL, 21, 23, 20)]
    [InlineData(0UL, 0UL, 13, 15, 12)] // the first stage comes first
    [InlineData(Rwx, Rwx, 21, 23, 20)] // G-stage accesses are a user's
    [InlineData(R, Rwx | User, 0, 15, 12)]
    [InlineData(Rwx, R | User, 0, 23, 20)]
    [InlineData(Rwx, X | User, 21, 23, 0)]
    [InlineData(Rwx | User, Rwx | User, 13, 15, 12)] // a user page of the guest
    [InlineData(Rwx & ~0x40UL, Rwx | User, 13, 15, 12)] // A clear, and no Svadu
    [InlineData(Rwx, (Rwx & ~0x40UL) | User, 21, 23, 20)]
    [InlineData(Rwx, (Rwx & ~0x80UL) | User, 0, 23, 0)] // D clear
    public void Each_stage_refuses_with_its_own_exception(ulong virtualFlags, ulong guestFlags, int load, int store, int fetch)
    {
        foreach ((uint instruction, int cause, ulong transformed) in new[] { (LoadT0, load, 0x3283UL), (StoreT0, store, 0x0050_3023UL) })
        {
            using TwoStageTests test = new();
            test.Map(virtualFlags, guestFlags);
            test._machine.Write(Program, instruction);
            test._machine.Hart.WriteRegister(10, Va + 0x10);
            test.Enter();
            test.AssertOutcome(cause, Va + 0x10, Gpa + 0x10, transformed);
        }

        using TwoStageTests fetching = new();
        fetching.Map(virtualFlags, guestFlags);
        fetching._machine.Write(Data + 0x10, Asm.Nop);
        fetching.Enter(pc: Va + 0x10);
        fetching.AssertOutcome(fetch, Va + 0x10, Gpa + 0x10, 0);
    }

    [Fact]
    public void A_guest_page_fault_in_HS_mode_fills_htval_htinst_and_hstatus()
    {
        Map(Rwx, 0);
        _machine.Set(0x302, 1UL << 21);
        _machine.Write(Program, LoadT0);
        _machine.Hart.WriteRegister(10, Va + 0x123 * 8);
        Enter();
        Assert.False(_machine.Step());
        Assert.Equal((21UL, Va + 0x918, (Gpa + 0x918) >> 2, 0x3283UL), (_machine.Hart.Scause, _machine.Hart.Stval, _machine.Get(0x643), _machine.Get(0x64A)));
        Assert.Equal(Hstatus.Gva | Hstatus.Spv | Hstatus.Spvp | Hstatus.Vsxl, _machine.Get(0x600));
    }

    [Fact]
    public void A_transformed_compressed_instruction_is_its_expansion_with_bit_1_clear_and_names_the_faulting_half()
    {
        const uint CompressedLoad = 0x650C; // c.ld a1, 8(a0)
        const ulong LoadA1 = 0x3003 | (11 << 7);
        Map(Rwx, Rwx | User);
        _machine.Write(Program, CompressedLoad);
        _machine.Hart.WriteRegister(10, Va + 0xFF4); // four bytes in the page, four behind it
        Enter();
        Assert.False(_machine.Step());
        Assert.Equal((13UL, Va + 0x1000), (_machine.Hart.Mcause, _machine.Hart.Mtval));
        Assert.Equal((LoadA1 & ~2UL) | (4 << 15), _machine.Get(0x34A));
    }

    [Fact]
    public void Atomic_and_cache_block_instructions_are_transformed_but_for_their_address()
    {
        Map(Rwx, R | User);
        (uint Instruction, ulong Transformed)[] rows =
        [
            (Asm.AmoAdd(8, 7, 10, 5), Asm.AmoAdd(8, 7, 0, 5)),
            (Asm.Sc(4, 7, 10, 5), Asm.Sc(4, 7, 0, 5)),
            (0x0045_200F, 0x0040_200F), // cbo.zero
        ];
        _machine.Set(0x30A, 0xF0);
        _machine.Set(0x60A, 0xF0);
        foreach ((uint instruction, ulong transformed) in rows)
        {
            _machine.Write(Program, instruction);
            _machine.Hart.WriteRegister(10, Va + 0x48);
            Enter();
            AssertOutcome(23, Va + 0x48, Gpa + 0x48, transformed);
        }
    }

    [Fact]
    public void Implicit_accesses_of_the_first_stage_report_the_tables_address_and_a_pseudoinstruction()
    {
        // The root table at a guest physical address that is not mapped.
        Map(Rwx, Rwx | User);
        _machine.Write(Program, StoreT0);
        _machine.Hart.WriteRegister(10, Va);
        Enter(vsatp: (8UL << 60) | (0xC000_0000UL >> 12), pc: Program);
        Assert.False(_machine.Step());
        Assert.Equal((20UL, Program, (0xC000_0000UL + (2 * 8)) >> 2, 0x3000UL), (_machine.Hart.Mcause, _machine.Hart.Mtval, _machine.Get(0x34B), _machine.Get(0x34A)));
        Assert.NotEqual(0UL, _machine.Get(0x300) & Mstatus.Gva);
    }

    [Fact]
    public void An_update_of_A_in_tables_the_guest_may_not_write_is_an_implicit_write()
    {
        // The leaf's table is at its own guest physical page, read-only.
        ulong leaf = Map(Rwx & ~0x40UL, Rwx | User);
        ulong table = leaf & ~0xFFFUL;
        _machine.MapPage(Gpa + 0x10_0000, table, R | User, 0, _guestRoot, guest: true);
        ulong pointer = PointerTo(table);
        _machine.Write64(pointer, ((Gpa + 0x10_0000) >> 2) | 1);
        _machine.Set(0x30A, Envcfg.Adue);
        _machine.Set(0x60A, Envcfg.Adue);
        _machine.Write(Program, LoadT0);
        _machine.Hart.WriteRegister(10, Va);
        Enter();
        AssertOutcome(21, Va, Gpa + 0x10_0000 + (leaf & 0xFFF), 0x3020);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Each_stage_updates_A_and_D_under_its_own_ADUE(bool first, bool second)
    {
        ulong leaf = Map(Rwx & ~0xC0UL, (Rwx & ~0xC0UL) | User, out ulong guestLeaf);
        _machine.Set(0x30A, second ? Envcfg.Adue : 0);
        _machine.Set(0x60A, first ? Envcfg.Adue : 0); // read-only zero without menvcfg's
        _machine.Write(Program, StoreT0);
        _machine.Hart.WriteRegister(10, Va);
        Enter();
        bool firstUpdates = first && second;
        AssertOutcome(!firstUpdates ? 15 : 0, Va, Gpa, 0x0050_3023);
        Assert.Equal(firstUpdates ? 0xC0UL : 0, _machine.Read64(leaf) & 0xC0);
        Assert.Equal(firstUpdates ? 0xC0UL : 0, _machine.Read64(guestLeaf) & 0xC0);
    }

    [Fact]
    public void Guest_physical_addresses_are_41_bits_wide_and_zero_extended()
    {
        _machine.MapPage(1UL << 40, Data, Rwx | User, 0, _guestRoot, guest: true);
        _machine.Write(Program, LoadT0);
        foreach ((ulong address, bool mapped) in new[] { (1UL << 40, true), (1UL << 41, false), (ulong.MaxValue << 40, false) })
        {
            _machine.Hart.WriteRegister(10, address);
            Enter(vsatp: 0);
            AssertOutcome(mapped ? 0 : 21, address, address, 0x3283);
            if (mapped)
            {
                _machine.Write(Program + 4, Asm.Ecall);
                Assert.False(_machine.Step());
            }
        }
    }

    [Theory]
    [InlineData(false, false, R, 13)]
    [InlineData(true, false, R, 0)]
    [InlineData(false, true, R, 0)]
    [InlineData(true, false, X, 21)] // vsstatus.MXR does not reach the second stage
    [InlineData(false, true, X, 0)]
    public void MXR_of_the_guest_is_for_the_first_stage_and_of_the_host_for_both(bool guest, bool host, ulong guestFlags, int cause)
    {
        Map(X, guestFlags | User);
        _machine.Write(Program, LoadT0);
        _machine.Hart.WriteRegister(10, Va);
        _machine.Set(0x200, guest ? Mstatus.Mxr : 0);
        _machine.Hart.WriteMstatus(host ? Mstatus.Mxr : 0, Mstatus.Mxr);
        Enter();
        AssertOutcome(cause, Va, Gpa, 0x3283);
    }

    [Theory]
    [InlineData(false, false, 13)]
    [InlineData(true, false, 0)]
    [InlineData(false, true, 13)]
    public void SUM_of_the_guest_counts_and_the_hosts_does_not(bool guest, bool host, int cause)
    {
        Map(Rw | User, Rwx | User);
        _machine.Write(Program, LoadT0);
        _machine.Hart.WriteRegister(10, Va);
        _machine.Set(0x200, guest ? Mstatus.Sum : 0);
        _machine.Hart.WriteMstatus(host ? Mstatus.Sum : 0, Mstatus.Sum);
        Enter();
        AssertOutcome(cause, Va, Gpa, 0x3283);
    }

    // First-stage flags, second-stage flags, SPVP, causes of hlv, hlvx and hsv.
    [Theory]
    [InlineData(Rwx, Rwx | User, true, 0, 0, 0)]
    [InlineData(Rwx, Rwx | User, false, 13, 13, 15)] // as VU-mode
    [InlineData(Rwx | User, Rwx | User, false, 0, 0, 0)]
    [InlineData(Rwx | User, Rwx | User, true, 13, 13, 15)]
    [InlineData(X, X | User, true, 13, 0, 15)] // HLVX needs X in both stages and nothing else
    [InlineData(Rw, Rwx | User, true, 0, 13, 0)]
    [InlineData(Rwx, Rw | User, true, 0, 21, 0)]
    [InlineData(Rwx, X | User, true, 21, 0, 23)]
    public void HLV_HLVX_and_HSV_access_memory_as_the_guest(ulong virtualFlags, ulong guestFlags, bool spvp, int load, int execute, int store)
    {
        foreach ((uint instruction, int cause) in new[] { (HlvD, load), (HlvxWu, execute), (HsvW, store) })
        {
            using TwoStageTests test = new();
            TestMachine machine = test._machine;
            test.Map(virtualFlags, guestFlags);
            machine.Set(0x280, machine.Satp());
            machine.Set(0x680, test.Hgatp());
            machine.Set(0x600, spvp ? Hstatus.Spvp : 0);
            machine.Write(Program, instruction, instruction);
            machine.Hart.WriteRegister(10, Va);
            machine.Hart.WriteRegister(5, 0x55);
            machine.GoTo(PrivilegeMode.Supervisor, Program);
            Assert.True(machine.Step() == (cause == 0), $"{instruction:x8}");
            Assert.Equal((ulong)cause, machine.Hart.Mcause);
            if (cause == 0)
            {
                Assert.Equal(instruction == HsvW ? 0x1122_3344_0000_0055UL : 0x1122_3344_5566_7788, machine.Read64(Data));
                Assert.Equal(instruction == HlvD ? 0x1122_3344_5566_7788UL : instruction == HlvxWu ? 0x5566_7788UL : 0x55, machine.Hart.ReadRegister(5));
                Assert.True(machine.Step()); // and again, from the TLB
                Assert.Equal(instruction == HlvD ? 0x1122_3344_5566_7788UL : instruction == HlvxWu ? 0x5566_7788UL : 0x55, machine.Hart.ReadRegister(5));
            }
            else
            {
                // GVA without MPV: only these instructions do that.
                Assert.Equal((Mstatus.Gva, 0x800UL), (machine.Get(0x300) & (Mstatus.Gva | Mstatus.Mpv), machine.Get(0x300) & Mstatus.Mpp));
                Assert.Equal(instruction & ~(31UL << 15), machine.Get(0x34A));
                Assert.Equal(cause > 20 ? Gpa >> 2 : 0, machine.Get(0x34B));
            }

            // The hart's own accesses are its own again.
            machine.Write(MachineHandler, LoadT0);
            machine.Hart.WriteRegister(10, Data + 0x1000);
            if (cause != 0)
            {
                Assert.True(machine.Step());
                Assert.Equal(0x99AA_BBCC_DDEE_FF00, machine.Hart.ReadRegister(5));
            }
        }
    }

    [Theory]
    [InlineData(0x6005_42F3u, 0xFFFF_FFFF_FFFF_FF88)] // hlv.b
    [InlineData(0x6015_42F3u, 0x88UL)]
    [InlineData(0x6405_42F3u, 0x7788UL)]
    [InlineData(0x6415_42F3u, 0x7788UL)]
    [InlineData(0x6435_42F3u, 0x7788UL)]
    [InlineData(0x6805_42F3u, 0xFFFF_FFFF_8566_7788)]
    [InlineData(0x6815_42F3u, 0x8566_7788UL)]
    public void Loads_extend_as_their_names_say(uint instruction, ulong expected)
    {
        Map(Rwx, Rwx | User);
        _machine.Write64(Data, 0x1122_3344_8566_7788);
        _machine.Set(0x280, _machine.Satp());
        _machine.Set(0x680, Hgatp());
        _machine.Set(0x600, Hstatus.Spvp);
        _machine.Write(Program, instruction);
        _machine.Hart.WriteRegister(10, Va);
        Assert.True(_machine.Step()); // from M-mode
        Assert.Equal(expected, _machine.Hart.ReadRegister(5));
    }

    [Theory]
    [InlineData(PrivilegeMode.Supervisor, true, 0)]
    [InlineData(PrivilegeMode.User, true, 13)]
    [InlineData(PrivilegeMode.Machine, true, 5)] // V is not effective: Va is a physical address without memory
    [InlineData(PrivilegeMode.Supervisor, false, 5)] // satp is Bare
    public void MPRV_with_MPV_loads_as_the_guest(PrivilegeMode mode, bool mpv, int cause)
    {
        Map(Rwx, Rwx | User);
        _machine.Set(0x280, _machine.Satp());
        _machine.Set(0x680, Hgatp());
        _machine.Write(Program, Asm.Csrrw(0, 0x300, 6), LoadT0);
        _machine.Hart.WriteRegister(6, Mstatus.Mprv | ((ulong)mode << 11) | (mpv ? Mstatus.Mpv : 0));
        _machine.Hart.WriteRegister(10, Va);
        Assert.True(_machine.Step());
        Assert.Equal(cause == 0, _machine.Step());
        Assert.Equal((ulong)cause, _machine.Hart.Mcause);
        if (cause == 0)
        {
            Assert.Equal(0x1122_3344_5566_7788UL, _machine.Hart.ReadRegister(5));
        }
        else
        {
            Assert.Equal(cause == 13, (_machine.Get(0x300) & Mstatus.Gva) != 0);
        }
    }

    [Fact]
    public void PMP_guards_what_both_stages_lead_to_and_their_tables()
    {
        Map(Rwx, Rwx | User, out ulong guestLeaf);
        _machine.Write(Program, LoadT0);
        _machine.Hart.WriteRegister(10, Va);
        foreach (ulong guarded in new[] { Data, guestLeaf })
        {
            _machine.Set(0x3A0, 0);
            _machine.Set(0x3B0, (guarded & ~0xFFFUL) >> 2 | 0x1FF); // 4 KiB without permissions
            _machine.Set(0x3B1, ulong.MaxValue);
            _machine.Set(0x3A0, 0x1F18);
            Enter();
            AssertOutcome(5, Va, 0, 0x3283);
        }
    }

    [Fact]
    public void Memory_types_need_the_PBMTE_of_their_stage()
    {
        const ulong Nc = 1UL << 61;
        foreach ((bool machine, bool hypervisor, ulong first, ulong second, int cause) in new[]
        {
            (true, true, Nc, Nc, 0), (true, false, Nc, 0UL, 13), (true, false, 0UL, Nc, 0), (false, false, 0UL, Nc, 21),
        })
        {
            using TwoStageTests test = new();
            test.Map(Rwx | first, Rwx | User | second);
            test._machine.Set(0x30A, machine ? Envcfg.Pbmte : 0);
            test._machine.Set(0x60A, hypervisor ? Envcfg.Pbmte : 0);
            test._machine.Write(Program, LoadT0);
            test._machine.Hart.WriteRegister(10, Va);
            test.Enter();
            test.AssertOutcome(cause, Va, Gpa, 0x3283);
        }
    }

    // The fence, and whether the guest then sees changes of the first stage and of the second.
    [Theory]
    [InlineData("none", false)]
    [InlineData("sfence.vma of HS", false)]
    [InlineData("hfence.vvma", true)]
    [InlineData("hfence.vvma of another address", false)]
    [InlineData("hfence.vvma of another ASID", false)]
    [InlineData("hfence.vvma of another VMID", false)]
    [InlineData("hfence.gvma", true)]
    [InlineData("hfence.gvma of the VMID", true)]
    [InlineData("hfence.gvma of another VMID", false)]
    [InlineData("sfence.vma of VS", true)]
    public void Fences_reach_the_translations_they_name(string fence, bool seen)
    {
        const uint Vmid = 5;
        ulong leaf = Map(Rwx, Rwx | User);
        _machine.Write(Program, LoadT0, Asm.Ecall);
        _machine.Hart.WriteRegister(10, Va);
        ulong vsatp = _machine.Satp(asid: 7);
        Enter(vsatp: vsatp, vmid: Vmid);
        Assert.True(_machine.Step());
        Assert.False(_machine.Step());
        _machine.MapPage(Gpa + 0x1000, Data + 0x1000, Rwx | User, 0, _guestRoot, guest: true);
        _machine.Write64(leaf, ((Gpa + 0x1000) >> 2) | Rwx);

        _machine.Hart.WriteRegister(6, Va + 0x5000);
        _machine.Hart.WriteRegister(7, 8);
        _machine.Hart.WriteRegister(28, Vmid);
        uint instruction = fence switch
        {
            "none" => Asm.Nop,
            "sfence.vma of HS" or "sfence.vma of VS" => Asm.SfenceVma(0, 0),
            "hfence.vvma" or "hfence.vvma of another VMID" => Asm.R(0x73, 0, 0x11, 0, 0, 0),
            "hfence.vvma of another address" => Asm.R(0x73, 0, 0x11, 0, 6, 0),
            "hfence.vvma of another ASID" => Asm.R(0x73, 0, 0x11, 0, 0, 7),
            "hfence.gvma" => Asm.R(0x73, 0, 0x31, 0, 0, 0),
            "hfence.gvma of the VMID" => Asm.R(0x73, 0, 0x31, 0, 0, 28),
            _ => Asm.R(0x73, 0, 0x31, 0, 0, 7),
        };
        if (fence == "hfence.vvma of another VMID")
        {
            _machine.Set(0x680, Hgatp(Vmid + 1));
        }

        _machine.Write(Program + 0x800, instruction, Asm.Ecall);
        _machine.GoTo(PrivilegeMode.Supervisor, Program + 0x800, fence == "sfence.vma of VS");
        Assert.True(_machine.Step());
        Assert.False(_machine.Step());
        Enter(vsatp: vsatp, vmid: Vmid);
        Assert.True(_machine.Step());
        Assert.Equal(seen ? 0x99AA_BBCC_DDEE_FF00 : 0x1122_3344_5566_7788, _machine.Hart.ReadRegister(5));
    }

    [Fact]
    public void A_guests_translations_are_not_the_hosts()
    {
        Map(Rwx, Rwx | User);
        _machine.Write(Program, LoadT0, Asm.Ecall);
        _machine.Hart.WriteRegister(10, Va);
        Enter();
        Assert.True(_machine.Step());
        Assert.False(_machine.Step());
        _machine.GoTo(PrivilegeMode.Supervisor, Program); // satp is Bare: Va is no memory
        Assert.False(_machine.Step());
        Assert.Equal((5UL, 0UL), (_machine.Hart.Mcause, _machine.Get(0x300) & Mstatus.Gva));
    }

    private ulong Hgatp(uint vmid = 0) => (8UL << 60) | ((ulong)vmid << 44) | (_guestRoot >> 12);

    private ulong Map(ulong virtualFlags, ulong guestFlags) => Map(virtualFlags, guestFlags, out _);

    // Va to Gpa to Data; returns the first stage's leaf.
    private ulong Map(ulong virtualFlags, ulong guestFlags, out ulong guestLeaf)
    {
        guestLeaf = _machine.MapPage(Gpa, Data, guestFlags, 0, _guestRoot, guest: true);
        return _machine.MapPage(Va, Gpa, virtualFlags);
    }

    private ulong PointerTo(ulong table)
    {
        ulong middle = _machine.Read64(_machine.Root + (((Va >> 30) & 511) * 8)) >> 10 << 12;
        ulong pointer = middle + (((Va >> 21) & 511) * 8);
        Assert.Equal(table, _machine.Read64(pointer) >> 10 << 12);
        return pointer;
    }

    // Into VS-mode, from whatever trap there was before.
    private void Enter(ulong? vsatp = null, ulong pc = Program, uint vmid = 0)
    {
        _machine.Set(0x280, vsatp ?? _machine.Satp());
        _machine.Set(0x680, Hgatp(vmid));
        _machine.Set(0x342, 0);
        _machine.GoTo(PrivilegeMode.Supervisor, pc, isVirtual: true);
    }

    private void AssertOutcome(int cause, ulong address, ulong guestPhysical, ulong transformed)
    {
        Assert.Equal(cause == 0, _machine.Step());
        Assert.Equal((ulong)cause, _machine.Hart.Mcause);
        if (cause == 0)
        {
            return;
        }

        Assert.Equal((address, cause >= 20 ? guestPhysical >> 2 : 0, transformed), (_machine.Hart.Mtval, _machine.Get(0x34B), _machine.Get(0x34A)));
        Assert.Equal(Mstatus.Gva | Mstatus.Mpv, _machine.Get(0x300) & (Mstatus.Gva | Mstatus.Mpv));
    }
}
