#include "fences.h"

#include "covh.h"
#include "hart.h"
#include "lock.h"

/* Fences begun so far. Those of two harts come one after the other. */
static u64 begun;
static struct lock fence_lock;

void fences_complete(void)
{
    lock_acquire(&fence_lock);
    covh_call(COVH_GLOBAL_FENCE, 0, 0, 0, 0, 0, 0);
    u64 number = begun + 1;
    this_hart()->fences = number;
    __atomic_store_n(&begun, number, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < machine.hart_count; i++)
        if (harts[i].started && &harts[i] != this_hart())
            hart_kick(&harts[i]);
    for (unsigned i = 0; i < machine.hart_count; i++)
        while (harts[i].started && __atomic_load_n(&harts[i].fences, __ATOMIC_ACQUIRE) < number)
            lock_wait();
    lock_release(&fence_lock);
}

void fences_pass(void)
{
    struct hart *hart = this_hart();
    u64 number = __atomic_load_n(&begun, __ATOMIC_ACQUIRE);
    if (hart->fences == number)
        return;
    covh_call(COVH_LOCAL_FENCE, 0, 0, 0, 0, 0, 0);
    __atomic_store_n(&hart->fences, number, __ATOMIC_RELEASE);
}
