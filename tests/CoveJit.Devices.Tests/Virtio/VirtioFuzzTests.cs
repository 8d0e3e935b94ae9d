using System.Diagnostics;
using CoveJit.Devices.Virtio;
using CoveJit.Devices.Virtio.Block;
using CoveJit.Devices.Virtio.Net;

namespace CoveJit.Devices.Tests.Virtio;

/// <summary>Random rings and register writes from a fixed seed: no exception, no endless work, memory bounded, and a reset always brings the device back.</summary>
public sealed class VirtioFuzzTests
{
    private const int Rounds = 3000;

    private sealed class Sink : IConsoleSink
    {
        public void Write(ReadOnlySpan<byte> bytes)
        {
        }
    }

    private sealed class MemoryDisk : IBlockBackend
    {
        private readonly byte[] _bytes = new byte[1 << 16];

        public long Size => _bytes.Length;

        public bool IsReadOnly => false;

        public bool TryRead(long offset, Span<byte> destination)
        {
            _bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
            return true;
        }

        public bool TryWrite(long offset, ReadOnlySpan<byte> source)
        {
            source.CopyTo(_bytes.AsSpan((int)offset));
            return true;
        }

        public bool TryFlush() => true;

        public bool TryDiscard(long offset, long length) => TryWriteZeroes(offset, length, true);

        public bool TryWriteZeroes(long offset, long length, bool mayUnmap)
        {
            _bytes.AsSpan((int)offset, (int)length).Clear();
            return true;
        }

        public void Dispose()
        {
        }
    }

    private static VirtioDevice Device(string kind) => kind switch
    {
        "blk" => new VirtioBlock("blk0", new MemoryDisk(), queues: 2),
        "net" => new VirtioNet("net0", new LoopbackBackend(), [2, 0, 0, 0, 0, 1]),
        "console" => new VirtioConsole("con0", new Sink(), 80, 25),
        _ => new VirtioRng("rng0", new SeededEntropy(3)),
    };

    [Theory]
    [InlineData("blk", false)]
    [InlineData("blk", true)]
    [InlineData("net", false)]
    [InlineData("net", true)]
    [InlineData("console", false)]
    [InlineData("console", true)]
    [InlineData("rng", false)]
    [InlineData("rng", true)]
    public void Hostile_rings_neither_throw_nor_hang(string kind, bool packed)
    {
        Random random = new(20240 + (packed ? 1 : 0));
        TestDriver driver = new(Device(kind));
        Stopwatch watch = Stopwatch.StartNew();
        int failures = 0;
        int served = 0;
        for (int round = 0; round < Rounds; round++)
        {
            driver.Start(packed, random.Next(2) == 0);
            foreach (DriverQueue queue in driver.Queues)
            {
                Scramble(driver, queue, random, packed);
            }

            if (driver.Mmio.Device is VirtioConsole console)
            {
                console.Input(new byte[random.Next(64)]);
            }

            long before = driver.Mmio.Device.Requests;
            for (uint i = 0; i < driver.Queues.Length; i++)
            {
                driver.Kick(i);
            }

            served += driver.Mmio.Device.Requests > before ? 1 : 0;
            failures += driver.Mmio.FailureReason is null ? 0 : 1;
        }

        // The generator must reach both sides of the checks to be worth anything.
        Assert.True(failures > Rounds / 10, $"{failures} failures");
        Assert.True(served > Rounds / 50 || kind == "console", $"{served} served");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData("blk")]
    [InlineData("net")]
    public void Random_register_writes_neither_throw_nor_hang(string kind)
    {
        Random random = new(99);
        TestDriver driver = new(Device(kind));
        int[] sizes = [1, 2, 4, 8];
        for (int i = 0; i < 200_000; i++)
        {
            ulong offset = (ulong)random.Next(random.Next(2) == 0 ? 0x100 : 0x1000) & ~3ul;
            ulong value = random.Next(4) switch
            {
                0 => (ulong)random.NextInt64(),
                1 => (ulong)random.Next(16),
                2 => 1ul << random.Next(32),
                _ => FakeRam.Base + (ulong)random.Next(0x1000) * 16,
            };
            int size = random.Next(4) == 0 ? sizes[random.Next(4)] : 4;
            driver.Mmio.TryWrite(offset, size, value);
            driver.Mmio.TryRead(offset, size, out _);
        }

        driver.Start();
    }

    [Fact]
    public void A_device_that_refills_its_own_ring_is_stopped_from_holding_the_hart()
    {
        // The buffer of every request lies over the available index, so each answer makes "new" requests.
        TestDriver driver = new TestDriver(new VirtioRng("rng0", new Refilling())).Start();
        DriverQueue queue = driver.Queues[0];
        driver.Ram.Set64(queue.Descriptors, queue.Driver + 2);
        driver.Ram.Set32(queue.Descriptors + 8, 2);
        driver.Ram.Set16(queue.Descriptors + 12, 2);
        driver.Ram.Set16(queue.Driver + 2, 1);
        driver.Kick(0);
        Assert.True(driver.Mmio.Device.Requests >= 32);
        driver.Write(0x70, 0); // A reset gets the gate and ends it.
        long requests = driver.Mmio.Device.Requests;
        driver.Read(0x70);
        Assert.Equal(requests, driver.Mmio.Device.Requests);
    }

    /// <summary>Answers with ever growing little-endian 16-bit numbers.</summary>
    private sealed class Refilling : IEntropySource
    {
        private ushort _next = 1;

        public void Fill(Span<byte> destination)
        {
            _next++;
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16LittleEndian(destination, _next);
        }
    }

    /// <summary>Fills the ring with descriptors that are nearly right: mostly good addresses, mixed directions, chains, tables and loops.</summary>
    private static void Scramble(TestDriver driver, DriverQueue queue, Random random, bool packed)
    {
        for (int i = 0; i < queue.Size; i++)
        {
            Entry(queue.Descriptors + (ulong)i * 16);
            Entry(queue.Tables + (ulong)i * 16);
            driver.Ram.Set16(queue.Driver + 4 + (ulong)i * 2, (ushort)random.Next(random.Next(16) == 0 ? 0x10000 : queue.Size));
        }

        for (ulong a = TestDriver.Data; a < TestDriver.Data + 256; a += 16)
        {
            driver.Ram.Set32(a, (uint)random.Next(16));
            driver.Ram.Set64(a + 8, (ulong)random.Next(random.Next(4) == 0 ? int.MaxValue : 160));
        }

        if (packed)
        {
            driver.Ram.Set32(queue.Driver, (uint)random.Next());
        }
        else
        {
            driver.Ram.Set16(queue.Driver + 2, (ushort)random.Next(random.Next(8) == 0 ? 0x10000 : queue.Size + 1));
        }

        void Entry(ulong at)
        {
            int flags = random.Next(8) switch
            {
                0 => 4,
                1 => random.Next(8),
                2 or 3 => 1,
                4 => 3,
                _ => 2,
            };
            ulong address = random.Next(12) switch
            {
                0 => (ulong)random.NextInt64(),
                1 => ulong.MaxValue - (ulong)random.Next(64),
                2 => queue.Tables,
                3 => queue.Descriptors + (ulong)random.Next(256),
                _ => TestDriver.Data + (ulong)random.Next(16) * 16,
            };
            uint length = random.Next(12) switch
            {
                0 => (uint)random.NextInt64(),
                1 => uint.MaxValue,
                2 => 0,
                3 => (uint)random.Next(64) * 16,
                4 => 513,
                _ => (flags & 3) == 1 ? 16u : 512u,
            };
            driver.Ram.Set64(at, address);
            driver.Ram.Set32(at + 8, length);
            ushort marks = random.Next(8) == 0 ? (ushort)random.Next(0x10000) : (ushort)(1 << 7);
            ushort next = (ushort)random.Next(random.Next(8) == 0 ? 0x10000 : queue.Size);
            driver.Ram.Set16(at + 12, packed ? next : (ushort)flags);
            driver.Ram.Set16(at + 14, packed ? (ushort)(flags | marks) : next);
        }
    }
}
