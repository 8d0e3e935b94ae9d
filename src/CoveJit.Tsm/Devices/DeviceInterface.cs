using CoveJit.Devices.Pcie;
using CoveJit.TeeIo.Tdisp;
using CoveJit.Tsm.Guests;

namespace CoveJit.Tsm.Devices;

/// <summary>A device interface as a TVM's: what the host has donated of its memory, where the TVM sees it, and how far it is bound. For the holder of the TSM's lock.</summary>
internal sealed class DeviceInterface(Tvm tvm, RequesterId function)
{
    /// <summary>The function, by the number that it had when it became the TVM's.</summary>
    public RequesterId Function { get; } = function;

    public Tvm Tvm { get; } = tvm;

    public InterfaceState State { get; set; }

    /// <summary>Whether it is bound to the TVM.</summary>
    public bool IsBound => State != InterfaceState.Unbound;

    /// <summary>Ranges of its memory that the host has added.</summary>
    public List<(ulong Start, ulong Size)> Regions { get; } = [];

    /// <summary>Ranges that the TVM has mapped.</summary>
    public List<InterfaceMapping> Mappings { get; } = [];

    /// <summary>What starts it.</summary>
    public byte[] Nonce { get; set; } = [];

    /// <summary>The report of the locked interface.</summary>
    public TdispReport Report { get; set; } = new();

    /// <summary>The report as the device sent it.</summary>
    public byte[] ReportBytes { get; set; } = [];

    /// <summary>The first of the report's ranges that the TVM may map next: they are mapped in order.</summary>
    public int NextRange { get; set; }

    /// <summary>Whether all of a range has been added.</summary>
    public bool HasRegion(ulong start, ulong size)
    {
        ulong end = start + size;
        for (ulong at = start; at < end;)
        {
            ulong from = at;
            at = Regions.Where(region => from - region.Start < region.Size).Select(region => region.Start + region.Size).FirstOrDefault();
            if (at == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the report's ranges have a part in common with a range.</summary>
    public bool Reports(TdispMmioRange range) => Report.MmioRanges.Any(own =>
        own.FirstPage < range.FirstPage + range.PageCount && range.FirstPage < own.FirstPage + own.PageCount);
}

/// <summary>Memory of a device interface in a TVM's guest physical address space.</summary>
/// <param name="GuestAddress">Guest physical address.</param>
/// <param name="Address">Supervisor physical address.</param>
/// <param name="Size">Bytes.</param>
internal readonly record struct InterfaceMapping(ulong GuestAddress, ulong Address, ulong Size);

/// <summary>How far a device interface is bound to a TVM.</summary>
internal enum InterfaceState
{
    /// <summary>It is not.</summary>
    Unbound,

    /// <summary>It is locked, and the TVM has not accepted it.</summary>
    Locked,

    /// <summary>It is the TVM's to use.</summary>
    Running,

    /// <summary>The TVM has stopped it.</summary>
    Stopped,

    /// <summary>The session with its device is over.</summary>
    Lost,
}
