using CoveJit.Harts.Traps;
using CoveJit.Isa;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts;

/// <summary>LR/SC, AMOCAS and the operands of AMOs (Unprivileged, "A", "Zacas").</summary>
/// <remarks>
/// SC succeeds if memory still holds the value that LR read, decided by a host compare-and-exchange: correct between host threads except that a
/// value changed and changed back goes unnoticed.
/// </remarks>
public sealed unsafe partial class Hart
{
    private Reservation _reservation;

    /// <inheritdoc/>
    public Flow LoadReserved(ulong address, uint rd, int size)
    {
        byte* host = AtomicOperand(address, size, AccessType.Read);
        if (host == null)
        {
            return Flow.Trap;
        }

        ulong value = size == 4 ? (ulong)Volatile.Read(ref *(int*)host) : Volatile.Read(ref *(ulong*)host);
        _reservation = new Reservation { Host = host, Value = value, Size = size, Valid = true };
        WriteRegister((int)rd, value);
        return Flow.Next;
    }

    /// <inheritdoc/>
    public Flow StoreConditional(ulong address, uint rd, ulong value, int size)
    {
        byte* host = AtomicOperand(address, size, AccessType.Write);
        if (host == null)
        {
            return Flow.Trap;
        }

        bool success = _reservation.Valid && _reservation.Host == host && _reservation.Size == size;
        if (success)
        {
            success = size == 4
                ? Interlocked.CompareExchange(ref *(uint*)host, (uint)value, (uint)_reservation.Value) == (uint)_reservation.Value
                : Interlocked.CompareExchange(ref *(ulong*)host, value, _reservation.Value) == _reservation.Value;
        }

        _reservation.Valid = false;
        if (success)
        {
            AfterAtomicStore(host, size);
        }

        WriteRegister((int)rd, success ? 0UL : 1UL);
        return Flow.Next;
    }

    /// <inheritdoc/>
    public Flow CompareAndSwap(ulong address, uint rd, uint rs2, int size)
    {
        byte* host = AtomicOperand(address, size, AccessType.Write);
        if (host == null)
        {
            return Flow.Trap;
        }

        ulong expected = ReadRegister((int)rd);
        ulong desired = ReadRegister((int)rs2);
        switch (size)
        {
            case 1:
                WriteRegister((int)rd, (ulong)(sbyte)Interlocked.CompareExchange(ref *host, (byte)desired, (byte)expected));
                break;
            case 2:
                WriteRegister((int)rd, (ulong)(short)Interlocked.CompareExchange(ref *(ushort*)host, (ushort)desired, (ushort)expected));
                break;
            case 4:
                WriteRegister((int)rd, (ulong)Interlocked.CompareExchange(ref *(int*)host, (int)desired, (int)expected));
                break;
            case 8:
                WriteRegister((int)rd, Interlocked.CompareExchange(ref *(ulong*)host, desired, expected));
                break;
            default:
                return CompareAndSwapPair(host, rd, rs2);
        }

        AfterAtomicStore(host, size);
        return Flow.Next;
    }

    // AMOCAS.Q: the host offers no 16-byte compare-exchange to C#, so all AMOCAS.Q of the machine take one lock. Against plain stores of
    // other harts to the same 16 bytes it is two 8-byte accesses, the second verified by compare-exchange.
    private Flow CompareAndSwapPair(byte* host, uint rd, uint rs2)
    {
        if (((rd | rs2) & 1) != 0)
        {
            return Illegal();
        }

        // As a pair operand, x0 means zero for both halves.
        ulong expectedLow = ReadRegister((int)rd);
        ulong expectedHigh = rd == 0 ? 0 : ReadRegister((int)rd + 1);
        ulong desiredLow = ReadRegister((int)rs2);
        ulong desiredHigh = rs2 == 0 ? 0 : ReadRegister((int)rs2 + 1);
        ulong low;
        ulong high;
        lock (Code)
        {
            low = Volatile.Read(ref *(ulong*)host);
            high = Volatile.Read(ref *(ulong*)(host + 8));
            if (low == expectedLow && high == expectedHigh)
            {
                Volatile.Write(ref *(ulong*)host, desiredLow);
                Volatile.Write(ref *(ulong*)(host + 8), desiredHigh);
                AfterAtomicStore(host, 16);
            }
        }

        if (rd != 0)
        {
            WriteRegister((int)rd, low);
            WriteRegister((int)rd + 1, high);
        }

        return Flow.Next;
    }

    private struct Reservation
    {
        public byte* Host;
        public ulong Value;
        public int Size;
        public bool Valid;
    }
}
