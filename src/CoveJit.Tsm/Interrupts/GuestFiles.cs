using CoveJit.Harts;
using CoveJit.Monitor.SupervisorDomains;

namespace CoveJit.Tsm.Interrupts;

/// <summary>
/// The guest interrupt files of all harts. One that the host gives away is nobody's in the memory protection tables until the next global fence is
/// complete, then the confidential domain's; and the host's hstatus.VGEIN does not select it any more. For the holder of the TSM's lock.
/// </summary>
internal sealed class GuestFiles
{
    private const int PageShift = 12;

    private readonly RootDomainManager _root;
    private readonly SupervisorDomain _confidential;
    private readonly Dictionary<ulong, GuestFile> _files = [];

    public GuestFiles(IReadOnlyList<Hart> harts, RootDomainManager root, SupervisorDomain confidential, ImsicLayout? layout)
    {
        _root = root;
        _confidential = confidential;
        if (layout is not ImsicLayout imsic)
        {
            return;
        }

        foreach (Hart hart in harts)
        {
            for (int number = 1; number <= hart.InterruptDomains[0].GuestFiles.Count; number++)
            {
                ulong page = imsic.Base + ((((ulong)hart.Id << imsic.GuestIndexBits) + (ulong)number) << PageShift);
                _files.Add(page, new GuestFile(hart, number, page));
            }
        }
    }

    /// <summary>Whether there are any.</summary>
    public bool Exist => _files.Count != 0;

    /// <summary>All of them.</summary>
    public IEnumerable<GuestFile> All => _files.Values;

    /// <summary>Highest identity of a file.</summary>
    public int Identities => _files.Values.First().Registers.Identities;

    /// <summary>The file whose page an address is; null if there is none.</summary>
    public GuestFile? Find(ulong page) => _files.GetValueOrDefault(page);

    /// <summary>A hart's file that a vCPU may be bound to; null if there is none of the number.</summary>
    public GuestFile? FindFree(Hart hart, int number) =>
        _files.Values.FirstOrDefault(file => file.Hart == hart && file.Number == number && file.State == FileState.Unassigned);

    /// <summary>Takes a file from the host.</summary>
    public DomainError Convert(GuestFile file, Hart caller)
    {
        DomainError error = _root.AssignDevicePage(file.Page, _root.Host, null, caller);
        if (error == DomainError.None)
        {
            file.State = FileState.Converting;
            file.Hart.ConfidentialGuestFiles |= 1UL << file.Number;
        }

        return error;
    }

    /// <summary>Gives a file back to the host, as after reset.</summary>
    public DomainError Reclaim(GuestFile file, Hart caller)
    {
        DomainError error = _root.AssignDevicePage(file.Page, _confidential, _root.Host, caller);
        if (error == DomainError.None)
        {
            file.Registers.Reset();
            file.State = FileState.NonConfidential;
            file.Hart.ConfidentialGuestFiles &= ~(1UL << file.Number);
        }

        return error;
    }

    /// <summary>A global fence begins.</summary>
    public void BeginFence()
    {
        foreach (GuestFile file in _files.Values.Where(f => f.State == FileState.Converting))
        {
            file.State = FileState.Fencing;
        }
    }

    /// <summary>A global fence is complete: the files that it was for are confidential, and as after reset.</summary>
    public void EndFence(Hart caller)
    {
        foreach (GuestFile file in _files.Values.Where(f => f.State == FileState.Fencing))
        {
            file.Registers.Reset();

            // Without memory for the protection table it stays nobody's until a later fence.
            file.State = _root.AssignDevicePage(file.Page, null, _confidential, caller) == DomainError.None ? FileState.Unassigned : FileState.Converting;
        }
    }
}
