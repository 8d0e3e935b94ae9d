using CoveJit.Harts.Code;
using CoveJit.Harts.Execution;
using CoveJit.Harts.State;
using CoveJit.Harts.Timing;
using CoveJit.Harts.Traps;
using CoveJit.Isa;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts;

/// <summary>Why <see cref="Hart.RunSlice"/> returned.</summary>
public enum SliceEnd
{
    /// <summary>The budget is used up, or the guest yielded.</summary>
    Budget,

    /// <summary>The hart waits for an interrupt, or is stopped (SBI HSM).</summary>
    Idle,

    /// <summary>Somebody raised <see cref="Attention.Stop"/>, or called <see cref="Hart.Hold"/>.</summary>
    Stopped,

    /// <summary>The code cache must be emptied, while no hart executes, before this one can go on.</summary>
    CodeCacheFull,
}

/// <summary>The run loop around executing code, and requests from other threads.</summary>
public sealed unsafe partial class Hart
{
    // How often, in instructions, a running hart looks at the clock: about 0.1 ms of host time.
    private const ulong TimerPollInterval = 20_000;

    private readonly HartSleeper _sleeper = new();
    private readonly Lock _requestLock = new();
    private readonly Queue<Action<Hart>> _requests = new();
    private ulong _requestsPosted;
    private ulong _requestsDone;
    private volatile bool _inGuest;
    private ulong _passes;
    private readonly ManualResetEventSlim _mayRun = new(true);
    private ulong _nextTimerPoll;
    private bool _waiting;
    private bool _yielding;

    /// <summary>Whether the hart is stopped: it executes nothing until a request clears this (SBI HSM).</summary>
    public bool Halted { get; set; }

    /// <summary>Executes guest code.</summary>
    /// <param name="budget">Instructions to execute at most; exceeded by less than a block.</param>
    public SliceEnd RunSlice(long budget)
    {
        ulong end = _state->InstructionsRetired + (ulong)budget;
        _inGuest = true;
        Interlocked.MemoryBarrier(); // before the look at Attention: see RunOn
        try
        {
            if (!_mayRun.IsSet)
            {
                return SliceEnd.Stopped;
            }

            Poll();
            while (true)
            {
                Volatile.Write(ref _passes, _passes + 1);
                if (_state->Attention != 0 && Attend())
                {
                    return SliceEnd.Stopped;
                }

                if (Halted || (_waiting && !WakesUp()))
                {
                    return SliceEnd.Idle;
                }

                long remaining = (long)(end - _state->InstructionsRetired);
                if (remaining <= 0 || _yielding)
                {
                    _yielding = false;
                    return SliceEnd.Budget;
                }

                if (_state->InstructionsRetired >= _nextTimerPoll)
                {
                    Poll();
                    continue;
                }

                if (_state->ExpectsLandingPad != 0)
                {
                    Step(); // looks at what the jump led to
                    continue;
                }

                switch (Interpreter.Run(this, _state, Math.Min(remaining, (long)(_nextTimerPoll - _state->InstructionsRetired))))
                {
                    case RunExit.Trap:
                        TakePendingTrap();
                        break;
                    case RunExit.Step:
                        Step();
                        break;
                    case RunExit.Budget when remaining >= Block.ChunkSize && Counters.UntilOverflow() >= Block.ChunkSize:
                        Poll(); // a little early: steps would only leave the block at an odd place
                        break;
                    case RunExit.Budget:
                        Step();
                        break;
                    case RunExit.CodeCacheFull:
                        return SliceEnd.CodeCacheFull;
                    default:
                        break;
                }
            }
        }
        finally
        {
            _inGuest = false;
        }
    }

    /// <summary>
    /// Counts the times that the hart was in its run loop, outside any block and any translated code. Thread-safe. Translated code that nobody can
    /// enter any more may be freed once every hart that is <see cref="IsExecuting"/> has passed twice: the first may have been on its way in.
    /// </summary>
    public ulong Passes => Volatile.Read(ref _passes);

    /// <summary>Whether the hart is in <see cref="RunSlice"/>. Thread-safe.</summary>
    public bool IsExecuting => _inGuest;

    /// <summary>Keeps the hart from executing until <see cref="Release"/>; returns when it does not. Not from the hart's own thread.</summary>
    public void Hold()
    {
        _mayRun.Reset();
        RaiseAttention(Attention.Stop);
        SpinWait spin = default;
        while (_inGuest)
        {
            spin.SpinOnce();
        }
    }

    /// <summary>Ends a <see cref="Hold"/>.</summary>
    public void Release() => _mayRun.Set();

    /// <summary>Waits, on the hart's own thread, while it is held.</summary>
    public void AwaitRelease() => _mayRun.Wait();

    /// <summary>Executes one instruction, fetched and decoded by itself, or takes its trap.</summary>
    public void Step()
    {
        if (!Fetch(_state->Pc, out uint raw))
        {
            TakePendingTrap();
            return;
        }

        if (_state->ExpectsLandingPad != 0 && !LandsOnPad(raw))
        {
            TakePendingTrap();
            return;
        }

        DecodedInstruction instruction = Decoder.Decode(raw, Configuration.Extensions);
        Flow flow = Interpreter.Execute(this, _state, &instruction);
        if (flow == Flow.Trap)
        {
            TakePendingTrap();
            return;
        }

        if (flow is Flow.Next or Flow.Leave)
        {
            _state->Pc += instruction.Length;
        }

        _state->InstructionsRetired++;
    }

    /// <summary>
    /// Executes an instruction that does not end blocks, as decoded for a block, in the midst of native code. pc is exact; the count of retired
    /// instructions need not be. On <see cref="Flow.Trap"/> the instruction is to be executed again by the interpreter, which takes the trap.
    /// </summary>
    public Flow Execute(DecodedInstruction* instruction) => Interpreter.Execute(this, _state, instruction);

    /// <summary>
    /// Executes an instruction that ends its block, in native code, which has taken it from <see cref="HartState.Remaining"/>. pc is exact.
    /// </summary>
    /// <returns>
    /// <see cref="Flow.Next"/>: go on behind the instruction. <see cref="Flow.Redirect"/>: go on at pc, where it or a trap that was taken led.
    /// <see cref="Flow.Leave"/>: to the run loop; pc is where to go on. <see cref="Flow.Trap"/>: nothing has happened, the interpreter is to execute it.
    /// </returns>
    public Flow ExecuteLast(DecodedInstruction* instruction)
    {
        _state->InstructionsRetired = _state->RetiredAtEnd - (ulong)_state->Remaining - 1;
        Flow flow = Interpreter.Execute(this, _state, instruction);
        switch (flow)
        {
            case Flow.Trap when IsOwnEnvironmentCall:
                _state->Remaining++; // it does not retire
                Take(_pendingTrap);
                break;
            case Flow.Leave:
                _state->Pc += instruction->Length;
                return Flow.Leave;
            case Flow.Next or Flow.Trap:
                return flow;
            default:
                break;
        }

        return _state->Attention != 0 || _state->ExpectsLandingPad != 0 ? Flow.Leave : Flow.Redirect;
    }

    /// <summary>Sleeps until something raises attention or the next timer is due.</summary>
    public void Sleep()
    {
        ulong now = Clock.Ticks;
        ulong deadline = Halted ? ulong.MaxValue : NextDeadline;
        if (deadline > now)
        {
            // A far deadline must not overflow into a near one; waking early does no harm.
            ulong ticks = Math.Min(deadline - now, Clock.Frequency * 3600);
            _sleeper.Sleep(ref _state->Attention, deadline == ulong.MaxValue ? null : ticks * (1_000_000_000 / Clock.Frequency));
        }
    }

    /// <summary>Puts the hart into the state that WFI leaves it in: it executes nothing until an interrupt is pending and enabled.</summary>
    public void BeginWait() => _waiting = true;

    /// <summary>Whether the hart waits for an interrupt (WFI, suspend). May be read by any thread.</summary>
    public bool IsWaiting => Volatile.Read(ref _waiting);

    /// <summary>Makes the hart do something at its next look at its surroundings, before it executes another instruction. Thread-safe.</summary>
    /// <returns>The request's number, for <see cref="IsDone"/>.</returns>
    public ulong Post(Action<Hart> request)
    {
        ulong ticket;
        lock (_requestLock)
        {
            _requests.Enqueue(request);
            ticket = ++_requestsPosted;
        }

        RaiseAttention(Attention.Requests);
        return ticket;
    }

    /// <summary>Whether a posted request has been carried out, or will be before the hart executes another instruction.</summary>
    public bool IsDone(ulong ticket) => !_inGuest || Volatile.Read(ref _requestsDone) >= ticket;

    /// <summary>Waits until another hart has carried out a request, serving this hart's own meanwhile, so that two harts may wait for each other.</summary>
    public void Await(Hart target, ulong ticket)
    {
        SpinWait spin = default;
        while (!target.IsDone(ticket))
        {
            ServeRequests();
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>Takes a lock that another hart may hold while it awaits this one: serves this hart's requests meanwhile.</summary>
    public void Enter(Lock gate)
    {
        SpinWait spin = default;
        while (!gate.TryEnter())
        {
            ServeRequests();
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>Finds the block at a virtual address: the interpreter's slow path.</summary>
    /// <param name="pc">Virtual address.</param>
    /// <param name="table">The page's table of block references, for blocks to come.</param>
    /// <param name="block">The block.</param>
    /// <returns>What to do: <see cref="RunExit.None"/> with a block; otherwise leave.</returns>
    internal RunExit FindBlock(ulong pc, out uint* table, out Block* block)
    {
        table = null;
        block = null;
        TlbEntry* entry = TlbBank.EntryFor(_state->FetchBank, pc, AccessType.Execute);
        ulong physical;
        if (entry->Tag == (pc & ~0xFFFUL))
        {
            physical = (ulong)(pc + (ulong)entry->Addend - (ulong)Map.Ram.Pointer) + Map.Ram.Base;
        }
        else
        {
            if (!Resolve(pc, 2, AccessType.Execute, out physical))
            {
                return RunExit.Trap;
            }

            if (entry->Tag != (pc & ~0xFFFUL))
            {
                return RunExit.Step; // not RAM, or PMP splits the page: fetch each instruction by itself
            }
        }

        if (Code.IsFull)
        {
            return RunExit.CodeCacheFull;
        }

        block = Code.Find(physical, out table);
        return block == null ? RunExit.Step : RunExit.None;
    }

    /// <summary>Makes the hart leave executing code and look at timers and counters.</summary>
    internal void RequestPoll()
    {
        _nextTimerPoll = 0;
        Interlocked.Or(ref _state->Attention, (int)Attention.Interrupt);
    }

    private void Poll()
    {
        PollTimers();
        _nextTimerPoll = _state->InstructionsRetired + Math.Min(TimerPollInterval, (ulong)Counters.UntilOverflow());
    }

    private bool Fetch(ulong pc, out uint raw)
    {
        raw = 0;
        if (!FetchHalfword(pc, out ushort low))
        {
            return false;
        }

        raw = low;
        if ((low & 3) != 3)
        {
            return true;
        }

        if (!FetchHalfword(pc + 2, out ushort high))
        {
            return false; // xtval names the part that faulted, xepc the instruction
        }

        raw |= (uint)high << 16;
        return true;
    }

    private bool FetchHalfword(ulong address, out ushort value)
    {
        if (TlbBank.TryHit(_state->FetchBank, address, AccessType.Execute, out byte* host))
        {
            value = *(ushort*)host;
            return true;
        }

        value = 0;
        if (!Resolve(address, 2, AccessType.Execute, out ulong physical))
        {
            return false;
        }

        if (!Map.TryRead(physical, 2, out ulong word))
        {
            return Fault(TrapCause.InstructionAccessFault, address);
        }

        value = (ushort)word;
        return true;
    }

    // A system call to the guest's own kernel, and nobody watches: nothing but the guest's state changes when it is taken.
    private bool IsOwnEnvironmentCall =>
        (TrapCause)_pendingTrap.Cause is TrapCause.EcallFromU or TrapCause.EcallFromVs
        && IsDelegated(_pendingTrap, Medeleg)
        && SupervisorService is null
        && TrapTrace is null;

    private void TakePendingTrap()
    {
        Trap trap = _pendingTrap;
        if ((TrapCause)trap.Cause is TrapCause.IllegalInstruction or TrapCause.VirtualInstruction && Fetch(_state->Pc, out uint raw))
        {
            trap = trap with { Value = raw };
        }

        Take(trap);
    }

    // Serves attention; true if the hart shall stop.
    private bool Attend()
    {
        Attention attention = (Attention)Interlocked.Exchange(ref _state->Attention, 0);
        if ((attention & Attention.Requests) != 0)
        {
            ServeRequests();
        }

        if ((attention & Attention.Stop) != 0)
        {
            RecheckInterrupts(); // the interrupt that came with the stop is for the next slice
            return true;
        }

        if (!Halted)
        {
            TakePendingInterrupt();
        }

        return false;
    }

    private void ServeRequests()
    {
        while (true)
        {
            Action<Hart>? request;
            lock (_requestLock)
            {
                if (!_requests.TryDequeue(out request))
                {
                    return;
                }
            }

            request(this);
            Volatile.Write(ref _requestsDone, _requestsDone + 1);
        }
    }

    // WFI ends when an interrupt is pending and enabled in mie, whether or not it will be taken.
    private bool WakesUp()
    {
        if (!HasPendingInterrupt)
        {
            return false;
        }

        _waiting = false;
        RecheckInterrupts();
        return true;
    }
}
