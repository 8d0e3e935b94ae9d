using CoveJit.Fuzz.Encoding;
using static CoveJit.Fuzz.Encoding.Registers;

namespace CoveJit.Fuzz.Harness;

/// <summary>
/// The fixed machine-mode part of every program: start-up, loading a segment's state from its descriptor, the M and S
/// trap handlers (log, step over the faulting instruction, go on), the checkpoint (hash or full dump to the UART) and
/// power-off. Nothing random in here; registers of the segment are touched only through the save area at tp.
/// </summary>
/// <remarks>
/// Text protocol on the UART, a line each: <c>S</c> a full dump begins, <c>:word</c> of a dump, <c>Hhash</c> end of a
/// segment, <c>Tcount</c> traps by cause (32 exceptions to M, 32 interrupts to M, then the same to S), <c>E</c> end.
/// </remarks>
public static class HarnessCode
{
    public const int TrapCounters = 128;

    private const ulong Uart = 0x1000_0000;
    private const ulong TestFinisher = 0x10_0000;
    private const ulong MachineTimeCompare = 0x200_4000;
    private const int PowerOff = 0x5555;

    // Offsets in the context page.
    private const int SaveM = 0, SaveS = 32, LogPointer = 64, TrapsLeft = 72, EndAddress = 80, Descriptor = 88, SupervisorVector = 96, Scratch = 104;

    private const ulong CounterTable = MemoryLayout.Context + 0x1000;
    private const ulong HashMultiplier = 0x9E37_79B9_7F4A_7C15;

    public static byte[] Build()
    {
        Assembler code = new(MemoryLayout.Harness);
        StartUp(code);
        LoadSegment(code);
        Handler(code, machine: true);
        Handler(code, machine: false);
        Checkpoint(code);
        Output(code);
        return code.Finish();
    }

    private static void StartUp(Assembler c)
    {
        c.Li(Tp, MemoryLayout.Context);
        c.Jal(T0, "fix_vectors");
        c.Li(T0, MachineTimeCompare);
        c.Li(T1, ulong.MaxValue);
        c.Sd(T1, T0, 0);
        c.Li(T0, MemoryLayout.Descriptors);
        c.Sd(T0, Tp, Descriptor);
        c.J("load_segment");

        // jal yields the address of the jump behind it, which serves as the vector.
        c.Label("fix_vectors");
        c.Jal(T1, "m_vector_next");
        c.J("m_handler");
        c.Label("m_vector_next");
        c.Csrw(Csr.Mtvec, T1);
        c.Jal(T1, "s_vector_next");
        c.J("s_handler");
        c.Label("s_vector_next");
        c.Sd(T1, Tp, SupervisorVector);
        c.Word(Formats.I(0x67, 0, 0, T0, 0));
    }

    private static void LoadSegment(Assembler c)
    {
        c.Label("load_segment");
        c.Ld(T6, Tp, Descriptor);
        c.Li(T0, Mstatus.Mprv);
        c.Csrc(Csr.Mstatus, T0);
        c.Li(T0, Mstatus.Fs);
        c.Csrs(Csr.Mstatus, T0);
        c.Csrw(Csr.Satp, Zero);
        c.Csrw(Csr.Mie, Zero);
        c.Ld(T0, Tp, SupervisorVector);
        c.Csrw(Csr.Stvec, T0);
        c.Ld(T0, T6, DescriptorLayout.End);
        c.Sd(T0, Tp, EndAddress);
        c.Ld(T0, T6, DescriptorLayout.TrapLimit);
        c.Sd(T0, Tp, TrapsLeft);
        c.Li(T0, MemoryLayout.TrapLog);
        c.Sd(T0, Tp, LogPointer);

        for (int i = 0; i < DescriptorLayout.Csrs.Length; i++)
        {
            c.Ld(T0, T6, DescriptorLayout.FirstCsr + (i * 8));
            c.Csrw(DescriptorLayout.Csrs[i], T0);
        }

        c.Li(T0, ulong.MaxValue);
        c.Csrw(Csr.Stimecmp, T0);
        c.Csrw(Csr.Pmpcfg0, Zero);
        for (int i = 0; i < DescriptorLayout.PmpEntries; i++)
        {
            c.Ld(T0, T6, DescriptorLayout.FirstPmpAddress + (i * 8));
            c.Csrw(Csr.Pmpaddr0 + i, T0);
        }

        c.Ld(T0, T6, DescriptorLayout.PmpConfiguration);
        c.Csrw(Csr.Pmpcfg0, T0);

        // Memory regions: filled from an xorshift stream.
        c.Li(T1, (ulong)DescriptorLayout.Lists);
        c.Add(T1, T6, T1);
        c.Ld(T2, T1, 0);
        c.Addi(T1, T1, 8);
        c.Label("fill_region");
        c.Beq(T2, Zero, "fill_tables");
        c.Ld(A0, T1, 0);
        c.Ld(A1, T1, 8);
        c.Ld(A2, T1, 16);
        c.Label("fill_word");
        c.Slli(A3, A2, 13);
        c.Xor(A2, A2, A3);
        c.Srli(A3, A2, 7);
        c.Xor(A2, A2, A3);
        c.Slli(A3, A2, 17);
        c.Xor(A2, A2, A3);
        c.Sd(A2, A0, 0);
        c.Addi(A0, A0, 8);
        c.Addi(A1, A1, -1);
        c.Bne(A1, Zero, "fill_word");
        c.Addi(T1, T1, 24);
        c.Addi(T2, T2, -1);
        c.J("fill_region");

        c.Label("fill_tables");
        c.Ld(T2, T1, 0);
        c.Label("fill_entry");
        c.Addi(T1, T1, 8);
        c.Beq(T2, Zero, "enter");
        c.Ld(A0, T1, 0);
        c.Ld(A1, T1, 8);
        c.Sd(A1, A0, 0);
        c.Addi(T1, T1, 8);
        c.Addi(T2, T2, -1);
        c.J("fill_entry");

        c.Label("enter");
        c.Ld(T0, T6, DescriptorLayout.InitialSatp);
        c.Csrw(Csr.Satp, T0);
        c.Word(0x1200_0073); // sfence.vma
        c.Addi(T0, Tp, Scratch);
        c.Word(Formats.R(0x2F, 3, 0x03 << 2, Zero, T0, Zero)); // sc.d: drops any reservation
        c.Ld(T0, T6, DescriptorLayout.Entry);
        c.Csrw(Csr.Mepc, T0);
        c.Ld(T0, T6, DescriptorLayout.InitialMstatus);
        c.Li(T1, Mstatus.Compared);
        c.Csrc(Csr.Mstatus, T1);
        for (int i = 0; i < 32; i++)
        {
            c.Fld(i, T6, DescriptorLayout.FirstF + (i * 8));
        }

        // Segments never start with MPRV set: the loads below would go through it.
        c.Csrs(Csr.Mstatus, T0);
        for (int i = 1; i < 31; i++)
        {
            c.Ld(i, T6, DescriptorLayout.FirstX + ((i - 1) * 8));
        }

        c.Ld(T6, T6, DescriptorLayout.FirstX + (30 * 8));
        c.Word(0x3020_0073); // mret
    }

    private static void Handler(Assembler c, bool machine)
    {
        string p = machine ? "m_" : "s_";
        int save = machine ? SaveM : SaveS;
        int status = machine ? Csr.Mstatus : Csr.Sstatus;
        int epc = machine ? Csr.Mepc : Csr.Sepc;
        int cause = machine ? Csr.Mcause : Csr.Scause;
        int tval = machine ? Csr.Mtval : Csr.Stval;

        c.Label(p + "handler");
        for (int i = 0; i < 4; i++)
        {
            c.Sd(T0 + i, Tp, save + (i * 8));
        }

        c.Csrr(T0, status);
        c.Li(T1, machine ? Mstatus.Mprv : Mstatus.Sum);
        if (machine)
        {
            c.Csrc(status, T1);
        }
        else
        {
            c.Csrs(status, T1);
        }

        c.Csrr(T1, cause);
        c.Addi(S0, T1, -3);
        c.Bne(S0, Zero, p + "not_breakpoint");
        c.Csrw(tval, Zero); // the specification leaves the choice between zero and the address
        c.Label(p + "not_breakpoint");
        c.Csrr(T2, epc);
        c.Ld(S0, Tp, EndAddress);
        c.Beq(T2, S0, p + "finish");
        if (machine)
        {
            // Is it the supervisor handler's own exit?
            c.Jal(S0, "after_s_exit");
            c.Label("s_exit");
            c.Word(0x0000_0073); // ecall
            c.Label("after_s_exit");
            c.Beq(T2, S0, p + "finish");
        }

        c.Ld(S0, Tp, LogPointer);
        if (machine)
        {
            c.Sd(T1, S0, 0);
        }
        else
        {
            c.Li(T2, 1UL << 32);
            c.Or(T2, T1, T2);
            c.Sd(T2, S0, 0);
            c.Csrr(T2, epc);
        }

        c.Sd(T2, S0, 8);
        c.Csrr(T2, tval);
        c.Sd(T2, S0, 16);
        c.Li(T2, machine ? Mstatus.Compared : Mstatus.SstatusCompared);
        c.And(T2, T0, T2);
        c.Sd(T2, S0, 24);
        c.Addi(S0, S0, 32);
        c.Sd(S0, Tp, LogPointer);

        // Count by cause: slot = cause & 31, +32 for interrupts, +64 when delegated.
        c.Andi(S0, T1, 31);
        c.Srli(T2, T1, 63);
        c.Slli(T2, T2, 5);
        c.Add(S0, S0, T2);
        c.Slli(S0, S0, 3);
        c.Li(T2, CounterTable + (machine ? 0u : 64u * 8));
        c.Add(S0, S0, T2);
        c.Ld(T2, S0, 0);
        c.Addi(T2, T2, 1);
        c.Sd(T2, S0, 0);

        c.Ld(S0, Tp, TrapsLeft);
        c.Addi(S0, S0, -1);
        c.Sd(S0, Tp, TrapsLeft);
        c.Bge(Zero, S0, p + "finish");

        c.Bge(T1, Zero, p + "exception");
        c.Csrw(machine ? Csr.Mie : Csr.Sie, Zero);
        c.J(p + "return");

        c.Label(p + "exception");
        foreach (int fetch in new[] { 0, 1, 12 })
        {
            c.Addi(S0, T1, -fetch);
            c.Beq(S0, Zero, p + "wild_jump");
        }

        c.Csrr(T2, epc);
        c.Lhu(S0, T2, 0);
        c.Andi(S0, S0, 3);
        c.Addi(S0, S0, -3);
        c.Addi(T2, T2, 2);
        c.Bne(S0, Zero, p + "resume");
        c.Addi(T2, T2, 2);
        c.Label(p + "resume");
        c.Csrw(epc, T2);

        c.Label(p + "return");
        if (machine)
        {
            c.Li(T1, Mstatus.Mprv);
            c.And(T1, T0, T1);
            c.Csrs(status, T1);
        }
        else
        {
            c.Li(T1, Mstatus.Sum);
            c.Csrc(status, T1);
            c.And(T1, T0, T1);
            c.Csrs(status, T1);
        }

        Restore();
        c.Word(machine ? 0x3020_0073u : 0x1020_0073u);

        // A jump to nowhere was a call through ra: go back to where it came from.
        c.Label(p + "wild_jump");
        c.Li(T2, MemoryLayout.Code);
        c.Bltu(Ra, T2, p + "finish");
        c.Li(T2, MemoryLayout.CodeEnd);
        c.Bgeu(Ra, T2, p + "finish");
        c.Mv(T2, Ra);
        c.J(p + "resume");

        if (!machine)
        {
            c.Label(p + "finish");
            c.Li(T1, Mstatus.Sum);
            c.Csrc(status, T1);
            c.And(T1, T0, T1);
            c.Csrs(status, T1);
            Restore();
            c.J("s_exit");
        }

        void Restore()
        {
            for (int i = 0; i < 4; i++)
            {
                c.Ld(T0 + i, Tp, save + (i * 8));
            }
        }
    }

    private static void Checkpoint(Assembler c)
    {
        const int state = MemoryLayout.StateOffset;
        c.Label("m_finish");
        for (int i = 1; i < 32; i++)
        {
            if (i is < T0 or > S0)
            {
                c.Sd(i, Tp, state + (i * 8));
            }
        }

        // T0 still holds mstatus.
        c.Csrr(T2, Csr.Mepc);
        c.Sd(T2, Tp, state + (StateLayout.MepcIndex * 8));
        c.Li(T1, Mstatus.Compared);
        c.And(T0, T0, T1);
        c.Sd(T0, Tp, state + (StateLayout.MstatusIndex * 8));
        c.Li(T1, Mstatus.Fs);
        c.Csrs(Csr.Mstatus, T1);
        for (int i = 0; i < 4; i++)
        {
            c.Ld(T1, Tp, SaveM + (i * 8));
            c.Sd(T1, Tp, state + ((T0 + i) * 8));
        }

        for (int i = 0; i < 32; i++)
        {
            c.Fsd(i, Tp, state + ((32 + i) * 8));
        }

        c.Ld(T1, Tp, TrapsLeft);
        c.Sd(T1, Tp, state + (StateLayout.TrapsLeftIndex * 8));
        for (int i = 0; i < StateLayout.Csrs.Length; i++)
        {
            (int number, ulong mask) = StateLayout.Csrs[i];
            c.Csrr(T1, number);
            if (mask != ulong.MaxValue)
            {
                c.Li(T2, mask);
                c.And(T1, T1, T2);
            }

            c.Sd(T1, Tp, state + ((StateLayout.FirstCsrIndex + i) * 8));
        }

        // s0 hash, s1 descriptor, s2 flags, s3 list pointer, s4 list count, s5 multiplier.
        const int multiplier = 21, list = 19, count = 20, flags = 18;
        c.Li(S0, 0);
        c.Li(multiplier, HashMultiplier);
        c.Ld(S1, Tp, Descriptor);
        c.Ld(flags, S1, DescriptorLayout.Flags);
        c.Andi(T0, flags, (int)DescriptorLayout.FullDump);
        c.Beq(T0, Zero, "hash_state");
        c.Li(A0, 'S');
        c.Jal(Ra, "put_char");
        c.Jal(Ra, "new_line");
        c.Label("hash_state");
        c.Addi(A0, Tp, state);
        c.Li(A1, (ulong)StateLayout.Words);
        c.Jal(Ra, "block");
        c.Li(A0, MemoryLayout.TrapLog);
        c.Ld(A1, Tp, LogPointer);
        c.Word(Formats.R(0x33, 0, 0x20, A1, A1, A0)); // sub
        c.Srli(A1, A1, 3);
        c.Jal(Ra, "block");

        c.Li(T0, (ulong)DescriptorLayout.Lists);
        c.Add(list, S1, T0);
        c.Ld(count, list, 0);
        c.Addi(list, list, 8);
        c.Label("hash_region");
        c.Beq(count, Zero, "hash_tables");
        c.Ld(A0, list, 0);
        c.Ld(A1, list, 8);
        c.Jal(Ra, "block");
        c.Addi(list, list, 24);
        c.Addi(count, count, -1);
        c.J("hash_region");
        c.Label("hash_tables");
        c.Ld(count, list, 0);
        c.Addi(list, list, 8);
        c.Label("hash_entry");
        c.Beq(count, Zero, "put_hash");
        c.Ld(A0, list, 0);
        c.Li(A1, 1);
        c.Jal(Ra, "block");
        c.Addi(list, list, 16);
        c.Addi(count, count, -1);
        c.J("hash_entry");

        c.Label("put_hash");
        c.Li(A0, 'H');
        c.Jal(Ra, "put_char");
        c.Mv(A0, S0);
        c.Jal(Ra, "put_word");
        c.Ld(T0, S1, DescriptorLayout.Next);
        c.Sd(T0, Tp, Descriptor);
        c.Andi(T0, flags, (int)DescriptorLayout.Last);
        c.Bne(T0, Zero, "end");
        c.J("load_segment");

        // block(a0 address, a1 words): folds memory into s0, and prints it in a full dump.
        c.Label("block");
        c.Mv(22, Ra);
        c.Mv(23, A0);
        c.Mv(24, A1);
        c.Label("block_word");
        c.Beq(24, Zero, "block_done");
        c.Ld(A0, 23, 0);
        c.Xor(S0, S0, A0);
        c.Mul(S0, S0, multiplier);
        c.Srli(T0, S0, 32);
        c.Xor(S0, S0, T0);
        c.Addi(23, 23, 8);
        c.Addi(24, 24, -1);
        c.Andi(T0, flags, (int)DescriptorLayout.FullDump);
        c.Beq(T0, Zero, "block_word");
        c.Mv(25, A0);
        c.Li(A0, ':');
        c.Jal(Ra, "put_char");
        c.Mv(A0, 25);
        c.Jal(Ra, "put_word");
        c.J("block_word");
        c.Label("block_done");
        c.Mv(Ra, 22);
        c.Ret();
    }

    private static void Output(Assembler c)
    {
        const int pointer = 26, left = 27;
        c.Label("end");
        c.Li(pointer, CounterTable);
        c.Li(left, TrapCounters);
        c.Label("put_counter");
        c.Li(A0, 'T');
        c.Jal(Ra, "put_char");
        c.Ld(A0, pointer, 0);
        c.Jal(Ra, "put_word");
        c.Addi(pointer, pointer, 8);
        c.Addi(left, left, -1);
        c.Bne(left, Zero, "put_counter");
        c.Li(A0, 'E');
        c.Jal(Ra, "put_char");
        c.Jal(Ra, "new_line");
        c.Li(T0, TestFinisher);
        c.Li(T1, PowerOff);
        c.Sw(T1, T0, 0);
        c.Label("halted");
        c.J("halted");

        // put_char(a0): clobbers t0, t1.
        c.Label("put_char");
        c.Li(T0, Uart);
        c.Label("put_wait");
        c.Lbu(T1, T0, 5);
        c.Andi(T1, T1, 0x20);
        c.Beq(T1, Zero, "put_wait");
        c.Sb(A0, T0, 0);
        c.Ret();

        c.Label("new_line");
        c.Li(A0, '\n');
        c.J("put_char");

        // put_word(a0): sixteen hexadecimal digits and a line end.
        c.Label("put_word");
        c.Mv(28, Ra);
        c.Mv(29, A0);
        c.Li(30, 60);
        c.Label("put_digit");
        c.Word(Formats.R(0x33, 5, 0, A0, 29, 30)); // srl
        c.Andi(A0, A0, 15);
        c.Addi(A0, A0, -10);
        c.Blt(A0, Zero, "decimal");
        c.Addi(A0, A0, 'a' - '0' - 10);
        c.Label("decimal");
        c.Addi(A0, A0, 10 + '0');
        c.Jal(Ra, "put_char");
        c.Addi(30, 30, -4);
        c.Bge(30, Zero, "put_digit");
        c.Jal(Ra, "new_line");
        c.Mv(Ra, 28);
        c.Ret();
    }

    private const int T6 = 31;
}
