/*
 * A kernel for a confidential virtual machine that shares and unshares single pages of its memory. What is shared the host can print (DBCN), what is not it
 * cannot; what lies around it stays what it is. It switches itself off, with a failure if something is otherwise.
 */
#define COVG 0x434F5647
#define COVG_SHARE_MEMORY_REGION 2
#define COVG_UNSHARE_MEMORY_REGION 3
#define DBCN 0x4442434E
#define SRST 0x53525354

#define PAGE 0x1000
#define MESSAGE_SIZE 12
#define INSIDE 0x104005000 /* in the midst of 2 MiB */
#define ACROSS 0x105FFF000 /* the end of 2 MiB and the start of the next */

.macro covg function, address, pages
    li a7, COVG
    li a6, \function
    li a0, \address
    li a1, \pages * PAGE
    ecall
    bnez a0, failed
.endm

/* a0 = 0 if the host has printed a line from there. */
.macro print address
    li a7, DBCN
    li a6, 0
    li a0, MESSAGE_SIZE
    li a1, \address
    li a2, 0
    ecall
.endm

.macro write_message address
    li a0, \address
    call copy
.endm

.section .text
begin:
    j start
    .balign 8
    .dword 0x200000 /* text_offset */
    .dword end - begin /* image_size */
    .dword 0, 0, 0
    .ascii "RISCV\0\0\0"
    .ascii "RSC\5"
    .word 0

start:
    /* All of it is there already, as 2 MiB. */
    li t0, INSIDE
    li t1, 0x5A
    sb t1, 0(t0)
    li t2, PAGE
    sub t3, t0, t2
    sb t1, 0(t3)
    covg COVG_SHARE_MEMORY_REGION, INSIDE, 2
    write_message INSIDE
    print INSIDE
    bnez a0, failed
    write_message INSIDE + PAGE
    print INSIDE + PAGE
    bnez a0, failed
    li t0, INSIDE - PAGE
    lbu t1, 0(t0)
    li t2, 0x5A
    bne t1, t2, failed
    print INSIDE - PAGE
    beqz a0, failed

    /* One of the two pages again, which is empty then. */
    covg COVG_UNSHARE_MEMORY_REGION, INSIDE, 1
    li t0, INSIDE
    lbu t1, 0(t0)
    bnez t1, failed
    print INSIDE
    beqz a0, failed
    print INSIDE + PAGE
    bnez a0, failed

    /* Two blocks where nothing is yet. */
    covg COVG_SHARE_MEMORY_REGION, ACROSS, 2
    write_message ACROSS + PAGE
    print ACROSS + PAGE
    bnez a0, failed
    li t0, ACROSS - PAGE
    sb zero, 0(t0)
    print ACROSS - PAGE
    beqz a0, failed
    li a1, 0
    j switch_off
failed:
    li a1, 1
switch_off:
    li a7, SRST
    li a6, 0
    li a0, 0
    ecall

copy:
    la t0, message
    li t1, MESSAGE_SIZE
1:  lbu t2, 0(t0)
    sb t2, 0(a0)
    addi t0, t0, 1
    addi a0, a0, 1
    addi t1, t1, -1
    bnez t1, 1b
    ret

message:
    .ascii "in the open\n"
    .balign 8
end:
