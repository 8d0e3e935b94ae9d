/*
 * The victim: a guest without an operating system, confidential or plain. It makes its secret, keeps it in memory and in registers, and does what its host
 * tells it in answer to calls of the debug console. It runs at VICTIM_BASE; everything is relative to where it runs.
 */
#include "victim.h"

.macro for_each_register operation
    .irp n, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6
    \operation \n
    .endr
.endm

.section .victim, "ax"
.balign 4096
.globl victim_image
victim_image:
    lla s0, victim_image + VICTIM_SECRET
    li t0, SECRET_HALF
    li t1, SECRET_OTHER_HALF
    xor t0, t0, t1
    sd t0, 0(s0)
    .macro take register
    mv \register, t0
    .endm
    for_each_register take
    csrw sscratch, t0
    li t1, 1 << 13 /* sstatus.FS: Initial */
    csrs sstatus, t1
    .option push
    .option arch, +f, +d
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fmv.d.x f\n, t0
    .endr
    .option pop
    lla t0, trapped
    csrw stvec, t0
    li a0, 0
    li a1, 0

answer:
    li a6, 2
    li a7, 0x4442434E /* DBCN, write a byte: the host answers */
    ecall
    srli t1, a0, 8
    andi t0, a0, 0xFF
    slli t0, t0, 2
    lla t2, commands
    add t2, t2, t0
    li a0, 0
    jr t2

.balign 4
trapped:
    csrr a0, scause
    csrr a1, stval
    j answer

.option push
.option norvc
.balign 4
commands:
    j answer
    j load
    j store
    j jump
    j covg
    j pending
    j check
    j spin
    j evidence
    j publish
    j covh
    j call
    j poke
    j peek
    j messages
.option pop

load:
    ld a1, (a1)
    j answer
store:
    li t0, FOREIGN
    sd t0, (a1)
    j answer
jump:
    jalr a1
    j answer
covg:
    li a7, 0x434F5647
1:  mv a0, a1
    li a1, VICTIM_SHARED_SIZE
    mv a6, t1
    ecall
    j answer
covh:
    li a7, 0x434F5648
    j 1b
call:
    mv t0, a1
    ld a0, 0(t0)
    ld a1, 8(t0)
    ld a2, 16(t0)
    ld a3, 24(t0)
    ld a4, 32(t0)
    ld a6, 40(t0)
    li a7, 0x434F5647
    ecall
    j answer
poke:
    ld t0, 0(a1)
    ld t1, 8(a1)
    sw t1, (t0)
    j answer
peek:
    lwu a1, (a1)
    j answer
messages:
    li t0, 0x80
    csrw 0x150, t0 /* siselect: eip0 */
    csrr a1, 0x151
    j answer
pending:
    csrr a1, sip
    j answer
check:
    li t0, SECRET_HALF
    li t1, SECRET_OTHER_HALF
    xor t0, t0, t1
    ld t1, 0(s0)
    xor a1, t0, t1
    csrr t1, sscratch
    xor t1, t1, t0
    or a1, a1, t1
    .macro compare register
    xor t1, \register, t0
    or a1, a1, t1
    .endm
    for_each_register compare
    snez a1, a1
    j answer
spin:
    li t0, FOREIGN
3:  sd t0, 8(a1)
    ld t1, (a1)
    j 3b
evidence:
    lla a0, victim_image + VICTIM_KEY
    lla a1, victim_key_end
    lla t0, victim_key
    sub a1, a1, t0
    lla a2, victim_image + VICTIM_CHALLENGE
    li a3, 1
    lla a4, victim_image + VICTIM_CERTIFICATE
    li a5, 0x2000
    li a6, 8
    li a7, 0x434F5647
    ecall
    j answer
publish:
    lla t0, victim_image + VICTIM_CERTIFICATE
    li t1, 0x2000
2:  ld t2, 0(t0)
    sd t2, 0(a1)
    addi t0, t0, 8
    addi a1, a1, 8
    addi t1, t1, -8
    bnez t1, 2b
    j answer

/* Code that anyone may execute who can. */
.globl victim_return
.balign 4
victim_return:
    ret

/* The base point of P-384: a public key whose private half everybody knows. Nothing is encrypted to it. */
.balign 4096
victim_key:
    .byte 0xA4, 0x01, 0x02, 0x20, 0x02, 0x21, 0x58, 0x30
    .byte 0xAA, 0x87, 0xCA, 0x22, 0xBE, 0x8B, 0x05, 0x37, 0x8E, 0xB1, 0xC7, 0x1E, 0xF3, 0x20, 0xAD, 0x74, 0x6E, 0x1D, 0x3B, 0x62, 0x8B, 0xA7, 0x9B, 0x98
    .byte 0x59, 0xF7, 0x41, 0xE0, 0x82, 0x54, 0x2A, 0x38, 0x55, 0x02, 0xF2, 0x5D, 0xBF, 0x55, 0x29, 0x6C, 0x3A, 0x54, 0x5E, 0x38, 0x72, 0x76, 0x0A, 0xB7
    .byte 0x22, 0x58, 0x30
    .byte 0x36, 0x17, 0xDE, 0x4A, 0x96, 0x26, 0x2C, 0x6F, 0x5D, 0x9E, 0x98, 0xBF, 0x92, 0x92, 0xDC, 0x29, 0xF8, 0xF4, 0x1D, 0xBD, 0x28, 0x9A, 0x14, 0x7C
    .byte 0xE9, 0xDA, 0x31, 0x13, 0xB5, 0xF0, 0xB8, 0xC0, 0x0A, 0x60, 0xB1, 0xCE, 0x1D, 0x7E, 0x81, 0x9D, 0x7A, 0x43, 0x1D, 0x7C, 0x90, 0xEA, 0x0E, 0x5F
victim_key_end:
.balign 4096
