using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using CoveJit.Memory.Protection;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.Tsm.Devices;
using CoveJit.Tsm.Guests;
using CoveJit.Tsm.Interrupts;
using CoveJit.Tsm.Pages;

namespace CoveJit.Tsm;

/// <summary>
/// Compares the TSM's records with each other and with everything made from them: page records, the root domain security manager's tracker (and through
/// it the memory protection tables), G-stage page tables, pools, pins, states. For tests, fuzzing and debugging: it reads all of RAM's records.
/// </summary>
internal sealed class TsmVerifier(SecurityManager tsm)
{
    private const ulong PageSize = 4096;

    private static readonly PageRecord HostsOwn = PageRecord.Of(RootDomainManager.HostSdid, MptPermissions.All);

    private readonly List<string> _wrong = [];
    private readonly Dictionary<ulong, int> _pins = [];
    private readonly Dictionary<ulong, (PageKind Kind, uint Guest)> _expected = [];

    public IReadOnlyList<string> Run()
    {
        foreach (Tvm tvm in tsm.Tvms.Values)
        {
            VerifyTvm(tvm);
        }

        foreach (Harts.Hart hart in tsm.Harts)
        {
            for (ulong i = 0; tsm.SharedMemoryOf(hart) is Running.SharedMemory shared && i < Running.SharedMemory.Pages; i++)
            {
                Pin(shared.Address + (i * PageSize));
            }
        }

        foreach (GuestFile file in tsm.GuestFiles.All)
        {
            VerifyFile(file);
        }

        foreach (TeeDevice device in tsm.Devices?.All ?? [])
        {
            VerifyDevice(device);
        }

        Expect(tsm.Devices is null or { IommuIsIdle: true }, $"the IOMMU has not done what it was told");
        HashSet<ulong> pending = [];
        foreach ((ulong address, ulong pages) in tsm.Fence.Pending)
        {
            for (ulong i = 0; i < pages; i++)
            {
                Expect(pending.Add(address + (i * PageSize)), $"page 0x{address + (i * PageSize):x} waits for a fence twice");
            }
        }

        for (ulong page = tsm.Pages.Ram.Base; page < tsm.Pages.Ram.Base + tsm.Pages.Ram.Size; page += PageSize)
        {
            VerifyPage(page, pending.Contains(page));
        }

        _wrong.AddRange(tsm.Root.Verify());
        return _wrong;
    }

    private void VerifyTvm(Tvm tvm)
    {
        Own(tvm, tvm.Stage.Root, GuestStage.RootSize / PageSize, PageKind.TvmRoot);
        tvm.Stage.ForEachTable(table => Own(tvm, table, 1, PageKind.PageTable));
        foreach (ulong page in tvm.Stage.Pool)
        {
            Own(tvm, page, 1, PageKind.PageTablePool);
        }

        foreach (Vcpu vcpu in tvm.Vcpus.Values)
        {
            Own(tvm, vcpu.StatePage, SecurityManager.VcpuStatePages, PageKind.VcpuState);
            Expect((vcpu.State == VcpuState.Running) == (vcpu.Hart >= 0), $"vCPU {vcpu.Id} of TVM {tvm.Id}: state {vcpu.State}, hart {vcpu.Hart}");
            Expect(
                vcpu.Hart < 0 || (tsm.Switcher.RunningOn(tsm.Harts[vcpu.Hart]) == vcpu && tsm.Root.Current(tsm.Harts[vcpu.Hart]) == tsm.Domain),
                $"vCPU {vcpu.Id} of TVM {tvm.Id} does not run on hart {vcpu.Hart}");
        }

        int blocked = 0;
        int files = 0;
        ulong devices = 0;
        tvm.Stage.ForEach(0, 1UL << tvm.Stage.AddressBits, leaf =>
        {
            if (leaf.IsInterruptFile)
            {
                files++;
                GuestFile? file = tsm.GuestFiles.Find(leaf.Address);
                Expect(
                    file?.Owner?.Imsic is VirtualImsic imsic && file.Owner.Tvm == tvm && imsic.GuestAddress == leaf.GuestAddress && (imsic.Next ?? imsic.File) == file,
                    $"TVM {tvm.Id}: interrupt file 0x{leaf.Address:x} is mapped at 0x{leaf.GuestAddress:x}");
                return true;
            }

            if (leaf.IsDevice)
            {
                devices += leaf.Size;
                DeviceInterface? its = tsm.Devices?.All.Select(device => device.Interface).FirstOrDefault(i => i?.Tvm == tvm && i.Mappings.Any(mapping =>
                    leaf.GuestAddress - mapping.GuestAddress < mapping.Size && leaf.Address - mapping.Address == leaf.GuestAddress - mapping.GuestAddress));
                Expect(its is not null && its.HasRegion(leaf.Address, leaf.Size), $"TVM {tvm.Id}: device memory 0x{leaf.Address:x} is mapped at 0x{leaf.GuestAddress:x}");
                Expect((leaf.State == LeafState.Present) == (its?.State == InterfaceState.Running), $"TVM {tvm.Id}: device memory 0x{leaf.GuestAddress:x} is {leaf.State}, the interface {its?.State}");
                Expect(tvm.Regions[leaf.GuestAddress] == RegionKind.Device, $"TVM {tvm.Id}: 0x{leaf.GuestAddress:x} is {tvm.Regions[leaf.GuestAddress]}");
                return true;
            }

            blocked += leaf.State == LeafState.Blocked ? 1 : 0;
            Expect((leaf.State == LeafState.Blocked) == tvm.Blocked.ContainsKey(leaf.GuestAddress), $"TVM {tvm.Id}: 0x{leaf.GuestAddress:x} is {leaf.State}");
            for (ulong i = 0; i < leaf.Size; i += PageSize)
            {
                if (leaf.IsShared)
                {
                    Pin(leaf.Address + i);
                    Expect(
                        tsm.Root.Owner(leaf.Address + i).PermissionsOf(tsm.Domain.Sdid) == MptPermissions.ReadWrite,
                        $"TVM {tvm.Id}: shared page 0x{leaf.Address + i:x} is not the confidential domain's to read and write");
                }
                else
                {
                    Own(tvm, leaf.Address + i, 1, PageKind.TvmData);
                    Expect(tsm.Pages[leaf.Address + i].GuestPage == (leaf.GuestAddress + i) / PageSize, $"TVM {tvm.Id}: page 0x{leaf.Address + i:x} is mapped at 0x{leaf.GuestAddress + i:x}");
                }
            }

            return true;
        });
        int bound = tvm.Vcpus.Values.Count(vcpu => vcpu.Imsic?.State is BindingState.Bound or BindingState.Rebinding or BindingState.Cloned);
        Expect(files == bound, $"TVM {tvm.Id}: {files} interrupt files are mapped, {bound} vCPUs bound");
        ulong mapped = (ulong)(tsm.Devices?.All.Where(device => device.Interface?.Tvm == tvm).SelectMany(device => device.Interface!.Mappings).Sum(mapping => (long)mapping.Size) ?? 0);
        Expect(devices == mapped, $"TVM {tvm.Id}: 0x{devices:x} bytes of device memory are mapped, 0x{mapped:x} noted");
        Expect(blocked == tvm.Blocked.Count, $"TVM {tvm.Id}: {blocked} blocked mappings, {tvm.Blocked.Count} noted");
    }

    private void VerifyDevice(TeeDevice device)
    {
        string name = $"device {device.Id}";
        Expect(device.Connection is null or { IsReady: true } || device.Operation is not null, $"{name} is half connected, and no call is under way");
        Expect((device.Transport.Pending is not null) == (device.Operation is not null), $"{name} waits without a call, or the other way round");
        if (device.Interface is not { } its)
        {
            return;
        }

        Expect(tsm.Tvms.GetValueOrDefault(its.Tvm.Id) == its.Tvm, $"{name} is a TVM's that does not exist");
        Expect(!its.IsBound || device.Connection is { IsReady: true }, $"{name} is bound and not connected");
        Expect(its.IsBound || its.Regions.Count != 0, $"{name} is a TVM's for nothing");
        Expect(its.State is not (InterfaceState.Locked or InterfaceState.Running) || device.Connection is { IsReady: true, IsOpen: true }, $"{name} is {its.State} without a session");
    }

    private void VerifyFile(GuestFile file)
    {
        uint? owner = file.State switch
        {
            FileState.NonConfidential => RootDomainManager.HostSdid,
            FileState.Converting or FileState.Fencing => null,
            _ => tsm.Domain.Sdid,
        };
        Expect(tsm.Root.DeviceOwner(file.Page) == owner, $"interrupt file 0x{file.Page:x} is {file.State}, and domain {tsm.Root.DeviceOwner(file.Page)} has its page");
        Expect(((file.Hart.ConfidentialGuestFiles >> file.Number) & 1) != 0 == (file.State != FileState.NonConfidential), $"interrupt file 0x{file.Page:x} is {file.State}, and the host may select it");
        bool assigned = file.Owner is Vcpu vcpu && tsm.Tvms.ContainsKey(vcpu.Tvm.Id) && (vcpu.Imsic?.File == file || vcpu.Imsic?.Next == file);
        Expect(assigned == (file.State == FileState.Assigned), $"interrupt file 0x{file.Page:x} is {file.State}");
    }

    private void VerifyPage(ulong address, bool pending)
    {
        PageState page = tsm.Pages[address];
        PageRecord record = tsm.Root.Owner(address);
        if (page == default && record == HostsOwn && !pending && !_pins.ContainsKey(address) && !_expected.ContainsKey(address))
        {
            return; // most of RAM
        }

        Expect(page.Pins == _pins.GetValueOrDefault(address), $"page 0x{address:x} has {page.Pins} pins, not {_pins.GetValueOrDefault(address)}");
        Expect(page.Pins == 0 || page.Kind == PageKind.NonConfidential, $"page 0x{address:x} is pinned and {page.Kind}");
        Expect(pending == page.Kind is PageKind.Converting or PageKind.Fencing, $"page 0x{address:x} is {page.Kind}");
        if (page.Guest != 0)
        {
            bool found = _expected.TryGetValue(address, out (PageKind Kind, uint Guest) expected);
            Expect(
                (found && expected == (page.Kind, page.Guest)) || (!found && page.Kind == PageKind.TvmState && tsm.Tvms.ContainsKey(page.Guest)),
                $"page 0x{address:x} is {page.Kind} of TVM {page.Guest}");
        }
        else
        {
            Expect(!_expected.ContainsKey(address), $"page 0x{address:x} is {page.Kind}, of no TVM");
        }

        // What the hardware is told: host or TSM, never both but for shared pages.
        (MptPermissions host, MptPermissions confidential) = page.Kind switch
        {
            PageKind.NonConfidential => (record.PermissionsOf(RootDomainManager.HostSdid), record.PermissionsOf(tsm.Domain.Sdid) & MptPermissions.ReadWrite),
            PageKind.Converting or PageKind.Fencing => (MptPermissions.None, MptPermissions.None),
            _ => (MptPermissions.None, MptPermissions.All),
        };
        Expect(
            record.PermissionsOf(RootDomainManager.HostSdid) == host && record.PermissionsOf(tsm.Domain.Sdid) == confidential,
            $"page 0x{address:x} is {page.Kind}, and the host has {record.PermissionsOf(RootDomainManager.HostSdid)}, the TSM {record.PermissionsOf(tsm.Domain.Sdid)}");
    }

    private void Own(Tvm tvm, ulong address, ulong pages, PageKind kind)
    {
        for (ulong i = 0; i < pages; i++)
        {
            Expect(_expected.TryAdd(address + (i * PageSize), (kind, tvm.Id)), $"page 0x{address + (i * PageSize):x} is used twice");
            Expect(tsm.Pages[address + (i * PageSize)].Kind == kind, $"page 0x{address + (i * PageSize):x} is used as {kind}");
        }
    }

    private void Pin(ulong address) => _pins[address] = _pins.GetValueOrDefault(address) + 1;

    // The text is only made if it is needed.
    private void Expect(bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] ref Complaint what)
    {
        if (!holds)
        {
            _wrong.Add(what.Text);
        }
    }

    [InterpolatedStringHandler]
    private readonly ref struct Complaint
    {
        private readonly StringBuilder? _text;

        public Complaint(int literalLength, int formattedCount, bool holds, out bool needed)
        {
            needed = !holds;
            _text = holds ? null : new StringBuilder(literalLength + (8 * formattedCount));
        }

        public string Text => _text?.ToString() ?? string.Empty;

        public void AppendLiteral(string text) => _text!.Append(text);

        public void AppendFormatted<T>(T value, string? format = null) => _text!.Append(value is IFormattable f ? f.ToString(format, CultureInfo.InvariantCulture) : value?.ToString());
    }
}
