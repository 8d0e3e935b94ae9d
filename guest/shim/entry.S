/* Ways into the shim and out of it. */
#define COVG 0x434F5647
#define COVG_ALLOW_EXTERNAL_INTERRUPT 4
#define HSM 0x48534D
#define HSM_STOP 1

.section .text.entry, "ax"

/* a0: vCPU 0, a1: device tree. finalize_tvm says so. */
.globl _start
_start:
    la t0, trapped
    csrw stvec, t0
    la sp, stack_end
    call shim_main

.text

/* Each vCPU decides for itself which interrupts the host may send it: the others come here once, and are stopped again. */
.globl other_vcpu
other_vcpu:
    li a7, COVG
    li a6, COVG_ALLOW_EXTERNAL_INTERRUPT
    li a0, -1
    ecall
    li a7, HSM
    li a6, HSM_STOP
    ecall
1:  j 1b

/* a0: vCPU, a1: device tree, a2: the kernel. It finds what SBI promises: translation and interrupts off. */
.globl start_kernel
start_kernel:
    fence.i
    csrw stvec, zero
    jr a2

.balign 4
trapped:
    csrr a0, scause
    csrr a1, sepc
    csrr a2, stval
    call shim_trapped

.bss
.balign 16
    .skip 8192
stack_end:
