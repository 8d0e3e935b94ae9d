/* A lock for what several harts change. The VMM runs with interrupts off, so a holder is never interrupted. */
#ifndef VMM_LOCK_H
#define VMM_LOCK_H

#include "types.h"

struct lock
{
    u32 held;
};

/* What a hart does while it waits for another: what others may be waiting for. */
void lock_wait(void);

static inline void lock_acquire(struct lock *lock)
{
    while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
        while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
            lock_wait();
}

static inline void lock_release(struct lock *lock)
{
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

#endif
