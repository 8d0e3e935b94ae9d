using CoveJit.Memory.Translation;

namespace CoveJit.Devices.Protection;

/// <summary>One entry: its registers, and the region they name.</summary>
internal struct IopmpEntry
{
    private const uint ConfigurationMask = 0x7FF; // r, w, x, a, sire, siwe, sixe, sere, sewe, sexe
    private const int SuppressInterruptShift = 5;
    private const int SuppressErrorShift = 8;

    private uint _configuration;

    /// <summary>ENTRY_ADDR and ENTRY_ADDRH: bits 65:2 of the address.</summary>
    public ulong Address;

    /// <summary>ENTRY_CFG.</summary>
    public uint Configuration
    {
        readonly get => _configuration;
        set => _configuration = value & ConfigurationMask;
    }

    /// <summary>First unit of four bytes of the region.</summary>
    public ulong First { get; private set; }

    /// <summary>Last unit of four bytes; the region is empty if <see cref="Matches"/> is false.</summary>
    public ulong Last { get; private set; }

    /// <summary>Whether the entry has a region at all.</summary>
    public bool Matches { get; private set; }

    private readonly AddressMode Mode => (AddressMode)((_configuration >> 3) & 3);

    /// <summary>Works the region out again. As for PMP (Privileged, "Address Matching").</summary>
    /// <param name="previous">Address register of the entry before; 0 for the first.</param>
    public void Locate(ulong previous)
    {
        (Matches, First, Last) = Mode switch
        {
            AddressMode.Tor => (previous < Address, previous, Address - 1),
            AddressMode.Na4 => (true, Address, Address),
            AddressMode.Napot => (true, Address & (Address + 1), Address | (Address + 1)),
            _ => (false, 0UL, 0UL),
        };
    }

    /// <summary>Whether an access is permitted.</summary>
    public readonly bool Permits(AccessType access) => Bit(access, 0);

    /// <summary>sire, siwe or sixe.</summary>
    public readonly bool SuppressesInterrupt(AccessType access) => Bit(access, SuppressInterruptShift);

    /// <summary>sere, sewe or sexe.</summary>
    public readonly bool SuppressesError(AccessType access) => Bit(access, SuppressErrorShift);

    private readonly bool Bit(AccessType access, int shift) => ((_configuration >> (shift + (int)access)) & 1) != 0;

    private enum AddressMode
    {
        Off,
        Tor,
        Na4,
        Napot,
    }
}
