using System.Buffers.Binary;
using System.Text;

namespace CoveJit.Devices.Nvme;

/// <summary>The commands of the admin queue (NVMe 1.4, section 5). The controller's gate is held.</summary>
internal sealed class NvmeAdminCommands(NvmeController controller)
{
    private const int IdentifySize = 4096;

    private readonly byte[] _page = new byte[IdentifySize];

    /// <summary>Each command: opcode and what it does.</summary>
    public static IReadOnlyList<(byte Opcode, Func<NvmeAdminCommands, NvmeCommand, NvmeOutcome> Execute)> Table { get; } =
    [
        (0x00, (admin, command) => admin.DeleteSubmissionQueue(command)),
        (0x01, (admin, command) => admin.CreateSubmissionQueue(command)),
        (0x02, (admin, command) => admin.GetLogPage(command)),
        (0x04, (admin, command) => admin.DeleteCompletionQueue(command)),
        (0x05, (admin, command) => admin.CreateCompletionQueue(command)),
        (0x06, (admin, command) => admin.Identify(command)),
        (0x08, (admin, command) => admin.Abort(command)),
        (0x09, (admin, command) => admin.SetFeatures(command)),
        (0x0A, (admin, command) => admin.GetFeatures(command)),
        (0x0C, (admin, command) => admin.RequestEvent(command)),
    ];

    /// <summary>Executes a command.</summary>
    public NvmeOutcome Execute(in NvmeCommand command)
    {
        if (command.IsFused || command.UsesSgl)
        {
            return NvmeStatus.InvalidField; // over PCIe, admin commands use PRPs
        }

        foreach ((byte opcode, Func<NvmeAdminCommands, NvmeCommand, NvmeOutcome> execute) in Table)
        {
            if (opcode == command.Opcode)
            {
                return execute(this, command);
            }
        }

        return NvmeStatus.InvalidOpcode;
    }

    // Size and place of a queue to be made.
    private NvmeStatus CheckPlace(in NvmeCommand command, out uint size)
    {
        const uint Contiguous = 1;
        size = (command.Dword10 >> 16) + 1;
        return size is < 2 or > NvmeController.MostEntries ? NvmeStatus.InvalidQueueSize
            : (command.Dword11 & Contiguous) == 0 ? NvmeStatus.InvalidField
            : !controller.IsPage(command.Data.Low) ? NvmeStatus.InvalidPrpOffset
            : NvmeStatus.Success;
    }

    private NvmeOutcome CreateCompletionQueue(in NvmeCommand command)
    {
        const uint InterruptsEnabled = 2;
        ushort id = (ushort)command.Dword10;
        ushort vector = (ushort)(command.Dword11 >> 16);
        if (!NvmeController.IsIoQueue(id) || controller.CompletionQueues[id] is not null)
        {
            return NvmeStatus.InvalidQueueIdentifier;
        }

        NvmeStatus place = CheckPlace(command, out uint size);
        if (place != NvmeStatus.Success)
        {
            return place;
        }

        if (vector >= NvmeController.Vectors)
        {
            return NvmeStatus.InvalidInterruptVector;
        }

        controller.CompletionQueues[id] = new NvmeCompletionQueue(id, command.Data.Low, size, (command.Dword11 & InterruptsEnabled) != 0, vector);
        return NvmeStatus.Success;
    }

    private NvmeOutcome CreateSubmissionQueue(in NvmeCommand command)
    {
        ushort id = (ushort)command.Dword10;
        ushort completions = (ushort)(command.Dword11 >> 16);
        if (!NvmeController.IsIoQueue(id) || controller.SubmissionQueues[id] is not null)
        {
            return NvmeStatus.InvalidQueueIdentifier;
        }

        if (!NvmeController.IsIoQueue(completions) || controller.CompletionQueues[completions] is not { } completionQueue)
        {
            return NvmeStatus.CompletionQueueInvalid;
        }

        NvmeStatus place = CheckPlace(command, out uint size);
        if (place != NvmeStatus.Success)
        {
            return place;
        }

        completionQueue.Users++;
        controller.SubmissionQueues[id] = new NvmeSubmissionQueue(id, command.Data.Low, size, completionQueue);
        return NvmeStatus.Success;
    }

    private NvmeOutcome DeleteSubmissionQueue(in NvmeCommand command)
    {
        ushort id = (ushort)command.Dword10;
        if (!NvmeController.IsIoQueue(id) || controller.SubmissionQueues[id] is not { } queue)
        {
            return NvmeStatus.InvalidQueueIdentifier;
        }

        queue.Completions.Users--;
        controller.SubmissionQueues[id] = null;
        return NvmeStatus.Success;
    }

    private NvmeOutcome DeleteCompletionQueue(in NvmeCommand command)
    {
        ushort id = (ushort)command.Dword10;
        if (!NvmeController.IsIoQueue(id) || controller.CompletionQueues[id] is not { } queue)
        {
            return NvmeStatus.InvalidQueueIdentifier;
        }

        if (queue.Users > 0)
        {
            return NvmeStatus.InvalidQueueDeletion;
        }

        controller.CompletionQueues[id] = null;
        controller.UpdateWire();
        return NvmeStatus.Success;
    }

    private NvmeOutcome Abort(in NvmeCommand command)
    {
        const uint NotAborted = 1;

        // Everything but a waiting event request is complete before software can ask for its end.
        ushort queue = (ushort)command.Dword10;
        ushort id = (ushort)(command.Dword10 >> 16);
        if (queue != 0 || !controller.Events.TryAbort(id))
        {
            return new NvmeOutcome(NvmeStatus.Success, NotAborted);
        }

        controller.CompleteAdmin(id, NvmeStatus.AbortRequested);
        return NvmeStatus.Success;
    }

    private NvmeOutcome RequestEvent(in NvmeCommand command) => controller.Events.Request(command.Id);

    private NvmeOutcome SetFeatures(in NvmeCommand command)
    {
        if ((byte)command.Dword10 != NvmeFeatures.NumberOfQueues || command.Dword10 >> 31 != 0)
        {
            return controller.Features.Set(command, NvmeController.Vectors);
        }

        uint submission = command.Dword11 & 0xFFFF;
        uint completion = command.Dword11 >> 16;
        if (submission == 0xFFFF || completion == 0xFFFF)
        {
            return NvmeStatus.InvalidField;
        }

        if (controller.HasIoQueues)
        {
            return NvmeStatus.CommandSequenceError;
        }

        const uint Most = NvmeController.MostQueues - 1;
        uint queues = Math.Min(submission, Most) | (Math.Min(completion, Most) << 16);
        controller.Features.Queues = queues;
        return new NvmeOutcome(NvmeStatus.Success, queues);
    }

    private NvmeOutcome GetFeatures(in NvmeCommand command) => controller.Features.Get(command, NvmeController.MostQueues, NvmeController.Vectors);

    private NvmeOutcome GetLogPage(in NvmeCommand command)
    {
        const uint RetainEvent = 1 << 15;
        byte id = (byte)command.Dword10;
        ulong length = (((((ulong)command.Dword11 & 0xFFFF) << 16) | (command.Dword10 >> 16)) + 1) * sizeof(uint);
        ulong offset = ((ulong)command.Dword13 << 32) | command.Dword12;
        byte[]? page = controller.Logs.Read(id, Commands);
        if (page is null)
        {
            return NvmeStatus.InvalidLogPage;
        }

        if (offset % sizeof(uint) != 0 || offset > (ulong)page.Length || length > NvmeController.MaximumTransfer)
        {
            return NvmeStatus.InvalidField;
        }

        // What is past the page's end is not written: its content would be undefined.
        int part = (int)Math.Min(length, (ulong)page.Length - offset);
        NvmeOutcome outcome = Answer(command, page.AsSpan((int)offset, part));
        if (outcome.Status == NvmeStatus.Success && (command.Dword10 & RetainEvent) == 0)
        {
            controller.Events.LogRead(id);
        }

        return outcome;
    }

    private static IReadOnlyList<(byte Opcode, bool Admin, bool Writes)> Commands { get; } =
    [
        .. Table.Select(command => (command.Opcode, true, false)),
        (NvmeIoCommands.FlushOpcode, false, false),
        .. NvmeIoCommands.Table.Select(command => (command.Opcode, false, command.Writes)),
    ];

    private NvmeOutcome Identify(in NvmeCommand command)
    {
        _page.AsSpan().Clear();
        NvmeNamespace? space = controller.FindNamespace(command.Namespace);
        switch ((byte)command.Dword10)
        {
            case 0x00 when command.Namespace == NvmeController.AllNamespaces:
                return NvmeStatus.InvalidNamespace; // what namespaces have in common is only told where they can be managed
            case 0x00 when command.Namespace == 0 || command.Namespace > controller.Namespaces.Count:
                return NvmeStatus.InvalidNamespace;
            case 0x00:
                space!.Identify(_page);
                break;
            case 0x01:
                IdentifyController(_page);
                break;
            case 0x02 when command.Namespace >= 0xFFFF_FFFE:
                return NvmeStatus.InvalidNamespace;
            case 0x02:
                int at = 0;
                uint after = command.Namespace;
                foreach (NvmeNamespace active in controller.Namespaces.Where(active => active.Id > after).Take(IdentifySize / sizeof(uint)))
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(_page.AsSpan(at), active.Id);
                    at += sizeof(uint);
                }

                break;
            case 0x03 when space is null:
                return NvmeStatus.InvalidNamespace;
            case 0x03:
                space.IdentifyDescriptors(_page);
                break;
            default:
                return NvmeStatus.InvalidField;
        }

        return Answer(command, _page);
    }

    // Identify Controller (NVMe 1.4, figure 247).
    private void IdentifyController(Span<byte> data)
    {
        const byte RequiredAndMaximum = 0x66; // entries of 64 bytes
        const byte RequiredAndMaximumCompletions = 0x44; // entries of 16 bytes
        const ushort OptionalCommands = (1 << 0) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 7); // compare, DSM, write zeroes, select in features, verify
        const uint Sgls = 0x1 | (1 << 16) | (1 << 18); // supported, bit buckets, longer than the transfer
        BinaryPrimitives.WriteUInt16LittleEndian(data, Pcie.FunctionIdentity.CoveJitVendor);
        BinaryPrimitives.WriteUInt16LittleEndian(data[2..], Pcie.FunctionIdentity.CoveJitVendor);
        Text(data.Slice(4, 20), controller.Serial);
        Text(data.Slice(24, 40), "CoveJit NVMe");
        NvmeController.Firmware.CopyTo(data[64..]);
        data[77] = NvmeController.MaximumTransferPages; // MDTS
        BinaryPrimitives.WriteUInt32LittleEndian(data[80..], NvmeController.Version);
        data[111] = 1; // CNTRLTYPE: I/O controller
        data[258] = 3; // ACL: four aborts at once
        data[259] = NvmeEvents.Limit - 1; // AERL
        data[260] = 0x03; // FRMW: one slot, read-only
        data[261] = 0x06; // LPA: effects log, extended data
        data[262] = NvmeLogs.MostErrors - 1; // ELPE
        BinaryPrimitives.WriteUInt16LittleEndian(data[266..], 343); // WCTEMP
        BinaryPrimitives.WriteUInt16LittleEndian(data[268..], 353); // CCTEMP
        data[512] = RequiredAndMaximum; // SQES
        data[513] = RequiredAndMaximumCompletions; // CQES
        BinaryPrimitives.WriteUInt32LittleEndian(data[516..], (uint)controller.Namespaces.Count); // NN
        BinaryPrimitives.WriteUInt16LittleEndian(data[520..], OptionalCommands);
        data[525] = 0x7; // VWC: a cache; a flush may name all namespaces
        BinaryPrimitives.WriteUInt32LittleEndian(data[536..], Sgls);
        Encoding.UTF8.GetBytes($"nqn.2014-08.org.nvmexpress:covejit:{controller.Serial}").CopyTo(data[768..]);
        BinaryPrimitives.WriteUInt16LittleEndian(data[2048..], 500); // power state 0: 5 W
    }

    private static void Text(Span<byte> field, string text)
    {
        field.Fill((byte)' ');
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        bytes.AsSpan(0, Math.Min(bytes.Length, field.Length)).CopyTo(field);
    }

    private NvmeOutcome Answer(in NvmeCommand command, ReadOnlySpan<byte> data)
    {
        NvmeStatus status = controller.Open(command, data.Length, toMemory: true);
        return status != NvmeStatus.Success ? status : controller.Transfer.TryWrite(data) ? NvmeStatus.Success : NvmeStatus.DataTransferError;
    }
}
