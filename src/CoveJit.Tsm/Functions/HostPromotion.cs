using System.Buffers.Binary;
using CoveJit.Attestation.Evidence;
using CoveJit.Attestation.Launch;
using CoveJit.Attestation.Secrets;
using CoveJit.Devices.DeviceTree;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;
using CoveJit.Tsm.Pages;
using CoveJit.Tsm.Running;
using static CoveJit.Tsm.Functions.Arguments;

namespace CoveJit.Tsm.Functions;

/// <summary>
/// COVH: a TVM in one step, made of a virtual machine of the host's. Its memory is copied into confidential pages that nobody uses, then measured: from then
/// on the TSM looks at the copy alone. Whatever goes wrong, nothing is left of it.
/// </summary>
internal static class HostPromotion
{
    private const ulong PageSize = 4096;
    private const int LargestDeviceTree = 2 << 20;
    private const int SizeOfTree = 4; // totalsize's offset in the blob
    private const int TreeHeader = 40;
    private const uint Hgatp = 0x680;

    // vsstatus, vsie, vstvec, vsscratch, vsepc, vscause, vstval, vsatp.
    private static readonly uint[] ReflectedCsrs = [0x200, 0x204, 0x205, 0x240, 0x241, 0x242, 0x243, 0x280];

    public static IEnumerable<CoveFunction> Declare() =>
    [
        new(
            CoveExtension.Host, 7, null, "promote_to_tvm",
            [
                new("fdt_addr", ArgumentKind.GuestStructure), new("tap_addr", ArgumentKind.GuestStructure), new("entry_sepc", ArgumentKind.Value),
                new("tvm_identity_addr", ArgumentKind.Identity),
            ],
            "Makes a TVM_RUNNABLE TVM of a virtual machine in one step: the memory that hgatp in NACL shared memory maps is copied and measured in the order "
            + "of addresses, the device tree's memory becomes confidential, and each of its CPUs a vCPU. The boot vCPU goes on at entry_sepc with the general "
            + "registers and vsstatus, vsie, vstvec, vsscratch, vsepc, vscause, vstval and vsatp in shared memory, which are measured too. If tap_addr is not 0, "
            + "the TVM attestation payload there has to be for this TVM.",
            "tvm_guest_id",
            [
                new(SbiError.InvalidAddress, "there is no device tree with memory and CPUs"),
                new(SbiError.InvalidParam, "the identity is not in the host's memory"),
                new(CoveError.Auth, "the payload is none, or refused"),
                new(CoveError.OutOfMemory, "there are too few confidential pages"),
                NoSharedMemory,
                new(SbiError.Failed, "hgatp names no page table that maps the host's memory alone, or the TVM would have too many regions, or no VMID is free"),
            ],
            Promote),
    ];

    private static SbiResult? Promote(CoveCall call)
    {
        SecurityManager tsm = call.Tsm;
        if (tsm.SharedMemoryOf(call.Hart) is not SharedMemory shared)
        {
            return SbiError.NoShmem;
        }

        byte[] identity = call[3] == 0 ? [] : new byte[TvmClaims.IdentitySize];
        if (identity.Length != 0 && !tsm.TryReadHost(call[3], identity))
        {
            return SbiError.InvalidParam;
        }

        ulong most = (ulong)tsm.Pages.CountUnassigned();
        if (!HostStage.TryRead(tsm.Pages, shared.ReadCsr(Hgatp), most, out HostStage stage) || stage.Leaves.Count == 0)
        {
            return SbiError.Failed;
        }

        UnassignedPages free = new(tsm.Pages);
        if (stage.Pages > most || !free.TryTake(SecurityManager.TvmStatePages, out ulong state) || !free.TryTake(GuestStage.RootSize / PageSize, out ulong root))
        {
            return CoveError.OutOfMemory;
        }

        if (tsm.CreateTvm(root, state) is not Tvm tvm)
        {
            return SbiError.Failed;
        }

        tvm.Identity = identity;
        SbiError error = Fill(tsm, tvm, stage, free);
        if (error == SbiError.Success)
        {
            error = Finish(call, tvm, shared, free);
        }

        if (error != SbiError.Success)
        {
            tsm.DestroyTvm(tvm);
            return error;
        }

        return SbiResult.Of(tvm.Id);
    }

    // Copies what is mapped, and declares it as confidential.
    private static SbiError Fill(SecurityManager tsm, Tvm tvm, HostStage stage, UnassignedPages free)
    {
        foreach (HostLeaf leaf in stage.Leaves)
        {
            if (!tvm.HasAddresses(leaf.GuestAddress, leaf.Size))
            {
                return SbiError.Failed;
            }

            for (ulong offset = 0; offset < leaf.Size; offset += PageSize)
            {
                if (!tsm.TryProvideTables(tvm, free, tvm.Stage.Levels - 1) || !free.TryTake(1, out ulong page))
                {
                    return CoveError.OutOfMemory;
                }

                tvm.Stage.Map(leaf.GuestAddress + offset, page, 0, 1, LeafKind.Confidential);
                tsm.Pages.SetData(page, 1, tvm.Id, leaf.GuestAddress + offset);
                tsm.Copy(leaf.Address + offset, page, PageSize);
            }
        }

        ulong start = stage.Leaves[0].GuestAddress;
        ulong end = start;
        foreach (HostLeaf leaf in stage.Leaves)
        {
            if (leaf.GuestAddress != end)
            {
                if (!tvm.Regions.TrySet(start, end - start, RegionKind.Confidential))
                {
                    return SbiError.Failed;
                }

                start = leaf.GuestAddress;
            }

            end = leaf.GuestAddress + leaf.Size;
        }

        return tvm.Regions.TrySet(start, end - start, RegionKind.Confidential) ? SbiError.Success : SbiError.Failed;
    }

    // Measures the copy, makes the vCPUs, and attests.
    private static SbiError Finish(CoveCall call, Tvm tvm, SharedMemory shared, UnassignedPages free)
    {
        SecurityManager tsm = call.Tsm;
        if (!TryReadTree(tsm, tvm, call[0], out FlattenedDeviceTree? tree) || !TryFindCpus(tree, out List<uint> cpus))
        {
            return SbiError.InvalidAddress;
        }

        foreach ((ulong start, ulong length) in Memory(tree))
        {
            if (!tvm.HasAddresses(start, length))
            {
                return SbiError.InvalidAddress;
            }

            if (!tvm.Regions.TrySet(start, length, RegionKind.Confidential))
            {
                return SbiError.Failed;
            }
        }

        foreach (uint id in cpus)
        {
            if (!free.TryTake(SecurityManager.VcpuStatePages, out ulong page))
            {
                return CoveError.OutOfMemory;
            }

            tsm.CreateVcpu(tvm, id, page);
        }

        byte[] payload = [];
        if (call[1] != 0 && !TryReadPayload(tsm, tvm, call[1], out payload))
        {
            return CoveError.Auth;
        }

        MeasurePages(tsm, tvm, call[1], (ulong)payload.Length);

        // Read once: the host may write to shared memory meanwhile.
        ulong[] state = [.. Enumerable.Range(1, 31).Select(register => shared[register]), .. ReflectedCsrs.Select(shared.ReadCsr)];
        tvm.Measurements.MeasureConfiguration(call[2], call[0], cpus.Select(id => (ulong)id), state);
        if (payload.Length != 0)
        {
            TapResult result = tsm.Identity.Attestation.OpenPayload(payload, tvm.Measurements, tsm.Identity.Owners);
            if (result.Outcome != TapOutcome.Released)
            {
                return CoveError.Auth;
            }

            tvm.Secret = result.Secret;
        }

        Vcpu boot = tvm.Vcpus[tree.BootCpuId];
        boot.Start(call[2], 0);
        for (int register = 1; register < 32; register++)
        {
            boot.Context[register] = state[register - 1];
        }

        tsm.Switcher.Reflect(call.Hart, boot, ReflectedCsrs.Zip(state.Skip(31)));
        tvm.State = TvmState.Runnable;
        tsm.Recorder?.Finish(tvm, call[2], call[0], state);
        return SbiError.Success;
    }

    private static void MeasurePages(SecurityManager tsm, Tvm tvm, ulong payload, ulong payloadLength)
    {
        byte[] zero = new byte[PageSize];
        tvm.Stage.ForEach(0, 1UL << tvm.Stage.AddressBits, leaf =>
        {
            // The payload is bound to the measurements, so it cannot be in them.
            bool isPayload = payloadLength != 0 && leaf.GuestAddress < payload + payloadLength && payload < leaf.GuestAddress + PageSize;
            ReadOnlySpan<byte> page = isPayload ? zero : tsm.PageBytes(leaf.Address);
            tvm.Measurements.MeasurePages(leaf.GuestAddress, page);
            tsm.Recorder?.Add(tvm, leaf.GuestAddress, page, LaunchPageType.Page4K);
            return true;
        });
    }

    private static bool TryReadPayload(SecurityManager tsm, Tvm tvm, ulong address, out byte[] payload)
    {
        payload = new byte[TvmAttestationPayload.HeaderSize];
        if (!tsm.TryReadGuest(tvm, address, payload) || !TvmAttestationPayload.TryReadLength(payload, out int length))
        {
            return false;
        }

        payload = new byte[length];
        return tsm.TryReadGuest(tvm, address, payload);
    }

    private static bool TryReadTree(SecurityManager tsm, Tvm tvm, ulong address, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out FlattenedDeviceTree? tree)
    {
        tree = null;
        byte[] header = new byte[TreeHeader];
        if (!tsm.TryReadGuest(tvm, address, header) || BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(SizeOfTree)) is not (var size and <= LargestDeviceTree))
        {
            return false;
        }

        byte[] blob = new byte[size];
        if (!tsm.TryReadGuest(tvm, address, blob))
        {
            return false;
        }

        try
        {
            tree = FlattenedDeviceTree.Parse(blob);
            return true;
        }
        catch (DeviceTreeFormatException)
        {
            return false;
        }
    }

    private static bool TryFindCpus(FlattenedDeviceTree tree, out List<uint> cpus)
    {
        cpus = [];
        foreach (DeviceTreeNode cpu in tree.Root.Find("cpus")?.Children.Where(child => Text(child, "device_type") == "cpu") ?? [])
        {
            if (Value(cpu, "reg") is not { Length: 4 or 8 } reg || Cells(reg) is not (ulong id and < Tvm.MaximumVcpus) || cpus.Contains((uint)id))
            {
                return false;
            }

            cpus.Add((uint)id);
        }

        cpus.Sort();
        return cpus.Contains(tree.BootCpuId);
    }

    // Whole pages of the memory nodes.
    private static IEnumerable<(ulong Start, ulong Length)> Memory(FlattenedDeviceTree tree)
    {
        int addressBytes = CellCount(tree.Root, "#address-cells", 2) * sizeof(uint);
        int sizeBytes = CellCount(tree.Root, "#size-cells", 1) * sizeof(uint);
        foreach (byte[] reg in tree.Root.Children.Where(child => Text(child, "device_type") == "memory").Select(child => Value(child, "reg")).OfType<byte[]>())
        {
            for (int i = 0; addressBytes != 0 && sizeBytes != 0 && i + addressBytes + sizeBytes <= reg.Length; i += addressBytes + sizeBytes)
            {
                ulong start = Cells(reg.AsSpan(i, addressBytes));
                ulong length = Cells(reg.AsSpan(i + addressBytes, sizeBytes)) & ~(PageSize - 1);
                if (start % PageSize == 0 && length != 0 && length <= ulong.MaxValue - start)
                {
                    yield return (start, length);
                }
            }
        }
    }

    private static int CellCount(DeviceTreeNode node, string name, int otherwise) => Value(node, name) is { Length: 4 } cells && (cells[3] is 1 or 2) && cells.AsSpan(0, 3).IndexOfAnyExcept((byte)0) < 0 ? cells[3] : otherwise;

    private static byte[]? Value(DeviceTreeNode node, string name) => node.Properties.FirstOrDefault(p => p.Key == name).Value;

    private static string? Text(DeviceTreeNode node, string name) => Value(node, name) is { Length: > 0 } text ? System.Text.Encoding.ASCII.GetString(text.AsSpan(0, text.Length - 1)) : null;

    private static ulong Cells(ReadOnlySpan<byte> bytes) => bytes.Length == sizeof(uint) ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt64BigEndian(bytes);
}
