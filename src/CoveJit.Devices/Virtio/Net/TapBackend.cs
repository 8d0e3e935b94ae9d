using System.Runtime.InteropServices;
using System.Text;

namespace CoveJit.Devices.Virtio.Net;

/// <summary>A tap interface of the host: frames appear on it as on a cable. Needs the right to open it (root, or an interface made for the user).</summary>
public sealed unsafe partial class TapBackend : INetworkBackend
{
    private const int OpenReadWriteNonBlocking = 2 | 0x800 | 0x80000; // O_RDWR, O_NONBLOCK, O_CLOEXEC
    private const nuint TunSetIff = 0x400454ca;
    private const short TapWithoutHeader = 0x1002; // IFF_TAP, IFF_NO_PI
    private const int InterfaceNameSize = 16;
    private const int RequestSize = 40; // struct ifreq
    private const int PermissionDenied = 13; // EACCES
    private const int NotPermitted = 1; // EPERM
    private const int BufferSize = 65536;

    private readonly int _descriptor;
    private readonly int _waker;
    private readonly Thread _thread;
    private IFrameSink? _sink;
    private volatile bool _stopping;

    private TapBackend(int descriptor, string name)
    {
        _descriptor = descriptor;
        _waker = HostPoll.CreateWaker();
        _thread = new Thread(Run) { IsBackground = true, Name = $"tap {name}" };
    }

    /// <summary>Opens an interface, making it if it does not exist.</summary>
    /// <exception cref="IOException">It cannot be opened; the message is one line with the mend.</exception>
    public static TapBackend Open(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        byte[] nameBytes = Encoding.ASCII.GetBytes(name);
        if (nameBytes.Length is 0 or >= InterfaceNameSize)
        {
            throw new IOException($"tap interface '{name}': a name has 1 to {InterfaceNameSize - 1} characters");
        }

        int descriptor = NativeOpen("/dev/net/tun", OpenReadWriteNonBlocking);
        if (descriptor < 0)
        {
            throw new IOException("/dev/net/tun cannot be opened; load the module with: modprobe tun, and run with the right to use it");
        }

        byte* request = stackalloc byte[RequestSize];
        new Span<byte>(request, RequestSize).Clear();
        nameBytes.CopyTo(new Span<byte>(request, InterfaceNameSize));
        *(short*)(request + InterfaceNameSize) = TapWithoutHeader;
        if (NativeControl(descriptor, TunSetIff, request) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            _ = HostPoll.Close(descriptor);
            throw new IOException(error is PermissionDenied or NotPermitted
                ? $"tap interface {name}: not permitted; make it for this user first: sudo ip tuntap add {name} mode tap user $USER"
                : $"tap interface {name}: {Marshal.GetPInvokeErrorMessage(error)}");
        }

        return new TapBackend(descriptor, name);
    }

    /// <inheritdoc/>
    public void Connect(IFrameSink sink)
    {
        _sink = sink;
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> frame)
    {
        fixed (byte* first = frame)
        {
            // A full interface drops, as a cable does.
            _ = HostPoll.Write(_descriptor, first, (nuint)frame.Length);
        }
    }

    /// <summary>Stops the thread and closes the interface; the card must no longer send.</summary>
    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        HostPoll.Wake(_waker);
        if (_sink is not null)
        {
            _thread.Join();
        }

        _ = HostPoll.Close(_descriptor);
        _ = HostPoll.Close(_waker);
    }

    private void Run()
    {
        byte[] buffer = new byte[BufferSize];
        Span<HostPoll.Entry> entries =
        [
            new HostPoll.Entry { Descriptor = _descriptor, Events = HostPoll.In },
            new HostPoll.Entry { Descriptor = _waker, Events = HostPoll.In },
        ];
        while (!_stopping)
        {
            _ = HostPoll.Wait(entries, -1);
            fixed (byte* first = buffer)
            {
                nint length;
                while (!_stopping && (length = HostPoll.Read(_descriptor, first, BufferSize)) > 0)
                {
                    _sink?.Receive(buffer.AsSpan(0, (int)length));
                }
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeOpen(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int NativeControl(int descriptor, nuint request, void* argument);
}
