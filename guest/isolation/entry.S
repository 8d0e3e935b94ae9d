/* Ways into the firmware and out of it. */
.section .text.entry, "ax"
.globl _start
_start:
    la sp, stack_end
    la t0, trap_entry
    csrw mtvec, t0
    call main
1:  j 1b

/*
 * unsigned long enter(entry, a0, a1, a2, a3): runs a domain's code in S-mode until it traps; the result is mcause, and what it left in a0 is in
 * domain_result. A domain uses caller-saved registers only, so nothing of the firmware's is lost but sp.
 */
.globl enter
enter:
    csrw mepc, a0
    li t0, 0x1800
    csrc mstatus, t0
    li t0, 0x0800
    csrs mstatus, t0
    csrw mscratch, sp
    la t0, return_address
    sd ra, (t0)
    mv a0, a1
    mv a1, a2
    mv a2, a3
    mv a3, a4
    mret

.balign 4
trap_entry:
    csrr sp, mscratch
    la t0, domain_result
    sd a0, (t0)
    csrr a0, mcause
    la t0, return_address
    ld ra, (t0)
    ret

.bss
.balign 8
return_address: .dword 0
.globl domain_result
domain_result: .dword 0

/* What the domains execute, under whatever isolates them. */
.section .domain, "ax"

/* a0: first region, a1: distance of the next, a2: how many, a3: passes. Eight loads of each region in each pass, a cache line apart. */
.globl domain_stream
.balign 4
domain_stream:
1:  mv t1, a0
    mv t2, a2
2:  ld t3, 0(t1)
    ld t4, 64(t1)
    ld t5, 128(t1)
    ld t6, 192(t1)
    ld t3, 256(t1)
    ld t4, 320(t1)
    ld t5, 384(t1)
    ld t6, 448(t1)
    add t1, t1, a1
    addi t2, t2, -1
    bnez t2, 2b
    addi a3, a3, -1
    bnez a3, 1b
    ecall

/* a0: an address. Its doubleword is the result. */
.globl domain_load
.balign 4
domain_load:
    ld a0, (a0)
    ecall

/* Nothing but the way back. */
.globl domain_yield
.balign 4
domain_yield:
    ecall
