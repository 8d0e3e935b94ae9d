using CoveJit.Memory.Bus;
using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Physical;

/// <summary>
/// A DMA port with a checker in front: an access becomes transactions that do not cross pages, and each is judged before any of its bytes move.
/// An access that is refused half-way has moved what came before.
/// </summary>
/// <param name="memory">Where transactions go that pass.</param>
/// <param name="checker">Judges them.</param>
/// <param name="requester">Who makes them, in the checker's numbers.</param>
public sealed class CheckedDmaPort(IAtomicDmaPort memory, IDmaChecker checker, int requester) : IAtomicDmaPort
{
    /// <inheritdoc/>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            Span<byte> part = destination[..TransactionLength(address, destination.Length)];
            switch (checker.Check(requester, address, part.Length, AccessType.Read))
            {
                case DmaVerdict.Pass when memory.TryRead(address, part):
                    break;
                case DmaVerdict.Discard:
                    part.Clear();
                    break;
                default:
                    return false;
            }

            address += (ulong)part.Length;
            destination = destination[part.Length..];
        }

        return true;
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            ReadOnlySpan<byte> part = source[..TransactionLength(address, source.Length)];
            switch (checker.Check(requester, address, part.Length, AccessType.Write))
            {
                case DmaVerdict.Pass when memory.TryWrite(address, part):
                case DmaVerdict.Discard:
                    break;
                default:
                    return false;
            }

            address += (ulong)part.Length;
            source = source[part.Length..];
        }

        return true;
    }

    /// <inheritdoc/>
    public bool TryCompareExchange(ulong address, ulong expected, ulong desired, out bool exchanged)
    {
        exchanged = false;
        return address % sizeof(ulong) == 0
            && checker.Check(requester, address, sizeof(ulong), AccessType.Read) == DmaVerdict.Pass
            && checker.Check(requester, address, sizeof(ulong), AccessType.Write) == DmaVerdict.Pass
            && memory.TryCompareExchange(address, expected, desired, out exchanged);
    }

    private static int TransactionLength(ulong address, int length) =>
        Math.Min(length, IDmaChecker.LongestTransaction - (int)(address & (IDmaChecker.LongestTransaction - 1)));
}
