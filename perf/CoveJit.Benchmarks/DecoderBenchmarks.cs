using BenchmarkDotNet.Attributes;
using CoveJit.Isa;

namespace CoveJit.Benchmarks;

/// <summary>The decoder on legal instructions of every kind and on random bits. An operation is one decode.</summary>
[MemoryDiagnoser]
public class DecoderBenchmarks
{
    private const int Words = 4096;

    private static readonly ExtensionSet Enabled = ExtensionSet.All.Without(Extension.H);
    private readonly uint[] _words = new uint[Words];

    [Params(true, false)]
    public bool Legal { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Random random = new(1);
        for (int i = 0; i < Words; i++)
        {
            do
            {
                _words[i] = (uint)random.NextInt64(1L << 32);
            }
            while ((Decoder.Decode(_words[i], Enabled).Op != Op.Illegal) != Legal);
        }
    }

    [Benchmark(OperationsPerInvoke = Words)]
    public int Decode()
    {
        int sum = 0;
        foreach (uint word in _words)
        {
            sum += (int)Decoder.Decode(word, Enabled).Op;
        }

        return sum;
    }
}
