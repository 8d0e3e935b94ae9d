using System.Security.Cryptography;
using CoveJit.Attestation.Cryptography;
using CoveJit.Harts.Tests;
using CoveJit.Memory.Protection;
using CoveJit.Monitor.Sbi;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

/// <summary>Every error that a function's declaration names, and success: one case each at least.</summary>
public sealed partial class ErrorTests
{
    private const ulong NoPage = 0x1000; // below RAM
    private const SbiError Ok = SbiError.Success;

    // TVM states that cases start from.
    private const int Nothing = 0;
    private const int Converted = 1;
    private const int Initializing = 2;
    private const int Runnable = 3;
    private const int Shared = 4; // runnable, with a shared range at GuestMemory + 0x20000, and a zero page at GuestMemory + 0x10000

    private static readonly byte[] Key = MakeKey();
    private static readonly ulong KeySize = (ulong)Key.Length;
    private static readonly List<Case> Cases = MakeCases();

    public static TheoryData<string, SbiError, int> Numbers()
    {
        TheoryData<string, SbiError, int> rows = [];
        for (int i = 0; i < Cases.Count; i++)
        {
            rows.Add(Cases[i].Function, Cases[i].Expected, i);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void A_function_returns(string function, SbiError expected, int number)
    {
        using TestMachine machine = new();
        Action? check = machine.Tsm.Check;
        machine.Tsm.Check = null; // only what the case is about
        Case test = Cases[number];
        ulong id = test.Start switch
        {
            Nothing => 0,
            Converted => 0,
            Initializing => Build(machine),
            _ => machine.Launch(CallProgram, vcpus: 2),
        };
        if (test.Start == Converted)
        {
            machine.Convert();
        }

        if (test.Start == Shared)
        {
            Assert.Equal((new SbiResult(Ok), true), machine.CallFromGuest(id, (ulong)CoveExtension.Guest, 2, GuestMemory + 0x20000, 0x10000));
            Assert.Equal(22UL, machine.Run(id).Cause);
            machine.Succeed("add_tvm_zero_pages", id, machine.Take(1), 0, 1, GuestMemory + 0x10000);
        }

        machine.Tsm.Check = check;
        SbiError error = test.Act(machine, id);
        Assert.True(error == expected, $"{function}: {CoveError.NameOf(error)}, not {CoveError.NameOf(expected)}");
        machine.AssertInvariants();
    }

    [Fact]
    public void There_is_a_case_for_every_error_of_every_function()
    {
        HashSet<(string, SbiError)> tested = [.. Cases.Select(c => (c.Function, c.Expected))];
        IEnumerable<string> missing =
            from function in CoveAbi.Functions
            from error in function.AllErrors.Concat(function.Handler is null ? [] : [Ok])
            where !tested.Contains((function.FullName, error))
            select $"{function.FullName} {CoveError.NameOf(error)}";
        Assert.Empty(missing);
    }

    private static void Promotable(TestMachine machine, ulong hgatp)
    {
        new HostVm().Write(machine);
        machine.SetCsr(0x680, hgatp);
    }

    // A virtual machine, and too few confidential pages for it.
    private static void LeaveFree(TestMachine machine, ulong pages)
    {
        new HostVm().Write(machine);
        machine.Succeed("reclaim_pages", Confidential + (pages * PageSize), ConfidentialPages - pages);
    }

    private static byte[] MakeKey()
    {
        using ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        return P384PublicKey.FromKey(key).ToCose();
    }

    private static ulong Build(TestMachine machine)
    {
        machine.Convert();
        return machine.Build(CallProgram);
    }

    private static List<Case> MakeCases()
    {
        List<Case> cases = [];
        void Host(string name, SbiError expected, int start, Func<TestMachine, ulong, ulong[]> arguments) =>
            cases.Add(new(Find(name).FullName, expected, start, (m, id) => m.Call(name, arguments(m, id)).Error));
        void HostAfter(string name, SbiError expected, int start, Action<TestMachine, ulong> before, Func<TestMachine, ulong, ulong[]> arguments) =>
            cases.Add(new(Find(name).FullName, expected, start, (m, id) =>
            {
                before(m, id);
                return m.Call(name, arguments(m, id)).Error;
            }));
        void Guest(uint number, SbiError expected, params ulong[] arguments)
        {
            CoveFunction function = CoveAbi.Functions.Single(f => f.Extension == CoveExtension.Guest && f.Function == number);
            cases.Add(new(function.FullName, expected, Shared, (m, id) => m.CallFromGuest(id, (ulong)CoveExtension.Guest, number, arguments).Result.Error));
        }

        void GuestFull(uint number, params ulong[] arguments)
        {
            CoveFunction function = CoveAbi.Functions.Single(f => f.Extension == CoveExtension.Guest && f.Function == number);
            cases.Add(new(function.FullName, SbiError.Failed, Shared, (m, id) =>
            {
                for (ulong i = 0; m.Tvm(id).Regions.TrySet(0x1000_0000 + (i * 0x2000), PageSize, RegionKind.Mmio); i++)
                {
                }

                return m.CallFromGuest(id, (ulong)CoveExtension.Guest, number, arguments).Result.Error;
            }));
        }

        // With a key that is one where the zero page is.
        void Evidence(SbiError expected, params ulong[] arguments) => cases.Add(new("sbi_covg_get_evidence", expected, Shared, (m, id) =>
        {
            Assert.True(m.Tsm.TryWriteGuest(m.Tvm(id), GuestMemory + 0x10000, Key));
            return m.CallFromGuest(id, (ulong)CoveExtension.Guest, 8, arguments).Result.Error;
        }));

        // With a secret of four bytes.
        void Secret(SbiError expected, params ulong[] arguments) => cases.Add(new("sbi_covg_retrieve_secret", expected, Shared, (m, id) =>
        {
            m.Tvm(id).Secret = new byte[] { 1, 2, 3, 4 };
            return m.CallFromGuest(id, (ulong)CoveExtension.Guest, 9, arguments).Result.Error;
        }));

        Host("get_tsm_info", Ok, Nothing, (_, _) => [Parameters, 48]);
        Host("get_tsm_info", SbiError.InvalidAddress, Nothing, (_, _) => [Parameters + 2, 48]);
        Host("get_tsm_info", SbiError.InvalidAddress, Nothing, (_, _) => [NoPage, 48]);
        Host("get_tsm_info", SbiError.InvalidAddress, Nothing, (_, _) => [Tables, 48]);
        Host("get_tsm_info", SbiError.InvalidAddress, Nothing, (_, _) => [ulong.MaxValue - 3, 48]);
        Host("get_tsm_info", SbiError.InvalidAddress, Converted, (_, _) => [Confidential - 16, 48]);
        Host("get_tsm_info", SbiError.InvalidParam, Nothing, (_, _) => [Parameters, 47]);

        Host("convert_pages", Ok, Nothing, (_, _) => [Confidential, 1]);
        Host("convert_pages", SbiError.InvalidAddress, Nothing, (_, _) => [Confidential + 8, 1]);
        Host("convert_pages", SbiError.InvalidAddress, Nothing, (_, _) => [NoPage, 1]);
        Host("convert_pages", SbiError.InvalidAddress, Nothing, (_, _) => [Tables, 1]);
        Host("convert_pages", SbiError.InvalidAddress, Nothing, (_, _) => [Tables - PageSize, 2]);
        Host("convert_pages", SbiError.InvalidAddress, Nothing, (_, _) => [End - PageSize, 1UL << 40]);
        Host("convert_pages", SbiError.InvalidAddress, Converted, (_, _) => [Confidential, 1]);
        Host("convert_pages", SbiError.InvalidAddress, Runnable, (_, _) => [Nacl + (2 * PageSize), 1]);
        Host("convert_pages", SbiError.InvalidParam, Nothing, (_, _) => [Confidential, 0]);
        Host("convert_pages", SbiError.InvalidParam, Nothing, (_, _) => [Confidential, ulong.MaxValue]);
        HostAfter("convert_pages", SbiError.InvalidAddress, Nothing, (m, _) => m.Succeed("convert_pages", HostPages, 1), (_, _) => [HostPages, 1]);
        HostAfter("convert_pages", SbiError.Failed, Nothing, (m, _) => Exhaust(m), (_, _) => [Confidential + PageSize, 1]);

        Host("reclaim_pages", Ok, Converted, (_, _) => [Confidential, ConfidentialPages]);
        Host("reclaim_pages", Ok, Converted, (_, _) => [Confidential - PageSize, 3]);
        Host("reclaim_pages", SbiError.InvalidAddress, Converted, (_, _) => [Confidential + 8, 1]);
        Host("reclaim_pages", SbiError.InvalidAddress, Nothing, (_, _) => [Tables, 1]);
        Host("reclaim_pages", SbiError.InvalidAddress, Runnable, (_, _) => [Confidential, ConfidentialPages]);
        Host("reclaim_pages", SbiError.InvalidParam, Converted, (_, _) => [Confidential, 0]);
        HostAfter("reclaim_pages", SbiError.InvalidAddress, Nothing, (m, _) => m.Succeed("convert_pages", HostPages, 1), (_, _) => [HostPages, 1]);
        HostAfter("reclaim_pages", SbiError.Failed, Converted, (m, _) => Exhaust(m), (_, _) => [Confidential + PageSize, 1]);

        Host("global_fence", Ok, Nothing, (_, _) => []);
        cases.Add(new("sbi_covh_global_fence", SbiError.AlreadyStarted, Nothing, (_, _) =>
        {
            using TestMachine two = new(harts: 2);
            two.Succeed("convert_pages", HostPages, 1);
            two.Succeed("global_fence");
            return two.Call("global_fence").Error;
        }));
        Host("local_fence", Ok, Nothing, (_, _) => []);

        Host("create_tvm", Ok, Converted, (m, _) => Structure(m, m.Take(4, 16384), m.Take(1)));
        Host("create_tvm", SbiError.InvalidAddress, Converted, (m, _) => [Structure(m, m.Take(4, 16384), m.Take(1))[0] + 1, 16]);
        Host("create_tvm", SbiError.InvalidAddress, Converted, (_, _) => [Confidential, 16]);
        Host("create_tvm", SbiError.InvalidAddress, Converted, (m, _) => Structure(m, m.Take(4, 16384) + PageSize, m.Take(1)));
        Host("create_tvm", SbiError.InvalidAddress, Converted, (m, _) => Structure(m, HostPages & ~0x3FFFUL, m.Take(1)));
        Host("create_tvm", SbiError.InvalidAddress, Converted, (m, _) => Structure(m, Confidential, Confidential));
        Host("create_tvm", SbiError.InvalidAddress, Converted, (m, _) => Structure(m, Confidential, Confidential + (3 * PageSize)));
        Host("create_tvm", SbiError.InvalidAddress, Converted, (m, _) => Structure(m, Confidential, HostPages));
        Host("create_tvm", SbiError.InvalidParam, Converted, (m, _) => [Structure(m, m.Take(4, 16384), m.Take(1))[0], 15]);
        cases.Add(new("sbi_covh_create_tvm", SbiError.Failed, Nothing, (_, _) =>
        {
            using TestMachine few = new(vmidBits: 1); // 0 is no TVM's
            few.Convert();
            few.Succeed("create_tvm", Structure(few, few.Take(4, 16384), few.Take(1)));
            return few.Call("create_tvm", Structure(few, few.Take(4, 16384), few.Take(1))).Error;
        }));

        Host("finalize_tvm", Ok, Initializing, (_, id) => [id, GuestMemory, 0, 0]);
        Host("finalize_tvm", Ok, Initializing, (_, id) => [id, GuestMemory, 0, Parameters]);
        Host("finalize_tvm", SbiError.InvalidParam, Initializing, (_, id) => [id + 1, GuestMemory, 0, 0]);
        Host("finalize_tvm", SbiError.InvalidParam, Initializing, (_, id) => [id, GuestMemory, 0, Parameters + 8]);
        Host("finalize_tvm", SbiError.InvalidParam, Initializing, (_, id) => [id, GuestMemory, 0, Confidential]);
        Host("finalize_tvm", SbiError.Failed, Runnable, (_, id) => [id, GuestMemory, 0, 0]);
        cases.Add(new("sbi_covh_finalize_tvm", SbiError.Failed, Converted, (m, _) => m.Call("finalize_tvm", m.Build(CallProgram, vcpus: 0), GuestMemory, 0, 0).Error));

        HostAfter("promote_to_tvm", Ok, Converted, (m, _) => new HostVm().Write(m), (_, _) => [HostVm.Tree, 0, GuestMemory, Parameters]);
        HostAfter("promote_to_tvm", SbiError.InvalidAddress, Converted, (m, _) => new HostVm().Write(m), (_, _) => [HostVm.Tree + 4, 0, GuestMemory, 0]);
        HostAfter("promote_to_tvm", SbiError.InvalidAddress, Converted, (m, _) => new HostVm().Write(m), (_, _) => [HostVm.Tree, HostVm.Payload + 4, GuestMemory, 0]);
        HostAfter("promote_to_tvm", SbiError.InvalidAddress, Converted, (m, _) => new HostVm().Write(m), (_, _) => [GuestMemory, 0, GuestMemory, 0]);
        HostAfter("promote_to_tvm", SbiError.InvalidAddress, Converted, (m, _) => new HostVm().Write(m), (_, _) => [GuestMemory + 0x2000, 0, GuestMemory, 0]);
        HostAfter("promote_to_tvm", SbiError.InvalidAddress, Converted, (m, _) => new HostVm { Cpus = 0 }.Write(m), (_, _) => [HostVm.Tree, 0, GuestMemory, 0]);
        HostAfter("promote_to_tvm", SbiError.InvalidParam, Converted, (m, _) => new HostVm().Write(m), (_, _) => [HostVm.Tree, 0, GuestMemory, Parameters + 8]);
        HostAfter("promote_to_tvm", SbiError.InvalidParam, Converted, (m, _) => new HostVm().Write(m), (_, _) => [HostVm.Tree, 0, GuestMemory, Confidential]);
        HostAfter("promote_to_tvm", CoveError.Auth, Converted, (m, _) => new HostVm().Write(m), (_, _) => [HostVm.Tree, HostVm.Payload, GuestMemory, 0]);
        HostAfter("promote_to_tvm", CoveError.OutOfMemory, Nothing, (m, _) => new HostVm().Write(m), (_, _) => [HostVm.Tree, 0, GuestMemory, 0]);
        HostAfter("promote_to_tvm", CoveError.OutOfMemory, Converted, (m, _) => LeaveFree(m, 10), (_, _) => [HostVm.Tree, 0, GuestMemory, 0]);
        Host("promote_to_tvm", SbiError.NoShmem, Converted, (_, _) => [HostVm.Tree, 0, GuestMemory, 0]);
        HostAfter("promote_to_tvm", SbiError.Failed, Converted, (m, _) => Promotable(m, 0), (_, _) => [HostVm.Tree, 0, GuestMemory, 0]);
        HostAfter("promote_to_tvm", SbiError.Failed, Converted, (m, _) => Promotable(m, (8UL << 60) | (Confidential >> 12)), (_, _) => [HostVm.Tree, 0, GuestMemory, 0]);
        HostAfter("promote_to_tvm", SbiError.Failed, Converted, (m, _) =>
        {
            new HostVm().Write(m);
            m.Write64(HostVm.LastTable, (Confidential >> 2) | 0xDF);
        }, (_, _) => [HostVm.Tree, 0, GuestMemory, 0]);

        Host("destroy_tvm", Ok, Initializing, (_, id) => [id]);
        Host("destroy_tvm", Ok, Runnable, (_, id) => [id]);
        Host("destroy_tvm", SbiError.InvalidParam, Initializing, (_, id) => [id + 1]);
        Host("destroy_tvm", SbiError.InvalidParam, Initializing, (_, id) => [id | (1UL << 32)]);
        cases.Add(new("sbi_covh_destroy_tvm", SbiError.Failed, Nothing, (_, _) =>
        {
            using TestMachine two = new(harts: 2);
            ulong id = two.Launch(CallProgram);
            two.Enter(id);
            return TestMachine.CallOn(two.Harts[1], (ulong)CoveExtension.Host, 8, id).Error;
        }));

        Host("add_tvm_memory_region", Ok, Initializing, (_, id) => [id, 0, GuestMemory]);
        Host("add_tvm_memory_region", SbiError.InvalidParam, Initializing, (_, id) => [id + 1, 0, PageSize]);
        Host("add_tvm_memory_region", SbiError.InvalidParam, Initializing, (_, id) => [id, 0, 0]);
        Host("add_tvm_memory_region", SbiError.InvalidParam, Initializing, (_, id) => [id, 0, PageSize + 1]);
        Host("add_tvm_memory_region", SbiError.InvalidAddress, Initializing, (_, id) => [id, 1, PageSize]);
        Host("add_tvm_memory_region", SbiError.InvalidAddress, Initializing, (_, id) => [id, GuestMemory - PageSize, 2 * PageSize]);
        Host("add_tvm_memory_region", SbiError.InvalidAddress, Initializing, (_, id) => [id, 1UL << 50, PageSize]);
        Host("add_tvm_memory_region", SbiError.InvalidAddress, Initializing, (_, id) => [id, (1UL << 50) - PageSize, 2 * PageSize]);
        Host("add_tvm_memory_region", SbiError.Failed, Runnable, (_, id) => [id, 0, PageSize]);

        Host("add_tvm_page_table_pages", Ok, Runnable, (m, id) => [id, m.Take(2), 2]);
        Host("add_tvm_page_table_pages", SbiError.InvalidParam, Runnable, (m, id) => [id + 1, m.Take(2), 2]);
        Host("add_tvm_page_table_pages", SbiError.InvalidParam, Runnable, (m, id) => [id, m.Take(2), 0]);
        Host("add_tvm_page_table_pages", SbiError.InvalidAddress, Runnable, (m, id) => [id, m.Take(2) + 1, 2]);
        Host("add_tvm_page_table_pages", SbiError.InvalidAddress, Runnable, (_, id) => [id, HostPages, 1]);
        Host("add_tvm_page_table_pages", SbiError.InvalidAddress, Runnable, (m, id) => [id, m.Tvm(id).Stage.Root, 1]);

        Host("add_tvm_measured_pages", Ok, Initializing, (m, id) => [id, Image, m.Take(2), 0, 2, GuestMemory + PageSize]);
        Host("add_tvm_measured_pages", Ok, Initializing, (m, id) => [id, Image, m.Take(512, 2 << 20), 1, 1, GuestMemory + (2 << 20)]);
        Host("add_tvm_measured_pages", SbiError.InvalidParam, Initializing, (m, id) => [id + 1, Image, m.Take(1), 0, 1, GuestMemory + PageSize]);
        Host("add_tvm_measured_pages", SbiError.InvalidParam, Initializing, (m, id) => [id, Image, m.Take(1), 3, 1, GuestMemory + PageSize]);
        Host("add_tvm_measured_pages", SbiError.InvalidParam, Initializing, (m, id) => [id, Image, m.Take(1), 0, 0, GuestMemory + PageSize]);
        Host("add_tvm_measured_pages", SbiError.InvalidAddress, Initializing, (m, id) => [id, Image + 4, m.Take(1), 0, 1, GuestMemory + PageSize]);
        Host("add_tvm_measured_pages", SbiError.InvalidAddress, Initializing, (m, id) => [id, m.Take(1), m.Take(1), 0, 1, GuestMemory + PageSize]);
        Host("add_tvm_measured_pages", SbiError.InvalidAddress, Initializing, (_, id) => [id, Image, HostPages, 0, 1, GuestMemory + PageSize]);
        Host("add_tvm_measured_pages", SbiError.InvalidAddress, Initializing, (m, id) => [id, Image, m.Take(512, 2 << 20), 1, 1, GuestMemory + PageSize]);
        Host("add_tvm_measured_pages", SbiError.InvalidAddress, Initializing, (m, id) => [id, Image, m.Take(1), 0, 1, GuestMemory]);
        Host("add_tvm_measured_pages", SbiError.InvalidAddress, Initializing, (m, id) => [id, Image, m.Take(1), 0, 1, GuestDevice]);
        Host("add_tvm_measured_pages", SbiError.InvalidAddress, Initializing, (m, id) => [id, Image, m.Take(1), 2, 1UL << 40, 0]);
        Host("add_tvm_measured_pages", CoveError.OutOfPageTablePages, Initializing, (m, id) => [Poor(m), Image, m.Take(1), 0, 1, GuestMemory]);
        Host("add_tvm_measured_pages", SbiError.Failed, Runnable, (m, id) => [id, Image, m.Take(1), 0, 1, GuestMemory + PageSize]);

        Host("add_tvm_zero_pages", Ok, Runnable, (m, id) => [id, m.Take(2), 0, 2, GuestMemory + PageSize]);
        Host("add_tvm_zero_pages", Ok, Runnable, (m, id) => [id, m.Take(512, 2 << 20), 1, 1, GuestMemory + (2 << 20)]);
        Host("add_tvm_zero_pages", SbiError.InvalidParam, Runnable, (m, id) => [id + 1, m.Take(1), 0, 1, GuestMemory + PageSize]);
        Host("add_tvm_zero_pages", SbiError.InvalidParam, Runnable, (m, id) => [id, m.Take(1), 3, 1, GuestMemory + PageSize]);
        Host("add_tvm_zero_pages", SbiError.InvalidAddress, Runnable, (m, id) => [id, m.Take(1), 0, 1, GuestMemory]);
        Host("add_tvm_zero_pages", SbiError.InvalidAddress, Runnable, (m, id) => [id, m.Take(1), 0, 1, GuestMemory + 4]);
        Host("add_tvm_zero_pages", SbiError.InvalidAddress, Runnable, (_, id) => [id, HostPages, 0, 1, GuestMemory + PageSize]);
        Host("add_tvm_zero_pages", SbiError.InvalidAddress, Shared, (m, id) => [id, m.Take(1), 0, 1, GuestMemory + 0x20000]);
        Host("add_tvm_zero_pages", CoveError.OutOfPageTablePages, Runnable, (m, id) => [PoorRunnable(m), m.Take(1), 0, 1, GuestMemory]);
        Host("add_tvm_zero_pages", SbiError.Failed, Initializing, (m, id) => [id, m.Take(1), 0, 1, GuestMemory + PageSize]);

        Host("add_tvm_shared_pages", Ok, Shared, (_, id) => [id, HostPages, 0, 16, GuestMemory + 0x20000]);
        Host("add_tvm_shared_pages", SbiError.InvalidParam, Shared, (_, id) => [id, HostPages, 4, 1, GuestMemory + 0x20000]);
        Host("add_tvm_shared_pages", SbiError.InvalidAddress, Shared, (_, id) => [id, HostPages, 0, 17, GuestMemory + 0x20000]);
        Host("add_tvm_shared_pages", SbiError.InvalidAddress, Shared, (m, id) => [id, m.Take(1), 0, 1, GuestMemory + 0x20000]);
        Host("add_tvm_shared_pages", SbiError.InvalidAddress, Shared, (_, id) => [id, Tables, 0, 1, GuestMemory + 0x20000]);
        HostAfter("add_tvm_shared_pages", SbiError.InvalidAddress, Shared, (m, id) => m.Succeed("add_tvm_shared_pages", id, HostPages, 0, 1, GuestMemory + 0x20000), (_, id) => [id, HostPages, 0, 1, GuestMemory + 0x20000]);
        HostAfter("add_tvm_shared_pages", Ok, Shared, (m, id) => m.Succeed("add_tvm_shared_pages", id, HostPages, 0, 1, GuestMemory + 0x20000), (_, id) => [id, HostPages, 0, 1, GuestMemory + 0x21000]);
        HostAfter("add_tvm_shared_pages", CoveError.OutOfPageTablePages, Runnable, (m, _) => Keep(m, PoorRunnable(m)), (m, _) => [m.Kept, HostPages, 0, 1, GuestMemory]);
        Host("add_tvm_shared_pages", SbiError.Failed, Initializing, (m, id) =>
        {
            m.Tvm(id).Regions.TrySet(GuestMemory + 0x20000, PageSize, RegionKind.Shared);
            return [id, HostPages, 0, 1, GuestMemory + 0x20000];
        });

        Host("create_tvm_vcpu", Ok, Initializing, (m, id) => [id, 63, m.Take(1)]);
        Host("create_tvm_vcpu", SbiError.InvalidParam, Initializing, (m, id) => [id + 1, 1, m.Take(1)]);
        Host("create_tvm_vcpu", SbiError.InvalidParam, Initializing, (m, id) => [id, 0, m.Take(1)]);
        Host("create_tvm_vcpu", SbiError.InvalidParam, Initializing, (m, id) => [id, 64, m.Take(1)]);
        Host("create_tvm_vcpu", SbiError.InvalidAddress, Initializing, (m, id) => [id, 1, m.Take(1) + 8]);
        Host("create_tvm_vcpu", SbiError.InvalidAddress, Initializing, (_, id) => [id, 1, HostPages]);
        Host("create_tvm_vcpu", SbiError.Failed, Runnable, (m, id) => [id, 5, m.Take(1)]);

        cases.Add(new("sbi_covh_run_tvm_vcpu", Ok, Runnable, (m, id) => m.Run(id).Value == 0 ? Ok : SbiError.Failed));
        Host("run_tvm_vcpu", SbiError.InvalidParam, Runnable, (_, id) => [id + 1, 0]);
        Host("run_tvm_vcpu", SbiError.InvalidParam, Runnable, (_, id) => [id, 2]);
        Host("run_tvm_vcpu", SbiError.InvalidParam, Runnable, (_, id) => [id, 1UL << 32]);
        Host("run_tvm_vcpu", SbiError.Failed, Runnable, (_, id) => [id, 1]); // powered off
        HostAfter("run_tvm_vcpu", SbiError.Failed, Initializing, (m, _) => m.Succeed("set_shmem", Nacl, 0, 0), (_, id) => [id, 0]);
        HostAfter("run_tvm_vcpu", SbiError.NoShmem, Runnable, (m, _) => m.Succeed("set_shmem", ulong.MaxValue, ulong.MaxValue, 0), (_, id) => [id, 0]);
        cases.Add(new("sbi_covh_run_tvm_vcpu", SbiError.Failed, Nothing, (_, _) =>
        {
            using TestMachine two = new(harts: 2);
            ulong id = two.Launch(CallProgram);
            Assert.Equal(Ok, two.CallOn(two.Harts[1], "set_shmem", Nacl + 0x4000, 0, 0).Error);
            two.Enter(id);
            return two.CallOn(two.Harts[1], "run_tvm_vcpu", id, 0).Error;
        }));

        Host("tvm_fence", Ok, Runnable, (_, id) => [id]);
        Host("tvm_fence", SbiError.InvalidParam, Runnable, (_, id) => [id + 1]);
        cases.Add(new("sbi_covh_tvm_fence", SbiError.AlreadyStarted, Nothing, (_, _) =>
        {
            using TestMachine two = new(harts: 2);
            ulong id = two.Launch(CallProgram);
            two.Enter(id);
            Assert.Equal(Ok, two.CallOn(two.Harts[1], "tvm_fence", id).Error);
            return two.CallOn(two.Harts[1], "tvm_fence", id).Error;
        }));

        foreach (string name in new[] { "tvm_invalidate_pages", "tvm_validate_pages", "tvm_remove_pages" })
        {
            Host(name, SbiError.InvalidParam, Shared, (_, id) => [id + 1, GuestMemory, PageSize]);
            Host(name, SbiError.InvalidParam, Shared, (_, id) => [id, GuestMemory, 0]);
            Host(name, SbiError.InvalidAddress, Shared, (_, id) => [id, GuestMemory + 8, PageSize]);
            Host(name, SbiError.InvalidAddress, Shared, (_, id) => [id, GuestMemory + 0x11000, PageSize]);
            Host(name, SbiError.InvalidAddress, Shared, (_, id) => [id, GuestMemory + 0x10000, 2 * PageSize]);
            Host(name, SbiError.InvalidAddress, Shared, (_, id) => [id, 1UL << 50, PageSize]);
            Host(name, SbiError.InvalidAddress, Shared, (_, id) => [id, (1UL << 50) - PageSize, 1UL << 51]);
        }

        Host("tvm_invalidate_pages", Ok, Shared, (_, id) => [id, GuestMemory + 0x10000, PageSize]);
        HostAfter("tvm_invalidate_pages", SbiError.InvalidAddress, Shared, (m, id) => m.Succeed("tvm_invalidate_pages", id, GuestMemory + 0x10000, PageSize), (_, id) => [id, GuestMemory + 0x10000, PageSize]);
        HostAfter("tvm_invalidate_pages", SbiError.InvalidAddress, Shared, (m, id) => m.Succeed("add_tvm_zero_pages", id, m.Take(512, 2 << 20), 1, 1, GuestMemory + (4 << 20)), (_, id) => [id, GuestMemory + (4 << 20), 1 << 20]);
        HostAfter("tvm_invalidate_pages", SbiError.InvalidAddress, Shared, (m, id) => m.Succeed("add_tvm_zero_pages", id, m.Take(512, 2 << 20), 1, 1, GuestMemory + (4 << 20)), (_, id) => [id, GuestMemory + (5 << 20), 1 << 20]);
        HostAfter("tvm_validate_pages", Ok, Shared, (m, id) => m.Succeed("tvm_invalidate_pages", id, GuestMemory + 0x10000, PageSize), (_, id) => [id, GuestMemory + 0x10000, PageSize]);
        HostAfter("tvm_remove_pages", SbiError.InvalidAddress, Shared, Invalidate(GuestMemory + 0x10000), (_, id) => [id, GuestMemory + 0x10000, PageSize]); // the TVM's own
        HostAfter("tvm_remove_pages", Ok, Shared, AddAndInvalidate, (_, id) => [id, GuestMemory + 0x20000, PageSize]);

        Host("init_tvm_aia", Ok, Initializing, (m, id) => [id, m.WriteAiaParameters(), 28]);
        Host("init_tvm_aia", Ok, Initializing, (m, id) => [id, m.WriteAiaParameters(groupBits: 3, groupShift: 30, guestBits: 2), 32]);
        Host("init_tvm_aia", SbiError.InvalidParam, Initializing, (m, id) => [id + 1, m.WriteAiaParameters(), 28]);
        Host("init_tvm_aia", SbiError.InvalidParam, Initializing, (m, id) => [id, m.WriteAiaParameters(), 27]);
        Host("init_tvm_aia", SbiError.InvalidParam, Initializing, (m, id) => [id, m.WriteAiaParameters(guestsPerHart: 1, guestBits: 1), 28]);
        Host("init_tvm_aia", SbiError.InvalidParam, Initializing, (m, id) => [id, m.WriteAiaParameters(groupShift: 23), 28]);
        Host("init_tvm_aia", SbiError.InvalidParam, Initializing, (m, id) => [id, m.WriteAiaParameters(groupBits: 27), 28]);
        Host("init_tvm_aia", SbiError.InvalidParam, Initializing, (m, id) => [id, m.WriteAiaParameters(hartBits: uint.MaxValue, guestBits: uint.MaxValue, groupBits: uint.MaxValue, groupShift: uint.MaxValue), 28]);
        Host("init_tvm_aia", SbiError.InvalidParam, Initializing, (m, id) => [id, m.WriteAiaParameters(imsic: GuestImsic + PageSize), 28]);
        Host("init_tvm_aia", SbiError.InvalidParam, Initializing, (m, id) => [id, m.WriteAiaParameters(imsic: 1UL << 50), 28]);
        Host("init_tvm_aia", SbiError.InvalidParam, Runnable, (m, id) => [id, m.WriteAiaParameters(), 28]);
        Host("init_tvm_aia", SbiError.InvalidAddress, Initializing, (m, id) => [id, m.WriteAiaParameters() + 2, 28]);
        Host("init_tvm_aia", SbiError.InvalidAddress, Initializing, (_, id) => [id, Confidential, 28]);
        HostAfter("init_tvm_aia", SbiError.Failed, Initializing, (m, id) => m.Succeed("init_tvm_aia", id, m.WriteAiaParameters(), 28), (_, id) => [id, Parameters, 28]);

        Host("set_tvm_aia_cpu_imsic_addr", SbiError.Failed, Initializing, (_, id) => [id, 0, GuestFilePage(0)]);
        Host("set_tvm_aia_cpu_imsic_addr", SbiError.InvalidParam, Runnable, (_, id) => [id, 0, GuestFilePage(0)]);
        foreach ((SbiError error, ulong vcpu, ulong address) in new[]
        {
            (Ok, 0UL, GuestFilePage(15)), (SbiError.InvalidParam, 1UL, GuestFilePage(0)), (SbiError.InvalidAddress, 0UL, GuestFilePage(16)),
            (SbiError.InvalidAddress, 0UL, GuestFilePage(0) + 4), (SbiError.InvalidAddress, 0UL, GuestMemory), (SbiError.InvalidAddress, 0UL, ulong.MaxValue - 0xFFF),
        })
        {
            HostAfter("set_tvm_aia_cpu_imsic_addr", error, Initializing, (m, id) => m.Succeed("init_tvm_aia", id, m.WriteAiaParameters(), 28), (_, id) => [id, vcpu, address]);
        }

        Host("set_tvm_aia_cpu_imsic_addr", SbiError.InvalidAddress, Converted, (m, _) =>
        {
            ulong id = m.BuildWithFiles(CallProgram);
            m.Succeed("create_tvm_vcpu", id, 1, m.Take(1));
            return [id, 1, GuestFilePage(0)]; // vCPU 0's
        });
        Host("set_tvm_aia_cpu_imsic_addr", SbiError.Failed, Converted, (m, _) => [m.BuildWithFiles(CallProgram), 0, GuestFilePage(1)]);
        Host("finalize_tvm", SbiError.Failed, Converted, (m, _) =>
        {
            ulong id = m.BuildWithFiles(CallProgram);
            m.Succeed("create_tvm_vcpu", id, 1, m.Take(1)); // without a file
            return [id, GuestMemory, 0, 0];
        });

        Host("convert_aia_imsic", Ok, Nothing, (_, _) => [FilePage(0, 7)]);
        Host("convert_aia_imsic", SbiError.InvalidAddress, Nothing, (_, _) => [FilePage(0, 1) + 4]);
        Host("convert_aia_imsic", SbiError.InvalidAddress, Nothing, (_, _) => [FilePage(0, 0)]); // the host's own
        Host("convert_aia_imsic", SbiError.InvalidAddress, Nothing, (_, _) => [FilePage(1, 1)]); // no such hart
        Host("convert_aia_imsic", SbiError.InvalidAddress, Nothing, (_, _) => [Confidential]);
        HostAfter("convert_aia_imsic", SbiError.InvalidAddress, Nothing, (m, _) => m.ConvertFiles(), (_, _) => [FilePage(0, 1)]);
        HostAfter("convert_aia_imsic", SbiError.Failed, Nothing, (m, _) => Exhaust(m), (_, _) => [FilePage(0, 1)]);

        HostAfter("reclaim_tvm_aia_imsic", Ok, Nothing, (m, _) => m.ConvertFiles(), (_, _) => [FilePage(0, 1)]);
        Host("reclaim_tvm_aia_imsic", SbiError.InvalidAddress, Nothing, (_, _) => [FilePage(0, 1)]);
        Host("reclaim_tvm_aia_imsic", SbiError.InvalidAddress, Nothing, (_, _) => [FilePage(0, 1) + 1]);
        HostAfter("reclaim_tvm_aia_imsic", SbiError.InvalidAddress, Nothing, (m, _) => m.Succeed("convert_aia_imsic", FilePage(0, 1)), (_, _) => [FilePage(0, 1)]);
        HostAfter("reclaim_tvm_aia_imsic", SbiError.InvalidParam, Nothing, (m, _) => m.LaunchWithFiles(CallProgram), (_, _) => [FilePage(0, 1)]);
        HostAfter("reclaim_tvm_aia_imsic", SbiError.Failed, Nothing, (m, _) =>
        {
            m.ConvertFiles();
            Exhaust(m);
        }, (_, _) => [FilePage(0, 1)]);

        // On a TVM whose vCPU 0 is bound to file 1, and whose vCPU 1 to none.
        void Files(string name, SbiError expected, Action<TestMachine, ulong> before, Func<ulong, ulong[]> arguments) => cases.Add(new(Find(name).FullName, expected, Nothing, (m, _) =>
        {
            ulong id = m.LaunchWithFiles(CallProgram, vcpus: 2);
            before(m, id);
            return m.Call(name, arguments(id)).Error;
        }));
        void Unbind(TestMachine m, ulong id) => m.Succeed("unbind_aia_imsic_begin", id, 0);
        void Rebind(TestMachine m, ulong id) => m.Succeed("rebind_aia_imsic_begin", id, 0, 1 << 3);
        void Fence(TestMachine m, ulong id) => m.Succeed("tvm_fence", id);
        void Nop(TestMachine m, ulong id)
        {
        }

        Files("bind_aia_imsic", Ok, Nop, id => [id, 1, 1 << 2]);
        Files("bind_aia_imsic", SbiError.Failed, Nop, id => [id, 0, 1 << 2]);
        foreach (ulong mask in new ulong[] { 0, 1, 1 << 1, 1 << 4, 3 << 2, 1 << 8, 1UL << 63, ulong.MaxValue })
        {
            Files("bind_aia_imsic", SbiError.InvalidParam, Nop, id => [id, 1, mask]);
        }

        Files("bind_aia_imsic", SbiError.InvalidParam, Nop, id => [id + 1, 1, 1 << 2]);
        Files("bind_aia_imsic", SbiError.InvalidParam, Nop, id => [id, 2, 1 << 2]);
        Files("bind_aia_imsic", SbiError.Failed, (m, _) => m.Kept = m.Build(CallProgram), id => [id + 1, 0, 1 << 2]); // no files
        HostAfter("bind_aia_imsic", CoveError.OutOfPageTablePages, Nothing, (m, _) =>
        {
            m.ConvertFiles();
            m.Kept = m.Succeed("create_tvm", Structure(m, m.Take(4, 16384), m.Take(1)));
            m.Succeed("create_tvm_vcpu", m.Kept, 0, m.Take(1));
            m.Succeed("init_tvm_aia", m.Kept, m.WriteAiaParameters(), 28);
            m.Succeed("set_tvm_aia_cpu_imsic_addr", m.Kept, 0, GuestFilePage(0));
        }, (m, _) => [m.Kept, 0, 1 << 1]);

        Files("unbind_aia_imsic_begin", Ok, Nop, id => [id, 0]);
        Files("unbind_aia_imsic_begin", SbiError.InvalidParam, Nop, id => [id, 2]);
        Files("unbind_aia_imsic_begin", SbiError.Failed, Nop, id => [id, 1]);
        Files("unbind_aia_imsic_begin", SbiError.Failed, Unbind, id => [id, 0]);
        Files("unbind_aia_imsic_end", Ok, (Action<TestMachine, ulong>)Unbind + Fence, id => [id, 0]);
        Files("unbind_aia_imsic_end", SbiError.InvalidParam, (Action<TestMachine, ulong>)Unbind + Fence, id => [id + 1, 0]);
        Files("unbind_aia_imsic_end", SbiError.Failed, Unbind, id => [id, 0]);
        Files("unbind_aia_imsic_end", SbiError.Failed, Fence, id => [id, 0]);
        Files("unbind_aia_imsic_end", SbiError.Failed, (Action<TestMachine, ulong>)Rebind + Fence, id => [id, 0]);

        Files("inject_tvm_cpu", Ok, (m, id) => m.Vcpu(id).Allowed = null, id => [id, 0, 255]);
        Files("inject_tvm_cpu", Ok, (m, id) => m.Vcpu(id, 1).Allowed = [5], id => [id, 1, 5]);
        Files("inject_tvm_cpu", SbiError.InvalidParam, (m, id) => m.Vcpu(id).Allowed = null, id => [id, 0, 256]);
        Files("inject_tvm_cpu", SbiError.InvalidParam, (m, id) => m.Vcpu(id).Allowed = null, id => [id, 0, 0]);
        Files("inject_tvm_cpu", SbiError.InvalidParam, (m, id) => m.Vcpu(id).Allowed = [6], id => [id, 0, 5]);
        Files("inject_tvm_cpu", SbiError.InvalidParam, Nop, id => [id, 3, 5]);
        Files("inject_tvm_cpu", SbiError.Failed, (m, _) => m.Build(CallProgram), id => [id + 1, 0, 5]);

        Files("rebind_aia_imsic_begin", Ok, Nop, id => [id, 0, 1 << 2]);
        Files("rebind_aia_imsic_begin", SbiError.InvalidParam, Nop, id => [id, 0, 1 << 1]);
        Files("rebind_aia_imsic_begin", SbiError.InvalidParam, Nop, id => [id, 0, 0]);
        Files("rebind_aia_imsic_begin", SbiError.InvalidParam, Nop, id => [id, 9, 1 << 2]);
        Files("rebind_aia_imsic_begin", SbiError.Failed, Nop, id => [id, 1, 1 << 2]);
        Files("rebind_aia_imsic_begin", SbiError.Failed, Rebind, id => [id, 0, 1 << 2]);
        Files("rebind_aia_imsic_clone", Ok, (Action<TestMachine, ulong>)Rebind + Fence, id => [id, 0]);
        Files("rebind_aia_imsic_clone", SbiError.InvalidParam, (Action<TestMachine, ulong>)Rebind + Fence, id => [id, 64]);
        Files("rebind_aia_imsic_clone", SbiError.Failed, Rebind, id => [id, 0]);
        Files("rebind_aia_imsic_clone", SbiError.Failed, (Action<TestMachine, ulong>)Unbind + Fence, id => [id, 0]);
        Files("rebind_aia_imsic_end", Ok, (Action<TestMachine, ulong>)Rebind + Fence + ((m, id) => m.Succeed("rebind_aia_imsic_clone", id, 0)), id => [id, 0]);
        Files("rebind_aia_imsic_end", SbiError.InvalidParam, Nop, id => [id + 1, 0]);
        Files("rebind_aia_imsic_end", SbiError.Failed, (Action<TestMachine, ulong>)Rebind + Fence, id => [id, 0]);
        Files("destroy_tvm", SbiError.Failed, Nop, id => [id]);
        Files("run_tvm_vcpu", SbiError.Failed, Unbind, id => [id, 0]);

        Host("probe_feature", Ok, Nothing, (_, _) => [0]);
        Host("set_shmem", Ok, Nothing, (_, _) => [Nacl, 0, 0]);
        Host("set_shmem", Ok, Runnable, (_, _) => [Nacl, 0, 0]); // the same again
        Host("set_shmem", SbiError.InvalidParam, Nothing, (_, _) => [Nacl, 0, 1]);
        Host("set_shmem", SbiError.InvalidParam, Nothing, (_, _) => [Nacl + 8, 0, 0]);
        Host("set_shmem", SbiError.InvalidAddress, Nothing, (_, _) => [Nacl, 1, 0]);
        Host("set_shmem", SbiError.InvalidAddress, Nothing, (_, _) => [Tables - PageSize, 0, 0]);
        Host("set_shmem", SbiError.InvalidAddress, Converted, (_, _) => [Confidential, 0, 0]);

        Guest(0, Ok, GuestDevice, PageSize);
        Guest(0, SbiError.InvalidAddress, GuestDevice + 1, PageSize);
        Guest(0, SbiError.InvalidAddress, GuestDevice, 0);
        Guest(0, SbiError.InvalidAddress, GuestMemory - PageSize, 2 * PageSize);
        Guest(0, SbiError.InvalidAddress, 1UL << 50, PageSize);
        GuestFull(0, 0, PageSize);
        Guest(1, Ok, GuestDevice, PageSize);
        Guest(1, SbiError.InvalidAddress, GuestDevice + 1, PageSize);
        Guest(1, SbiError.InvalidAddress, ulong.MaxValue - 0xFFF, PageSize);
        Guest(2, Ok, GuestMemory + 0x40000, PageSize);
        Guest(2, SbiError.InvalidAddress, GuestMemory + 0x40008, PageSize);
        Guest(2, SbiError.InvalidAddress, GuestMemory + 0x20000, PageSize); // shared already
        Guest(2, SbiError.InvalidAddress, GuestDevice, PageSize);
        Guest(2, SbiError.InvalidParam, GuestMemory + 0x40000, 0);
        GuestFull(2, GuestMemory + 0x40000, PageSize);
        Guest(3, Ok, GuestMemory + 0x20000, PageSize);
        Guest(3, SbiError.InvalidAddress, GuestMemory + 0x40000, PageSize);
        Guest(3, SbiError.InvalidParam, GuestMemory + 0x20000, 1);
        GuestFull(3, GuestMemory + 0x21000, PageSize);
        Guest(4, Ok, 5);
        Guest(4, Ok, ulong.MaxValue);
        Guest(4, SbiError.InvalidParam, 0);
        Guest(5, Ok, 5);
        Guest(5, SbiError.InvalidParam, 2048);
        Guest(6, Ok, GuestMemory + 0x10000, 336);
        Guest(6, SbiError.InvalidAddress, GuestMemory + 0x10008, 336);
        Guest(6, SbiError.InvalidAddress, GuestMemory + 0x11000, 336);
        Guest(6, SbiError.InvalidAddress, GuestMemory + 0x20000, 336);
        Guest(6, SbiError.InvalidParam, GuestMemory + 0x10000, 335);
        Guest(7, Ok, GuestMemory + 0x10000, 48, 9);
        Guest(7, SbiError.InvalidAddress, GuestMemory + 0x11000, 48, 9);
        Guest(7, SbiError.InvalidParam, GuestMemory + 0x10000, 47, 9);
        Guest(7, SbiError.InvalidParam, GuestMemory + 0x10000, 48, 5);
        Guest(7, SbiError.InvalidParam, GuestMemory + 0x10000, 48, 10);
        Evidence(Ok, GuestMemory + 0x10000, KeySize, GuestMemory + 0x10000, 1, GuestMemory + 0x10000, PageSize);
        Evidence(Ok, GuestMemory + 0x10000, KeySize, GuestMemory + 0x10000, 2, GuestMemory + 0x10000, ulong.MaxValue);
        Evidence(SbiError.InvalidAddress, GuestMemory + 0x10008, KeySize, GuestMemory + 0x10000, 1, GuestMemory + 0x10000, PageSize);
        Evidence(SbiError.InvalidAddress, GuestMemory + 0x11000, KeySize, GuestMemory + 0x10000, 1, GuestMemory + 0x10000, PageSize);
        Evidence(SbiError.InvalidAddress, GuestMemory + 0x10000, KeySize, GuestMemory + 0x20000, 1, GuestMemory + 0x10000, PageSize);
        Evidence(SbiError.InvalidAddress, GuestMemory + 0x10000, KeySize, GuestMemory + 0x10000, 1, GuestMemory + 0x11000, PageSize);
        Evidence(SbiError.InvalidAddress, GuestMemory + 0x10000, KeySize, GuestMemory + 0x10000, 1, ulong.MaxValue - 0xFFF, PageSize);
        Evidence(SbiError.InvalidParam, GuestMemory + 0x10000, KeySize - 1, GuestMemory + 0x10000, 1, GuestMemory + 0x10000, PageSize);
        Evidence(SbiError.InvalidParam, GuestMemory + 0x10000, 0, GuestMemory + 0x10000, 1, GuestMemory + 0x10000, PageSize);
        Evidence(SbiError.InvalidParam, GuestMemory + 0x10000, PageSize + 1, GuestMemory + 0x10000, 1, GuestMemory + 0x10000, PageSize);
        Evidence(SbiError.InvalidParam, GuestMemory + 0x10000, KeySize, GuestMemory + 0x10000, 3, GuestMemory + 0x10000, PageSize);
        Evidence(SbiError.InvalidParam, GuestMemory + 0x10000, KeySize, GuestMemory + 0x10000, 1UL << 32 | 1, GuestMemory + 0x10000, PageSize);
        Evidence(SbiError.InvalidParam, GuestMemory + 0x10000, KeySize, GuestMemory + 0x10000, 1, GuestMemory + 0x10000, 1000);
        Secret(Ok, GuestMemory + 0x10000, PageSize);
        Secret(SbiError.InvalidAddress, GuestMemory + 0x10001, PageSize);
        Secret(SbiError.InvalidAddress, GuestMemory + 0x20000, PageSize);
        Secret(SbiError.InvalidParam, GuestMemory + 0x10000, 3);
        Secret(SbiError.InvalidParam, GuestMemory + 0x10000, PageSize + 1);
        Guest(9, CoveError.Auth, GuestMemory + 0x10000, PageSize);
        Guest(10, Ok, GuestMemory + 0x10000, 48, 0);
        Guest(10, SbiError.InvalidAddress, GuestMemory + 0x11000, 48, 0);
        Guest(10, SbiError.InvalidParam, GuestMemory + 0x10000, 47, 0);
        Guest(10, SbiError.InvalidParam, GuestMemory + 0x10000, 48, 10);
        AddDeviceCases(cases);
        return cases;
    }

    private static ulong[] Structure(TestMachine machine, ulong root, ulong state)
    {
        machine.Write64(Parameters, root, state);
        return [Parameters, 16];
    }

    // A TVM without page-table pages.
    private static ulong Poor(TestMachine machine)
    {
        ulong id = machine.Succeed("create_tvm", Structure(machine, machine.Take(4, 16384), machine.Take(1)));
        machine.Succeed("add_tvm_memory_region", id, GuestMemory, PageSize);
        machine.Succeed("create_tvm_vcpu", id, 0, machine.Take(1));
        return id;
    }

    private static ulong PoorRunnable(TestMachine machine)
    {
        ulong id = Poor(machine);
        machine.Succeed("finalize_tvm", id, GuestMemory, 0, 0);
        return id;
    }

    private static void Keep(TestMachine machine, ulong id)
    {
        machine.Kept = id;
        Assert.True(machine.Tvm(id).Regions.TrySet(GuestMemory, PageSize, RegionKind.Shared));
    }

    private static Action<TestMachine, ulong> Invalidate(ulong address) => (machine, id) =>
    {
        machine.Succeed("tvm_invalidate_pages", id, address, PageSize);
        machine.Succeed("tvm_fence", id);
    };

    private static void AddAndInvalidate(TestMachine machine, ulong id)
    {
        machine.Succeed("add_tvm_shared_pages", id, HostPages, 0, 1, GuestMemory + 0x20000);
        Invalidate(GuestMemory + 0x20000)(machine, id);
    }

    // Uses up the memory for protection tables.
    private static void Exhaust(TestMachine machine)
    {
        while (machine.Domains.Create("filler") is SupervisorDomain)
        {
        }

        Assert.Equal(DomainError.OutOfMemory, machine.Domains.SetPermissions(Base, PageSize, machine.Domains.Host, MptPermissions.All));
    }

    private sealed record Case(string Function, SbiError Expected, int Start, Func<TestMachine, ulong, SbiError> Act);
}
