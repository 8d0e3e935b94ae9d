namespace CoveJit.Devices.Pcie;

/// <summary>Access Control Services of a port (PCIe Base, section 7.7.11): what software sets is kept. All requests go upstream anyway: there is no peer-to-peer traffic to control.</summary>
public sealed class AccessControlCapability : IPcieCapability
{
    private const uint Controls = 0x1F; // source validation, translation blocking, request and completion redirect, upstream forwarding

    /// <summary>ACS Control.</summary>
    public ConfigurationRegister? Control { get; private set; }

    /// <inheritdoc/>
    public void Attach(PcieFunction function)
    {
        int at = function.Configuration.AddExtendedCapability(0x0D, version: 1, size: 8);
        function.Configuration.Add(at + 4, 2, Controls);
        Control = function.Configuration.Add(at + 6, 2, writable: Controls);
    }
}

/// <summary>Address Translation Services of an endpoint (PCIe Base, section 10.5.1): page-aligned requests, invalidations of any function's depth.</summary>
/// <param name="changed">Called when software has enabled or disabled ATS.</param>
public sealed class AddressTranslationCapability(Action<bool> changed) : IPcieCapability
{
    private const uint PageAligned = 1 << 5;
    private const uint Enable = 1 << 15;

    /// <inheritdoc/>
    public void Attach(PcieFunction function)
    {
        int at = function.Configuration.AddExtendedCapability(0x0F, version: 1, size: 8);
        function.Configuration.Add(at + 4, 2, PageAligned);
        function.Configuration.Add(at + 6, 2, writable: Enable | 0x1F, written: write =>
        {
            if ((write.Changed & Enable) != 0)
            {
                changed((write.After & Enable) != 0);
            }
        });
    }
}

/// <summary>
/// An extended capability whose registers are somebody else's, four bytes each: how a protocol's own register model, such as the mailbox of Data Object
/// Exchange (ID 0x2E) or the streams of IDE (ID 0x30), becomes part of a function.
/// </summary>
/// <param name="id">Extended capability ID.</param>
/// <param name="version">Capability version.</param>
/// <param name="size">Size in bytes, a multiple of 4, with the header of 4.</param>
/// <param name="read">Reads the register at an offset from the capability's start.</param>
/// <param name="write">Writes the register at an offset from the capability's start: the value, of which bytes that were not written are zero.</param>
public sealed class RegisterBlockCapability(ushort id, int version, int size, Func<int, uint> read, Action<int, uint> write) : IPcieCapability
{
    /// <inheritdoc/>
    public void Attach(PcieFunction function)
    {
        int at = function.Configuration.AddExtendedCapability(id, version, size);
        for (int offset = 4; offset < size; offset += 4)
        {
            int register = offset;
            function.Configuration.Add(at + register, 4, written: w => write(register, w.Written), read: () => read(register));
        }
    }
}
