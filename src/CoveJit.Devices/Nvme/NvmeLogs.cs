using System.Buffers.Binary;

namespace CoveJit.Devices.Nvme;

/// <summary>The log pages (NVMe 1.4, section 5.14.1), and what is counted for them.</summary>
internal sealed class NvmeLogs
{
    /// <summary>Entries of the error log that are kept; ELPE is one less.</summary>
    public const int MostErrors = 16;

    private const int ErrorSize = 64;
    private const int SmartSize = 512;

    private readonly Queue<byte[]> _errors = new();
    private ulong _errorCount;

    /// <summary>Blocks of 512 bytes read and written, and commands that did it.</summary>
    public ulong BlocksRead { get; set; }

    /// <inheritdoc cref="BlocksRead"/>
    public ulong BlocksWritten { get; set; }

    /// <inheritdoc cref="BlocksRead"/>
    public ulong ReadCommands { get; set; }

    /// <inheritdoc cref="BlocksRead"/>
    public ulong WriteCommands { get; set; }

    /// <summary>Notes a command that failed.</summary>
    public void AddError(NvmeSubmissionQueue queue, in NvmeCommand command, NvmeStatus status)
    {
        byte[] entry = _errors.Count == MostErrors ? _errors.Dequeue() : new byte[ErrorSize];
        Span<byte> e = entry;
        e.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(e, ++_errorCount);
        BinaryPrimitives.WriteUInt16LittleEndian(e[8..], queue.Id);
        BinaryPrimitives.WriteUInt16LittleEndian(e[10..], command.Id);
        BinaryPrimitives.WriteUInt16LittleEndian(e[12..], (ushort)((uint)status << 1));
        BinaryPrimitives.WriteUInt16LittleEndian(e[14..], 0xFFFF); // no one parameter is to blame
        BinaryPrimitives.WriteUInt64LittleEndian(e[16..], command.Start);
        BinaryPrimitives.WriteUInt32LittleEndian(e[24..], command.Namespace);
        _errors.Enqueue(entry);
    }

    /// <summary>Makes a log page; null if there is none of that number.</summary>
    public byte[]? Read(byte page, IReadOnlyList<(byte Opcode, bool Admin, bool Writes)> commands) => page switch
    {
        0x01 => ReadErrors(),
        0x02 => ReadSmart(),
        0x03 => ReadFirmware(),
        0x05 => ReadEffects(commands),
        _ => null,
    };

    private byte[] ReadErrors()
    {
        byte[] page = new byte[MostErrors * ErrorSize];
        int at = page.Length;
        foreach (byte[] entry in _errors.Reverse()) // the latest first
        {
            at -= ErrorSize;
            entry.CopyTo(page, page.Length - ErrorSize - at);
        }

        return page;
    }

    private byte[] ReadSmart()
    {
        const ushort Kelvin = 300;
        const ulong Unit = 1000; // data units are thousands of 512 bytes
        byte[] page = new byte[SmartSize];
        Span<byte> p = page;
        BinaryPrimitives.WriteUInt16LittleEndian(p[1..], Kelvin);
        p[3] = 100; // available spare
        p[4] = 10; // its threshold
        BinaryPrimitives.WriteUInt64LittleEndian(p[32..], (BlocksRead + Unit - 1) / Unit);
        BinaryPrimitives.WriteUInt64LittleEndian(p[48..], (BlocksWritten + Unit - 1) / Unit);
        BinaryPrimitives.WriteUInt64LittleEndian(p[64..], ReadCommands);
        BinaryPrimitives.WriteUInt64LittleEndian(p[80..], WriteCommands);
        BinaryPrimitives.WriteUInt64LittleEndian(p[112..], 1); // power cycles
        BinaryPrimitives.WriteUInt64LittleEndian(p[176..], _errorCount);
        return page;
    }

    private static byte[] ReadFirmware()
    {
        byte[] page = new byte[512];
        page[0] = 1; // slot 1 is active
        NvmeController.Firmware.CopyTo(page.AsSpan(8));
        return page;
    }

    private static byte[] ReadEffects(IReadOnlyList<(byte Opcode, bool Admin, bool Writes)> commands)
    {
        const uint Supported = 1;
        const uint ChangesContent = 2;
        const int IoCommands = 1024;
        byte[] page = new byte[4096];
        foreach ((byte opcode, bool admin, bool writes) in commands)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan((admin ? 0 : IoCommands) + (4 * opcode)), Supported | (writes ? ChangesContent : 0));
        }

        return page;
    }
}
