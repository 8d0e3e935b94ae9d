/* Ways into the host program: from firmware, from what it runs, from what it must not do. */
#include "context.h"
#include "registers.h"

.section .text.entry, "ax"

/* a0: hart. */
.globl _start
_start:
    la sp, first_stack_end
    la tp, recover_first
    take_traps
    call host_main
1:  wfi
    j 1b

/* Where HSM starts the other hart. */
.globl other_entry
other_entry:
    la sp, other_stack_end
    la tp, recover_other
    take_traps
    call other_main
1:  wfi
    j 1b

.text

/* stvec. sscratch holds the context of the plain virtual machine that runs, or 0 while the host does. */
.balign 4
trap_entry:
    csrrw a0, sscratch, a0
    beqz a0, 2f
    context_registers sd
    csrrw t0, sscratch, zero
    sd t0, (CONTEXT_X + 8 * 10)(a0)
    save_csr sepc, CONTEXT_PC
    save_csr sstatus, CONTEXT_SSTATUS
    save_csr hstatus, CONTEXT_HSTATUS
    save_csr scause, CONTEXT_SCAUSE
    save_csr stval, CONTEXT_STVAL
    save_csr htval, CONTEXT_HTVAL
    ld sp, CONTEXT_HOST_SP(a0)
    host_registers ld
    addi sp, sp, 112
    ret

    /* The host itself trapped. Where it expects that, tp points to where it goes on, with the cause in a0. */
2:  csrrw a0, sscratch, zero
    csrr a0, scause
    ld t0, 0(tp)
    beqz t0, 3f
    csrw sepc, t0
    sret
3:  csrr a1, sepc
    csrr a2, stval
    call host_trap

.globl context_run
context_run:
    enter_context

/* u64 probe_...(address, value): 0, or the cause of the exception. */
.macro probe name
.globl \name
\name:
    lla t0, 1f
    sd t0, 0(tp)
.endm
.macro probed
    li a0, 0
1:  sd zero, 0(tp)
    ret
.endm
probe probe_load
    ld t1, (a0)
    sd t1, (a1)
    probed
probe probe_store
    sd a1, (a0)
    probed
probe probe_store32
    sw a1, (a0)
    probed
probe probe_execute
    lla t0, 0f
    sd t0, 0(tp)
    mv t2, ra
    fence.i
    jalr a0
    li a0, 0
0:  sd zero, 0(tp)
    mv ra, t2
    ret
/* u64 probe_amo(address, value): the same with an atomic access. */
probe probe_amo
    amoadd.d t1, a1, (a0)
    probed

/* run_and_save(tvm, vcpu, registers): run_tvm_vcpu, and every register of the host's as it leaves them: 31 general, 32 floating-point. */
.globl run_and_save
run_and_save:
    addi sp, sp, -112
    host_registers sd
    mv s0, a2
    .irp n, 1, 3, 5, 6, 7, 9, 12, 13, 14, 15, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    li x\n, 0 /* what is found afterwards is not the host's own */
    .endr
    .option push
    .option arch, +f, +d
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fmv.d.x f\n, zero
    .endr
    .option pop
    li a6, 15
    li a7, 0x434F5648
    ecall
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, (8 * \n)(s0)
    .endr
    .option push
    .option arch, +f, +d
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fsd f\n, (256 + 8 * \n)(s0)
    .endr
    .option pop
    host_registers ld
    addi sp, sp, 112
    ret

.bss
.balign 16
    .skip 16384
first_stack_end:
    .skip 16384
other_stack_end:
recover_first: .dword 0
.globl recover_other
recover_other: .dword 0
