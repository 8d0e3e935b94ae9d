/* Assembler's macros for programs that run what is below them: for .S files. */
#ifndef VMM_REGISTERS_H
#define VMM_REGISTERS_H

.macro take_traps
    la t0, trap_entry
    csrw stvec, t0
    csrw sscratch, zero
.endm

/* What a function must keep for its caller, with ld or sd: 112 bytes at sp. */
.macro host_registers operation
    \operation ra, 0(sp)
    \operation s0, 8(sp)
    \operation s1, 16(sp)
    \operation s2, 24(sp)
    \operation s3, 32(sp)
    \operation s4, 40(sp)
    \operation s5, 48(sp)
    \operation s6, 56(sp)
    \operation s7, 64(sp)
    \operation s8, 72(sp)
    \operation s9, 80(sp)
    \operation s10, 88(sp)
    \operation s11, 96(sp)
    \operation tp, 104(sp)
.endm

/* All registers but a0, which points to a struct context. */
.macro context_registers operation
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \operation x\n, (CONTEXT_X + 8 * \n)(a0)
    .endr
.endm

/* A CSR to and from the context, by t0. */
.macro save_csr name, offset
    csrr t0, \name
    sd t0, \offset(a0)
.endm
.macro load_csr name, offset
    ld t0, \offset(a0)
    csrw \name, t0
.endm

/* context_run: from a caller, a0 a struct context, to what it is of; traps come back. */
.macro enter_context
    addi sp, sp, -112
    host_registers sd
    sd sp, CONTEXT_HOST_SP(a0)
    load_csr sepc, CONTEXT_PC
    load_csr sstatus, CONTEXT_SSTATUS
    load_csr hstatus, CONTEXT_HSTATUS
    csrw sscratch, a0
    context_registers ld
    ld a0, (CONTEXT_X + 8 * 10)(a0)
    sret
.endm

#endif
