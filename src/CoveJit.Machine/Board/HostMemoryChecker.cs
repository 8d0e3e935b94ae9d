using CoveJit.Memory.Bus;
using CoveJit.Memory.Protection;
using CoveJit.Memory.Translation;
using CoveJit.Monitor.SupervisorDomains;

namespace CoveJit.Machines.Board;

/// <summary>
/// Lets devices, all of which are the host domain's, reach what that domain may read and write: what an I/O memory protection table is for (Smmpt, "IO-MPT").
/// It passes everything before there are domains. A device that works on a thread of its own may end a transaction that was judged before the page was
/// taken from the host; one that works for a hart is waited for, as that hart is.
/// </summary>
internal sealed class HostMemoryChecker(Func<RootDomainManager?> domains) : IDmaChecker
{
    /// <inheritdoc/>
    public DmaVerdict Check(int requester, ulong address, int length, AccessType access) =>
        domains() is not RootDomainManager root
            || root.Permits(RootDomainManager.HostSdid, address, (ulong)length, access == AccessType.Read ? MptPermissions.Read : MptPermissions.ReadWrite)
            ? DmaVerdict.Pass
            : DmaVerdict.Refuse;
}
