using CoveJit.Devices.Pcie;
using CoveJit.Devices.Virtio.Block;

namespace CoveJit.Devices.Nvme;

/// <summary>
/// An NVMe 1.4 controller: registers, doorbells and queues. A command is carried out while the doorbell that brought it is written, so that runs
/// under <c>--icount</c> repeat; a doorbell moves a tail once round its queue at most, which bounds the work. What memory refuses where the controller
/// cannot go on without (queue entries) is a fatal status, which software resets.
/// </summary>
public sealed class NvmeController : PcieFunction
{
    /// <summary>Most I/O queue pairs.</summary>
    internal const uint MostQueues = 32;

    /// <summary>Most entries of a queue: MQES is one less.</summary>
    internal const uint MostEntries = 1024;

    /// <summary>Bytes a command transfers at most.</summary>
    internal const int MaximumTransfer = 4096 << MaximumTransferPages;

    /// <summary>MDTS: log2 of the largest transfer in pages of the smallest size.</summary>
    internal const byte MaximumTransferPages = 7;

    /// <summary>VS: 1.4.</summary>
    internal const uint Version = 0x0001_0400;

    /// <summary>The NSID that stands for every namespace.</summary>
    internal const uint AllNamespaces = uint.MaxValue;

    private const ushort Device = 0x0010;
    private const uint Class = 0x010802; // NVM Express I/O controller
    private const ulong BarSize = 0x4000;
    private const ulong MsixOffset = 0x2000;
    private const ulong Doorbells = 0x1000;
    private const int SmallestPageShift = 12;
    private const int LargestPageShift = 16;

    private const ulong RegisterCap = 0x00;
    private const ulong RegisterVersion = 0x08;
    private const ulong RegisterMaskSet = 0x0C;
    private const ulong RegisterMaskClear = 0x10;
    private const ulong RegisterConfiguration = 0x14;
    private const ulong RegisterStatus = 0x1C;
    private const ulong RegisterAdminAttributes = 0x24;
    private const ulong RegisterAdminSubmission = 0x28;
    private const ulong RegisterAdminCompletion = 0x30;

    private const ulong Capabilities =
        (MostEntries - 1) // MQES
        | (1UL << 16) // queues are contiguous
        | (10UL << 24) // TO: ready within 5 s
        | (1UL << 37) // the NVM command set
        | ((ulong)(LargestPageShift - SmallestPageShift) << 52); // MPSMAX

    private const uint ConfigurationEnable = 1;
    private const uint StatusReady = 1;
    private const uint StatusFatal = 2;
    private const uint StatusShutdownComplete = 2 << 2;

    private readonly NvmeAdminCommands _admin;
    private readonly NvmeIoCommands _io;
    private uint _configuration;
    private uint _status;
    private uint _interruptMask;
    private uint _adminAttributes;
    private ulong _adminSubmission;
    private ulong _adminCompletion;

    /// <summary>Makes a controller; the images stay their owner's to dispose.</summary>
    /// <param name="name">Name for errors and traces, for example <c>nvme0</c>.</param>
    /// <param name="serial">Serial number, up to 20 ASCII characters.</param>
    /// <param name="images">The namespaces, the first of which has NSID 1.</param>
    /// <param name="teeIo">Whether it says TEE-IO Supported: a device security manager is put beside it.</param>
    public NvmeController(string name, string serial, IReadOnlyList<IBlockBackend> images, bool teeIo = false)
        : base(name, new FunctionIdentity(Device, Class), interruptPin: 1)
    {
        ArgumentNullException.ThrowIfNull(images);
        Serial = serial;
        Namespaces = [.. images.Select((image, i) => new NvmeNamespace((uint)i + 1, image, serial))];
        Transfer = new NvmeTransfer(Dma);
        _admin = new NvmeAdminCommands(this);
        _io = new NvmeIoCommands(this);
        AddBar(0, BarSize);
        Add(new ExpressCapability(PcieDeviceType.Endpoint, teeIo: teeIo));
        Add(new MsixCapability(Vectors, bar: 0, MsixOffset));
    }

    /// <summary>Commands carried out since creation, for statistics.</summary>
    public long Commands { get; private set; }

    /// <summary>Interrupt vectors: one for each pair of queues.</summary>
    internal const int Vectors = (int)MostQueues + 1;

    internal string Serial { get; }

    internal IReadOnlyList<NvmeNamespace> Namespaces { get; }

    internal NvmeTransfer Transfer { get; }

    internal NvmeFeatures Features { get; } = new();

    internal NvmeEvents Events { get; } = new();

    internal NvmeLogs Logs { get; } = new();

    /// <summary>By queue identifier; 0 is the admin queue.</summary>
    internal NvmeSubmissionQueue?[] SubmissionQueues { get; } = new NvmeSubmissionQueue?[MostQueues + 1];

    /// <inheritdoc cref="SubmissionQueues"/>
    internal NvmeCompletionQueue?[] CompletionQueues { get; } = new NvmeCompletionQueue?[MostQueues + 1];

    internal bool HasIoQueues => CompletionQueues.AsSpan(1).ContainsAnyExcept((NvmeCompletionQueue?)null);

    internal static ReadOnlySpan<byte> Firmware => "1.0     "u8;

    private bool IsRunning => (_status & (StatusReady | StatusFatal)) == StatusReady;

    private int PageSize => 1 << (SmallestPageShift + (int)((_configuration >> 7) & 0xF));

    internal NvmeNamespace? FindNamespace(uint id) => id - 1 < (uint)Namespaces.Count ? Namespaces[(int)id - 1] : null;

    internal static bool IsIoQueue(ushort id) => id is >= 1 and <= (ushort)MostQueues;

    /// <summary>Whether an address begins a memory page.</summary>
    internal bool IsPage(ulong address) => (address & (ulong)(PageSize - 1)) == 0;

    /// <summary>Opens a command's data.</summary>
    internal NvmeStatus Open(in NvmeCommand command, int length, bool toMemory) => Transfer.Open(command, length, PageSize, toMemory);

    /// <summary>Completes a command of the admin queue that had waited.</summary>
    internal void CompleteAdmin(ushort command, NvmeOutcome outcome)
    {
        if (SubmissionQueues[0] is { } queue && !queue.Completions.TryPost(Dma, queue, command, outcome))
        {
            Fail();
        }
    }

    /// <summary>Drives the wire anew: high while there are completions that want an interrupt.</summary>
    internal void UpdateWire()
    {
        bool level = false;
        foreach (NvmeCompletionQueue? queue in CompletionQueues)
        {
            level |= queue is { Interrupts: true, HasEntries: true };
        }

        SetInterrupt(level && (_interruptMask & 1) == 0);
    }

    /// <inheritdoc/>
    protected override void OnReset()
    {
        Disable();
        _configuration = _status = _interruptMask = _adminAttributes = 0;
        _adminSubmission = _adminCompletion = 0;
        Features.Reset();
    }

    /// <inheritdoc/>
    protected override ulong ReadBar(int bar, ulong offset, int size)
    {
        if (size < sizeof(uint))
        {
            return 0;
        }

        ulong value = ReadRegister(offset);
        return size == sizeof(ulong) ? value | (ReadRegister(offset + 4) << 32) : value;
    }

    /// <inheritdoc/>
    protected override void WriteBar(int bar, ulong offset, int size, ulong value)
    {
        if (size < sizeof(uint))
        {
            return;
        }

        WriteRegister(offset, (uint)value);
        if (size == sizeof(ulong))
        {
            WriteRegister(offset + 4, (uint)(value >> 32));
        }
    }

    private ulong ReadRegister(ulong offset) => offset switch
    {
        RegisterCap => Capabilities & uint.MaxValue,
        RegisterCap + 4 => Capabilities >> 32,
        RegisterVersion => Version,
        RegisterMaskSet or RegisterMaskClear => _interruptMask,
        RegisterConfiguration => _configuration,
        RegisterStatus => _status,
        RegisterAdminAttributes => _adminAttributes,
        RegisterAdminSubmission => (uint)_adminSubmission,
        RegisterAdminSubmission + 4 => _adminSubmission >> 32,
        RegisterAdminCompletion => (uint)_adminCompletion,
        RegisterAdminCompletion + 4 => _adminCompletion >> 32,
        _ => 0,
    };

    private void WriteRegister(ulong offset, uint value)
    {
        const uint PageMask = 0xFFFF_F000;
        switch (offset)
        {
            case RegisterMaskSet:
                _interruptMask |= value;
                UpdateWire();
                break;
            case RegisterMaskClear:
                _interruptMask &= ~value;
                UpdateWire();
                break;
            case RegisterConfiguration:
                Configure(value);
                break;
            case RegisterAdminAttributes:
                _adminAttributes = value & 0x0FFF_0FFF;
                break;
            case RegisterAdminSubmission:
                _adminSubmission = (_adminSubmission & 0xFFFF_FFFF_0000_0000) | (value & PageMask);
                break;
            case RegisterAdminSubmission + 4:
                _adminSubmission = (uint)_adminSubmission | ((ulong)value << 32);
                break;
            case RegisterAdminCompletion:
                _adminCompletion = (_adminCompletion & 0xFFFF_FFFF_0000_0000) | (value & PageMask);
                break;
            case RegisterAdminCompletion + 4:
                _adminCompletion = (uint)_adminCompletion | ((ulong)value << 32);
                break;
            case >= Doorbells and < MsixOffset when IsRunning:
                Ring((uint)(offset - Doorbells) / 8, (offset & 4) != 0, value);
                break;
        }
    }

    private void Configure(uint value)
    {
        const uint Writable = 0x00FF_FFF1;
        const uint ShutdownMask = 3 << 14;
        uint before = _configuration;
        _configuration = value & Writable;
        bool enable = (value & ConfigurationEnable) != 0;
        if (enable && (before & ConfigurationEnable) == 0)
        {
            Enable();
        }
        else if (!enable && (before & ConfigurationEnable) != 0)
        {
            Disable();
            _status = 0;
        }

        if ((value & ShutdownMask) != 0 && (before & ShutdownMask) == 0)
        {
            foreach (NvmeNamespace space in Namespaces)
            {
                space.Backend.TryFlush();
            }

            _status |= StatusShutdownComplete;
        }
    }

    private void Enable()
    {
        const uint Arbitration = 7 << 11;
        const uint CommandSet = 7 << 4;
        uint submissionSize = (_adminAttributes & 0xFFF) + 1;
        uint completionSize = (_adminAttributes >> 16) + 1;
        bool valid = (_configuration & (Arbitration | CommandSet)) == 0
            && ((_configuration >> 7) & 0xF) <= LargestPageShift - SmallestPageShift
            && submissionSize >= 2 && completionSize >= 2
            && IsPage(_adminSubmission) && IsPage(_adminCompletion);
        if (!valid)
        {
            Fail();
            return;
        }

        NvmeCompletionQueue completions = new(0, _adminCompletion, completionSize, interrupts: true, vector: 0) { Users = 1 };
        CompletionQueues[0] = completions;
        SubmissionQueues[0] = new NvmeSubmissionQueue(0, _adminSubmission, submissionSize, completions);
        _status = StatusReady;
    }

    private void Disable()
    {
        SubmissionQueues.AsSpan().Clear();
        CompletionQueues.AsSpan().Clear();
        Events.Reset();
        UpdateWire();
    }

    private void Fail() => _status |= StatusFatal;

    private void Ring(uint id, bool completion, uint value)
    {
        const uint ValueMask = 0xFFFF;
        value &= ValueMask;
        if (completion)
        {
            if (id > MostQueues || CompletionQueues[id] is not { } queue)
            {
                Events.AddError(NvmeEvents.InvalidDoorbell);
            }
            else if (value >= queue.Size)
            {
                Events.AddError(NvmeEvents.InvalidDoorbellValue);
            }
            else
            {
                Release(queue, value);
            }
        }
        else if (id > MostQueues || SubmissionQueues[id] is not { } queue)
        {
            Events.AddError(NvmeEvents.InvalidDoorbell);
        }
        else if (value >= queue.Size)
        {
            Events.AddError(NvmeEvents.InvalidDoorbellValue);
        }
        else
        {
            queue.Tail = value;
            Serve(queue);
        }

        ReportEvents();
    }

    // The driver has taken completions: queues that waited for room go on.
    private void Release(NvmeCompletionQueue queue, uint head)
    {
        bool wasFull = queue.IsFull;
        queue.Head = head;
        if (wasFull && !queue.IsFull)
        {
            foreach (NvmeSubmissionQueue? waiting in SubmissionQueues)
            {
                if (waiting?.Completions == queue)
                {
                    Serve(waiting);
                }
            }
        }

        UpdateWire();
    }

    private void Serve(NvmeSubmissionQueue queue)
    {
        Span<byte> entry = stackalloc byte[NvmeCommand.Size];
        uint budget = queue.Size; // a command that deletes its own queue, or the tail, cannot make it more
        while (budget-- > 0 && !queue.IsEmpty && !queue.Completions.IsFull && IsRunning && SubmissionQueues[queue.Id] == queue)
        {
            if (!queue.TryTake(Dma, entry))
            {
                Fail();
                break;
            }

            NvmeCommand command = NvmeCommand.Parse(entry);
            Commands++;
            NvmeOutcome outcome = queue.Id == 0 ? _admin.Execute(command) : _io.Execute(command);
            if (outcome.IsPending)
            {
                continue;
            }

            if (outcome.Status != NvmeStatus.Success)
            {
                Logs.AddError(queue, command, outcome.Status);
            }

            if (!queue.Completions.TryPost(Dma, queue, command.Id, outcome))
            {
                Fail();
                break;
            }
        }

        Signal(queue.Completions);
    }

    private void ReportEvents()
    {
        while (IsRunning && CompletionQueues[0] is { IsFull: false } && Events.TryTake(out ushort command, out uint result))
        {
            CompleteAdmin(command, new NvmeOutcome(NvmeStatus.Success, result));
        }

        if (CompletionQueues[0] is { } queue)
        {
            Signal(queue);
        }
    }

    private void Signal(NvmeCompletionQueue queue)
    {
        if (!queue.HasNews)
        {
            return;
        }

        queue.HasNews = false;
        if (queue.Interrupts && !TrySignalMessage(queue.Vector))
        {
            UpdateWire();
        }
    }
}
