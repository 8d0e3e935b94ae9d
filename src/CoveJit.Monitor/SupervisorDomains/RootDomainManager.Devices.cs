using CoveJit.Devices.Pcie;
using CoveJit.Devices.Protection;
using CoveJit.Harts;
using CoveJit.Memory.Protection;

namespace CoveJit.Monitor.SupervisorDomains;

/// <summary>What is not RAM: pages of devices' registers, and functions whose requests are a domain's.</summary>
public sealed partial class RootDomainManager
{
    private readonly (ulong Start, ulong Size)[] _devices; // the host's, which are not RAM
    private readonly SortedDictionary<ulong, uint?> _devicePages = []; // of those, what has another owner, or none
    private readonly List<(ulong Start, ulong Size, uint Sdid)> _grants = []; // of the host's devices, what another domain may access as well
    private readonly SortedDictionary<ushort, int> _requesters = []; // rules for functions that are another domain's

    /// <summary>
    /// Moves a page of a device's registers from one domain to another. It was the host's to begin with; null stands for nobody. Who has it may read and
    /// write it; what state the device keeps is the caller's to clear.
    /// </summary>
    /// <returns>What is in the way; then nothing has changed.</returns>
    public DomainError AssignDevicePage(ulong page, SupervisorDomain? from, SupervisorDomain? to, Hart? caller = null)
    {
        if (page % PageSize != 0 || !_devices.Any(device => Holds(device, page, PageSize)))
        {
            return DomainError.BadRange;
        }

        Enter(caller);
        try
        {
            if ((_devicePages.TryGetValue(page, out uint? owner) ? owner : HostSdid) != from?.Sdid || _grants.Any(grant => page - grant.Start < grant.Size))
            {
                return DomainError.NotOwner;
            }

            if (_memory.FreePages < (from?.Table.PagesFor(PageSize) ?? 0) + (to?.Table.PagesFor(PageSize) ?? 0))
            {
                return DomainError.OutOfMemory;
            }

            if (from is not null)
            {
                from.Table.Set(page, PageSize, MptPermissions.None);
                Fence(caller, from.Sdid);
            }

            to?.Table.Set(page, PageSize, DevicePermissions);
            _devicePages[page] = to?.Sdid;
            if (to == Host)
            {
                _devicePages.Remove(page);
            }

            return DomainError.None;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>
    /// Lets a domain read and write registers of the host's devices, which the host keeps: memory of a function whose device tells accesses apart by the T bit.
    /// </summary>
    /// <param name="start">First address, of a page.</param>
    /// <param name="size">Bytes, of whole pages.</param>
    /// <param name="to">The domain; not the host's.</param>
    /// <param name="caller">The hart on whose thread this is, if it is one's.</param>
    /// <returns>What is in the way; then nothing has changed.</returns>
    public DomainError GrantDevicePages(ulong start, ulong size, SupervisorDomain to, Hart? caller = null)
    {
        ArgumentNullException.ThrowIfNull(to);
        if (size == 0 || (start | size) % PageSize != 0 || !_devices.Any(device => Holds(device, start, size)))
        {
            return DomainError.BadRange;
        }

        Enter(caller);
        try
        {
            if (_devicePages.Keys.Any(page => page - start < size) || _grants.Any(grant => start < grant.Start + grant.Size && grant.Start < start + size))
            {
                return DomainError.NotOwner;
            }

            if (_memory.FreePages < to.Table.PagesFor(size))
            {
                return DomainError.OutOfMemory;
            }

            to.Table.Set(start, size, DevicePermissions, MptLeaves.Largest);
            _grants.Add((start, size, to.Sdid));
            return DomainError.None;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>The reverse of <see cref="GrantDevicePages"/>, for the same range.</summary>
    public DomainError RevokeDevicePages(ulong start, ulong size, SupervisorDomain from, Hart? caller = null)
    {
        ArgumentNullException.ThrowIfNull(from);
        Enter(caller);
        try
        {
            if (!_grants.Contains((start, size, from.Sdid)))
            {
                return DomainError.NotOwner;
            }

            if (_memory.FreePages < from.Table.PagesFor(size))
            {
                return DomainError.OutOfMemory;
            }

            from.Table.Set(start, size, MptPermissions.None, MptLeaves.Largest);
            _grants.Remove((start, size, from.Sdid));
            Fence(caller, from.Sdid);
            return DomainError.None;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>Makes a function's requests with the T bit a domain's, or nobody's: a rule of the supervisor domain classifier.</summary>
    /// <param name="requester">The function.</param>
    /// <param name="to">The domain, or null for nobody.</param>
    /// <param name="caller">The hart on whose thread this is, if it is one's.</param>
    /// <returns>What is in the way: the function is another domain's, or there are as many rules as there can be.</returns>
    public DomainError AssignRequester(RequesterId requester, SupervisorDomain? to, Hart? caller = null)
    {
        Enter(caller);
        try
        {
            bool has = _requesters.TryGetValue(requester.Value, out int number);
            if (to is null)
            {
                _requesters.Remove(requester.Value);
                if (has)
                {
                    _devicesChecker?.SetRule(number, null);
                    _devicesChecker?.Fence();
                }

                return DomainError.None;
            }

            number = Enumerable.Range(0, HostRule).FirstOrDefault(n => !_requesters.ContainsValue(n), -1);
            if (has || number < 0 || _devicesChecker is null)
            {
                return DomainError.InUse;
            }

            _requesters.Add(requester.Value, number);
            _devicesChecker.SetRule(number, new IoMptRule(requester, requester, TeeFilter.Trusted, to.Sdid));
            return DomainError.None;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>The SDID of whose a page of the host's devices is; null for nobody.</summary>
    public uint? DeviceOwner(ulong page)
    {
        lock (_gate)
        {
            return _devicePages.TryGetValue(page, out uint? owner) ? owner : HostSdid;
        }
    }

    // Whether a range has all of another, which may be a guest's and wrap.
    private static bool Holds((ulong Start, ulong Size) range, ulong start, ulong size) =>
        start >= range.Start && size <= range.Size && start - range.Start <= range.Size - size;

    // What a domain may read and write that is not RAM.
    private List<(ulong Start, ulong Size)> DevicesOf(SupervisorDomain domain)
    {
        if (domain != Host)
        {
            return
            [
                .. _devicePages.Where(page => page.Value == domain.Sdid).Select(page => (page.Key, PageSize)),
                .. _grants.Where(grant => grant.Sdid == domain.Sdid).Select(grant => (grant.Start, grant.Size)),
            ];
        }

        List<(ulong Start, ulong Size)> ranges = [];
        foreach ((ulong start, ulong size) in _devices)
        {
            ulong at = start;
            foreach (ulong page in _devicePages.Keys.Where(page => page >= start && page - start < size))
            {
                ranges.Add((at, page - at));
                at = page + PageSize;
            }

            ranges.Add((at, start + size - at));
        }

        return ranges;
    }
}
