namespace CoveJit.Devices.Pcie;

/// <summary>Kind of a function in the PCI Express capability.</summary>
public enum PcieDeviceType
{
    /// <summary>PCI Express endpoint.</summary>
    Endpoint = 0,

    /// <summary>Root port of a root complex.</summary>
    RootPort = 4,

    /// <summary>Endpoint that is part of the root complex.</summary>
    IntegratedEndpoint = 9,
}

/// <summary>
/// The PCI Express capability (PCIe Base, section 7.5.3), version 2: device, link and for ports slot registers. Links are 2.5 GT/s, one lane: software
/// asks, nothing depends on it.
/// </summary>
/// <param name="type">Kind of the function.</param>
/// <param name="slot">The slot below a root port, or null.</param>
/// <param name="portNumber">Number of the port, for ports.</param>
/// <param name="teeIo">Whether Device Capabilities say TEE-IO Supported.</param>
public sealed class ExpressCapability(PcieDeviceType type, HotPlugSlot? slot = null, int portNumber = 0, bool teeIo = false) : IPcieCapability
{
    private const byte Id = 0x10;
    private const int Size = 0x3C;
    private const uint Version = 2;
    private const uint SlotImplemented = 1 << 8;
    private const uint MaxPayload512 = 2;
    private const uint RoleBasedErrors = 1 << 15;
    private const uint FunctionLevelReset = 1 << 28;
    private const uint TeeIoSupported = 1 << 30;
    private const uint DeviceControlReset = 0x2810; // relaxed ordering, no snoop, reads of at most 512 bytes
    private const uint InitiateReset = 1 << 15;
    private const uint LinkSpeedAndWidth = 0x11; // 2.5 GT/s, one lane
    private const uint LinkActiveReporting = 1 << 20;
    private const uint SupportedSpeeds = 1 << 1;

    /// <summary>Link Status, in whose bit 13 a slot reports that the link is active.</summary>
    internal ConfigurationRegister? LinkStatus { get; private set; }

    /// <inheritdoc/>
    public void Attach(PcieFunction function)
    {
        ConfigurationSpace space = function.Configuration;
        int at = space.AddCapability(Id, Size);
        bool port = type == PcieDeviceType.RootPort;
        space.Add(at + 0x02, 2, Version | ((uint)type << 4) | (slot is null ? 0 : SlotImplemented));
        space.Add(at + 0x04, 4, MaxPayload512 | RoleBasedErrors | (port ? 0 : FunctionLevelReset) | (teeIo ? TeeIoSupported : 0));
        space.Add(at + 0x08, 2, DeviceControlReset, 0x7FFF, written: write =>
        {
            if (!port && (write.Written & InitiateReset) != 0)
            {
                function.Reset();
            }
        });
        function.DeclareStatus(at + 0x0A);
        if (type != PcieDeviceType.IntegratedEndpoint)
        {
            space.Add(at + 0x0C, 4, LinkSpeedAndWidth | (slot is null ? 0 : LinkActiveReporting) | ((uint)portNumber << 24));
            space.Add(at + 0x10, 2, writable: 0x1DB);
            LinkStatus = space.Add(at + 0x12, 2, LinkSpeedAndWidth, clearable: 0xC000);
            space.Add(at + 0x2C, 4, SupportedSpeeds);
            space.Add(at + 0x30, 2, 1, 0xF);
            space.Add(at + 0x32, 2);
        }

        slot?.Declare(space, at, LinkStatus!);
        if (port)
        {
            space.Add(at + 0x1C, 2, writable: 0x1F); // root control: errors and PMEs, of which there are none
            space.Add(at + 0x20, 4);
        }

        space.Add(at + 0x24, 4);
        space.Add(at + 0x28, 2, writable: 0x1F);
    }
}
