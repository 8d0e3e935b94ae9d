using System.Buffers.Binary;
using CoveJit.Devices.Accelerators;
using CoveJit.Devices.Tests.Pcie;
using CoveJit.Devices.Tests.Virtio;

namespace CoveJit.Devices.Tests.Accelerators;

public sealed class MatrixEngineTests : IDisposable
{
    private const ulong A = FakeRam.Base, B = FakeRam.Base + 0x1_0000, C = FakeRam.Base + 0x2_0000;
    private const uint Start = 1, Accumulate = 2, Interrupt = 4;

    private readonly MatrixEngine _engine = new("matrix0", synchronous: true);
    private readonly TestHost _host;

    public MatrixEngineTests()
    {
        _host = new TestHost(_engine);
        _host.EnableMsix(0x2000, 1);
    }

    public void Dispose() => _engine.Dispose();

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(2u)]
    public void Products_are_right_in_every_format(uint format)
    {
        const int M = 5, N = 7, K = 9;
        const uint StrideA = 48, StrideB = 32, StrideC = 32;
        Random random = new(1);
        int[,] a = new int[M, K];
        int[,] b = new int[K, N];
        Fill(a, A, StrideA, format, random);
        Fill(b, B, StrideB, format, random);
        for (int i = 0; i < M; i++)
        {
            for (int j = 0; j < N; j++)
            {
                Put(C, StrideC, i, j, format == 2 ? 1 : format, 3);
            }
        }

        Set(M, N, K, format, StrideA, StrideB, StrideC);
        _host.Store(0x10, Start | Accumulate | Interrupt);
        Assert.Equal(2u, _host.Load(0x14));
        Assert.Equal([100u], _host.TakeMessages());
        for (int i = 0; i < M; i++)
        {
            for (int j = 0; j < N; j++)
            {
                int sum = 3;
                for (int k = 0; k < K; k++)
                {
                    sum += a[i, k] * b[k, j];
                }

                uint bits = _host.Ram.Get32(C + (ulong)(i * StrideC) + (ulong)(j * 4));
                Assert.Equal(sum, format == 0 ? (int)BitConverter.UInt32BitsToSingle(bits) : (int)bits);
            }
        }

        _host.Store(0x14, 2);
        Assert.Equal(0u, _host.Load(0x14));
        Assert.Equal(1u, _host.Load(0x18));
    }

    [Theory]
    [InlineData(0, 4, 4, 0, 16, 16, 16, A, 1)] // no rows
    [InlineData(4, 4, 5000, 0, 20000, 16, 16, A, 1)] // too many
    [InlineData(4096, 4096, 4096, 0, 16384, 16384, 16384, A, 1)] // too much work
    [InlineData(4, 4, 4, 3, 16, 16, 16, A, 1)] // no such format
    [InlineData(4, 4, 4, 0, 12, 16, 16, A, 1)] // rows that overlap
    [InlineData(4, 4, 4, 0, 16, 16, 16, A + 1, 1)] // misaligned
    [InlineData(4, 4, 4, 0, 16, 16, 16, 0xFFFF_FFFF_FFFF_FFF0, 1)] // around the end
    [InlineData(4, 4, 4, 0, 16, 16, 16, 0x1000, 2)] // not memory
    [InlineData(4, 4, 4, 0, 16, 16, 0x7000_0000, A, 3)] // results out of memory
    public void What_cannot_be_is_an_error(uint m, uint n, uint k, uint format, uint strideA, uint strideB, uint strideC, ulong a, uint error)
    {
        Set(m, n, k, format, strideA, strideB, strideC);
        _host.Store(0x20, a, 8);
        _host.Store(0x10, Start);
        Assert.Equal((6u, error), (_host.Load(0x14), _host.Load(0x1C)));
        Assert.Empty(_host.Sent);
    }

    [Fact]
    public void An_engine_with_a_thread_ends_with_a_message_and_a_reset_ends_it()
    {
        using MatrixEngine engine = new("matrix1", synchronous: false);
        TestHost host = new(engine);
        host.EnableMsix(0x2000, 1);
        for (int round = 0; round < 20; round++)
        {
            host.Store(0x20, A, 8);
            host.Store(0x28, B, 8);
            host.Store(0x30, C, 8);
            host.Store(0x38, 64 | (64UL << 32), 8);
            host.Store(0x40, 64);
            host.Store(0x48, 256 | (256UL << 32), 8);
            host.Store(0x50, 256);
            host.Store(0x10, Start | Interrupt);
            if (round % 2 == 0)
            {
                host.Write(1, 0, 0, host.Find(0x10) + 8, 0x8000, 2);
                host.SetUp();
                host.EnableMsix(0x2000, 1);
                Assert.Equal(0u, host.Load(0x14) & 3);
                host.TakeMessages();
            }
            else
            {
                Assert.True(SpinWait.SpinUntil(() => (host.Load(0x14) & 2) != 0, 30_000));
                Assert.Equal([100u], host.TakeMessages());
            }
        }
    }

    private static int Size(uint format) => format == 2 ? 1 : 4;

    private void Set(uint m, uint n, uint k, uint format, uint strideA, uint strideB, uint strideC)
    {
        Assert.Equal(0x584D_4A43u, _host.Load(0));
        _host.Store(0x20, A, 8);
        _host.Store(0x28, B, 8);
        _host.Store(0x30, C, 8);
        foreach ((ulong offset, uint value) in (ReadOnlySpan<(ulong, uint)>)
            [(0x38, m), (0x3C, n), (0x40, k), (0x44, format), (0x48, strideA), (0x4C, strideB), (0x50, strideC)])
        {
            _host.Store(offset, value);
        }
    }

    private void Fill(int[,] matrix, ulong address, uint stride, uint format, Random random)
    {
        for (int i = 0; i < matrix.GetLength(0); i++)
        {
            for (int j = 0; j < matrix.GetLength(1); j++)
            {
                matrix[i, j] = random.Next(-100, 100);
                Put(address, stride, i, j, format, matrix[i, j]);
            }
        }
    }

    private void Put(ulong address, uint stride, int row, int column, uint format, int value)
    {
        Span<byte> place = _host.Ram.At(address + (ulong)(row * stride) + (ulong)(column * Size(format)), Size(format));
        switch (format)
        {
            case 0:
                BinaryPrimitives.WriteSingleLittleEndian(place, value);
                break;
            case 1:
                BinaryPrimitives.WriteInt32LittleEndian(place, value);
                break;
            default:
                place[0] = (byte)value;
                break;
        }
    }
}
