namespace CoveJit.Devices.Interrupts;

/// <summary>
/// The registers that tell an APLIC where interrupt files are (AIA 1.0, "Machine MSI address configuration" and "Supervisor MSI address
/// configuration"), and the addresses that follow from them ("Addresses and data for outgoing MSIs").
/// </summary>
internal sealed class AplicMessageAddresses
{
    private const uint MachineWritable = 0x9F77_FFFF;
    private const uint SupervisorWritable = 0x0070_0FFF;
    private const uint Lock = 1u << 31;

    private uint _machineLow;
    private uint _machineHigh;
    private uint _supervisorLow;
    private uint _supervisorHigh;

    /// <summary>Reads one of the four registers.</summary>
    /// <param name="index">0 mmsiaddrcfg, 1 mmsiaddrcfgh, 2 smsiaddrcfg, 3 smsiaddrcfgh.</param>
    public uint Read(ulong index) => index switch
    {
        0 => _machineLow,
        1 => _machineHigh,
        2 => _supervisorLow,
        _ => _supervisorHigh,
    };

    /// <summary>Writes one of the four registers, unless they are locked.</summary>
    public void Write(ulong index, uint value)
    {
        if ((_machineHigh & Lock) != 0)
        {
            return;
        }

        switch (index)
        {
            case 0:
                _machineLow = value;
                break;
            case 1:
                _machineHigh = value & MachineWritable;
                break;
            case 2:
                _supervisorLow = value;
                break;
            default:
                _supervisorHigh = value & SupervisorWritable;
                break;
        }
    }

    /// <summary>Back to the state after reset: unlocked, all zero.</summary>
    public void Reset() => _machineLow = _machineHigh = _supervisorLow = _supervisorHigh = 0;

    /// <summary>Address of a hart's machine-level file.</summary>
    public ulong Machine(uint hart) => Address(_machineHigh, _machineLow, hart, 0);

    /// <summary>Address of a hart's supervisor-level file, or of one of its guest files.</summary>
    public ulong Supervisor(uint hart, uint guest) => Address(_supervisorHigh, _supervisorLow, hart, guest);

    private ulong Address(uint high, uint low, uint hart, uint guest)
    {
        int highShift = (int)(_machineHigh >> 24) & 0x1F;
        int highWidth = (int)(_machineHigh >> 16) & 7;
        int lowWidth = (int)(_machineHigh >> 12) & 15;
        int lowShift = (int)(high >> 20) & 7;
        ulong page = ((ulong)(high & 0xFFF) << 32) | low;
        ulong group = (hart >> lowWidth) & ((1u << highWidth) - 1);
        ulong member = hart & ((1u << lowWidth) - 1);
        return (page | (group << (highShift + 12)) | (member << lowShift) | guest) << 12;
    }
}
