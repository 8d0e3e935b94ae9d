/* Ways into the VMM: from firmware, and from what runs below it. */
#include "context.h"
#include "registers.h"

.section .text.entry, "ax"

/* a0: hart, a1: device tree. The first hart starts here. */
.globl _start
_start:
    la sp, boot_stack_end
    take_traps
    call main
1:  wfi
    j 1b

/* a0: hart, a1: its struct hart, whose first member is the top of its stack. Where HSM starts the others. */
.globl hart_entry
hart_entry:
    take_traps
    mv tp, a1
    ld sp, 0(a1)
    mv a0, a1
    call hart_main
1:  wfi
    j 1b

.text

/* stvec. sscratch holds the context of the virtual hart that runs, or 0 while the VMM does. */
.balign 4
.globl trap_entry
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
    save_csr htinst, CONTEXT_HTINST
    ld sp, CONTEXT_HOST_SP(a0)
    host_registers ld
    addi sp, sp, 112
    ret

    /* The VMM itself trapped. Only guest_fetch and host_can_read may; they expect their temporaries to be lost. */
2:  csrrw a0, sscratch, zero
    csrr t0, sepc
    la t1, recoverable_begin
    bltu t0, t1, 3f
    la t1, recoverable_end
    bgeu t0, t1, 3f
    la t0, recover
    csrw sepc, t0
    sret
3:  mv a1, sp
    mv a2, ra
    csrr a0, scause
    call host_trap

.globl context_run
context_run:
    enter_context

.option push
.option arch, +f, +d
.globl context_save_float
context_save_float:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fsd f\n, (CONTEXT_F + 8 * \n)(a0)
    .endr
    frcsr t0
    sd t0, CONTEXT_FCSR(a0)
    ret

.globl context_load_float
context_load_float:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fld f\n, (CONTEXT_F + 8 * \n)(a0)
    .endr
    ld t0, CONTEXT_FCSR(a0)
    fscsr t0
    ret
.option pop

.option push
.option arch, +h
.globl guest_fetch
guest_fetch:
recoverable_begin:
    hlvx.hu t2, (a0)
    j 1f
.globl host_can_read
host_can_read:
    lw t2, 0(a0)
    j 2f
recoverable_end:
1:  sh t2, 0(a1)
2:  li a0, 1
    ret
recover:
    li a0, 0
    ret
.option pop

.bss
.balign 16
    .skip 16384
boot_stack_end:
