using System.Buffers.Binary;
using CoveJit.Devices.Virtio.Block;

namespace CoveJit.Devices.Nvme;

/// <summary>The commands of I/O queues (NVMe 1.4, section 6). A command is complete when it returns. The controller's gate is held.</summary>
internal sealed class NvmeIoCommands(NvmeController controller)
{
    private const int BufferSize = 128 * 1024;
    private const uint ForceUnitAccess = 1u << 30;
    private const uint Deallocate = 1u << 25; // DEAC of Write Zeroes
    private const uint ProtectionInformation = 0xFu << 26; // PRINFO: there is no metadata to act on

    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly byte[] _second = new byte[BufferSize];

    /// <summary>Each command: opcode, whether it changes data, what it does.</summary>
    public static IReadOnlyList<(byte Opcode, bool Writes, Func<NvmeIoCommands, NvmeNamespace, NvmeCommand, NvmeOutcome> Execute)> Table { get; } =
    [
        (0x01, true, (io, space, command) => io.Write(space, command)),
        (0x02, false, (io, space, command) => io.Read(space, command)),
        (0x05, false, (io, space, command) => io.Compare(space, command)),
        (0x08, true, (io, space, command) => io.WriteZeroes(space, command)),
        (0x09, true, (io, space, command) => io.ManageDataset(space, command)),
        (0x0C, false, (io, space, command) => io.Verify(space, command)),
    ];

    /// <summary>Flush, which may name all namespaces.</summary>
    public const byte FlushOpcode = 0x00;

    /// <summary>Executes a command.</summary>
    public NvmeOutcome Execute(in NvmeCommand command)
    {
        if (command.IsFused || command.HasReservedPointer)
        {
            return NvmeStatus.InvalidField;
        }

        if (command.Opcode == FlushOpcode)
        {
            return Flush(command.Namespace);
        }

        foreach ((byte opcode, bool writes, Func<NvmeIoCommands, NvmeNamespace, NvmeCommand, NvmeOutcome> execute) in Table)
        {
            if (opcode == command.Opcode)
            {
                return controller.FindNamespace(command.Namespace) switch
                {
                    null => NvmeStatus.InvalidNamespace,
                    { Backend.IsReadOnly: true } when writes => NvmeStatus.NamespaceWriteProtected,
                    { } space => execute(this, space, command),
                };
            }
        }

        return NvmeStatus.InvalidOpcode;
    }

    private NvmeOutcome Flush(uint id)
    {
        if (id == NvmeController.AllNamespaces)
        {
            return controller.Namespaces.All(space => space.Backend.TryFlush()) ? NvmeStatus.Success : NvmeStatus.WriteFault;
        }

        return controller.FindNamespace(id) switch
        {
            null => NvmeStatus.InvalidNamespace,
            { } space => space.Backend.TryFlush() ? NvmeStatus.Success : NvmeStatus.WriteFault,
        };
    }

    private NvmeOutcome Read(NvmeNamespace space, in NvmeCommand command)
    {
        NvmeStatus status = Locate(space, command, out long offset, out int length, toMemory: true);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        controller.Logs.ReadCommands++;
        controller.Logs.BlocksRead += (ulong)length >> NvmeNamespace.BlockShift;
        while (length > 0)
        {
            Span<byte> part = _buffer.AsSpan(0, Math.Min(length, BufferSize));
            if (!space.Backend.TryRead(offset, part))
            {
                return NvmeStatus.UnrecoveredReadError;
            }

            if (!controller.Transfer.TryWrite(part))
            {
                return NvmeStatus.DataTransferError;
            }

            offset += part.Length;
            length -= part.Length;
        }

        return NvmeStatus.Success;
    }

    private NvmeOutcome Write(NvmeNamespace space, in NvmeCommand command)
    {
        NvmeStatus status = Locate(space, command, out long offset, out int length, toMemory: false);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        controller.Logs.WriteCommands++;
        controller.Logs.BlocksWritten += (ulong)length >> NvmeNamespace.BlockShift;
        while (length > 0)
        {
            Span<byte> part = _buffer.AsSpan(0, Math.Min(length, BufferSize));
            if (!controller.Transfer.TryRead(part))
            {
                return NvmeStatus.DataTransferError;
            }

            if (!space.Backend.TryWrite(offset, part))
            {
                return NvmeStatus.WriteFault;
            }

            offset += part.Length;
            length -= part.Length;
        }

        return Settle(space.Backend, command);
    }

    private NvmeOutcome Compare(NvmeNamespace space, in NvmeCommand command)
    {
        NvmeStatus status = Locate(space, command, out long offset, out int length, toMemory: false);
        while (status == NvmeStatus.Success && length > 0)
        {
            int part = Math.Min(length, BufferSize);
            if (!space.Backend.TryRead(offset, _buffer.AsSpan(0, part)))
            {
                return NvmeStatus.UnrecoveredReadError;
            }

            if (!controller.Transfer.TryRead(_second.AsSpan(0, part)))
            {
                return NvmeStatus.DataTransferError;
            }

            if (!_buffer.AsSpan(0, part).SequenceEqual(_second.AsSpan(0, part)))
            {
                return NvmeStatus.CompareFailure;
            }

            offset += part;
            length -= part;
        }

        return status;
    }

    private NvmeOutcome WriteZeroes(NvmeNamespace space, in NvmeCommand command)
    {
        uint blocks = Blocks(command);
        if ((command.Dword12 & ProtectionInformation) != 0)
        {
            return NvmeStatus.InvalidField;
        }

        if (!space.Contains(command.Start, blocks))
        {
            return NvmeStatus.LbaOutOfRange;
        }

        return space.Backend.TryWriteZeroes(OffsetOf(command.Start), (long)blocks << NvmeNamespace.BlockShift, (command.Dword12 & Deallocate) != 0)
            ? Settle(space.Backend, command)
            : NvmeStatus.WriteFault;
    }

    private NvmeOutcome Verify(NvmeNamespace space, in NvmeCommand command)
    {
        uint blocks = Blocks(command);
        if ((command.Dword12 & ProtectionInformation) != 0)
        {
            return NvmeStatus.InvalidField;
        }

        if (!space.Contains(command.Start, blocks))
        {
            return NvmeStatus.LbaOutOfRange;
        }

        long offset = OffsetOf(command.Start);
        long length = (long)blocks << NvmeNamespace.BlockShift;
        while (length > 0)
        {
            int part = (int)Math.Min(length, BufferSize);
            if (!space.Backend.TryRead(offset, _buffer.AsSpan(0, part)))
            {
                return NvmeStatus.UnrecoveredReadError;
            }

            offset += part;
            length -= part;
        }

        return NvmeStatus.Success;
    }

    private NvmeOutcome ManageDataset(NvmeNamespace space, in NvmeCommand command)
    {
        const int RangeSize = 16;
        const uint AttributeDeallocate = 4;
        int ranges = (int)(command.Dword10 & 0xFF) + 1;
        NvmeStatus status = controller.Open(command, ranges * RangeSize, toMemory: false);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        Span<byte> list = _second.AsSpan(0, ranges * RangeSize);
        if (!controller.Transfer.TryRead(list))
        {
            return NvmeStatus.DataTransferError;
        }

        if ((command.Dword11 & AttributeDeallocate) == 0)
        {
            return NvmeStatus.Success; // the other attributes are hints
        }

        // All ranges are looked at before the first is given up.
        for (int pass = 0; pass < 2; pass++)
        {
            for (int i = 0; i < ranges; i++)
            {
                ReadOnlySpan<byte> range = list.Slice(i * RangeSize, RangeSize);
                uint blocks = BinaryPrimitives.ReadUInt32LittleEndian(range[4..]);
                ulong start = BinaryPrimitives.ReadUInt64LittleEndian(range[8..]);
                if (!space.Contains(start, blocks))
                {
                    return NvmeStatus.LbaOutOfRange;
                }

                // Deallocated blocks read as zeroes (DLFEAT), so a mere hint is not enough.
                if (pass == 1 && blocks > 0 && !space.Backend.TryWriteZeroes(OffsetOf(start), (long)blocks << NvmeNamespace.BlockShift, mayUnmap: true))
                {
                    return NvmeStatus.WriteFault;
                }
            }
        }

        return NvmeStatus.Success;
    }

    private NvmeOutcome Settle(IBlockBackend backend, in NvmeCommand command) =>
        (controller.Features.WriteCacheEnabled && (command.Dword12 & ForceUnitAccess) == 0) || backend.TryFlush() ? NvmeStatus.Success : NvmeStatus.WriteFault;

    private static uint Blocks(in NvmeCommand command) => (command.Dword12 & 0xFFFF) + 1;

    private static long OffsetOf(ulong block) => (long)(block << NvmeNamespace.BlockShift);

    private NvmeStatus Locate(NvmeNamespace space, in NvmeCommand command, out long offset, out int length, bool toMemory)
    {
        uint blocks = Blocks(command);
        length = (int)blocks << NvmeNamespace.BlockShift;
        offset = 0;
        if ((command.Dword12 & ProtectionInformation) != 0 || length > NvmeController.MaximumTransfer)
        {
            return NvmeStatus.InvalidField;
        }

        if (!space.Contains(command.Start, blocks))
        {
            return NvmeStatus.LbaOutOfRange;
        }

        offset = OffsetOf(command.Start);
        return controller.Open(command, length, toMemory);
    }
}
