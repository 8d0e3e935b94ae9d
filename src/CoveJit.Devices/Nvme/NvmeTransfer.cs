using System.Buffers.Binary;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Nvme;

/// <summary>
/// A command's data in memory: the pieces its PRP entries or SGL descriptors name (NVMe 1.4, sections 4.3 and 4.4), and a position in them. What the
/// driver wrote is hostile until checked: a list is walked only as far as the command's length needs, SGL segments and descriptors are counted.
/// </summary>
/// <param name="dma">The controller's way to memory.</param>
internal sealed class NvmeTransfer(IDmaPort dma)
{
    // A driver makes a descriptor for each page at most; empty ones and bit buckets do not lengthen the transfer.
    private const int MostDescriptors = 4096;
    private const int MostSegments = 256;
    private const int DescriptorSize = 16;
    private const int PrpSize = 8;

    private readonly List<Piece> _pieces = [];
    private int _piece;
    private int _offset;

    private enum DescriptorType
    {
        Data = 0,
        BitBucket = 1,
        Segment = 2,
        LastSegment = 3,
    }

    /// <summary>Finds the pieces of a command's data.</summary>
    /// <param name="command">The command.</param>
    /// <param name="length">Bytes it transfers.</param>
    /// <param name="pageSize">Memory page size, for PRPs.</param>
    /// <param name="toMemory">Whether the controller writes to memory: only then bit buckets make sense.</param>
    public NvmeStatus Open(in NvmeCommand command, int length, int pageSize, bool toMemory)
    {
        _pieces.Clear();
        _piece = _offset = 0;
        if (length == 0)
        {
            return NvmeStatus.Success;
        }

        return command.UsesSgl ? OpenSgl(command.Data, length, toMemory) : OpenPrps(command.Data, length, pageSize);
    }

    /// <summary>Copies the next bytes to memory; false if memory refused.</summary>
    public bool TryWrite(ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            Piece piece = Next(source.Length, out int length);
            if (length == 0 || (!piece.IsBitBucket && !dma.TryWrite(piece.Address, source[..length])))
            {
                return false;
            }

            source = source[length..];
        }

        return true;
    }

    /// <summary>Copies the next bytes from memory; false if memory refused.</summary>
    public bool TryRead(Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            Piece piece = Next(destination.Length, out int length);
            if (length == 0 || !dma.TryRead(piece.Address, destination[..length]))
            {
                return false;
            }

            destination = destination[length..];
        }

        return true;
    }

    private Piece Next(int most, out int length)
    {
        if (_piece == _pieces.Count)
        {
            length = 0;
            return default;
        }

        Piece piece = _pieces[_piece];
        length = Math.Min(most, piece.Length - _offset);
        Piece part = piece with { Address = piece.Address + (ulong)_offset };
        _offset += length;
        if (_offset == piece.Length)
        {
            _piece++;
            _offset = 0;
        }

        return part;
    }

    private void Add(ulong address, int length, bool isBitBucket = false)
    {
        // Neighbours become one piece: fewer and longer copies.
        if (_pieces.Count > 0 && !isBitBucket && _pieces[^1] is { IsBitBucket: false } last && last.Address + (ulong)last.Length == address)
        {
            _pieces[^1] = last with { Length = last.Length + length };
        }
        else
        {
            _pieces.Add(new Piece(address, length, isBitBucket));
        }
    }

    private NvmeStatus OpenPrps(NvmeDataPointer data, int length, int pageSize)
    {
        ulong offsetMask = (ulong)pageSize - 1;
        if ((data.Low & 3) != 0)
        {
            return NvmeStatus.InvalidPrpOffset;
        }

        int first = Math.Min(length, pageSize - (int)(data.Low & offsetMask));
        Add(data.Low, first);
        length -= first;
        if (length == 0)
        {
            return NvmeStatus.Success;
        }

        if (length <= pageSize)
        {
            if ((data.High & offsetMask) != 0)
            {
                return NvmeStatus.InvalidPrpOffset;
            }

            Add(data.High, length);
            return NvmeStatus.Success;
        }

        // A list: entries up to the end of its page, the last of which is the next list's address if more are needed.
        if ((data.High & (PrpSize - 1)) != 0)
        {
            return NvmeStatus.InvalidPrpOffset;
        }

        ulong list = data.High;
        Span<byte> bytes = stackalloc byte[PrpSize];
        while (length > 0)
        {
            if (!dma.TryRead(list, bytes))
            {
                return NvmeStatus.DataTransferError;
            }

            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            if ((list & offsetMask) == offsetMask - (PrpSize - 1) && length > pageSize)
            {
                // The pointer to the next list takes the place of an entry, and that list begins a page.
                if ((entry & offsetMask) != 0)
                {
                    return NvmeStatus.InvalidPrpOffset;
                }

                list = entry;
                if (!dma.TryRead(list, bytes))
                {
                    return NvmeStatus.DataTransferError;
                }

                entry = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            }

            if ((entry & offsetMask) != 0)
            {
                return NvmeStatus.InvalidPrpOffset;
            }

            int part = Math.Min(length, pageSize);
            Add(entry, part);
            length -= part;
            list += PrpSize;
        }

        return NvmeStatus.Success;
    }

    private NvmeStatus OpenSgl(NvmeDataPointer data, int length, bool toMemory)
    {
        Span<byte> bytes = stackalloc byte[DescriptorSize];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, data.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], data.High);
        int descriptors = 0;
        int segments = 0;
        ulong segment = 0;
        uint left = 1; // descriptors in the segment; the command's own is a segment of one
        bool isLast = false;
        while (true)
        {
            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            uint size = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
            if ((bytes[15] & 0xF) != 0)
            {
                return NvmeStatus.InvalidSglType; // offsets into controller memory, keyed blocks: not for this transport
            }

            left--;
            DescriptorType type = (DescriptorType)(bytes[15] >> 4);
            switch (type)
            {
                case DescriptorType.Data:
                case DescriptorType.BitBucket when toMemory:
                    int part = (int)Math.Min(size, (uint)length);
                    if (part > 0)
                    {
                        Add(address, part, type == DescriptorType.BitBucket);
                        length -= part;
                    }

                    break;
                case DescriptorType.BitBucket:
                    break; // of no length where memory is read
                case DescriptorType.Segment:
                case DescriptorType.LastSegment:
                    // Only the last descriptor of a segment leads to another, and the last segment to none.
                    if (left != 0 || isLast || size == 0 || size % DescriptorSize != 0 || ++segments > MostSegments)
                    {
                        return NvmeStatus.InvalidSglSegment;
                    }

                    isLast = type == DescriptorType.LastSegment;
                    segment = address;
                    left = size / DescriptorSize;
                    break;
                default:
                    return NvmeStatus.InvalidSglType;
            }

            if (length == 0)
            {
                return NvmeStatus.Success; // what follows would be more than the command transfers, which is allowed (SGLS bit 18)
            }

            if (left == 0)
            {
                return NvmeStatus.InvalidSglLength;
            }

            if (++descriptors > MostDescriptors)
            {
                return NvmeStatus.InvalidSglCount;
            }

            if (!dma.TryRead(segment, bytes))
            {
                return NvmeStatus.DataTransferError;
            }

            segment += DescriptorSize;
        }
    }

    private readonly record struct Piece(ulong Address, int Length, bool IsBitBucket);
}
