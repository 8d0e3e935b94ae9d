using System.Runtime.InteropServices;

namespace CoveJit.Cli.Terminal;

/// <summary>Terminal settings of Linux (termios(3)), in the C library's layout on 64-bit Linux.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe partial struct Termios
{
    // asm-generic/termbits.h: the same on x86-64, arm64 and riscv64.
    private const uint Brkint = 0x2;
    private const uint Inpck = 0x10;
    private const uint Istrip = 0x20;
    private const uint Inlcr = 0x40;
    private const uint Igncr = 0x80;
    private const uint Icrnl = 0x100;
    private const uint Ixon = 0x400;
    private const uint Isig = 0x1;
    private const uint Icanon = 0x2;
    private const uint Echo = 0x8;
    private const uint Iexten = 0x8000;
    private const int TcsaDrain = 1;
    private const int Vtime = 5;
    private const int Vmin = 6;
    private const int ControlCharacters = 32;

    private uint _inputFlags;
    private uint _outputFlags;
    private uint _controlFlags;
    private uint _localFlags;
    private byte _line;
    private fixed byte _characters[ControlCharacters];
    private uint _inputSpeed;
    private uint _outputSpeed;

    /// <summary>Whether keys arrive one by one, unechoed, with Ctrl-C as a plain byte.</summary>
    public readonly bool IsRaw => (_localFlags & (Isig | Icanon | Echo)) == 0;

    /// <summary>The descriptor's settings; false if it is no terminal.</summary>
    public static bool TryGet(int descriptor, out Termios settings)
    {
        Termios read = default;
        bool terminal = NativeGet(descriptor, &read) == 0;
        settings = read;
        return terminal;
    }

    /// <summary>Applies settings once output written so far has left; false if the terminal is gone.</summary>
    public static bool TrySet(int descriptor, Termios settings) => NativeSet(descriptor, TcsaDrain, &settings) == 0;

    /// <summary>These settings made raw. Output processing stays: a bare-metal guest's line feeds still return the carriage.</summary>
    public readonly Termios Raw()
    {
        Termios raw = this;
        raw._inputFlags &= ~(Brkint | Inpck | Istrip | Inlcr | Igncr | Icrnl | Ixon);
        raw._localFlags &= ~(Isig | Icanon | Echo | Iexten);
        raw._characters[Vmin] = 1;
        raw._characters[Vtime] = 0;
        return raw;
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr")]
    private static partial int NativeGet(int descriptor, Termios* settings);

    [LibraryImport("libc", EntryPoint = "tcsetattr")]
    private static partial int NativeSet(int descriptor, int when, Termios* settings);
}
