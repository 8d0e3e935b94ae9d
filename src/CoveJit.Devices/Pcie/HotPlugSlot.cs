namespace CoveJit.Devices.Pcie;

/// <summary>
/// The registers of a slot that devices are plugged into and pulled from while the machine runs (PCIe Base, sections 6.7 and 7.5.3.9 to 11): attention
/// button, power controller, power and attention indicators, presence, surprise removal. Guarded by the port's gate.
/// </summary>
public sealed class HotPlugSlot
{
    private const uint Capabilities =
        (1 << 0) // attention button
        | (1 << 1) // power controller
        | (1 << 3) // attention indicator
        | (1 << 4) // power indicator
        | (1 << 5) // hot-plug surprise
        | (1 << 6); // hot-plug capable

    private const uint ControlPowerOff = 1 << 10;
    private const uint ControlInterrupt = 1 << 5;
    private const uint ControlLinkChanged = 1 << 12;
    private const uint ControlWritable = 0x17FF;
    private const uint ControlReset = 0x03C0; // both indicators off, power on
    private const uint StatusAttention = 1 << 0;
    private const uint StatusPresenceChanged = 1 << 3;
    private const uint StatusCommandCompleted = 1 << 4;
    private const uint StatusEvents = 0x1F;
    private const uint StatusPresent = 1 << 6;
    private const uint StatusLinkChanged = 1 << 8;
    private const uint LinkActive = 1 << 13;

    private readonly int _number;
    private readonly Action _changed;
    private readonly Action _powerChanged;
    private ConfigurationRegister? _control;
    private ConfigurationRegister? _status;
    private ConfigurationRegister? _linkStatus;

    /// <summary>Makes the registers of an empty slot.</summary>
    /// <param name="number">Physical slot number.</param>
    /// <param name="changed">Called when <see cref="WantsInterrupt"/> may have changed.</param>
    /// <param name="powerChanged">Called when software has turned power on or off.</param>
    public HotPlugSlot(int number, Action changed, Action powerChanged)
    {
        _number = number;
        _changed = changed;
        _powerChanged = powerChanged;
    }

    /// <summary>Whether there is something in the slot.</summary>
    public bool IsOccupied => _status!.Has(StatusPresent);

    /// <summary>Whether software lets power on.</summary>
    public bool IsPowered => !_control!.Has(ControlPowerOff);

    /// <summary>Whether the device in the slot can be reached.</summary>
    public bool IsLinkUp => IsOccupied && IsPowered;

    /// <summary>Whether an event that software wants to hear of has not been cleared.</summary>
    public bool WantsInterrupt
    {
        get
        {
            uint control = _control!.Value;
            uint status = _status!.Value;
            bool pending = (status & control & StatusEvents) != 0 || ((status & StatusLinkChanged) != 0 && (control & ControlLinkChanged) != 0);
            return pending && (control & ControlInterrupt) != 0;
        }
    }

    /// <summary>Declares the slot's registers in a port's PCI Express capability.</summary>
    internal void Declare(ConfigurationSpace space, int at, ConfigurationRegister linkStatus)
    {
        _linkStatus = linkStatus;
        space.Add(at + 0x14, 4, Capabilities | ((uint)_number << 19));
        _control = space.Add(at + 0x18, 2, ControlReset, ControlWritable, written: OnControl);
        _status = space.Add(at + 0x1A, 2, clearable: StatusEvents | StatusLinkChanged, written: _ => _changed());
        UpdateLink();
    }

    /// <summary>Tells software that the slot has been filled or emptied.</summary>
    /// <param name="occupied">Whether there is something in it.</param>
    /// <param name="atBoot">Whether it was so before power-on: then it is no event.</param>
    internal void SetPresence(bool occupied, bool atBoot = false)
    {
        _status!.Change(occupied ? StatusPresent : 0, StatusPresent);
        UpdateLink();
        if (!atBoot)
        {
            _status.Change(StatusPresenceChanged | StatusLinkChanged, 0);
            _changed();
        }
    }

    /// <summary>Tells software that somebody has pressed the attention button.</summary>
    internal void PressAttentionButton()
    {
        _status!.Change(StatusAttention, 0);
        _changed();
    }

    /// <summary>After a reset of the port: what is in the slot is still there.</summary>
    internal void Restore(bool occupied) => SetPresence(occupied, atBoot: true);

    private void OnControl(RegisterWrite write)
    {
        // Commands take no time.
        _status!.Change(StatusCommandCompleted, 0);
        if ((write.Changed & ControlPowerOff) != 0)
        {
            _powerChanged();
            if (IsOccupied)
            {
                UpdateLink();
                _status.Change(StatusLinkChanged, 0);
            }
        }

        _changed();
    }

    private void UpdateLink() => _linkStatus!.Change(IsLinkUp ? LinkActive : 0, LinkActive);
}
