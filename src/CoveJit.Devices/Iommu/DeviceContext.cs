using System.Buffers.Binary;

namespace CoveJit.Devices.Iommu;

/// <summary>A device context in its extended format of 64 bytes (RISC-V IOMMU 1.0, "Device-context").</summary>
internal readonly struct DeviceContext
{
    public const int Size = 64;

    private const ulong TcValid = 1 << 0;
    private const ulong TcFaultsOff = 1 << 4; // DTF
    private const ulong TcProcessTable = 1 << 5; // PDTV
    private const ulong TcGuestUpdate = 1 << 7; // GADE
    private const ulong TcFirstUpdate = 1 << 8; // SADE
    private const ulong TcDefaultProcess = 1 << 9; // DPE
    private const ulong TcSupported = TcValid | TcFaultsOff | TcProcessTable | TcGuestUpdate | TcFirstUpdate | TcDefaultProcess;
    private const ulong PageNumber = (1UL << 44) - 1;
    private const int ModeShift = 60;
    private const ulong FscReserved = 0x0FFF_F000_0000_0000;
    private const ulong MsiReserved = 0x0FFF_F000_0000_0000;
    private const ulong AddressReserved = 0xFFF0_0000_0000_0000;
    private const ulong TaSupported = 0xFFFF_F000;
    private const ulong GuestRootAlignment = 3;

    private readonly ulong _tc;
    private readonly ulong _iohgatp;
    private readonly ulong _ta;
    private readonly ulong _fsc;
    private readonly ulong _msiptp;
    private readonly ulong _msiMask;
    private readonly ulong _msiPattern;
    private readonly ulong _reserved;

    public DeviceContext(ReadOnlySpan<byte> bytes)
    {
        _tc = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        _iohgatp = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        _ta = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        _fsc = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]);
        _msiptp = BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]);
        _msiMask = BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]);
        _msiPattern = BinaryPrimitives.ReadUInt64LittleEndian(bytes[48..]);
        _reserved = BinaryPrimitives.ReadUInt64LittleEndian(bytes[56..]);
    }

    public bool IsValid => (_tc & TcValid) != 0;

    public bool ReportsNoFaults => (_tc & TcFaultsOff) != 0;

    public bool HasProcessTable => (_tc & TcProcessTable) != 0;

    public bool HasDefaultProcess => (_tc & TcDefaultProcess) != 0;

    public bool UpdatesFirstStage => (_tc & TcFirstUpdate) != 0;

    public bool UpdatesSecondStage => (_tc & TcGuestUpdate) != 0;

    public int SecondStageMode => (int)(_iohgatp >> ModeShift);

    public ulong SecondStageRoot => _iohgatp & PageNumber;

    public uint GuestContext => (uint)(_iohgatp >> 44) & 0xFFFF;

    public uint ProcessContext => (uint)(_ta >> 12) & 0xF_FFFF;

    /// <summary>Mode of iosatp, or of pdtp where there is a process table.</summary>
    public int FirstStageMode => (int)(_fsc >> ModeShift);

    public ulong FirstStageRoot => _fsc & PageNumber;

    public bool HasMsiTable => _msiptp >> ModeShift != 0;

    public ulong MsiTable => (_msiptp & PageNumber) << 12;

    /// <summary>The table's entry for a guest physical address of an interrupt file; false if it is none.</summary>
    public bool TryFindInterruptFile(ulong address, out ulong entry)
    {
        entry = 0;
        ulong page = address >> 12;
        if (!HasMsiTable || ((page ^ _msiPattern) & ~_msiMask) != 0)
        {
            return false;
        }

        // The number of the file: the page's bits where the mask has ones, side by side.
        int place = 0;
        for (ulong mask = _msiMask; mask != 0; mask &= mask - 1)
        {
            entry |= ((page >> System.Numerics.BitOperations.TrailingZeroCount(mask)) & 1) << place++;
        }

        return true;
    }

    /// <summary>"Device-context configuration checks", for what this IOMMU is capable of.</summary>
    public bool IsWellFormed()
    {
        if ((_tc & ~TcSupported) != 0 || (_ta & ~TaSupported) != 0 || _reserved != 0 || (_fsc & FscReserved) != 0
            || (HasDefaultProcess && !HasProcessTable))
        {
            return false;
        }

        bool first = HasProcessTable ? FirstStageMode <= 3 : IommuTranslator.IsMode(FirstStageMode);
        bool second = IommuTranslator.IsMode(SecondStageMode) && (SecondStageMode == 0 || (SecondStageRoot & GuestRootAlignment) == 0);
        bool messages = (_msiptp >> ModeShift) <= 1 && (_msiptp & MsiReserved) == 0 && (_msiMask & AddressReserved) == 0 && (_msiPattern & AddressReserved) == 0
            && (!HasMsiTable || SecondStageMode != 0);
        return first && second && messages;
    }
}
