/* A virtual machine's interrupt controller for wires: an APLIC domain (AIA 1.0, chapter 4). */
#ifndef VMM_APLIC_H
#define VMM_APLIC_H

#include "device.h"
#include "machine.h"

struct vm;

enum { APLIC_SOURCES = 31 };

struct aplic
{
    struct device device;
    struct vm *vm;
    bool is_direct; /* delivers to the virtual harts' external interrupt, otherwise by messages */
    bool enabled;
    u32 configuration[APLIC_SOURCES + 1];
    u32 target[APLIC_SOURCES + 1];
    u32 wires; /* a bit for each source, from 1 on, in these */
    u32 pending;
    u32 enabled_sources;
    struct
    {
        bool is_delivering; /* idelivery */
        bool is_forced; /* iforce */
        u32 threshold; /* ithreshold */
    } targets[VCPUS_MAX]; /* of direct delivery: a structure (IDC) for each virtual hart */
    u32 asserted; /* whose external interrupt is pending; atomic */
};

void aplic_reset(struct aplic *aplic, struct vm *vm, struct range range, bool is_direct);

/* The virtual harts, a bit for each, whose external interrupt direct delivery has made pending. Needs no lock. */
static inline u32 aplic_asserted(const struct aplic *aplic)
{
    return __atomic_load_n(&aplic->asserted, __ATOMIC_ACQUIRE);
}

/* The level on the wire of a source. */
void aplic_set(struct aplic *aplic, unsigned source, bool level);

#endif
