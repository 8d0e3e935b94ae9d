namespace CoveJit.Devices.Nvme;

/// <summary>The features of Get Features and Set Features (NVMe 1.4, section 5.21.1), each declared once: what it is at first, and which bits count.</summary>
internal sealed class NvmeFeatures
{
    public const byte NumberOfQueues = 0x07;

    private const byte VolatileWriteCache = 0x06;
    private const byte InterruptVectorConfiguration = 0x09;
    private const byte AsyncEventConfiguration = 0x0B;
    private const byte TemperatureThreshold = 0x04;
    private const uint UnderTemperature = 1 << 20;

    private static readonly Feature[] Declared =
    [
        new(0x01, 0x0000_0000, 0xFFFF_FF07), // arbitration: round robin whatever is set
        new(0x02, 0x0000_0000, 0x0000_0000), // power management: one state
        new(TemperatureThreshold, 0x0000_0157, 0x003F_FFFF), // 343 K
        new(0x05, 0x0000_0000, 0x0001_FFFF, Namespaces: true), // error recovery
        new(VolatileWriteCache, 0x0000_0001, 0x0000_0001),
        new(NumberOfQueues, 0, 0),
        new(0x08, 0x0000_0000, 0x0000_FFFF), // interrupt coalescing: none whatever is set
        new(InterruptVectorConfiguration, 0x0000_0000, 0x0001_FFFF),
        new(0x0A, 0x0000_0000, 0x0000_0001), // write atomicity
        new(AsyncEventConfiguration, 0x0000_0000, 0x0000_031F),
    ];

    private readonly uint[] _values = [.. Declared.Select(feature => feature.Default)];

    /// <summary>Whether completed writes may wait for a Flush.</summary>
    public bool WriteCacheEnabled => (_values[Index(VolatileWriteCache)] & 1) != 0;

    /// <summary>Number of Queues as the driver got it; 0 until it asked: then all.</summary>
    public uint Queues { get; set; }

    /// <summary>Everything as after power-on.</summary>
    public void Reset()
    {
        Queues = 0;
        for (int i = 0; i < Declared.Length; i++)
        {
            _values[i] = Declared[i].Default;
        }
    }

    /// <summary>Get Features.</summary>
    public NvmeOutcome Get(in NvmeCommand command, uint mostQueues, int vectors)
    {
        int index = Index((byte)command.Dword10);
        if (index < 0)
        {
            return NvmeStatus.InvalidField;
        }

        Feature feature = Declared[index];
        uint all = (mostQueues - 1) | ((mostQueues - 1) << 16);
        bool queues = feature.Id == NumberOfQueues;
        switch ((command.Dword10 >> 8) & 7)
        {
            case 0 when queues:
                return new NvmeOutcome(NvmeStatus.Success, Queues == 0 ? all : Queues);
            case 0 when feature.Id == InterruptVectorConfiguration:
                uint vector = command.Dword11 & 0xFFFF;
                return vector < (uint)vectors ? new NvmeOutcome(NvmeStatus.Success, vector) : NvmeStatus.InvalidField;
            case 0 when feature.Id == TemperatureThreshold && (command.Dword11 & UnderTemperature) != 0:
                return NvmeStatus.Success; // 0 K
            case 0:
                return new NvmeOutcome(NvmeStatus.Success, _values[index]);
            case 1 or 2: // default; saved, which is the default where nothing can be saved
                return new NvmeOutcome(NvmeStatus.Success, queues ? all : feature.Default);
            case 3: // supported capabilities
                const uint Changeable = 4;
                const uint OfNamespace = 2;
                return new NvmeOutcome(NvmeStatus.Success, Changeable | (feature.Namespaces ? OfNamespace : 0));
            default:
                return NvmeStatus.InvalidField;
        }
    }

    /// <summary>Set Features, for all but Number of Queues.</summary>
    public NvmeOutcome Set(in NvmeCommand command, int vectors)
    {
        const uint Save = 1u << 31;
        const uint PowerStates = 0x1F;
        int index = Index((byte)command.Dword10);
        if (index < 0)
        {
            return NvmeStatus.InvalidField;
        }

        Feature feature = Declared[index];
        if ((command.Dword10 & Save) != 0)
        {
            return NvmeStatus.FeatureNotSaveable;
        }

        if ((feature.Id == 0x02 && (command.Dword11 & PowerStates) != 0)
            || (feature.Id == InterruptVectorConfiguration && (command.Dword11 & 0xFFFF) >= (uint)vectors))
        {
            return NvmeStatus.InvalidField;
        }

        if (feature.Id != TemperatureThreshold || (command.Dword11 & UnderTemperature) == 0)
        {
            _values[index] = command.Dword11 & feature.Mask;
        }

        return NvmeStatus.Success;
    }

    private static int Index(byte id) => Array.FindIndex(Declared, feature => feature.Id == id);

    private readonly record struct Feature(byte Id, uint Default, uint Mask, bool Namespaces = false);
}
