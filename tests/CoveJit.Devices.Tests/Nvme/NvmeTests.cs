using System.Buffers.Binary;
using System.Text;

namespace CoveJit.Devices.Tests.Nvme;

public sealed class NvmeTests : IDisposable
{
    private const uint InvalidOpcode = 1, InvalidField = 2, TransferError = 4, AbortRequested = 7, InvalidNamespace = 0xB, SequenceError = 0xC;
    private const uint SglSegment = 0xD, SglCount = 0xE, SglLength = 0xF, SglType = 0x11, PrpOffset = 0x13, WriteProtected = 0x20, OutOfRange = 0x80;
    private const uint WriteFault = 0x280, ReadError = 0x281, CompareFailure = 0x285;
    private const byte Flush = 0, Write = 1, Read = 2, Compare = 5, WriteZeroes = 8, Dataset = 9, Verify = 12, Sgl = 0x40;
    private const ulong Data = TestNvme.Data, Lists = TestNvme.Lists;

    private readonly MemoryDisk _disk = new(4 << 20);
    private readonly MemoryDisk _readOnly = new(1 << 20, readOnly: true);
    private readonly TestNvme _nvme;

    public NvmeTests() => _nvme = new TestNvme(_disk, _readOnly);

    public void Dispose()
    {
        _disk.Dispose();
        _readOnly.Dispose();
    }

    [Fact]
    public void Registers_say_what_it_is_and_enabling_takes_effect_at_once()
    {
        ulong capabilities = _nvme.Host.Load(0, 8);
        Assert.Equal(1023UL, capabilities & 0xFFFF);
        Assert.Equal(1UL, (capabilities >> 37) & 0xFF);
        Assert.Equal(0x0001_0400u, _nvme.Host.Load(8));
        Assert.Equal(0u, _nvme.Status);
        _nvme.Enable();
        Assert.Equal(TestNvme.Ready, _nvme.Status);
        _nvme.Host.Store(0x14, 0x0046_4001); // normal shutdown
        Assert.Equal(TestNvme.Ready | 8, _nvme.Status);
        Assert.Equal(1, _disk.Flushes);
        _nvme.Host.Store(0x14, 0);
        Assert.Equal(0u, _nvme.Status);
        Assert.Equal(0x010802u, _nvme.Host.Read(1, 0, 0, 8) >> 8);
    }

    [Theory]
    [InlineData(0x0046_0011u)] // another command set
    [InlineData(0x0046_0801u)] // weighted round robin
    [InlineData(0x0046_0281u)] // pages of 128 KiB
    public void A_configuration_that_is_not_offered_is_fatal(uint configuration)
    {
        _nvme.Enable(configuration);
        Assert.Equal(TestNvme.Fatal, _nvme.Status);
        _nvme.Host.Store(0x14, 0);
        Assert.Equal(0u, _nvme.Status);
    }

    [Fact]
    public void Identify_tells_controller_and_namespaces()
    {
        _nvme.Enable();
        Assert.Equal(0u, _nvme.Admin(0x06, dword10: 1).Status);
        Assert.Equal("SERIAL1             ", Encoding.ASCII.GetString(_nvme.Ram.At(Data + 4, 20)));
        Assert.Equal(2u, _nvme.Ram.Get32(Data + 516));
        Assert.Equal(7, _nvme.Ram.At(Data + 77, 1)[0]);
        Assert.Equal(0u, _nvme.Admin(0x06, space: 1).Status);
        Assert.Equal(8192u, _nvme.Ram.Get32(Data));
        Assert.Equal(9u << 16, _nvme.Ram.Get32(Data + 128));
        Assert.Equal(0, _nvme.Ram.At(Data + 99, 1)[0]);
        _nvme.Admin(0x06, space: 2);
        Assert.Equal((2048u, 1), (_nvme.Ram.Get32(Data), _nvme.Ram.At(Data + 99, 1)[0]));
        _nvme.Admin(0x06, space: 0, dword10: 2);
        Assert.Equal((1u, 2u, 0u), (_nvme.Ram.Get32(Data), _nvme.Ram.Get32(Data + 4), _nvme.Ram.Get32(Data + 8)));
        _nvme.Admin(0x06, space: 1, dword10: 2);
        Assert.Equal((2u, 0u), (_nvme.Ram.Get32(Data), _nvme.Ram.Get32(Data + 4)));
        _nvme.Admin(0x06, space: 1, dword10: 3);
        byte[] first = _nvme.Ram.At(Data, 20).ToArray();
        Assert.Equal((3, 16), (first[0], first[1]));
        _nvme.Admin(0x06, space: 2, dword10: 3);
        Assert.NotEqual(first, _nvme.Ram.At(Data, 20).ToArray());
        Assert.Equal(InvalidNamespace, _nvme.Admin(0x06, space: 3).Status);
        Assert.Equal(InvalidNamespace, _nvme.Admin(0x06, space: uint.MaxValue).Status);
        Assert.Equal(InvalidNamespace, _nvme.Admin(0x06, space: uint.MaxValue, dword10: 2).Status);
        Assert.Equal(InvalidField, _nvme.Admin(0x06, dword10: 0x7F).Status);
        Assert.Equal(InvalidOpcode, _nvme.Admin(0x7F).Status);
    }

    [Fact]
    public void Data_goes_there_and_back_through_two_prps_and_an_interrupt_tells_of_it()
    {
        _nvme.Enable().CreateQueues();
        _nvme.Host.TakeMessages();
        byte[] content = Random(8192);
        content.CopyTo(_nvme.Ram.At(Data, 8192));
        Assert.Equal(0u, _nvme.Io(Write, 10, 16, Data, Data + 4096).Status);
        Assert.Equal([101u], _nvme.Host.TakeMessages());
        Assert.Equal(content, _disk.Bytes[5120..13312]);

        // From the middle of a page, to scattered pages.
        Assert.Equal(0u, _nvme.Io(Read, 10, 15, Data + 0x1_0200, Data + 0x3_0000).Status);
        Assert.Equal(content[..3584], _nvme.Ram.At(Data + 0x1_0200, 3584).ToArray());
        Assert.Equal(content[3584..7680], _nvme.Ram.At(Data + 0x3_0000, 4096).ToArray());
    }

    [Fact]
    public void A_prp_list_is_chained_at_the_end_of_its_page()
    {
        _nvme.Enable().CreateQueues();
        byte[] content = Random(64 * 1024);
        content.CopyTo(_disk.Bytes, 0);

        // Three entries to the end of the page, of which the third leads on.
        ulong list = Lists + 0x1000 - 24;
        List<ulong> pages = [];
        for (int i = 0; i < 16; i++)
        {
            pages.Add(Data + (ulong)((15 - i) * 8192));
        }

        _nvme.Ram.Set64(list, pages[1]);
        _nvme.Ram.Set64(list + 8, pages[2]);
        _nvme.Ram.Set64(list + 16, Lists + 0x5000);
        for (int i = 3; i < 16; i++)
        {
            _nvme.Ram.Set64(Lists + 0x5000 + (ulong)((i - 3) * 8), pages[i]);
        }

        Assert.Equal(0u, _nvme.Io(Read, 0, 128, pages[0], list).Status);
        for (int i = 0; i < 16; i++)
        {
            Assert.Equal(content.AsSpan(i * 4096, 4096).ToArray(), _nvme.Ram.At(pages[i], 4096).ToArray());
        }

        // Four pages: the last place of the page holds a page, not another list.
        _nvme.Ram.Set64(list + 16, pages[3]);
        Assert.Equal(0u, _nvme.Io(Read, 100, 32, pages[0], list).Status);
        Assert.Equal(content.AsSpan(51200 + 12288, 512).ToArray(), _nvme.Ram.At(pages[3], 512).ToArray());
    }

    [Fact]
    public void An_sgl_may_have_segments_and_bit_buckets()
    {
        _nvme.Enable().CreateQueues();
        byte[] content = Random(4096);
        content.CopyTo(_disk.Bytes, 0);
        Descriptor(Lists, Data, 1000, 0);
        Descriptor(Lists + 16, 0, 24, 1);
        Descriptor(Lists + 32, Lists + 0x100, 32, 3);
        Descriptor(Lists + 0x100, Data + 0x5001, 3000, 0);
        Descriptor(Lists + 0x110, Data + 0x9000, 4096, 0); // longer than the transfer
        Assert.Equal(0u, _nvme.Io(Read, 0, 8, Lists, SglHead(48, 2), flags: Sgl).Status);
        Assert.Equal(content[..1000], _nvme.Ram.At(Data, 1000).ToArray());
        Assert.Equal(content[1024..4024], _nvme.Ram.At(Data + 0x5001, 3000).ToArray());
        Assert.Equal(content[4024..], _nvme.Ram.At(Data + 0x9000, 72).ToArray());
        Assert.Equal(0, _nvme.Ram.At(Data + 0x9000 + 72, 1)[0]);

        // One block in the command itself.
        _nvme.Ram.At(Data, 512).Fill(0x5A);
        Assert.Equal(0u, _nvme.Io(Write, 3, 1, Data, SglHead(512, 0), flags: Sgl).Status);
        Assert.All(_disk.Bytes[1536..2048], b => Assert.Equal(0x5A, b));
    }

    [Fact]
    public void Bad_pointers_are_refused_each_with_its_status()
    {
        _nvme.Enable().CreateQueues();
        Assert.Equal(PrpOffset, _nvme.Io(Read, 0, 1, Data + 2).Status);
        Assert.Equal(PrpOffset, _nvme.Io(Read, 0, 16, Data, Data + 4).Status);
        Assert.Equal(PrpOffset, _nvme.Io(Read, 0, 64, Data, Lists + 4).Status);
        _nvme.Ram.Set64(Lists, Data + 8);
        Assert.Equal(PrpOffset, _nvme.Io(Read, 0, 64, Data, Lists).Status);
        Assert.Equal(TransferError, _nvme.Io(Read, 0, 64, Data, 0x1000).Status);
        Assert.Equal(TransferError, _nvme.Io(Read, 0, 1, 0x1000).Status);
        Assert.Equal(TransferError, _nvme.Io(Write, 0, 1, ulong.MaxValue - 0xFFF).Status);
        Assert.Equal(InvalidField, _nvme.Io(Read, 0, 1025, Data, Lists).Status); // more than MDTS
        Assert.Equal(InvalidField, _nvme.Io(Read, 0, 1, flags: 0xC0).Status);
        Assert.Equal(InvalidField, _nvme.Io(Read, 0, 1, flags: 1).Status);
        Assert.Equal(SglLength, _nvme.Io(Read, 0, 2, Data, SglHead(512, 0), flags: Sgl).Status);
        Assert.Equal(SglType, _nvme.Io(Read, 0, 1, Data, SglHead(512, 5), flags: Sgl).Status);
        Assert.Equal(SglType, _nvme.Io(Read, 0, 1, Data, SglHead(512, 0) | (1UL << 56), flags: Sgl).Status);
        Assert.Equal(SglSegment, _nvme.Io(Read, 0, 1, Lists, SglHead(24, 2), flags: Sgl).Status);
        Assert.Equal(SglSegment, _nvme.Io(Read, 0, 1, Lists, SglHead(0, 3), flags: Sgl).Status);
        Assert.Equal(TransferError, _nvme.Io(Read, 0, 1, 0x1000, SglHead(32, 3), flags: Sgl).Status);
        Descriptor(Lists, Lists, 16, 2); // a circle
        Assert.Equal(SglSegment, _nvme.Io(Read, 0, 1, Lists, SglHead(16, 2), flags: Sgl).Status);
        _nvme.Ram.At(Lists, 0x2_0000).Clear(); // descriptors of nothing
        Assert.Equal(SglCount, _nvme.Io(Read, 0, 1, Lists, SglHead(0x2_0000, 3), flags: Sgl).Status);
        Assert.Equal(InvalidField, _nvme.Execute(0, 0x06, 0, 1, 0, 0, Data, 0, Sgl).Status);
    }

    [Fact]
    public void Ranges_outside_a_namespace_and_writes_to_a_protected_one_are_refused()
    {
        _nvme.Enable().CreateQueues();
        Assert.Equal(OutOfRange, _nvme.Io(Read, 8192, 1).Status);
        Assert.Equal(OutOfRange, _nvme.Io(Read, 8191, 2).Status);
        Assert.Equal(OutOfRange, _nvme.Io(Write, ulong.MaxValue, 2).Status);
        Assert.Equal(OutOfRange, _nvme.Io(WriteZeroes, 8000, 193).Status);
        Assert.Equal(OutOfRange, _nvme.Io(Verify, 8000, 193).Status);
        Assert.Equal(0u, _nvme.Io(Verify, 0, 8192).Status);
        Assert.Equal(0u, _nvme.Io(Read, 2047, 1, space: 2).Status);
        Assert.Equal(WriteProtected, _nvme.Io(Write, 0, 1, space: 2).Status);
        Assert.Equal(WriteProtected, _nvme.Io(WriteZeroes, 0, 1, space: 2).Status);
        Assert.Equal(InvalidNamespace, _nvme.Io(Read, 0, 1, space: 3).Status);
        Assert.Equal(InvalidNamespace, _nvme.Io(Read, 0, 1, space: 0).Status);
        Assert.Equal(InvalidOpcode, _nvme.Io(0x7E, 0, 1).Status);
    }

    [Fact]
    public void Zeroes_deallocation_comparison_and_flush()
    {
        _nvme.Enable().CreateQueues();
        _disk.Bytes.AsSpan().Fill(1);
        Assert.Equal(0u, _nvme.Io(WriteZeroes, 2, 3).Status);
        Assert.Equal((1, 0, 0, 1), (_disk.Bytes[1023], _disk.Bytes[1024], _disk.Bytes[2559], _disk.Bytes[2560]));
        _nvme.Ram.At(Data, 64).Clear();
        _nvme.Ram.Set32(Data + 4, 2);
        _nvme.Ram.Set64(Data + 8, 10);
        _nvme.Ram.Set32(Data + 20, 1);
        _nvme.Ram.Set64(Data + 24, 8191);
        Assert.Equal(0u, _nvme.Execute(1, Dataset, 1, 1, 4, 0, Data, 0).Status);
        Assert.Equal((1, 0, 0, 1, 0), (_disk.Bytes[5119], _disk.Bytes[5120], _disk.Bytes[6143], _disk.Bytes[6144], _disk.Bytes[^1]));

        // A range that is wrong keeps the others from being given up.
        _nvme.Ram.Set64(Data + 8, 20);
        _nvme.Ram.Set64(Data + 24, 8192);
        Assert.Equal(OutOfRange, _nvme.Execute(1, Dataset, 1, 1, 4, 0, Data, 0).Status);
        Assert.Equal(1, _disk.Bytes[10240]);
        _nvme.Ram.At(Data, 512).Fill(1);
        Assert.Equal(0u, _nvme.Io(Compare, 0, 1).Status);
        Assert.Equal(CompareFailure, _nvme.Io(Compare, 2, 1).Status);
        int flushes = _disk.Flushes;
        Assert.Equal(0u, _nvme.Io(Flush, 0, 1).Status);
        Assert.Equal(0u, _nvme.Io(Flush, 0, 1, space: uint.MaxValue).Status);
        Assert.Equal(flushes + 2, _disk.Flushes);
        _nvme.Io(Write, 0, 1);
        Assert.Equal(flushes + 2, _disk.Flushes);
        _nvme.Io(Write, 0, 1, bits: 1u << 30); // force unit access
        Assert.Equal(flushes + 3, _disk.Flushes);
        Assert.Equal(0u, _nvme.Admin(0x09, dword10: 6, dword11: 0).Status); // no write cache
        _nvme.Io(Write, 0, 1);
        Assert.Equal(flushes + 4, _disk.Flushes);
    }

    [Fact]
    public void What_the_host_cannot_do_is_a_media_error_in_the_log()
    {
        _nvme.Enable().CreateQueues();
        _disk.Fails = true;
        Assert.Equal(ReadError, _nvme.Io(Read, 5, 1).Status);
        Assert.Equal(WriteFault, _nvme.Io(Write, 6, 1).Status);
        Assert.Equal(WriteFault, _nvme.Io(Flush, 0, 1).Status);
        Assert.Equal(0u, _nvme.Admin(0x02, dword10: 1 | (31 << 16)).Status); // two entries of the error log
        Assert.Equal((3u, 2u), (_nvme.Ram.Get32(Data), _nvme.Ram.Get32(Data + 64)));
        Assert.Equal((WriteFault << 1, 6u), ((uint)_nvme.Ram.Get16(Data + 64 + 12), _nvme.Ram.Get32(Data + 64 + 16)));
        Assert.Equal(0u, _nvme.Admin(0x02, dword10: 2 | (127 << 16)).Status);
        Assert.Equal(1u, _nvme.Ram.Get32(Data + 64)); // one read command
        Assert.Equal(0x109u, _nvme.Admin(0x02, dword10: 0x7F | (127 << 16)).Status);
        Assert.Equal(InvalidField, _nvme.Admin(0x02, dword10: 2 | (127 << 16), dword12: 514).Status);
        Assert.Equal(0u, _nvme.Admin(0x02, dword10: 5 | (1023 << 16)).Status);
        Assert.Equal((1u, 3u), (_nvme.Ram.Get32(Data + (6 * 4)), _nvme.Ram.Get32(Data + 1024 + 4)));
    }

    [Fact]
    public void Queues_that_cannot_be_are_refused()
    {
        _nvme.Enable();
        const uint Size = (TestNvme.Entries - 1) << 16;
        Assert.Equal(0x101u, _nvme.Admin(0x05, dword10: Size, dword11: 3, data: TestNvme.IoCompletion).Status);
        Assert.Equal(0x101u, _nvme.Admin(0x05, dword10: Size | 33, dword11: 3, data: TestNvme.IoCompletion).Status);
        Assert.Equal(0x102u, _nvme.Admin(0x05, dword10: 1, dword11: 3, data: TestNvme.IoCompletion).Status);
        Assert.Equal(0x102u, _nvme.Admin(0x05, dword10: (1024 << 16) | 1, dword11: 3, data: TestNvme.IoCompletion).Status);
        Assert.Equal(InvalidField, _nvme.Admin(0x05, dword10: Size | 1, dword11: 2, data: TestNvme.IoCompletion).Status);
        Assert.Equal(PrpOffset, _nvme.Admin(0x05, dword10: Size | 1, dword11: 3, data: TestNvme.IoCompletion + 8).Status);
        Assert.Equal(0x108u, _nvme.Admin(0x05, dword10: Size | 1, dword11: (33 << 16) | 3, data: TestNvme.IoCompletion).Status);
        Assert.Equal(0x100u, _nvme.Admin(0x01, dword10: Size | 1, dword11: (1 << 16) | 1, data: TestNvme.IoSubmission).Status);
        _nvme.CreateQueues();
        Assert.Equal(0x101u, _nvme.Admin(0x05, dword10: Size | 1, dword11: 3, data: TestNvme.IoCompletion).Status);
        Assert.Equal(0x10Cu, _nvme.Admin(0x04, dword10: 1).Status);
        Assert.Equal(SequenceError, _nvme.Admin(0x09, dword10: 7, dword11: 0).Status);
        Assert.Equal(0u, _nvme.Admin(0x00, dword10: 1).Status);
        Assert.Equal(0x101u, _nvme.Admin(0x00, dword10: 1).Status);
        Assert.Equal(0u, _nvme.Admin(0x04, dword10: 1).Status);
        Assert.Equal(0x101u, _nvme.Admin(0x00, dword10: 0).Status);
    }

    [Fact]
    public void Features_have_defaults_and_are_kept_until_a_reset()
    {
        _nvme.Enable();
        Assert.Equal((0u, 0x001F_001Fu), _nvme.Admin(0x09, dword10: 7, dword11: 0x00FF_00FF));
        Assert.Equal((0u, 0x0000_0003u), _nvme.Admin(0x09, dword10: 7, dword11: 3));
        Assert.Equal((0u, 0x0000_0003u), _nvme.Admin(0x0A, dword10: 7));
        Assert.Equal(InvalidField, _nvme.Admin(0x09, dword10: 7, dword11: 0xFFFF).Status);
        Assert.Equal((0u, 1u), _nvme.Admin(0x0A, dword10: 6));
        _nvme.Admin(0x09, dword10: 6, dword11: 0);
        Assert.Equal((0u, 0u), _nvme.Admin(0x0A, dword10: 6));
        Assert.Equal((0u, 1u), _nvme.Admin(0x0A, dword10: 6 | (1 << 8)));
        Assert.Equal((0u, 4u), _nvme.Admin(0x0A, dword10: 6 | (3 << 8)));
        Assert.Equal(0x10Du, _nvme.Admin(0x09, dword10: 6 | (1u << 31), dword11: 0).Status);
        Assert.Equal(InvalidField, _nvme.Admin(0x0A, dword10: 0x7F).Status);
        Assert.Equal(InvalidField, _nvme.Admin(0x09, dword10: 2, dword11: 1).Status);
        _nvme.Host.Write(1, 0, 0, _nvme.Host.Find(0x10) + 8, 0x8000, 2); // function-level reset
        _nvme.Host.SetUp();
        Assert.Equal(0u, _nvme.Status);
        _nvme.Enable();
        Assert.Equal((0u, 1u), _nvme.Admin(0x0A, dword10: 6));
    }

    [Fact]
    public void Events_wait_for_requests_and_are_told_once_until_their_log_is_read()
    {
        _nvme.Enable();
        ushort[] requests = [.. Enumerable.Range(0, 4).Select(_ => _nvme.Submit(0, 0x0C))];
        Assert.Null(_nvme.Take(0));
        Assert.Equal(0x105u, _nvme.Admin(0x0C).Status);
        _nvme.Host.Store(0x1000 + (9 * 8), 1); // a queue that is not there
        (ushort id, uint status, uint result) = _nvme.Take(0)!.Value;
        Assert.Equal((requests[0], 0u, 0x0001_0000u), (id, status, result));
        _nvme.Host.Store(0x1000, TestNvme.Entries); // a tail outside its queue
        Assert.Null(_nvme.Take(0));
        _nvme.Admin(0x02, dword10: 1 | (15 << 16));
        _nvme.Host.Store(0x1000, TestNvme.Entries);
        Assert.Equal((requests[1], 0u, 0x0001_0100u), _nvme.Take(0)!.Value);

        // A request that waits can be aborted; its completion comes before that of the abort.
        ushort abort = _nvme.Submit(0, 0x08, dword10: (uint)requests[2] << 16);
        Assert.Equal((requests[2], AbortRequested, 0u), _nvme.Take(0)!.Value);
        Assert.Equal((abort, 0u, 0u), _nvme.Take(0)!.Value);
        Assert.Equal((0u, 1u), _nvme.Admin(0x08, dword10: (uint)requests[2] << 16));
    }

    [Fact]
    public void Commands_wait_while_the_completion_queue_is_full()
    {
        _nvme.Enable().CreateQueues();
        _nvme.Host.TakeMessages();
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < TestNvme.Entries - 1; i++)
            {
                _nvme.Submit(1, Read, 1, data: Data, ring: false);
            }

            _nvme.Ring(1);
            Assert.Equal([101u], _nvme.Host.TakeMessages());
            for (int i = 0; i < 10; i++)
            {
                _nvme.Submit(1, Read, 1, data: Data);
            }

            Assert.Empty(_nvme.Host.Sent); // nothing was completed
            for (int i = 0; i < TestNvme.Entries - 1 + 10; i++)
            {
                Assert.NotNull(_nvme.Take(1));
            }

            Assert.Null(_nvme.Take(1));
            _nvme.Host.TakeMessages();
        }
    }

    [Fact]
    public void Without_messages_the_wire_is_high_while_there_are_completions()
    {
        _nvme.Host.Write(1, 0, 0, _nvme.Host.Find(0x11) + 2, 0, 2);
        _nvme.Enable();
        _nvme.Submit(0, 0x0A, dword10: 6);
        Assert.True(_nvme.Host.Wires[1].Level);
        _nvme.Host.Store(0x0C, 1); // mask
        Assert.False(_nvme.Host.Wires[1].Level);
        _nvme.Host.Store(0x10, 1);
        Assert.True(_nvme.Host.Wires[1].Level);
        _nvme.Take(0);
        Assert.False(_nvme.Host.Wires[1].Level);
    }

    [Fact]
    public void Queues_that_memory_refuses_are_fatal_until_a_reset()
    {
        _nvme.Enable();
        Assert.Equal(0u, _nvme.Admin(0x05, dword10: (15 << 16) | 1, dword11: 3, data: 0x1000).Status);
        Assert.Equal(0u, _nvme.Admin(0x01, dword10: (15 << 16) | 1, dword11: (1 << 16) | 1, data: TestNvme.IoSubmission).Status);
        _nvme.Host.Store(0x1008, 1);
        Assert.Equal(TestNvme.Ready | TestNvme.Fatal, _nvme.Status);
        _nvme.Submit(0, 0x06);
        Assert.Null(_nvme.Take(0));
        _nvme.Host.Store(0x14, 0);
        _nvme.Enable().CreateQueues();
        Assert.Equal(0u, _nvme.Io(Read, 0, 1).Status);
    }

    [Fact]
    public void Nothing_that_a_driver_writes_throws_or_hangs()
    {
        Random random = new(5);
        for (int round = 0; round < 300; round++)
        {
            _nvme.Host.Store(0x14, 0);
            _nvme.Enable();
            if (round % 3 != 0)
            {
                _nvme.CreateQueues();
            }

            random.NextBytes(_nvme.Ram.At(TestNvme.Lists, 0x2000));
            for (int i = 0; i < 40; i++)
            {
                int queue = random.Next(2);
                ulong submission = queue == 0 ? TestNvme.AdminSubmission : TestNvme.IoSubmission;
                Span<byte> entry = _nvme.Ram.At(submission + (ulong)(random.Next(TestNvme.Entries) * 64), 64);
                random.NextBytes(entry);
                entry[0] = (byte)random.Next(14);
                entry[1] = (byte)(random.Next(4) << 6);
                BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], (uint)random.Next(4));
                BinaryPrimitives.WriteUInt64LittleEndian(entry[24..], TestNvme.Lists + (ulong)(random.Next(0x1000) & ~7));
                BinaryPrimitives.WriteUInt64LittleEndian(entry[32..], random.Next(2) == 0 ? SglHead((uint)random.Next(64) * 16, random.Next(4)) : TestNvme.Lists + (ulong)(random.Next(0x1000) & ~7));
                BinaryPrimitives.WriteUInt64LittleEndian(entry[40..], (ulong)random.Next(9000));
                BinaryPrimitives.WriteUInt32LittleEndian(entry[48..], (uint)random.Next(2000));
                _nvme.Host.Store(0x1000 + (ulong)(queue * 8), (ulong)random.Next(TestNvme.Entries + 1));
                _nvme.Host.Store(0x1004 + (ulong)(queue * 8), (ulong)random.Next(TestNvme.Entries + 1));
                _nvme.Host.Store((ulong)random.Next(0x2000) & ~3UL, (ulong)random.NextInt64(), random.Next(2) == 0 ? 4 : 8);
            }
        }
    }

    private static byte[] Random(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private static ulong SglHead(uint length, int type) => length | ((ulong)type << 60);

    private void Descriptor(ulong at, ulong address, uint length, int type)
    {
        _nvme.Ram.Set64(at, address);
        _nvme.Ram.Set64(at + 8, SglHead(length, type));
    }
}
