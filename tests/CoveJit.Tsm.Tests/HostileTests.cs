using System.Globalization;
using CoveJit.Harts;
using CoveJit.Harts.Tests;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Devices;
using CoveJit.Tsm.Guests;
using CoveJit.Tsm.Interrupts;
using CoveJit.Tsm.Running;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

/// <summary>
/// Random sequences of calls by a hostile host and hostile TVMs, with arguments that are right, nearly right or absurd. Nothing may throw, every invariant
/// must hold after each call, every error must be declared, and in the end nothing may be missing: all pages and interrupt files can be taken back.
/// COVEJIT_ABI_FUZZ=N runs N calls in place of 4000, COVEJIT_ABI_FUZZ_SEED=N others. The long form is COVEJIT_ABI_FUZZ=200000.
/// </summary>
public sealed class HostileTests
{
    private const int CallsOfOneMachine = 400;

    private static readonly ulong[] Absurd = [0, 1, 8, 4095, 4096, ulong.MaxValue, ulong.MaxValue - 4095, 1UL << 63, 1UL << 50, (1UL << 50) - 4096, 1UL << 40, 0xFFFF_FFFF_FFFF_F000];

    [Fact]
    public void Hostile_hosts_and_TVMs_break_nothing()
    {
        int calls = int.Parse(Environment.GetEnvironmentVariable("COVEJIT_ABI_FUZZ") ?? "4000", CultureInfo.InvariantCulture);
        int seed = int.Parse(Environment.GetEnvironmentVariable("COVEJIT_ABI_FUZZ_SEED") ?? "2026", CultureInfo.InvariantCulture);
        Dictionary<string, int> successes = [];
        for (int done = 0; done < calls; done += CallsOfOneMachine)
        {
            new Sequence(seed + done, successes).Run(Math.Min(CallsOfOneMachine, calls - done));
        }

        // The calls must be good enough to get somewhere.
        Assert.All(["convert_pages", "create_tvm", "finalize_tvm", "add_tvm_measured_pages", "add_tvm_zero_pages", "promote_to_tvm", "tvm_fence", "destroy_tvm", "bind_aia_imsic", "unbind_aia_imsic_begin", "connect_device", "bind_interface", "unbind_interface", "disconnect_device"], name => Assert.True(successes.ContainsKey(name), name));
        Assert.True(successes.GetValueOrDefault("run_tvm_vcpu") > calls / 100, "few runs");
    }

    private sealed class Sequence(int seed, Dictionary<string, int> successes)
    {
        private readonly Random _random = new(seed);
        private int _device; // which one the call is about
        private readonly CoveFunction[] _functions = [.. CoveAbi.Functions.Where(f => f.Extension is CoveExtension.Host or CoveExtension.SharedMemory && !f.IsDevice)];
        private readonly CoveFunction[] _devices = [.. CoveAbi.Functions.Where(f => f.Extension == CoveExtension.Host && f.IsDevice)];
        private readonly CoveFunction[] _guest = [.. CoveAbi.Functions.Where(f => f.Extension == CoveExtension.Guest && !f.IsDevice)];
        private readonly CoveFunction[] _guestDevices = [.. CoveAbi.Functions.Where(f => f.Extension == CoveExtension.Guest && f.IsDevice)];
        private readonly CoveFunction[] _interrupts = [.. CoveAbi.Functions.Where(f => f.Extension == CoveExtension.Interrupts)];

        public void Run(int calls)
        {
            int kind = seed / CallsOfOneMachine % 5; // in turn
            using TestMachine machine = new(harts: 2, model: kind == 0 ? TsmModel.Static : TsmModel.SupervisorDomain);
            if (kind == 0)
            {
                new HostVm().Write(machine);
                machine.Succeed("promote_to_tvm", HostVm.Tree, 0, GuestMemory, 0);
            }
            else
            {
                ulong id = kind <= 2 ? machine.LaunchWithFiles(CallProgram, vcpus: 2) : machine.Launch(CallProgram, vcpus: 2);
                if (kind >= 2)
                {
                    machine.Bind(id);
                }

                if (kind == 4)
                {
                    machine.Start(id);
                }

                machine.Build(CallProgram);
            }

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
            }

            Release(machine);
            foreach (Hart hart in machine.Harts)
            {
                machine.CallOn(hart, "set_shmem", ulong.MaxValue, ulong.MaxValue, 0);
            }

            Empty(machine);
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

            if (machine.Tsm.Model == TsmModel.Static)
            {
                Assert.Equal((long)ConfidentialPages, machine.Tsm.Pages.CountUnassigned());
                return;
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

        // From whatever states devices are in: nothing is anybody's, and nothing answers any more.
        private static void Release(TestMachine machine)
        {
            for (ulong page = 0; machine.Tsm.SharedMemoryOf(machine.Hart0) is null; page++)
            {
                machine.Call("set_shmem", Nacl + (page * PageSize), 0, 0);
            }

            machine.Devices.Change = _ => [];
            foreach (TeeDevice device in machine.Tsm.Devices!.All)
            {
                ulong id = device.Id!.Value.Value;
                if (device.Interface is { IsBound: true } bound)
                {
                    machine.SucceedWithDevice("unbind_interface", bound.Tvm.Id, id);
                }

                if (device.Connection is not null)
                {
                    machine.SucceedWithDevice("disconnect_device", id);
                }

                foreach ((ulong start, ulong size) in device.Interface?.Regions.ToArray() ?? [])
                {
                    machine.Succeed("reclaim_tvm_interface_region", device.Interface!.Tvm.Id, id, start, size);
                }

                Assert.True(device is { Interface: null, Connection: null, Operation: null });
            }
        }

        // Brings the response to a request that waits in a hart's shared memory: as it is, changed, or not.
        private void Respond(TestMachine machine, ulong shared)
        {
            switch (_random.Next(160))
            {
                case 0:
                    machine.Answer([], shared);
                    break;
                case 1:
                    machine.Write(shared + 0x100 + (4 * (ulong)_random.Next(3)), (uint)_random.Next());
                    break;
                case 2:
                    byte[] noise = new byte[_random.Next(1, 600)];
                    _random.NextBytes(noise);
                    machine.Answer(noise, shared);
                    break;
                case 3:
                    machine.Devices.Change = bytes =>
                    {
                        if (bytes.Length != 0)
                        {
                            bytes[_random.Next(bytes.Length)] ^= (byte)(1 << _random.Next(8));
                        }

                        return bytes;
                    };
                    machine.Exchange(shared);
                    machine.Devices.Change = null;
                    break;
                default:
                    machine.Exchange(shared);
                    break;
            }
        }

        // Takes a call that waits for a device further, mostly to its end.
        private SbiResult GoOn(TestMachine machine, Hart hart, string name, ulong[] arguments, SbiResult result)
        {
            while (!hart.IsVirtual && result is { Error: SbiError.Success, Value: 1 } && _random.Next(400) != 0 && machine.Tsm.SharedMemoryOf(hart) is SharedMemory shared)
            {
                Respond(machine, shared.Address);
                result = machine.CallOn(hart, name, arguments);
            }

            return result;
        }

        // What a host does with the configuration space of devices meanwhile.
        private void Configure(TestMachine machine)
        {
            int device = _random.Next(2);
            switch (_random.Next(8))
            {
                case 0:
                    machine.Devices.SetUp(device);
                    break;
                case 1:
                    machine.Devices.Write(device + 1, 0, 4, (uint)_random.Next(8), 2);
                    break;
                case 2:
                    machine.Devices.Write(0, device + 1, 4, (uint)_random.Next(8), 2);
                    break;
                default:
                    machine.Devices.EnableStream(device, _random.Next(4) != 0);
                    break;
            }
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
            if (_random.Next(12) == 0)
            {
                Configure(machine);
            }

            CoveFunction function = _random.Next(7) switch
            {
                0 or 1 => Find("run_tvm_vcpu"),
                6 => _devices[_random.Next(_devices.Length)],
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

            int device = _random.Next(2);
            if (function.IsDevice && _random.Next(4) != 0)
            {
                tvm = machine.Tsm.Devices!.All[device].Interface?.Tvm ?? tvm;
            }

            machine.Write64(Parameters, Page(machine, tvm) & ~0x3FFFUL, Page(machine, tvm));
            _device = device;
            Prepare(machine, hart, function);
            ulong[] arguments = [.. function.Arguments.Select(a => Value(machine, a, tvm))];
            if (function.Name is "destroy_tvm" or "finalize_tvm" && _random.Next(8) != 0)
            {
                return; // rarely: they end what was built up
            }

            if (function.Name is "unbind_interface" or "disconnect_device" && _random.Next(4) != 0)
            {
                return; // likewise
            }

            if (function.Name == "promote_to_tvm" && machine.Tsm.Tvms.Count > 8)
            {
                return; // each makes one more to verify
            }

            if (function.Name == "run_tvm_vcpu" && tvm is not null && machine.Tsm.SharedMemoryOf(hart) is SharedMemory its && tvm.Vcpus.Values.Any(vcpu => vcpu.Operation is not null))
            {
                Respond(machine, its.Address);
            }

            if (function.IsDevice)
            {
                machine.Devices.EnableStream(device, function.Name != "connect_device" && _random.Next(8) != 0);
            }

            SbiResult result = machine.CallOn(hart, function.Name, arguments);
            if (function.IsDevice)
            {
                result = GoOn(machine, hart, function.Name, arguments, result);
            }

            if (hart.IsVirtual)
            {
                successes[function.Name] = successes.GetValueOrDefault(function.Name) + 1;
                return;
            }

            Check(machine, function, result);
        }

        // What a function finds in memory, when that can be right at all.
        private void Prepare(TestMachine machine, Hart hart, CoveFunction function)
        {
            if (function.Name == "connect_device")
            {
                machine.WriteStream(_random.Next(8) == 0 ? 1 - _device : _device);
            }
            else if (function.Name == "init_tvm_aia")
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
                    CoveFunction[] functions = _random.Next(2) == 0 ? _guest : _guestDevices;
                    _device = machine.Tsm.Devices!.All[0].Interface is not null && _random.Next(4) != 0 ? 0 : 1;
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
                        Check(machine, function, new SbiResult((SbiError)hart.ReadRegister(10), hart.ReadRegister(11)));
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

        private void Check(TestMachine machine, CoveFunction function, SbiResult result)
        {
            if (result.Error == SbiError.Success)
            {
                successes[function.Name] = successes.GetValueOrDefault(function.Name) + 1;
            }
            else if (machine.Tsm.Model == TsmModel.Static && (function.IsDynamic || function.Extension == CoveExtension.Interrupts))
            {
                Assert.Equal(SbiError.NotSupported, result.Error);
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
                ArgumentKind.Device or ArgumentKind.BoundInterface => TestDevices.Id(_device),
                ArgumentKind.Page when argument.Name is "base_addr" => TestDevices.Bar(_device) + ((ulong)_random.Next(2) * PageSize),
                ArgumentKind.Page when argument.Name is "hpa_addr" => TestDevices.Bar(_device) + ((ulong)_random.Next(4) * PageSize),
                ArgumentKind.Page when argument.Name is "connection_data_out_addr" or "transcript_data_out_addr" => Transcript,
                ArgumentKind.GuestPage when argument.Name is "gpa_addr" => GuestBar + ((ulong)_random.Next(16) * PageSize),
                ArgumentKind.GuestPage when argument.Name is "data_out_addr" or "msmt_out_addr" or "if_report_out_addr" or "nonce_addr" => GuestMemory + ((ulong)_random.Next(1, 64) * PageSize),
                ArgumentKind.PageLength when argument.Name is "size" => PageSize,
                ArgumentKind.PageLength when argument.Name is "region_len" && _random.Next(2) == 0 => TestDevice.Size,
                ArgumentKind.Length when argument.Name is "connection_data_size" or "transcript_data_size" => TranscriptSize,
                _ when argument.Name == "stream_id" => TestDevices.Stream,
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
