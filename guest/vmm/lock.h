/* A lock for what several harts change. The VMM runs with interrupts off, so a holder is never interrupted. */
#ifndef VMM_LOCK_H
#define VMM_LOCK_H

#include "types.h"

struct lock
{
    u32 held;
};

static inline void lock_acquire(struct lock *lock)
{
    while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
        while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
            __asm__ volatile(".insn 0x0100000f"); /* pause */
}

static inline void lock_release(struct lock *lock)
{
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

#endif
