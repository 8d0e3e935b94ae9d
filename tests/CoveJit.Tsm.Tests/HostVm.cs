using System.Runtime.InteropServices;
using CoveJit.Attestation.Launch;
using CoveJit.Devices.DeviceTree;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

/// <summary>A virtual machine of the host's that can be promoted: three pages with a G-stage page table, in the host's memory, and registers in shared memory.</summary>
internal sealed record HostVm
{
    public const ulong Tree = GuestMemory + 0x1000;
    public const ulong Payload = GuestMemory + 0x3000;

    /// <summary>The host's table, and the pages it maps.</summary>
    public const ulong Root = HostPages;
    public const ulong FirstTable = HostPages + 0x4000;
    public const ulong LastTable = HostPages + 0x5000;
    public const ulong FirstPage = HostPages + 0x8000;

    private const ulong Pages = 4; // program, device tree, nothing, payload

    public byte LastByte { get; init; }

    public byte[] PayloadBytes { get; init; } = [];

    public uint Cpus { get; init; } = 1;

    public ulong A2 { get; init; } = 0xA2;

    /// <summary>What is measured. The payload's page counts as zero.</summary>
    public LaunchPlan Plan => new(
        GuestMemory,
        Tree,
        [.. Enumerable.Range(0, (int)Cpus).Select(i => (ulong)i)],
        [
            new LaunchRegion(GuestMemory, Program, PageSize), new LaunchRegion(Tree, Blob, PageSize),
            new LaunchRegion(Payload, PayloadBytes.Length == 0 ? new byte[] { 1 } : ReadOnlyMemory<byte>.Empty, PageSize),
        ],
        BootState);

    public ulong[] BootState
    {
        get
        {
            ulong[] state = new ulong[LaunchPlan.BootStateSize];
            state[10 - 1] = 0xA0;
            state[12 - 1] = A2;
            state[31 + 3] = 0x5C; // vsscratch
            return state;
        }
    }

    private byte[] Program
    {
        get
        {
            byte[] page = new byte[PageSize];
            MemoryMarshal.AsBytes(CallProgram).CopyTo(page);
            page[^1] = LastByte;
            return page;
        }
    }

    private byte[] Blob
    {
        get
        {
            DeviceTreeNode root = new(string.Empty);
            root.SetCells("#address-cells", 2).SetCells("#size-cells", 2);
            DeviceTreeNode cpus = root.AddChild("cpus");
            for (uint i = 0; i < Cpus; i++)
            {
                cpus.AddChild($"cpu@{i}").Set("device_type", "cpu").SetCells("reg", i);
            }

            root.AddChild("memory@80000000").Set("device_type", "memory").SetPairs("reg", GuestMemory, 0x10_0000);
            return new FlattenedDeviceTree(root).ToBytes();
        }
    }

    /// <summary>Writes it; hart 0 gets shared memory.</summary>
    public void Write(TestMachine machine)
    {
        machine.Succeed("set_shmem", Nacl, 0, 0);
        Write(machine, Nacl);
    }

    /// <summary>Writes it, with its registers in a hart's shared memory.</summary>
    public void Write(TestMachine machine, ulong shared)
    {
        machine.Ram.TryClear(Root, 0x10000);
        machine.Write64(Root + (8 * (GuestMemory >> 30)), Pointer(FirstTable));
        machine.Write64(FirstTable, Pointer(LastTable));
        for (ulong i = 0; i < Pages; i++)
        {
            machine.Write64(LastTable + (8 * i), i == 2 ? 0 : ((FirstPage + (i * PageSize)) >> 2) | 0xDF);
        }

        Assert.True(machine.Ram.TryWrite(FirstPage, Program));
        Assert.True(machine.Ram.TryWrite(FirstPage + PageSize, Blob));
        Assert.True(machine.Ram.TryWrite(FirstPage + (3 * PageSize), PayloadBytes.Length == 0 ? [1] : PayloadBytes));
        machine.Ram.TryClear(shared, 3 * PageSize);
        ulong[] state = BootState;
        for (int register = 1; register < 32; register++)
        {
            machine.Write64(shared + ((ulong)register * 8), state[register - 1]);
        }

        machine.Write64(shared + CsrOffset(0x240), state[31 + 3]);
        machine.Write64(shared + CsrOffset(0x680), (8UL << 60) | (Root >> 12));
    }

    private static ulong Pointer(ulong table) => (table >> 2) | 1;
}
