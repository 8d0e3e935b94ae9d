using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CoveJit.Devices.Pcie;

namespace CoveJit.Devices.Accelerators;

/// <summary>
/// A PCIe accelerator that multiplies matrices in memory: C = A x B, or C += A x B. <c>docs/matrix-engine.md</c> is its register interface. It works on a
/// thread of its own, or within the write that starts it where runs have to repeat; it is reset, or pulled, between two rows.
/// </summary>
public sealed class MatrixEngine : PcieFunction, IDisposable
{
    /// <summary>Largest number of rows or columns.</summary>
    public const uint MostRows = 4096;

    /// <summary>Most multiplications of one operation: M x N x K.</summary>
    public const ulong MostWork = 1UL << 32;

    private const ushort Device = 0x0020;
    private const uint Class = 0x120000; // processing accelerator
    private const ulong BarSize = 0x4000;
    private const ulong MsixOffset = 0x2000;

    private const uint Identity = 0x584D_4A43; // "CJMX"
    private const uint Version = 1;

    private const ulong RegisterIdentity = 0x00;
    private const ulong RegisterVersion = 0x04;
    private const ulong RegisterLimit = 0x08;
    private const ulong RegisterControl = 0x10;
    private const ulong RegisterStatus = 0x14;
    private const ulong RegisterOperations = 0x18;
    private const ulong RegisterError = 0x1C;
    private const ulong RegisterAddresses = 0x20; // A, B, C: 64 bits each
    private const ulong RegisterRows = 0x38; // M, N, K
    private const ulong RegisterFormat = 0x44;
    private const ulong RegisterStrides = 0x48; // of A, B, C
    private const ulong RegistersEnd = 0x54;

    private const uint ControlStart = 1;
    private const uint ControlAccumulate = 2;
    private const uint ControlInterrupt = 4;
    private const uint StatusBusy = 1;
    private const uint StatusDone = 2;
    private const uint StatusError = 4;

    private readonly bool _synchronous;
    private readonly uint[] _operands = new uint[(RegistersEnd - RegisterAddresses) / sizeof(uint)];
    private uint _control;
    private uint _status;
    private uint _operations;
    private MatrixError _error;
    private int _generation; // an operation of an earlier one is over
    private bool _active;
    private Operation? _next;

    /// <summary>Makes an engine.</summary>
    /// <param name="name">Name for errors and traces.</param>
    /// <param name="synchronous">Whether an operation is complete when the write that starts it returns.</param>
    /// <param name="teeIo">Whether it says TEE-IO Supported: a device security manager is put beside it.</param>
    public MatrixEngine(string name, bool synchronous, bool teeIo = false)
        : base(name, new FunctionIdentity(Device, Class), interruptPin: 1)
    {
        _synchronous = synchronous;
        AddBar(0, BarSize, prefetchable: true);
        Add(new ExpressCapability(PcieDeviceType.Endpoint, teeIo: teeIo));
        Add(new MsixCapability(1, bar: 0, MsixOffset));
    }

    private enum MatrixError : uint
    {
        None = 0,
        BadParameter = 1,
        ReadRefused = 2,
        WriteRefused = 3,
    }

    private enum MatrixFormat : uint
    {
        Float32 = 0,
        Int32 = 1,
        Int8 = 2, // with results of 32 bits
    }

    /// <summary>Ends the operation under way, if any, at its next row, and waits for that: afterwards memory may go.</summary>
    public void Dispose()
    {
        lock (Gate)
        {
            EndOperation();
        }

        SpinWait.SpinUntil(() =>
        {
            lock (Gate)
            {
                return !_active;
            }
        });
    }

    /// <inheritdoc/>
    protected override void OnReset()
    {
        EndOperation();
        _operands.AsSpan().Clear();
        _control = _status = _operations = 0;
        _error = MatrixError.None;
    }

    /// <inheritdoc/>
    protected override ulong ReadBar(int bar, ulong offset, int size) => size switch
    {
        sizeof(uint) => ReadRegister(offset),
        sizeof(ulong) => ReadRegister(offset) | ((ulong)ReadRegister(offset + 4) << 32),
        _ => 0,
    };

    /// <inheritdoc/>
    protected override void WriteBar(int bar, ulong offset, int size, ulong value)
    {
        if (size >= sizeof(uint))
        {
            WriteRegister(offset, (uint)value);
        }

        if (size == sizeof(ulong))
        {
            WriteRegister(offset + 4, (uint)(value >> 32));
        }
    }

    private uint ReadRegister(ulong offset) => offset switch
    {
        RegisterIdentity => Identity,
        RegisterVersion => Version,
        RegisterLimit => MostRows,
        RegisterControl => _control,
        RegisterStatus => _status,
        RegisterOperations => _operations,
        RegisterError => (uint)_error,
        >= RegisterAddresses and < RegistersEnd => _operands[(offset - RegisterAddresses) / sizeof(uint)],
        _ => 0,
    };

    private void WriteRegister(ulong offset, uint value)
    {
        switch (offset)
        {
            case RegisterControl:
                _control = value & (ControlAccumulate | ControlInterrupt);
                UpdateWire();
                if ((value & ControlStart) != 0 && (_status & StatusBusy) == 0)
                {
                    Start();
                }

                break;
            case RegisterStatus:
                _status &= ~(value & (StatusDone | StatusError));
                UpdateWire();
                break;
            case >= RegisterAddresses and < RegistersEnd when (_status & StatusBusy) == 0:
                _operands[(offset - RegisterAddresses) / sizeof(uint)] = value;
                break;
        }
    }

    private void EndOperation()
    {
        _next = null;
        Volatile.Write(ref _generation, _generation + 1);
    }

    private void UpdateWire() => SetInterrupt((_status & StatusDone) != 0 && (_control & ControlInterrupt) != 0);

    private void Start()
    {
        _status = StatusBusy;
        _error = MatrixError.None;
        Operation operation = new(this, _generation, (_control & ControlAccumulate) != 0);
        if (!operation.IsValid)
        {
            Finish(MatrixError.BadParameter);
        }
        else if (_synchronous)
        {
            Finish(operation.Run());
        }
        else if (_active)
        {
            _next = operation; // one that a reset has ended is still on its way out
        }
        else
        {
            _active = true;
            ThreadPool.UnsafeQueueUserWorkItem(operation, preferLocal: false);
        }
    }

    private void Finish(MatrixError error)
    {
        _error = error;
        _operations++;
        _status = error == MatrixError.None ? StatusDone : StatusDone | StatusError;
        UpdateWire();
        if ((_control & ControlInterrupt) != 0)
        {
            TrySignalMessage(0);
        }
    }

    /// <summary>One multiplication, row of C by row of C: B is read once, a row of A and of C at a time.</summary>
    private sealed class Operation : IThreadPoolWorkItem
    {
        private readonly MatrixEngine _engine;
        private readonly int _generation;
        private readonly bool _accumulate;
        private readonly MatrixFormat _format;
        private readonly ulong _a;
        private readonly ulong _b;
        private readonly ulong _c;
        private readonly uint _m;
        private readonly uint _n;
        private readonly uint _k;
        private readonly uint _strideA;
        private readonly uint _strideB;
        private readonly uint _strideC;

        public Operation(MatrixEngine engine, int generation, bool accumulate)
        {
            uint[] o = engine._operands;
            _engine = engine;
            _generation = generation;
            _accumulate = accumulate;
            (_a, _b, _c) = (o[0] | ((ulong)o[1] << 32), o[2] | ((ulong)o[3] << 32), o[4] | ((ulong)o[5] << 32));
            (_m, _n, _k) = (o[6], o[7], o[8]);
            _format = (MatrixFormat)o[9];
            (_strideA, _strideB, _strideC) = (o[10], o[11], o[12]);
        }

        public bool IsValid =>
            _m is >= 1 and <= MostRows && _n is >= 1 and <= MostRows && _k is >= 1 and <= MostRows
            && (ulong)_m * _n * _k <= MostWork
            && _format <= MatrixFormat.Int8
            && IsMatrix(_a, _m, _strideA, _k * ElementSize) && IsMatrix(_b, _k, _strideB, _n * ElementSize) && IsMatrix(_c, _m, _strideC, _n * sizeof(uint));

        private bool IsCurrent => Volatile.Read(ref _engine._generation) == _generation;

        private uint ElementSize => _format == MatrixFormat.Int8 ? 1u : sizeof(uint);

        public void Execute()
        {
            MatrixError error = Run();
            lock (_engine.Gate)
            {
                _engine._active = false;
                if (IsCurrent)
                {
                    _engine.Finish(error);
                }
                else if (_engine._next is { } next)
                {
                    _engine._next = null;
                    _engine._active = true;
                    ThreadPool.UnsafeQueueUserWorkItem(next, preferLocal: false);
                }
            }
        }

        public MatrixError Run()
        {
            int rowBytes = (int)(_n * ElementSize);
            byte[] b = new byte[rowBytes * _k];
            for (uint row = 0; row < _k && IsCurrent; row++)
            {
                if (!_engine.Dma.TryRead(_b + ((ulong)row * _strideB), b.AsSpan((int)row * rowBytes, rowBytes)))
                {
                    return MatrixError.ReadRefused;
                }
            }

            byte[] a = new byte[_k * ElementSize];
            byte[] c = new byte[_n * sizeof(uint)];
            for (uint row = 0; row < _m && IsCurrent; row++)
            {
                ulong target = _c + ((ulong)row * _strideC);
                c.AsSpan().Clear();
                if (!_engine.Dma.TryRead(_a + ((ulong)row * _strideA), a) || (_accumulate && !_engine.Dma.TryRead(target, c)))
                {
                    return MatrixError.ReadRefused;
                }

                MultiplyRow(a, b, c);
                if (!_engine.Dma.TryWrite(target, c))
                {
                    return MatrixError.WriteRefused;
                }
            }

            return MatrixError.None;
        }

        private static bool IsMatrix(ulong address, uint rows, uint stride, uint rowBytes)
        {
            ulong length = ((ulong)(rows - 1) * stride) + rowBytes;
            return stride >= rowBytes && address + length >= address && address % sizeof(uint) == 0 && stride % sizeof(uint) == 0;
        }

        // The sums go along k in order, each product rounded: the result does not depend on how wide the host's vectors are.
        private void MultiplyRow(byte[] a, byte[] b, byte[] c)
        {
            int n = (int)_n;
            int k = (int)_k;
            switch (_format)
            {
                case MatrixFormat.Float32:
                    Span<float> sums = MemoryMarshal.Cast<byte, float>(c.AsSpan());
                    for (int i = 0; i < k; i++)
                    {
                        float factor = BinaryPrimitives.ReadSingleLittleEndian(a.AsSpan(i * sizeof(float)));
                        ReadOnlySpan<float> row = MemoryMarshal.Cast<byte, float>(b).Slice(i * n, n);
                        for (int j = 0; j < row.Length; j++)
                        {
                            sums[j] += factor * row[j];
                        }
                    }

                    break;
                case MatrixFormat.Int32:
                    Span<int> totals = MemoryMarshal.Cast<byte, int>(c.AsSpan());
                    for (int i = 0; i < k; i++)
                    {
                        int factor = BinaryPrimitives.ReadInt32LittleEndian(a.AsSpan(i * sizeof(int)));
                        ReadOnlySpan<int> row = MemoryMarshal.Cast<byte, int>(b).Slice(i * n, n);
                        for (int j = 0; j < row.Length; j++)
                        {
                            totals[j] = unchecked(totals[j] + (factor * row[j]));
                        }
                    }

                    break;
                default:
                    Span<int> results = MemoryMarshal.Cast<byte, int>(c.AsSpan());
                    for (int i = 0; i < k; i++)
                    {
                        int factor = (sbyte)a[i];
                        ReadOnlySpan<sbyte> row = MemoryMarshal.Cast<byte, sbyte>(b).Slice(i * n, n);
                        for (int j = 0; j < row.Length; j++)
                        {
                            results[j] = unchecked(results[j] + (factor * row[j]));
                        }
                    }

                    break;
            }
        }
    }
}
