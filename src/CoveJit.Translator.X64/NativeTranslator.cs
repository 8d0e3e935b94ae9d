using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Isa;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Inspection;
using CoveJit.Translator.X64.Assembly;
using CoveJit.Translator.X64.Blocks;

namespace CoveJit.Translator.X64;

/// <summary>The baseline tier: warm blocks become x86-64 code at once, on the hart's thread, in well under a microsecond an instruction.</summary>
public sealed unsafe class NativeTranslator : ITranslator
{
    private readonly CodeCache _code;
    private readonly Assembler _assembler = new();
    private readonly NativeRuntime _runtime;
    private readonly BlockEmitter _emitter;
    private readonly ITranslator? _regions;
    private readonly ITranslationObserver? _observer;

    /// <summary>Attaches the tier to a machine's code. Only while no hart runs.</summary>
    /// <param name="code">The machine's decoded code.</param>
    /// <param name="threshold">How often the interpreter comes to a block before it is translated.</param>
    /// <param name="regions">The tier above, or null.</param>
    /// <param name="regionThreshold">How often native code of a block runs before the tier above is told.</param>
    /// <param name="observer">Hears of each translation, or null.</param>
    public NativeTranslator(CodeCache code, uint threshold, ITranslator? regions = null, int regionThreshold = 0, ITranslationObserver? observer = null)
    {
        _observer = observer;
        _regions = regions;
        _code = code;
        _runtime = new NativeRuntime(code, _assembler);
        _emitter = new BlockEmitter(_assembler, _runtime, code);
        code.Attach(this, threshold, regions is null ? 0 : regionThreshold);
    }

    /// <summary>Whether this host can run the tier.</summary>
    public static bool IsSupported => System.Runtime.Intrinsics.X86.Lzcnt.X64.IsSupported && System.Runtime.Intrinsics.X86.Bmi1.X64.IsSupported && System.Runtime.Intrinsics.X86.Popcnt.X64.IsSupported;

    /// <summary>Room for native code.</summary>
    internal ulong MaximumBytes { get; init; } = CodeCache.HostCodeSize;

    /// <summary>Blocks translated since the start.</summary>
    public long BlocksTranslated { get; private set; }

    /// <summary>Bytes of native code made since the start.</summary>
    public long BytesEmitted { get; private set; }

    /// <summary>Whether what executes a block is native code of this tier.</summary>
    public static bool Executes(Block* block) => Volatile.Read(ref block->Entry) == NativeRuntime.ManagedEntry;

    /// <inheritdoc/>
    void ITranslator.OnHot(Hart hart, ulong pc, Block* block)
    {
        if (!TlbBank.TryHit(hart.State->FetchBank, pc, AccessType.Execute, out byte* host))
        {
            return;
        }

        lock (_code.Sync)
        {
            // Another hart may have been here first. In a full cache nothing more is made before the reset: emitting builds blocks, too.
            if (block->Entry == 0 && !_code.IsFull)
            {
                Translate(pc, (ulong)(host - hart.State->Ram) + hart.Map.Ram.Base, block);
            }
        }
    }

    /// <inheritdoc/>
    void ITranslator.OnHotter(Hart hart, ulong pc, Block* block)
    {
        _regions?.OnHot(hart, pc, block);
        if (!TlbBank.TryHit(hart.State->FetchBank, pc, AccessType.Execute, out byte* host))
        {
            return;
        }

        lock (_code.Sync)
        {
            // The counter has done its work: the same again without it.
            if (block->NativeRuns >= 0 && Executes(block) && !_code.IsFull)
            {
                Translate(pc, (ulong)(host - hart.State->Ram) + hart.Map.Ram.Base, block);
            }
        }
    }

    /// <inheritdoc/>
    void ITranslator.OnShortStays(Block* block) => _regions?.OnShortStays(block);

    /// <inheritdoc/>
    void ITranslator.OnPageForgotten(ulong page) => _regions?.OnPageForgotten(page);

    /// <inheritdoc/>
    void ITranslator.OnReset()
    {
        _assembler.Position = _runtime.End;
        _regions?.OnReset();
    }

    // Under the code cache's lock.
    private void Translate(ulong pc, ulong address, Block* block)
    {
        if (_assembler.Position + BlockEmitter.MaximumSize > _code.HostCode + MaximumBytes)
        {
            _code.RequestReset();
            return;
        }

        byte* start = _assembler.Position;
        nint counter = _observer?.NewCounter() ?? 0;
        List<HostMark>? marks = _observer is null ? null : [];
        block->Native = (nint)_emitter.Emit(block, address, counter, marks is null ? null : (offset, at) => marks.Add(new HostMark(pc + (ulong?)offset, at)));
        if (_observer is not null)
        {
            DecodedInstruction[] instructions = new ReadOnlySpan<DecodedInstruction>(Block.Instructions(block), block->Count).ToArray();
            _observer.OnTranslated(new Translation(false, [new TranslatedBlock(pc, instructions, counter)], (nint)start, (int)(_assembler.Position - start), marks!, []));
        }

        Volatile.Write(ref block->Entry, NativeRuntime.ManagedEntry);
        BlocksTranslated++;
        BytesEmitted += _assembler.Position - start;
    }
}
