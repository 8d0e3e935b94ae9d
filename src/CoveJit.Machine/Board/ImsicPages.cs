using CoveJit.Devices.Interrupts;
using CoveJit.Harts;
using CoveJit.Memory.Bus;

namespace CoveJit.Machines.Board;

/// <summary>The memory regions of the harts' IMSICs, and the way of messages to them.</summary>
internal sealed class ImsicPages(IReadOnlyList<Hart> harts) : IMessagePort
{
    /// <summary>The machine-level files.</summary>
    public Imsic Machine { get; } = new("imsic_m", [.. harts.Select(hart => (IReadOnlyList<IMessageTarget>)[hart.MachineFile!])]);

    /// <summary>The supervisor-level and guest files of each supervisor interrupt domain, by SIDN.</summary>
    public IReadOnlyList<Imsic> Domains { get; } =
    [
        .. Enumerable.Range(0, harts[0].InterruptDomains.Count).Select(sidn => new Imsic(
            sidn == 0 ? "imsic_s" : $"imsic_s{sidn}",
            [.. harts.Select(hart => hart.InterruptDomains[sidn]).Select(domain => (IReadOnlyList<IMessageTarget>)[domain.SupervisorFile!, .. domain.GuestFiles])])),
    ];

    /// <summary>Those of the domain that the machine boots in.</summary>
    public Imsic Supervisor => Domains[0];

    /// <summary>Highest identity of each file.</summary>
    public int Identities { get; } = harts[0].Configuration.InterruptIdentities;

    /// <summary>Bits of an address that choose among harts.</summary>
    public int HartIndexBits { get; } = Imsic.IndexBits(harts.Count);

    /// <summary>The devices, and where they are.</summary>
    public IEnumerable<(ulong Base, ulong Size, IBusDevice Device)> Devices =>
        [(VirtMemoryMap.ImsicM.Base, Machine.WindowSize, Machine), .. Domains.Select((domain, sidn) => (BaseOf(sidn), domain.WindowSize, (IBusDevice)domain))];

    /// <summary>
    /// Where a supervisor interrupt domain's pages are: in addr(g,n,h) = g * 2^E + B + n * 2^I + h * 2^D (Smsdia), B is the region's base and I 24.
    /// </summary>
    public static ulong BaseOf(int sidn) => VirtMemoryMap.ImsicS.Base + ((ulong)sidn * VirtMemoryMap.ImsicDomainSize);

    /// <inheritdoc/>
    public void Send(ulong address, uint data) => TrySend(address, data);

    /// <summary>As <see cref="Send"/>; false if there is no interrupt file at the address.</summary>
    public bool TrySend(ulong address, uint data, bool confidential = false)
    {
        // Elsewhere than to interrupt files no message goes: not to RAM, and not back to the controller that sends it.
        ulong offset = address - VirtMemoryMap.ImsicS.Base;
        ulong sidn = offset / VirtMemoryMap.ImsicDomainSize;
        return Machine.TryWrite(address - VirtMemoryMap.ImsicM.Base, sizeof(uint), data)
            || (sidn < (ulong)Domains.Count && (confidential || sidn != 0 || !IsConfidential(offset))
                && Domains[(int)sidn].TryWrite(offset % VirtMemoryMap.ImsicDomainSize, sizeof(uint), data));
    }

    // Whether a page is of a file that the host has given away. The host's interrupt controller is no way around the protection table.
    private bool IsConfidential(ulong offset)
    {
        ulong page = offset / Imsic.PageSize;
        ulong hart = page >> Supervisor.GuestIndexBits;
        int file = (int)(page & ((1UL << Supervisor.GuestIndexBits) - 1));
        return hart < (ulong)harts.Count && ((harts[(int)hart].ConfidentialGuestFiles >> file) & 1) != 0;
    }
}
