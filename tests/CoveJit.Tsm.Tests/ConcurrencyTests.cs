using CoveJit.Harts;
using CoveJit.Harts.Tests;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Guests;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

/// <summary>Harts on threads of their own: two run a TVM's vCPUs without end, the third changes the TVM's memory under them.</summary>
public sealed class ConcurrencyTests
{
    private const ulong HostProgram = Base + 0x2000;
    private const ulong SharedAddress = GuestMemory + 0x10000;
    private const int Rounds = 200;

    [Fact]
    public void Memory_changes_under_running_vCPUs()
    {
        using TestMachine machine = new(harts: 3);

        // Each vCPU reads the shared page, sends the other an IPI, clears its own and waits.
        uint[] program =
        [
            Riscv.Auipc(5, 0x10), Asm.Load(8, 6, 5, 0), Asm.Add(10, 0, 8), Asm.Addi(11, 0, 0), Asm.Addi(16, 0, 0), Asm.Add(17, 0, 9), Asm.Ecall,
            Asm.Csrrc(0, 0x144, 7), Asm.Wfi, Asm.Jal(0, -4 * 8),
        ];
        ulong id = machine.Launch(program, vcpus: 2);
        Tvm tvm = machine.Tvm(id);
        Assert.True(tvm.Regions.TrySet(SharedAddress, PageSize, RegionKind.Shared));
        tvm.Vcpus[1].Start(GuestMemory, 0);
        for (uint i = 0; i < 2; i++)
        {
            tvm.Vcpus[i].Context[7] = 2; // SSIP
            tvm.Vcpus[i].Context[8] = 2u >> (int)i; // the other one
            tvm.Vcpus[i].Context[9] = 0x735049;
        }

        // A host that only runs vCPUs: a0 and a1 from s2 and s3, counting in s4.
        machine.Write(HostProgram, Asm.Add(10, 0, 18), Asm.Add(11, 0, 19), Asm.Add(16, 0, 20), Asm.Add(17, 0, 21), Asm.Ecall, Asm.Addi(22, 22, 1), Asm.Add(23, 23, 10), Asm.Jal(0, -4 * 7));
        for (int i = 1; i < 3; i++)
        {
            Hart hart = machine.Harts[i];
            Assert.Equal(SbiError.Success, machine.CallOn(hart, "set_shmem", Nacl + ((ulong)i * 0x4000), 0, 0).Error);
            hart.WriteRegister(18, id);
            hart.WriteRegister(19, (ulong)i - 1);
            hart.WriteRegister(20, 15);
            hart.WriteRegister(21, 0x434F5648);
            hart.WriteRegister(22, 0);
            hart.WriteRegister(23, 0);
            hart.Pc = HostProgram;
        }

        machine.Tsm.Check = null; // it would take most of the time, under the lock that all want
        bool stop = false;
        List<Exception> failures = [];
        Thread[] threads = [.. machine.Harts.Skip(1).Select(hart => new Thread(() =>
        {
            try
            {
                while (!Volatile.Read(ref stop))
                {
                    Assert.NotEqual(SliceEnd.Idle, hart.RunSlice(1000));
                }
            }
            catch (Exception e)
            {
                lock (failures)
                {
                    failures.Add(e);
                }
            }
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        try
        {
            for (int round = 0; round < Rounds && failures.Count == 0; round++)
            {
                machine.Succeed("add_tvm_shared_pages", id, HostPages, 0, 1, SharedAddress);
                machine.Succeed("tvm_invalidate_pages", id, SharedAddress, PageSize);
                machine.Succeed("tvm_fence", id);
                SpinWait spin = default;
                while (machine.Call("tvm_remove_pages", id, SharedAddress, PageSize).Error != SbiError.Success)
                {
                    Assert.True(spin.Count < 1_000_000 && failures.Count == 0, "the fence does not complete");
                    spin.SpinOnce();
                }
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            foreach (Hart hart in machine.Harts)
            {
                hart.RaiseAttention(Harts.State.Attention.Stop);
            }

            foreach (Thread thread in threads)
            {
                thread.Join();
            }
        }

        Assert.Empty(failures);
        foreach (Hart hart in machine.Harts.Skip(1))
        {
            Assert.True((hart.IsVirtual ? 1UL : 0) + hart.ReadRegister(22) > 0);
        }

        machine.AssertInvariants();
    }

    // The hart takes note of the IPI only after it has begun to handle WFI: an exit now would leave the host waiting for what has come already.
    [Fact]
    public void An_IPI_on_its_way_keeps_WFI_from_exiting()
    {
        using TestMachine machine = new(harts: 2);
        Hart other = machine.Harts[1];
        ulong id = machine.Launch([.. CallProgram, Asm.Addi(5, 0, 2), Asm.Csrrs(0, 0x104, 5), Asm.Wfi, Asm.Wfi], vcpus: 2); // sie.SSIE
        machine.Tvm(id).Vcpus[1].Start(GuestMemory + 12, 0);
        Assert.Equal(SbiError.Success, machine.CallOn(other, "set_shmem", Nacl + 0x4000, 0, 0).Error);
        machine.Enter(id, 1, other);
        other.Step();
        other.Step();
        Assert.Equal((new SbiResult(SbiError.Success), false), machine.CallFromGuest(id, 0x735049, 0, 2, 0));
        other.Step();
        Assert.Equal((true, GuestMemory + 24), (other.IsVirtual, other.Pc));
    }
}
