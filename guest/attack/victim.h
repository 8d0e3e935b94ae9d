/* What the victim is, to itself (victim.S) and to its host: its guest physical addresses, its commands, its secret. */
#ifndef ATTACK_VICTIM_H
#define ATTACK_VICTIM_H

#define VICTIM_BASE 0x40000000
#define VICTIM_KEY 0x1000         /* offsets from there: its public key, a COSE_Key, measured with its code */
#define VICTIM_SECRET 0x2000      /* what it keeps */
#define VICTIM_CHALLENGE 0x3000   /* for its evidence, all zeroes */
#define VICTIM_CERTIFICATE 0x4000 /* its evidence, two pages */
#define VICTIM_PAGES 6
#define VICTIM_SHARED 0x200000    /* two pages that it lets its host see, when told to */
#define VICTIM_SHARED_SIZE 0x2000
#define VICTIM_UNUSED 0x100000    /* a page where it has memory, but none is mapped */
#define VICTIM_SIZE 0x400000
#define VICTIM_DEVICE 0x1000000   /* where it sees the memory of its device, outside its own */
#define VICTIM_BUFFER 0x2800      /* what its device computes goes here, into its page of the secret */

/* It makes it of these when it runs, so that its image does not have it. */
#define SECRET_HALF 0x1D0E5A17C3B2F486
#define SECRET_OTHER_HALF 0x7A3C91E25F6D084B
#define FOREIGN 0x0BADC0DE /* what its host, or it on command, writes */

/* Commands: a0, argument in a1. Bits 15:8 of a0 are a function number. It answers with a0: 0, or the cause of a trap (a1: stval); a1: the value. */
#define COMMAND_NOTHING 0
#define COMMAND_LOAD 1
#define COMMAND_STORE 2
#define COMMAND_JUMP 3     /* the code there has to return */
#define COMMAND_COVG 4     /* a call to the TSM with a1 and VICTIM_SHARED_SIZE as arguments */
#define COMMAND_PENDING 5  /* sip */
#define COMMAND_CHECK 6    /* 0 if secret and registers are what they were */
#define COMMAND_SPIN 7     /* loads from an address without end, and stores behind it */
#define COMMAND_EVIDENCE 8 /* into its certificate's pages; the value is its length */
#define COMMAND_PUBLISH 9  /* copies them to an address */
#define COMMAND_COVH 10    /* a call that is not its to make */
#define COMMAND_CALL 11    /* a call to the TSM: a1 is the address of its five arguments and its function number */
#define COMMAND_POKE 12    /* stores 32 bits: a1 is the address of where to and what */
#define COMMAND_PEEK 13    /* loads 32 bits */
#define COMMAND_MESSAGES 14 /* which of the first messages are pending in its interrupt file */

#endif
