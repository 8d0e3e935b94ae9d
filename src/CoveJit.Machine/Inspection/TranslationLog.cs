using System.Runtime.InteropServices;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;
using CoveJit.Translator.Inspection;

namespace CoveJit.Machines.Inspection;

/// <summary>Remembers what a machine translated, for <c>--profile</c>, <c>--dump-asm</c> and <c>--perf-map</c>. Exists only where one of them asks for it.</summary>
public sealed unsafe class TranslationLog : ITranslationObserver, IDisposable
{
    private const int CountersAtOnce = 4096;

    private readonly Lock _lock = new();
    private readonly List<LoggedTranslation> _translations = [];
    private readonly List<nint> _counters = [];
    private readonly bool _counts;
    private readonly bool _keepsCode;
    private readonly PerfMap? _perfMap;
    private readonly Func<SymbolTable> _symbols;
    private int _countersLeft;

    /// <summary>Makes an empty log.</summary>
    /// <param name="options">What is wanted.</param>
    /// <param name="symbols">The guest's symbols, for names.</param>
    /// <exception cref="LoadException">The perf map cannot be written.</exception>
    public TranslationLog(MachineOptions options, Func<SymbolTable> symbols)
    {
        _counts = options.Profile || options.DumpAsm is { Address: null };
        _keepsCode = options.DumpAsm is not null;
        _perfMap = options.PerfMap ? PerfMap.ForThisProcess() : null;
        _symbols = symbols;
    }

    /// <summary>All translations so far, in the order they were made.</summary>
    internal IReadOnlyList<LoggedTranslation> Translations => _translations;

    /// <inheritdoc/>
    bool ITranslationObserver.WantsIl => _keepsCode;

    /// <inheritdoc/>
    nint ITranslationObserver.NewCounter()
    {
        if (!_counts)
        {
            return 0;
        }

        lock (_lock)
        {
            if (_countersLeft == 0)
            {
                _counters.Add((nint)NativeMemory.AllocZeroed(CountersAtOnce, sizeof(ulong)));
                _countersLeft = CountersAtOnce;
            }

            return _counters[^1] + ((CountersAtOnce - _countersLeft--) * sizeof(ulong));
        }
    }

    /// <inheritdoc/>
    void ITranslationObserver.OnTranslated(Translation translation)
    {
        nint start = translation.Code;
        int length = translation.Length;
        if (length == 0)
        {
            start = HostDisassembly.Measure(translation.Code, out length);
        }

        byte[] code = _keepsCode ? new ReadOnlySpan<byte>((void*)start, length).ToArray() : [];
        lock (_lock)
        {
            _translations.Add(new LoggedTranslation(translation, (ulong)start, code));
            _perfMap?.Add((ulong)start, length, $"guest:{_symbols().Symbolize(translation.Pc)}");
        }
    }

    /// <summary>Frees the counters: no code that counts may run any more.</summary>
    public void Dispose()
    {
        _perfMap?.Dispose();
        foreach (nint counters in _counters)
        {
            NativeMemory.Free((void*)counters);
        }

        _counters.Clear();
    }
}

/// <summary>A translation and its host code.</summary>
/// <param name="Translation">The translation.</param>
/// <param name="Start">Host address of the code.</param>
/// <param name="Code">The code as it was made; empty unless it is wanted.</param>
internal sealed unsafe record LoggedTranslation(Translation Translation, ulong Start, byte[] Code)
{
    /// <summary>The tier's name.</summary>
    public string Tier => Translation.IsRegion ? "region" : "native";

    /// <summary>How often the entry has run.</summary>
    public ulong Runs => RunsOf(Translation.Blocks[0]);

    /// <summary>Guest instructions executed in it.</summary>
    public ulong Instructions
    {
        get
        {
            ulong sum = 0;
            foreach (TranslatedBlock block in Translation.Blocks)
            {
                sum += RunsOf(block) * (ulong)block.Instructions.Count;
            }

            return sum;
        }
    }

    private static ulong RunsOf(TranslatedBlock block) => block.Counter == 0 ? 0 : *(ulong*)block.Counter;
}
