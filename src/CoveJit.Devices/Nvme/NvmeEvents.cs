namespace CoveJit.Devices.Nvme;

/// <summary>Asynchronous events (NVMe 1.4, section 5.2): events wait for requests and requests for events. An event type is silent from its report until its log is read.</summary>
internal sealed class NvmeEvents
{
    /// <summary>Requests that may wait at once.</summary>
    public const int Limit = 4;

    /// <summary>Event type Error status.</summary>
    public const int ErrorStatus = 0;

    /// <summary>A doorbell of a queue that does not exist was written.</summary>
    public const int InvalidDoorbell = 0;

    /// <summary>A doorbell was written with a value outside its queue.</summary>
    public const int InvalidDoorbellValue = 1;

    private const byte ErrorLog = 0x01;

    private readonly Queue<ushort> _requests = new();
    private readonly Queue<uint> _events = new();
    private bool _masked;

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        _requests.Clear();
        _events.Clear();
        _masked = false;
    }

    /// <summary>Takes a request of the driver's.</summary>
    public NvmeOutcome Request(ushort command)
    {
        if (_requests.Count == Limit)
        {
            return NvmeStatus.AsyncEventLimitExceeded;
        }

        _requests.Enqueue(command);
        return NvmeOutcome.Pending;
    }

    /// <summary>Withdraws a request; false if there is no such one.</summary>
    public bool TryAbort(ushort command)
    {
        bool found = false;
        for (int i = _requests.Count; i > 0; i--)
        {
            ushort request = _requests.Dequeue();
            if (request == command && !found)
            {
                found = true;
            }
            else
            {
                _requests.Enqueue(request);
            }
        }

        return found;
    }

    /// <summary>Notes an error; a second one before the driver has heard of the first adds nothing.</summary>
    public void AddError(int information)
    {
        if (!_masked && _events.Count == 0)
        {
            _events.Enqueue(ErrorStatus | ((uint)information << 8) | (ErrorLog << 16));
        }
    }

    /// <summary>The driver has read a log page.</summary>
    public void LogRead(byte page)
    {
        if (page == ErrorLog)
        {
            _masked = false;
        }
    }

    /// <summary>Pairs an event with a request.</summary>
    public bool TryTake(out ushort command, out uint result)
    {
        command = 0;
        result = 0;
        if (_requests.Count == 0 || _events.Count == 0)
        {
            return false;
        }

        command = _requests.Dequeue();
        result = _events.Dequeue();
        _masked = true;
        return true;
    }
}
