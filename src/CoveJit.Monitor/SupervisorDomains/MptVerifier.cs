using System.Globalization;
using CoveJit.Memory.Protection;

namespace CoveJit.Monitor.SupervisorDomains;

/// <summary>Compares a memory protection table with the tracker of pages.</summary>
internal static class MptVerifier
{
    private const ulong PageSize = 0x1000;

    /// <summary>Adds to <paramref name="wrong"/> where a domain's table permits something else than the tracker says, in runs.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="tracker">Says what is right for RAM.</param>
    /// <param name="devices">What else the domain may read and write.</param>
    /// <param name="wrong">Receives the disagreements.</param>
    public static void Verify(SupervisorDomain domain, PageTracker tracker, IEnumerable<(ulong Start, ulong Size)> devices, List<string> wrong)
    {
        ulong end = tracker.Start + tracker.Size;
        List<(ulong Start, ulong Size)> outside = [.. devices];
        foreach ((ulong start, ulong size, MptPermissions permissions) in domain.Table.Runs())
        {
            ulong stop = start + size;
            CompareOutside(start, Math.Min(stop, tracker.Start), permissions);
            for (ulong page = Math.Max(start, tracker.Start); page < Math.Min(stop, end); page += PageSize)
            {
                Compare(page, tracker[page].PermissionsOf(domain.Sdid), permissions);
            }

            CompareOutside(Math.Max(start, end), stop, permissions);
        }

        // Not RAM: the devices are few, so a run is all theirs, or none of it, or is looked at page by page.
        void CompareOutside(ulong start, ulong stop, MptPermissions permissions)
        {
            bool all = start < stop && outside.Any(device => start >= device.Start && stop <= device.Start + device.Size);
            bool none = !outside.Any(device => start < device.Start + device.Size && device.Start < stop);
            for (ulong page = start; page < stop; page += all || none ? stop - start : PageSize)
            {
                bool theirs = all || (!none && outside.Any(device => page >= device.Start && page < device.Start + device.Size));
                Compare(page, theirs ? MptPermissions.ReadWrite : MptPermissions.None, permissions);
            }
        }

        void Compare(ulong page, MptPermissions expected, MptPermissions actual)
        {
            if (expected != actual)
            {
                wrong.Add(string.Create(CultureInfo.InvariantCulture, $"{domain}: at 0x{page:x} the table permits {actual}, the tracker {expected}"));
            }
        }
    }
}
