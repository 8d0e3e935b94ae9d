namespace CoveJit.Memory.Translation;

/// <summary>
/// Two-stage address translation (Privileged, "Two-Stage Address Translation"): VS-stage from guest virtual to guest physical, G-stage from there to
/// supervisor physical. The first stage's table entries lie at guest physical addresses, so each access to one is translated by the second.
/// Shared by the harts and the IOMMU.
/// </summary>
public static class TwoStageWalker
{
    // Without a first stage there is no mapping that a fence could name: any size will do, and the largest costs nothing.
    private const int BareShift = 30;

    /// <summary>Translates a guest virtual address.</summary>
    /// <param name="memory">Supervisor physical memory.</param>
    /// <param name="first">VS-stage; may be Bare.</param>
    /// <param name="second">G-stage; may be Bare.</param>
    /// <param name="address">The guest virtual address.</param>
    /// <param name="access">What the access does.</param>
    /// <param name="result">The translation, or what is known of a guest-page fault.</param>
    public static WalkStatus Walk<TMemory>(
        ref TMemory memory, in TranslationStage first, in TranslationStage second, ulong address, AccessType access, out WalkResult result)
        where TMemory : struct, IWalkMemory
    {
        WalkResult inner = new() { Address = address, PageShift = BareShift };
        int entriesRead = 0;
        if (!first.IsBare)
        {
            GuestMemory<TMemory> guest = new(memory, second);
            WalkStatus status = PageTableWalker.Walk(ref guest, first, address, access, out inner);
            entriesRead = inner.EntriesRead + guest.EntriesRead;
            if (status != WalkStatus.Ok)
            {
                result = new WalkResult { EntriesRead = entriesRead, GuestAddress = guest.Faulting, ImplicitAccess = guest.FaultingAccess };
                return status;
            }
        }

        // Shadow stack instructions need leave to read and write of the second stage, whatever they do.
        WalkStatus end = WalkGuest(ref memory, second, inner.Address, first.IsShadowStackAccess ? AccessType.Write : access, out result);
        result.EntriesRead += entriesRead;
        result.PageShift = inner.PageShift;
        result.GuestAddress = inner.Address;
        return end;
    }

    // G-stage alone: its page faults are guest-page faults.
    private static WalkStatus WalkGuest<TMemory>(ref TMemory memory, in TranslationStage stage, ulong address, AccessType access, out WalkResult result)
        where TMemory : struct, IWalkMemory
    {
        if (stage.IsBare)
        {
            result = new WalkResult { Address = address };
            return WalkStatus.Ok;
        }

        WalkStatus status = PageTableWalker.Walk(ref memory, stage, address, access, out result);
        return status == WalkStatus.PageFault ? WalkStatus.GuestPageFault : status;
    }

    /// <summary>Guest physical memory as the first stage's walk sees it. Implicit accesses are loads and stores by themselves: MXR and HLVX are about explicit ones.</summary>
    private struct GuestMemory<TMemory>(TMemory memory, in TranslationStage stage) : IWalkMemory
        where TMemory : struct, IWalkMemory
    {
        private readonly TranslationStage _stage = stage with { MakeExecutableReadable = false, ReadAsExecute = false };
        private TMemory _memory = memory;

        public int EntriesRead { get; private set; }

        public ulong Faulting { get; private set; }

        public AccessType? FaultingAccess { get; private set; }

        public WalkStatus ReadEntry(ulong address, out ulong entry)
        {
            entry = 0;
            WalkStatus status = Translate(address, AccessType.Read, out ulong physical);
            return status == WalkStatus.Ok ? _memory.ReadEntry(physical, out entry) : status;
        }

        public WalkStatus CompareExchangeEntry(ulong address, ulong expected, ulong desired, out bool exchanged)
        {
            exchanged = false;
            WalkStatus status = Translate(address, AccessType.Write, out ulong physical);
            return status == WalkStatus.Ok ? _memory.CompareExchangeEntry(physical, expected, desired, out exchanged) : status;
        }

        private WalkStatus Translate(ulong address, AccessType access, out ulong physical)
        {
            WalkStatus status = WalkGuest(ref _memory, _stage, address, access, out WalkResult result);
            EntriesRead += result.EntriesRead;
            physical = result.Address;
            if (status == WalkStatus.GuestPageFault)
            {
                Faulting = address;
                FaultingAccess = access;
            }

            return status;
        }
    }
}
