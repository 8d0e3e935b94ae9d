using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Isa;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Inspection;
using CoveJit.Translator.X64.Assembly;
using CoveJit.Translator.X64.Blocks;
using CoveJit.Translator.X64.Cache;

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
    private readonly BlockMover? _mover;
    private readonly uint _threshold;

    /// <summary>Attaches the tier to a machine's code. Only while no hart runs.</summary>
    /// <param name="code">The machine's decoded code.</param>
    /// <param name="threshold">How often the interpreter comes to a block before it is translated.</param>
    /// <param name="regions">The tier above, or null.</param>
    /// <param name="regionThreshold">How often native code of a block runs before the tier above is told.</param>
    /// <param name="observer">Hears of each translation, or null.</param>
    /// <param name="directory">Where translations are kept between runs, or null. Not with an observer, which counts runs in the code.</param>
    public NativeTranslator(
        CodeCache code, uint threshold, ITranslator? regions = null, int regionThreshold = 0, ITranslationObserver? observer = null, CacheDirectory? directory = null)
    {
        _observer = observer;
        _regions = regions;
        _code = code;
        _threshold = threshold;
        _runtime = new NativeRuntime(code, _assembler);
        _emitter = new BlockEmitter(_assembler, _runtime, code);
        int counted = regions is null ? 0 : regionThreshold;
        if (directory is not null && observer is null)
        {
            Cache = new TranslationCache(directory, TranslatorVersion.Of(_runtime.Layout(code), code.Extensions, counted != 0));
            _mover = new BlockMover(code, _runtime);
            _assembler.Fixups = [];
        }

        code.Attach(this, threshold, counted, asksAtOnce: Cache is not null);
    }

    /// <summary>Translations kept between runs, or null. Whoever made the tier saves and disposes of them.</summary>
    public TranslationCache? Cache { get; }

    /// <summary>Whether this host can run the tier: its processor has the instructions, and its kernel allows memory that is written and executed.</summary>
    public static bool IsSupported => NativeMemoryBlock.CanExecute && System.Runtime.Intrinsics.X86.Lzcnt.X64.IsSupported && System.Runtime.Intrinsics.X86.Bmi1.X64.IsSupported && System.Runtime.Intrinsics.X86.Popcnt.X64.IsSupported;

    /// <summary>Bytes of native code at which everything is made anew: a few times what a booted Debian has run, so that what a guest has long left behind goes.</summary>
    internal ulong MaximumBytes { get; init; } = 128UL << 20;

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
            ulong address = (ulong)(host - hart.State->Ram) + hart.Map.Ram.Base;
            if (block->Entry == 0 && !_code.IsFull && HasRoom() && !(Cache is not null && (PlacesStored(block, address) || block->Heat < _threshold)))
            {
                BlocksTranslated++;
                Store(block, address, Translate(pc, address, block));
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
            if (block->NativeRuns >= 0 && Executes(block) && !_code.IsFull && HasRoom())
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
        _code.DiscardHostCode(_runtime.End);
        _regions?.OnReset();
    }

    // Whether another block's code fits; otherwise asks for everything to be made anew.
    private bool HasRoom()
    {
        if (_assembler.Position + BlockEmitter.MaximumSize <= _code.HostCode + MaximumBytes)
        {
            return true;
        }

        _code.RequestReset();
        return false;
    }

    // Emits a block's code, and makes it what the block is executed by; returns its start.
    private byte* Translate(ulong pc, ulong address, Block* block)
    {
        _assembler.Fixups?.Clear();
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
        BytesEmitted += _assembler.Position - start;
        return start;
    }

    private static ReadOnlySpan<DecodedInstruction> InstructionsOf(Block* block) => new(Block.Instructions(block), block->Count);

    // Gives a block that is new to the hart the code that was made for it before, if there is some.
    private bool PlacesStored(Block* block, ulong address)
    {
        if (block->Heat > _code.AskThreshold)
        {
            return false; // looked for already
        }

        int offset = (int)(address & 0xFFF);
        BlockRecord* record = Cache!.Find(offset, InstructionsOf(block), _code.PageAt(address), out RecordGroup group);
        if (record == null || !Places(record, block, address))
        {
            return false;
        }

        // What lay in the same page then, and is the same now, comes along: most of it is about to run.
        foreach (nint place in group)
        {
            BlockRecord* neighbour = (BlockRecord*)place;
            ulong there = (address & ~0xFFFUL) + (ulong)neighbour->Offset;
            Block* other = neighbour == record ? null : _code.Adopt(there, BlockRecord.InstructionsOf(neighbour));
            if (other != null && other->Entry == 0 && BlockRecord.IsOf(neighbour, neighbour->Offset, InstructionsOf(other)))
            {
                Places(neighbour, other, there);
            }
        }

        return true;
    }

    private bool Places(BlockRecord* record, Block* block, ulong address)
    {
        byte* start = _assembler.Position;
        byte* end = start + BlockEmitter.MaximumSize > _code.HostCode + MaximumBytes ? null : _mover!.Place(record, block, address & ~0xFFFUL, start);
        if (end == null)
        {
            return false;
        }

        _assembler.Position = end;
        block->Native = (nint)start;
        Volatile.Write(ref block->Entry, NativeRuntime.ManagedEntry);
        Cache!.Hits++;
        return true;
    }

    // Keeps code that was just emitted for later runs.
    private void Store(Block* block, ulong address, byte* start)
    {
        if (Cache is null)
        {
            return;
        }

        byte* end = _assembler.Position;
        if (_mover!.TryDescribe(block, start, end, _assembler.Fixups!, _emitter.Edges))
        {
            Cache.Add((nint)_code.TableOf(address), (int)(address & 0xFFF), InstructionsOf(block), _code.PageAt(address), new ReadOnlySpan<byte>(start, (int)(end - start)), _mover.Relocations);
        }
        else
        {
            Cache.NotStorable++;
        }
    }
}
