/* The device tree of a virtual machine. */
#ifndef VMM_GUEST_TREE_H
#define VMM_GUEST_TREE_H

#include "vm.h"

#define GUEST_TREE_SIZE (64 * KIB)

/* Writes the tree into a buffer of GUEST_TREE_SIZE bytes; returns its size. */
u32 guest_tree_write(const struct vm *vm, struct range initrd, void *buffer);

#endif
