/* Device interfaces (CoVE-IO) that the host has bound to the virtual machine: checked against the launch list, and started. */
#ifndef SHIM_INTERFACES_H
#define SHIM_INTERFACES_H

#include "launch.h"

enum { SCRATCH_SIZE = 64 * KIB };

/*
 * Accepts a function: the link to its device is encrypted, the device is the one in the list and measures of itself what is there, its memory is mapped
 * where the list says, it runs. The scratch memory is private. Returns NULL, or why not.
 */
const char *interface_accept(const struct launch_function *function, u8 *scratch);

#endif
