using System.Buffers.Binary;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Nvme;

/// <summary>A submission queue: the driver moves its tail, the controller its head.</summary>
internal sealed class NvmeSubmissionQueue(ushort id, ulong address, uint size, NvmeCompletionQueue completions)
{
    public ushort Id => id;

    public NvmeCompletionQueue Completions => completions;

    public uint Size => size;

    public uint Head { get; private set; }

    public uint Tail { get; set; }

    public bool IsEmpty => Head == Tail;

    /// <summary>Takes the next entry; false if it cannot be read.</summary>
    public bool TryTake(IDmaPort dma, Span<byte> entry)
    {
        if (!dma.TryRead(address + (Head * (ulong)NvmeCommand.Size), entry))
        {
            return false;
        }

        Head = Head + 1 == size ? 0 : Head + 1;
        return true;
    }
}

/// <summary>A completion queue: the controller moves its tail, the driver its head. An entry's phase tag says that it is new.</summary>
internal sealed class NvmeCompletionQueue(ushort id, ulong address, uint size, bool interrupts, ushort vector)
{
    public const int EntrySize = 16;

    private const int PhaseDword = 12;

    private uint _tail;
    private bool _phase = true;

    public ushort Id => id;

    public uint Size => size;

    public bool Interrupts => interrupts;

    public ushort Vector => vector;

    public uint Head { get; set; }

    /// <summary>Submission queues that complete here.</summary>
    public int Users { get; set; }

    /// <summary>Whether entries were posted since the driver was last told.</summary>
    public bool HasNews { get; set; }

    /// <summary>Whether the driver has not taken all entries.</summary>
    public bool HasEntries => Head != _tail;

    public bool IsFull => (_tail + 1 == size ? 0 : _tail + 1) == Head;

    /// <summary>Posts an entry; false if memory refused it.</summary>
    public bool TryPost(IDmaPort dma, NvmeSubmissionQueue queue, ushort command, NvmeOutcome outcome)
    {
        const uint DoNotRetry = 1u << 31;
        const int StatusShift = 17;
        const int PhaseShift = 16;
        Span<byte> entry = stackalloc byte[EntrySize];
        uint status = (uint)outcome.Status << StatusShift;

        // What has to do with the host (its medium, its memory) may go well the next time; a command that makes no sense never will.
        if (outcome.Status is not (NvmeStatus.Success or NvmeStatus.AbortRequested or NvmeStatus.DataTransferError or NvmeStatus.WriteFault or NvmeStatus.UnrecoveredReadError))
        {
            status |= DoNotRetry;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(entry, outcome.Result);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], queue.Head | ((uint)queue.Id << 16));
        BinaryPrimitives.WriteUInt32LittleEndian(entry[PhaseDword..], command | (_phase ? 1u << PhaseShift : 0) | status);
        ulong at = address + (_tail * (ulong)EntrySize);

        // The phase tag goes last: another hart may be polling for it.
        if (!dma.TryWrite(at, entry[..PhaseDword]) || !dma.TryWrite(at + PhaseDword, entry[PhaseDword..]))
        {
            return false;
        }

        _tail++;
        if (_tail == size)
        {
            _tail = 0;
            _phase = !_phase;
        }

        HasNews = true;
        return true;
    }
}
