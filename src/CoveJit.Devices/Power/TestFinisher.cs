using CoveJit.Devices.DeviceTree;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Power;

/// <summary>
/// The SiFive test finisher: one write-only register at offset 0, through which the guest powers off, fails or resets.
/// Stock kernels use it as a <c>syscon</c> with <c>syscon-poweroff</c> and <c>syscon-reboot</c> on top.
/// It keeps no state and takes no lock.
/// </summary>
/// <param name="name">Name for errors and traces.</param>
/// <param name="power">Receives the requests.</param>
public sealed class TestFinisher(string name, IPowerControl power) : IBusDevice
{
    /// <summary>Size of the register window in bytes.</summary>
    public const ulong WindowSize = 0x1000;

    /// <summary>Value that fails, with the exit code in bits 31 to 16.</summary>
    public const ushort FinisherFail = 0x3333;

    /// <summary>Value that powers off.</summary>
    public const ushort FinisherPass = 0x5555;

    /// <summary>Value that resets.</summary>
    public const ushort FinisherReset = 0x7777;

    /// <inheritdoc/>
    public string Name { get; } = name;

    /// <inheritdoc/>
    /// <remarks>Everything reads as zero; byte accesses and misaligned ones are refused.</remarks>
    public bool TryRead(ulong offset, int size, out ulong value)
    {
        value = 0;
        return IsAccess(offset, size);
    }

    /// <inheritdoc/>
    /// <remarks>Unknown values and other offsets are ignored.</remarks>
    public bool TryWrite(ulong offset, int size, ulong value)
    {
        if (!IsAccess(offset, size))
        {
            return false;
        }

        if (offset == 0)
        {
            ushort code = size == 2 ? (ushort)0 : (ushort)(value >> 16);
            switch ((ushort)value)
            {
                case FinisherFail:
                    power.Request(new ShutdownRequest(ShutdownKind.Fail, code));
                    break;
                case FinisherPass:
                    power.Request(new ShutdownRequest(ShutdownKind.PowerOff, 0));
                    break;
                case FinisherReset:
                    power.Request(new ShutdownRequest(ShutdownKind.Reset, 0));
                    break;
            }
        }

        return true;
    }

    /// <summary>Adds the device's node to its bus, and the power-off and reboot nodes that refer to it to the root.</summary>
    /// <param name="root">The tree's root node.</param>
    /// <param name="bus">The bus node, with two address and two size cells.</param>
    /// <param name="baseAddress">Guest-physical address of the window.</param>
    /// <param name="phandles">Names the syscon for the nodes that refer to it.</param>
    public static void Describe(DeviceTreeNode root, DeviceTreeNode bus, ulong baseAddress, PhandleAllocator phandles)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(phandles);
        DeviceTreeNode test = bus.AddChild($"test@{baseAddress:x}")
            .Set("compatible", "sifive,test1", "sifive,test0", "syscon")
            .SetPairs("reg", baseAddress, WindowSize);
        uint syscon = phandles.Assign(test);
        root.AddChild("poweroff").Set("compatible", "syscon-poweroff")
            .SetCells("regmap", syscon).SetCells("offset", 0).SetCells("value", FinisherPass);
        root.AddChild("reboot").Set("compatible", "syscon-reboot")
            .SetCells("regmap", syscon).SetCells("offset", 0).SetCells("value", FinisherReset);
    }

    private static bool IsAccess(ulong offset, int size) => size is 2 or 4 or 8 && offset % (ulong)size == 0 && offset < WindowSize;
}
