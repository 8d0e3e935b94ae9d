using System.Buffers.Binary;
using CoveJit.Memory.Bus;

namespace CoveJit.Machines.Htif;

/// <summary>
/// The host-target interface of riscv-tests, as Berkeley's front-end server defined it: the guest writes a command to the 64-bit
/// word <c>tohost</c> (device in bits 63:56, command in 55:48, payload in 47:0) and reads the answer from <c>fromhost</c>.
/// Whoever watches tohost calls <see cref="Handle"/>; calls must not overlap.
/// </summary>
/// <param name="memory">Guest memory.</param>
/// <param name="tohost">Address of tohost.</param>
/// <param name="fromhost">Address of fromhost.</param>
/// <param name="console">Receives the guest's console output.</param>
public sealed class HtifProtocol(IDmaPort memory, ulong tohost, ulong fromhost, Action<ReadOnlyMemory<byte>> console)
{
    private const int SyscallDevice = 0;
    private const int ConsoleDevice = 1;
    private const int ConsolePut = 1;
    private const int SyscallRecordSize = 64;
    private const ulong SyscallWrite = 64;
    private const ulong SyscallExit = 93;
    private const ulong StandardOutput = 1;
    private const ulong StandardError = 2;
    private const long BadFileDescriptor = -9;
    private const long BadAddress = -14;
    private const long NoSuchSystemCall = -38;

    // Nothing limits the length a guest asks for; like any write(2), this one may return a short count.
    private const ulong LongestWrite = 1 << 20;

    /// <summary>Address of tohost, for the watch.</summary>
    public ulong ToHost { get; } = tohost;

    /// <summary>Serves one value found in tohost, then clears tohost and answers in fromhost as the protocol asks.</summary>
    public HtifAction Handle(ulong value)
    {
        if (value == 0)
        {
            return HtifAction.Continue;
        }

        int device = (int)(value >> 56);
        int command = (int)(value >> 48) & 0xff;
        ulong payload = value & 0xffff_ffff_ffff;
        if (device == SyscallDevice && command == 0)
        {
            if ((payload & 1) != 0)
            {
                return HtifAction.Exit((int)(payload >> 1));
            }

            HtifAction action = Syscall(payload);
            if (!action.Exits)
            {
                Answer(1);
            }

            return action;
        }

        if (device == ConsoleDevice && command == ConsolePut)
        {
            console(new[] { (byte)payload });
            Answer(value & 0xffff_0000_0000_0000);
            return HtifAction.Continue;
        }

        // Unknown devices, and console input, of which there is none: the request is taken and never answered.
        WriteWord(ToHost, 0);
        return HtifAction.Continue;
    }

    private HtifAction Syscall(ulong record)
    {
        Span<byte> words = stackalloc byte[SyscallRecordSize];
        if (!memory.TryRead(record, words))
        {
            return HtifAction.Continue;
        }

        ulong number = BinaryPrimitives.ReadUInt64LittleEndian(words);
        ulong a0 = BinaryPrimitives.ReadUInt64LittleEndian(words[8..]);
        ulong a1 = BinaryPrimitives.ReadUInt64LittleEndian(words[16..]);
        ulong a2 = BinaryPrimitives.ReadUInt64LittleEndian(words[24..]);
        switch (number)
        {
            case SyscallExit:
                return HtifAction.Exit((int)a0);
            case SyscallWrite:
                WriteWord(record, (ulong)Write(a0, a1, a2));
                return HtifAction.Continue;
            default:
                WriteWord(record, unchecked((ulong)NoSuchSystemCall));
                return HtifAction.Continue;
        }
    }

    private long Write(ulong file, ulong address, ulong length)
    {
        if (file is not (StandardOutput or StandardError))
        {
            return BadFileDescriptor;
        }

        byte[] text = new byte[(int)Math.Min(length, LongestWrite)];
        if (!memory.TryRead(address, text))
        {
            return BadAddress;
        }

        console(text);
        return text.Length;
    }

    // tohost is cleared first: a guest that sees the answer may write its next request at once.
    private void Answer(ulong value)
    {
        WriteWord(ToHost, 0);
        WriteWord(fromhost, value);
    }

    private void WriteWord(ulong address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);

        // A guest that names a word outside memory only misses its own answer.
        memory.TryWrite(address, bytes);
    }
}
