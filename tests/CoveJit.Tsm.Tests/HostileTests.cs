using System.Globalization;
using CoveJit.Harts;
using CoveJit.Harts.Tests;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;
using CoveJit.Tsm.Interrupts;
using CoveJit.Tsm.Running;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

/// <summary>
/// Random sequences of calls by a hostile host and hostile TVMs, with arguments that are right, nearly right or absurd. Nothing may throw, every invariant
/// must hold after each call, every error must be declared, and in the end nothing may be missing: all pages and interrupt files can be taken back.
/// COVEJIT_ABI_FUZZ=N runs N calls in place of 2400, COVEJIT_ABI_FUZZ_SEED=N others. The long form is COVEJIT_ABI_FUZZ=200000.
/// </summary>
public sealed class HostileTests
{
    private const int CallsOfOneMachine = 400;

    private static readonly ulong[] Absurd = [0, 1, 8, 4095, 4096, ulong.MaxValue, ulong.MaxValue - 4095, 1UL << 63, 1UL << 50, (1UL << 50) - 4096, 1UL << 40, 0xFFFF_FFFF_FFFF_F000];

    [Fact]
    public void Hostile_hosts_and_TVMs_break_nothing()
    {
        int calls = int.Parse(Environment.GetEnvironmentVariable("COVEJIT_ABI_FUZZ") ?? "2400", CultureInfo.InvariantCulture);
        int seed = int.Parse(Environment.GetEnvironmentVariable("COVEJIT_ABI_FUZZ_SEED") ?? "2026", CultureInfo.InvariantCulture);
        Dictionary<string, int> successes = [];
        for (int done = 0; done < calls; done += CallsOfOneMachine)
        {
            new Sequence(seed + done, successes).Run(Math.Min(CallsOfOneMachine, calls - done));
        }

        // The calls must be good enough to get somewhere.
        Assert.All(["convert_pages", "create_tvm", "finalize_tvm", "add_tvm_measured_pages", "add_tvm_zero_pages", "promote_to_tvm", "tvm_fence", "destroy_tvm", "bind_aia_imsic", "unbind_aia_imsic_begin"], name => Assert.True(successes.ContainsKey(name), name));
        Assert.True(successes.GetValueOrDefault("run_tvm_vcpu") > calls / 100, "few runs");
    }

    private sealed class Sequence(int seed, Dictionary<string, int> successes)
    {
        private readonly Random _random = new(seed);
        private readonly CoveFunction[] _functions = [.. CoveAbi.Functions.Where(f => f.Extension is CoveExtension.Host or CoveExtension.SharedMemory)];
        private readonly CoveFunction[] _interrupts = [.. CoveAbi.Functions.Where(f => f.Extension == CoveExtension.Interrupts)];

        public void Run(int calls)
        {
            using TestMachine machine = new(harts: 2);
            bool files = _random.Next(2) == 0;
            ulong id = files ? machine.LaunchWithFiles(CallProgram, vcpus: 2) : machine.Launch(CallProgram, vcpus: 2);
            machine.Build(CallProgram);
            for (int i = 0; i < calls; i++)
            {
                Hart hart = machine.Harts[_random.Next(2)];
                try
                {
                    if (hart.IsVirtual)
                    {
                        Guest(machine, hart);
                    }
                    else
                    {
                        Host(machine, hart);
                    }
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"seed {seed}, call {i}: {e.Message}", e);
                }
            }

            foreach (Hart hart in machine.Harts)
            {
                Leave(machine, hart);
                machine.CallOn(hart, "set_shmem", ulong.MaxValue, ulong.MaxValue, 0);
            }

            Empty(machine);
            _ = id;
        }

        // Destroys everything and takes everything back: all of RAM is the host's again, but for the tables.
        private static void Empty(TestMachine machine)
        {
            foreach (Tvm tvm in machine.Tsm.Tvms.Values.ToArray())
            {
                foreach (Vcpu vcpu in tvm.Vcpus.Values)
                {
                    Unbind(machine, tvm, vcpu);
                }

                machine.Succeed("destroy_tvm", tvm.Id);
            }

            machine.Succeed("local_fence");
            machine.CallOn(machine.Harts[1], "local_fence");
            machine.Call("global_fence");
            machine.CallOn(machine.Harts[1], "local_fence");
            foreach (GuestFile file in machine.Tsm.GuestFiles.All.Where(f => f.State != FileState.NonConfidential))
            {
                machine.Succeed("reclaim_tvm_aia_imsic", file.Page);
            }

            machine.Succeed("reclaim_pages", Base, (Tables - Base) / PageSize);
            machine.AssertInvariants();
            Assert.True(machine.Domains.Permits(0, Base, Tables - Base, Memory.Protection.MptPermissions.All));
        }

        // From whatever state the vCPU's binding is in.
        private static void Unbind(TestMachine machine, Tvm tvm, Vcpu vcpu)
        {
            void Do(string name, Hart hart) => Assert.Equal(SbiError.Success, machine.CallOn(hart, name, tvm.Id, vcpu.Id).Error);
            while (vcpu.Imsic is VirtualImsic imsic && imsic.State != BindingState.Unbound)
            {
                switch (imsic.State)
                {
                    case BindingState.Bound:
                        Do("unbind_aia_imsic_begin", imsic.File!.Hart);
                        break;
                    case BindingState.Unbinding:
                        machine.Succeed("tvm_fence", tvm.Id);
                        Do("unbind_aia_imsic_end", imsic.File!.Hart);
                        break;
                    case BindingState.Rebinding:
                        machine.Succeed("tvm_fence", tvm.Id);
                        Do("rebind_aia_imsic_clone", imsic.File!.Hart);
                        break;
                    default:
                        Do("rebind_aia_imsic_end", imsic.Next!.Hart);
                        break;
                }
            }
        }

        private void Host(TestMachine machine, Hart hart)
        {
            CoveFunction function = _random.Next(6) switch
            {
                0 or 1 => Find("run_tvm_vcpu"),
                2 => _interrupts[_random.Next(_interrupts.Length)],
                _ => _functions[_random.Next(_functions.Length)],
            };
            Tvm? tvm = machine.Tsm.Tvms.Count == 0 ? null : machine.Tsm.Tvms.Values.ElementAt(_random.Next(machine.Tsm.Tvms.Count));
            if (function.Name is "add_tvm_measured_pages" or "finalize_tvm" or "create_tvm_vcpu" or "init_tvm_aia" or "set_tvm_aia_cpu_imsic_addr" && _random.Next(4) != 0)
            {
                tvm = machine.Tsm.Tvms.Values.FirstOrDefault(t => t.State == TvmState.Initializing) ?? tvm;
            }
            else if (function.Extension == CoveExtension.Interrupts && _random.Next(4) != 0)
            {
                tvm = machine.Tsm.Tvms.Values.FirstOrDefault(t => t.Aia is not null) ?? tvm;
            }

            machine.Write64(Parameters, Page(machine, tvm) & ~0x3FFFUL, Page(machine, tvm));
            Prepare(machine, hart, function);
            ulong[] arguments = [.. function.Arguments.Select(a => Value(machine, a, tvm))];
            if (function.Name is "destroy_tvm" or "finalize_tvm" && _random.Next(8) != 0)
            {
                return; // rarely: they end what was built up
            }

            SbiResult result = machine.CallOn(hart, function.Name, arguments);
            if (hart.IsVirtual)
            {
                successes[function.Name] = successes.GetValueOrDefault(function.Name) + 1;
                return;
            }

            Check(function, result);
        }

        // What a function finds in memory, when that can be right at all.
        private void Prepare(TestMachine machine, Hart hart, CoveFunction function)
        {
            if (function.Name == "init_tvm_aia")
            {
                machine.WriteAiaParameters((uint)_random.Next(5), guestsPerHart: _random.Next(8) == 0 ? 1u : 0);
            }
            else if (function.Name == "promote_to_tvm" && machine.Tsm.SharedMemoryOf(hart) is SharedMemory shared && machine.Tsm.Pages.AreHostMemory(HostVm.Root, 0x10000))
            {
                new HostVm { Cpus = (uint)_random.Next(3) }.Write(machine, shared.Address);
            }
        }

        // A TVM that runs makes a call, or does what its program says.
        private void Guest(TestMachine machine, Hart hart)
        {
            switch (_random.Next(4))
            {
                case 0:
                    Leave(machine, hart);
                    break;
                case 1:
                    hart.Pc = _random.Next(4) == 0 ? GuestMemory + ((ulong)_random.Next(64) * PageSize) : Absurd[_random.Next(Absurd.Length)];
                    hart.Step();
                    break;
                default:
                    CoveFunction[] functions = [.. CoveAbi.Functions.Where(f => f.Extension == CoveExtension.Guest)];
                    CoveFunction function = functions[_random.Next(functions.Length)];
                    Vcpu vcpu = machine.Tsm.Switcher.RunningOn(hart)!;
                    ulong[] arguments = [.. function.Arguments.Select(a => Value(machine, a, vcpu.Tvm))];
                    bool cove = _random.Next(3) != 0;
                    for (int i = 0; i < 6; i++)
                    {
                        hart.WriteRegister(10 + i, i < arguments.Length && cove ? arguments[i] : (ulong)_random.Next(4));
                    }

                    hart.WriteRegister(16, cove ? function.Function : (ulong)_random.Next(5));
                    hart.WriteRegister(17, cove ? (ulong)CoveExtension.Guest : new ulong[] { 0x10, 0x54494D45, 0x735049, 0x52464E43, 0x48534D, 0x4442434E, 0x504D55, 0, 8 }[_random.Next(9)]);
                    hart.Pc = GuestMemory;
                    hart.Step();
                    if (hart.IsVirtual && cove && hart.Pc == GuestMemory + 4)
                    {
                        Check(function, new SbiResult((SbiError)hart.ReadRegister(10), hart.ReadRegister(11)));
                    }

                    break;
            }
        }

        // Makes a hart exit from a TVM, by an interrupt of the host's.
        private static void Leave(TestMachine machine, Hart hart)
        {
            if (!hart.IsVirtual)
            {
                return;
            }

            hart.SetSoftwarePending(1, true);
            Harts.Csrs.CsrTable.For(hart.Configuration)[0x304]!.Write(hart, 2);
            hart.RunSlice(1);
            hart.SetSoftwarePending(1, false);
            Assert.False(hart.IsVirtual);
        }

        private void Check(CoveFunction function, SbiResult result)
        {
            if (result.Error == SbiError.Success)
            {
                successes[function.Name] = successes.GetValueOrDefault(function.Name) + 1;
            }
            else
            {
                Assert.Contains(result.Error, function.AllErrors);
            }
        }

        private ulong Value(TestMachine machine, CoveArgument argument, Tvm? tvm)
        {
            if (_random.Next(16) == 0)
            {
                return Absurd[_random.Next(Absurd.Length)];
            }

            return argument.Kind switch
            {
                ArgumentKind.Page when argument.Name == "imsic_page_addr" => FilePage(_random.Next(2), _random.Next(1, 4)),
                ArgumentKind.GuestPage when argument.Name == "tvm_vcpu_imsic_gpa" => GuestFilePage(_random.Next(4)),
                ArgumentKind.GuestStructure => argument.Name == "fdt_addr" ? HostVm.Tree : _random.Next(4) == 0 ? HostVm.Payload : 0,
                ArgumentKind.Page => argument.Name == "src_addr" && _random.Next(4) != 0 ? Image : Page(machine, tvm),
                ArgumentKind.Structure => Parameters,
                ArgumentKind.Identity => _random.Next(2) == 0 ? 0 : Parameters,
                ArgumentKind.PageCount => (ulong)_random.Next(1, 5),
                ArgumentKind.PageType => _random.Next(8) == 0 ? 1UL : 0,
                ArgumentKind.Guest => tvm?.Id ?? 1,
                ArgumentKind.Vcpu => (ulong)_random.Next(2),
                ArgumentKind.NewVcpu => (ulong)_random.Next(4),
                ArgumentKind.GuestPage => GuestMemory + ((ulong)_random.Next(64) * PageSize),
                ArgumentKind.PageLength => (ulong)_random.Next(1, 5) * PageSize,
                ArgumentKind.Length => (ulong)(_random.Next(3) switch { 0 => 48, 1 => 336, _ => 4096 }),
                ArgumentKind.InterruptIdentity or ArgumentKind.InterruptIdentityOrAll => (ulong)_random.Next(1, 64),
                _ when argument.Name == "shmem_phys_lo" => Nacl + ((ulong)_random.Next(8) * PageSize),
                _ when argument.Name is "shmem_phys_hi" or "flags" => 0,
                _ when argument.Name == "entry_sepc" => GuestMemory,
                _ when argument.Name == "imsic_mask" => 1UL << _random.Next(1, 4),
                _ => (ulong)_random.Next(16),
            };
        }

        // A page of some kind: fresh, converted, the host's, a TVM's, firmware's.
        private ulong Page(TestMachine machine, Tvm? tvm) => _random.Next(10) switch
        {
            0 => Tables + ((ulong)_random.Next(4) * PageSize),
            1 or 2 => HostPages + ((ulong)_random.Next(16) * PageSize),
            3 => Image,
            4 when tvm is not null => tvm.Stage.Root,
            5 => Nacl,
            _ => Confidential + ((ulong)_random.Next((int)ConfidentialPages) * PageSize),
        };
    }
}
