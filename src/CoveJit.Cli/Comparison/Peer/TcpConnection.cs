namespace CoveJit.Cli.Comparison.Peer;

/// <summary>
/// The listening side of a TCP connection (RFC 9293) over a wire that keeps order and loses nothing: nothing is sent twice, there are no timers and no options but the
/// segment size. What is under way to the guest fits the window without scaling, 45 frames, and so the queues of cards and hypervisor. Bytes that come
/// twice or too early are acknowledged again, so that the guest may send twice.
/// </summary>
internal sealed class TcpConnection
{
    private const uint FirstSequence = 1 << 30;
    private const ushort Window = ushort.MaxValue;

    // RFC 9293, "Delayed Acknowledgments": at least every second full segment.
    private const int SegmentsToAcknowledge = 2;

    private readonly IByteService _service;
    private readonly TcpSender _send;
    private readonly byte[] _data;
    private uint _receiveNext;
    private uint _sendNext = FirstSequence;
    private uint _acknowledged = FirstSequence;
    private int _window;
    private int _toAcknowledge;
    private bool _isClosed;

    /// <summary>Answers a SYN.</summary>
    /// <param name="syn">The guest's segment.</param>
    /// <param name="mostData">Bytes of data that the guest takes in a segment.</param>
    /// <param name="service">What answers.</param>
    /// <param name="send">Sends segments; it must not come back here.</param>
    public TcpConnection(TcpSegment syn, int mostData, IByteService service, TcpSender send)
    {
        _service = service;
        _send = send;
        _data = new byte[mostData];
        _receiveNext = syn.Sequence + 1;
        _window = syn.Window;
        Send(TcpFlags.Syn | TcpFlags.Ack, []);
        _sendNext++;
    }

    /// <summary>Takes a segment, and answers.</summary>
    public void Receive(TcpSegment segment, ReadOnlySpan<byte> data)
    {
        if (_isClosed || !segment.Flags.HasFlag(TcpFlags.Ack) || segment.Flags.HasFlag(TcpFlags.Rst))
        {
            _isClosed |= segment.Flags.HasFlag(TcpFlags.Rst);
            return;
        }

        if (segment.Acknowledgment - _acknowledged <= _sendNext - _acknowledged)
        {
            _acknowledged = segment.Acknowledgment;
            _window = segment.Window;
        }

        bool isFin = segment.Flags.HasFlag(TcpFlags.Fin);
        bool isNow = segment.Flags.HasFlag(TcpFlags.Psh);
        if (!data.IsEmpty || isFin)
        {
            _toAcknowledge++;
            if (segment.Sequence != _receiveNext)
            {
                isFin = false;
                isNow = true;
            }
            else
            {
                _receiveNext += (uint)data.Length;
                if (!_service.TryReceive(data))
                {
                    Send(TcpFlags.Rst | TcpFlags.Ack, []);
                    _isClosed = true;
                    return;
                }
            }
        }

        Answer();
        if (isFin)
        {
            _receiveNext++;
            Send(TcpFlags.Fin | TcpFlags.Ack, []);
            _isClosed = true;
        }
        else if (_toAcknowledge >= SegmentsToAcknowledge || (isNow && _toAcknowledge > 0))
        {
            Send(TcpFlags.Ack, []);
        }
    }

    private void Answer()
    {
        while (true)
        {
            int underWay = (int)(_sendNext - _acknowledged);
            int room = Math.Min(_window - underWay, _data.Length);

            // No small pieces because a window is nearly full.
            if (room <= 0 || (room < _data.Length && underWay > 0))
            {
                return;
            }

            int size = _service.Send(_data.AsSpan(0, room));
            if (size == 0)
            {
                return;
            }

            Send(size < room ? TcpFlags.Ack | TcpFlags.Psh : TcpFlags.Ack, _data.AsSpan(0, size));
            _sendNext += (uint)size;
        }
    }

    private void Send(TcpFlags flags, ReadOnlySpan<byte> data)
    {
        _send(new TcpSegment(flags, _sendNext, _receiveNext, Window), data);
        _toAcknowledge = 0;
    }
}
