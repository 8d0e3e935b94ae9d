using System.Runtime.InteropServices;

namespace CoveJit.Devices.Virtio.Net;

/// <summary>The functions and structures of libslirp 4.1 and later that are used, with the library found at run time.</summary>
internal sealed unsafe class SlirpLibrary
{
    public const int PollIn = 1;
    public const int PollOut = 2;
    public const int PollPriority = 4;
    public const int PollError = 8;
    public const int PollHangUp = 16;

    private const string FileName = "libslirp.so.0";

    private static readonly Lazy<SlirpLibrary> Shared = new(() => new SlirpLibrary());

    private SlirpLibrary()
    {
        if (!NativeLibrary.TryLoad(FileName, out nint library))
        {
            throw new IOException($"user-mode networking needs {FileName}: install the Debian package libslirp0, or run with --net none");
        }

        New = (delegate* unmanaged<Configuration*, Callbacks*, void*, void*>)NativeLibrary.GetExport(library, "slirp_new");
        Cleanup = (delegate* unmanaged<void*, void>)NativeLibrary.GetExport(library, "slirp_cleanup");
        Input = (delegate* unmanaged<void*, byte*, int, void>)NativeLibrary.GetExport(library, "slirp_input");
        PollFill = (delegate* unmanaged<void*, uint*, delegate* unmanaged<int, int, void*, int>, void*, void>)NativeLibrary.GetExport(library, "slirp_pollfds_fill");
        PollDone = (delegate* unmanaged<void*, int, delegate* unmanaged<int, void*, int>, void*, void>)NativeLibrary.GetExport(library, "slirp_pollfds_poll");
        AddHostForward = (delegate* unmanaged<void*, int, uint, int, uint, int, int>)NativeLibrary.GetExport(library, "slirp_add_hostfwd");
    }

    public static SlirpLibrary Instance => Shared.Value;

    public delegate* unmanaged<Configuration*, Callbacks*, void*, void*> New { get; }

    public delegate* unmanaged<void*, void> Cleanup { get; }

    public delegate* unmanaged<void*, byte*, int, void> Input { get; }

    public delegate* unmanaged<void*, uint*, delegate* unmanaged<int, int, void*, int>, void*, void> PollFill { get; }

    public delegate* unmanaged<void*, int, delegate* unmanaged<int, void*, int>, void*, void> PollDone { get; }

    public delegate* unmanaged<void*, int, uint, int, uint, int, int> AddHostForward { get; }

    /// <summary>struct SlirpConfig, version 1. IPv4 addresses are in network byte order, C's bool is one byte.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Configuration
    {
        public uint Version;
        public int Restricted;
        public byte InEnabled;
        public uint Network;
        public uint NetMask;
        public uint Host;
        public byte In6Enabled;
        public fixed byte Prefix6[16];
        public byte PrefixLength6;
        public fixed byte Host6[16];
        public byte* HostName;
        public byte* TftpServerName;
        public byte* TftpPath;
        public byte* BootFile;
        public uint DhcpStart;
        public uint NameServer;
        public fixed byte NameServer6[16];
        public byte** DnsSearch;
        public byte* DomainName;
        public nuint Mtu;
        public nuint Mru;
        public byte DisableHostLoopback;
        public byte EnableEmulation;
    }

    /// <summary>struct SlirpCb as of configuration version 1. The library keeps the pointer: it must stay allocated.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Callbacks
    {
        public delegate* unmanaged<byte*, nuint, void*, nint> SendPacket;
        public delegate* unmanaged<byte*, void*, void> GuestError;
        public delegate* unmanaged<void*, long> ClockGetNanoseconds;
        public delegate* unmanaged<delegate* unmanaged<void*, void>, void*, void*, void*> TimerNew;
        public delegate* unmanaged<void*, void*, void> TimerFree;
        public delegate* unmanaged<void*, long, void*, void> TimerModify;
        public delegate* unmanaged<int, void*, void> RegisterPoll;
        public delegate* unmanaged<int, void*, void> UnregisterPoll;
        public delegate* unmanaged<void*, void> Notify;
    }
}
