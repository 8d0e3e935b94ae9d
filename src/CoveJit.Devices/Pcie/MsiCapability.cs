namespace CoveJit.Devices.Pcie;

/// <summary>MSI (PCI Local Bus 3.0, section 6.8.1): 64-bit address, masks for each message.</summary>
/// <param name="messages">Messages the function can send: 1, 2, 4, 8, 16 or 32.</param>
public sealed class MsiCapability(int messages = 1) : IPcieCapability
{
    private const byte Id = 0x05;
    private const int Size = 24;
    private const uint ControlEnable = 1;
    private const uint Control64 = 1 << 7;
    private const uint ControlMasking = 1 << 8;

    private PcieFunction? _function;
    private ConfigurationRegister? _control;
    private ConfigurationRegister? _addressLow;
    private ConfigurationRegister? _addressHigh;
    private ConfigurationRegister? _data;
    private ConfigurationRegister? _mask;
    private ConfigurationRegister? _pending;

    /// <summary>MSI Enable.</summary>
    public bool IsEnabled => _control!.Has(ControlEnable);

    /// <summary>What messages are and where they go, but for masks.</summary>
    internal byte[] LockedState =>
        [.. BitConverter.GetBytes(_control!.Value), .. BitConverter.GetBytes(_addressLow!.Value), .. BitConverter.GetBytes(_addressHigh!.Value), .. BitConverter.GetBytes(_data!.Value)];

    /// <inheritdoc/>
    public void Attach(PcieFunction function)
    {
        _function = function;
        ConfigurationSpace space = function.Configuration;
        int at = space.AddCapability(Id, Size);
        uint vectors = messages == 32 ? uint.MaxValue : (1u << messages) - 1;
        _control = space.Add(
            at + 2, 2, Control64 | ControlMasking | ((uint)System.Numerics.BitOperations.Log2((uint)messages) << 1), 0x70 | ControlEnable, written: _ => function.DriveInterrupt());
        _addressLow = space.Add(at + 4, 4, writable: ~3u);
        _addressHigh = space.Add(at + 8, 4, writable: uint.MaxValue);
        _data = space.Add(at + 12, 2, writable: 0xFFFF);
        _mask = space.Add(at + 16, 4, writable: vectors, written: _ => SendPending());
        _pending = space.Add(at + 20, 4);
    }

    /// <summary>Sends a message, or makes it pending while it is masked.</summary>
    internal void Signal(int message)
    {
        // Software may enable fewer messages than there are: those that are left share the last.
        int enabled = 1 << (int)Math.Min((_control!.Value >> 4) & 7, 5);
        message &= enabled - 1;
        uint bit = 1u << message;
        if (_mask!.Has(bit))
        {
            _pending!.Change(bit, 0);
            return;
        }

        _function!.SendMessage(((ulong)_addressHigh!.Value << 32) | _addressLow!.Value, (_data!.Value & ~(uint)(enabled - 1)) | (uint)message);
    }

    private void SendPending()
    {
        uint due = _pending!.Value & ~_mask!.Value;
        _pending.Change(0, due);
        for (int i = 0; due != 0 && IsEnabled; i++, due >>= 1)
        {
            if ((due & 1) != 0)
            {
                Signal(i);
            }
        }
    }
}
