using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace CoveJit.Devices.Virtio.Net;

/// <summary>
/// User-mode networking by libslirp: the guest sits on 10.0.2.0/24 behind a NAT, with the host at 10.0.2.2, a DNS forwarder at 10.0.2.3
/// and DHCP from 10.0.2.15 on. The library is not thread-safe, so it lives on one thread of its own: frames to it pass through a
/// bounded queue, frames from it go straight to the card.
/// </summary>
public sealed unsafe class SlirpBackend : INetworkBackend
{
    private const int QueueFrames = 512;
    private const int MaxWait = 1000; // milliseconds

    private static readonly uint Network = Address(10, 0, 2, 0);
    private static readonly uint NetMask = Address(255, 255, 255, 0);
    private static readonly uint Host = Address(10, 0, 2, 2);
    private static readonly uint NameServer = Address(10, 0, 2, 3);
    private static readonly uint DhcpStart = Address(10, 0, 2, 15);

    private readonly SlirpLibrary _library;
    private readonly SlirpLibrary.Callbacks* _callbacks;
    private readonly void* _slirp;
    private readonly int _waker;
    private readonly Thread _thread;
    private readonly Lock _outgoingLock = new();
    private readonly FrameQueue _outgoing = new(QueueFrames, VirtioNet.MaxFrame);
    private readonly byte[] _frame = new byte[VirtioNet.MaxFrame];
    private readonly List<Timer> _timers = [];
    private HostPoll.Entry[] _entries = new HostPoll.Entry[64];
    private int _entryCount;
    private GCHandle _self;
    private IFrameSink? _sink;
    private volatile bool _stopping;

    /// <summary>Starts a network.</summary>
    /// <param name="forwards">Guest ports to make reachable on the host.</param>
    /// <exception cref="IOException">The library is missing, or a forwarded port is taken; the message is one line with the mend.</exception>
    public SlirpBackend(IEnumerable<HostForward>? forwards = null)
    {
        _library = SlirpLibrary.Instance;
        _waker = HostPoll.CreateWaker();
        _self = GCHandle.Alloc(this);
        _callbacks = (SlirpLibrary.Callbacks*)NativeMemory.AllocZeroed((nuint)sizeof(SlirpLibrary.Callbacks));
        _callbacks->SendPacket = &OnSendPacket;
        _callbacks->GuestError = &OnGuestError;
        _callbacks->ClockGetNanoseconds = &OnClock;
        _callbacks->TimerNew = &OnTimerNew;
        _callbacks->TimerFree = &OnTimerFree;
        _callbacks->TimerModify = &OnTimerModify;
        _callbacks->RegisterPoll = &OnPollRegistration;
        _callbacks->UnregisterPoll = &OnPollRegistration;
        _callbacks->Notify = &OnNotify;

        SlirpLibrary.Configuration configuration = default;
        configuration.Version = 1;
        configuration.InEnabled = 1;
        configuration.Network = Network;
        configuration.NetMask = NetMask;
        configuration.Host = Host;
        configuration.NameServer = NameServer;
        configuration.DhcpStart = DhcpStart;
        _slirp = _library.New(&configuration, _callbacks, (void*)GCHandle.ToIntPtr(_self));
        _thread = new Thread(Run) { IsBackground = true, Name = "slirp" };
        if (_slirp == null)
        {
            Free();
            throw new IOException("libslirp refused its configuration; install a current Debian package libslirp0");
        }

        foreach (HostForward forward in forwards ?? [])
        {
            uint guest = forward.GuestAddress is { } address ? Address(address) : DhcpStart;
            if (_library.AddHostForward(_slirp, forward.IsUdp ? 1 : 0, Address(forward.HostAddress), forward.HostPort, guest, forward.GuestPort) < 0)
            {
                Free();
                throw new IOException($"host forwarding {forward}: the host cannot listen on port {forward.HostPort}; it is taken or not permitted, choose another");
            }
        }
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
        bool first;
        lock (_outgoingLock)
        {
            first = _outgoing.Count == 0;
            _outgoing.TryAdd(frame);
        }

        if (first && !_stopping)
        {
            HostPoll.Wake(_waker);
        }
    }

    /// <summary>Stops the thread and closes all connections; the card must no longer send. Not to be called with the card's gate held.</summary>
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

        Free();
    }

    private void Free()
    {
        _stopping = true;
        if (_slirp != null)
        {
            _library.Cleanup(_slirp);
        }

        NativeMemory.Free(_callbacks);
        _ = HostPoll.Close(_waker);
        _self.Free();
    }

    private void Run()
    {
        void* self = (void*)GCHandle.ToIntPtr(_self);
        while (!_stopping)
        {
            SendOutgoing();
            _entries[0] = new HostPoll.Entry { Descriptor = _waker, Events = HostPoll.In };
            _entryCount = 1;
            uint timeout = MaxWait;
            _library.PollFill(_slirp, &timeout, &OnAddPoll, self);
            int wait = Math.Min((int)Math.Min(timeout, MaxWait), UntilNextTimer());
            int result = HostPoll.Wait(_entries.AsSpan(0, _entryCount), wait);
            if (result > 0 && _entries[0].Returned != 0)
            {
                HostPoll.ClearWaker(_waker);
            }

            _library.PollDone(_slirp, result < 0 ? 1 : 0, &OnGetEvents, self);
            RunTimers();
        }
    }

    private void SendOutgoing()
    {
        while (true)
        {
            int length;
            lock (_outgoingLock)
            {
                if (_outgoing.Count == 0)
                {
                    return;
                }

                ReadOnlySpan<byte> next = _outgoing.Peek();
                length = next.Length;
                next.CopyTo(_frame);
                _outgoing.Remove();
            }

            fixed (byte* first = _frame)
            {
                _library.Input(_slirp, first, length);
            }
        }
    }

    private int UntilNextTimer()
    {
        long now = Milliseconds();
        long wait = MaxWait;
        foreach (Timer timer in _timers)
        {
            wait = Math.Min(wait, Math.Max(timer.Expires - now, 0));
        }

        return (int)wait;
    }

    private void RunTimers()
    {
        long now = Milliseconds();
        for (int i = 0; i < _timers.Count; i++)
        {
            Timer timer = _timers[i];
            if (timer.Expires <= now)
            {
                timer.Expires = long.MaxValue;
                timer.Callback(timer.Argument);
            }
        }
    }

    private static long Nanoseconds() => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    private static long Milliseconds() => Nanoseconds() / 1_000_000;

    private static SlirpBackend Self(void* opaque) => (SlirpBackend)GCHandle.FromIntPtr((nint)opaque).Target!;

    private static uint Address(byte a, byte b, byte c, byte d) => BinaryPrimitives.ReadUInt32LittleEndian([a, b, c, d]);

    private static uint Address(IPAddress address) => BinaryPrimitives.ReadUInt32LittleEndian(address.GetAddressBytes());

    [UnmanagedCallersOnly]
    private static nint OnSendPacket(byte* frame, nuint length, void* opaque)
    {
        SlirpBackend self = Self(opaque);
        if (!self._stopping)
        {
            self._sink?.Receive(new ReadOnlySpan<byte>(frame, (int)length));
        }

        return (nint)length;
    }

    [UnmanagedCallersOnly]
    private static void OnGuestError(byte* message, void* opaque)
    {
        // A malformed frame of the guest: dropped by the library, of no interest to the host's user.
    }

    [UnmanagedCallersOnly]
    private static long OnClock(void* opaque) => Nanoseconds();

    [UnmanagedCallersOnly]
    private static void* OnTimerNew(delegate* unmanaged<void*, void> callback, void* argument, void* opaque)
    {
        SlirpBackend self = Self(opaque);
        Timer timer = new(callback, argument);
        self._timers.Add(timer);
        return (void*)GCHandle.ToIntPtr(timer.Handle);
    }

    [UnmanagedCallersOnly]
    private static void OnTimerFree(void* handle, void* opaque)
    {
        GCHandle timer = GCHandle.FromIntPtr((nint)handle);
        Self(opaque)._timers.Remove((Timer)timer.Target!);
        timer.Free();
    }

    [UnmanagedCallersOnly]
    private static void OnTimerModify(void* handle, long expires, void* opaque) =>
        ((Timer)GCHandle.FromIntPtr((nint)handle).Target!).Expires = expires;

    [UnmanagedCallersOnly]
    private static void OnPollRegistration(int descriptor, void* opaque)
    {
        // Descriptors are gathered anew before each wait.
    }

    [UnmanagedCallersOnly]
    private static void OnNotify(void* opaque)
    {
        // All calls into the library are made by the thread that waits, so there is nobody to wake.
    }

    [UnmanagedCallersOnly]
    private static int OnAddPoll(int descriptor, int events, void* opaque)
    {
        SlirpBackend self = Self(opaque);
        if (self._entryCount == self._entries.Length)
        {
            Array.Resize(ref self._entries, self._entries.Length * 2);
        }

        self._entries[self._entryCount] = new HostPoll.Entry { Descriptor = descriptor, Events = ToHost(events) };
        return self._entryCount++;
    }

    [UnmanagedCallersOnly]
    private static int OnGetEvents(int index, void* opaque) => FromHost(Self(opaque)._entries[index].Returned);

    private static short ToHost(int events) => (short)(
        ((events & SlirpLibrary.PollIn) != 0 ? HostPoll.In : 0)
        | ((events & SlirpLibrary.PollOut) != 0 ? HostPoll.Out : 0)
        | ((events & SlirpLibrary.PollPriority) != 0 ? HostPoll.Priority : 0)
        | ((events & SlirpLibrary.PollError) != 0 ? HostPoll.Error : 0)
        | ((events & SlirpLibrary.PollHangUp) != 0 ? HostPoll.HangUp : 0));

    private static int FromHost(short events) =>
        ((events & HostPoll.In) != 0 ? SlirpLibrary.PollIn : 0)
        | ((events & HostPoll.Out) != 0 ? SlirpLibrary.PollOut : 0)
        | ((events & HostPoll.Priority) != 0 ? SlirpLibrary.PollPriority : 0)
        | ((events & HostPoll.Error) != 0 ? SlirpLibrary.PollError : 0)
        | ((events & HostPoll.HangUp) != 0 ? SlirpLibrary.PollHangUp : 0);

    private sealed class Timer
    {
        public Timer(delegate* unmanaged<void*, void> callback, void* argument)
        {
            Callback = callback;
            Argument = argument;
            Handle = GCHandle.Alloc(this);
        }

        public delegate* unmanaged<void*, void> Callback { get; }

        public void* Argument { get; }

        public GCHandle Handle { get; }

        /// <summary>In milliseconds of the library's clock.</summary>
        public long Expires { get; set; } = long.MaxValue;
    }
}
