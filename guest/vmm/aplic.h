/* A virtual machine's interrupt controller for wires: an APLIC domain that sends messages to the virtual harts (AIA 1.0, chapter 4). */
#ifndef VMM_APLIC_H
#define VMM_APLIC_H

#include "device.h"

struct vm;

enum { APLIC_SOURCES = 31 };

struct aplic
{
    struct device device;
    struct vm *vm;
    bool enabled;
    u32 configuration[APLIC_SOURCES + 1];
    u32 target[APLIC_SOURCES + 1];
    u32 wires; /* a bit for each source, from 1 on, in these */
    u32 pending;
    u32 enabled_sources;
};

void aplic_reset(struct aplic *aplic, struct vm *vm, struct range range);

/* The level on the wire of a source. */
void aplic_set(struct aplic *aplic, unsigned source, bool level);

#endif
