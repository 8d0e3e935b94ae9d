/*
 * What a confidential virtual machine begins with, between whoever launches it and its shim. Its first 2 MiB hold the shim, the launch list and the
 * device tree, and are measured; kernel and initrd come through the shared window, and have to have the digests in the list.
 */
#ifndef SHIM_LAUNCH_H
#define SHIM_LAUNCH_H

#include "types.h"

#define LAUNCH_BASE 0x100000000ul /* the start of its private memory; shim.lds has it too */
#define LAUNCH_SIZE (2 * MIB)
#define LAUNCH_LIST (LAUNCH_BASE + 64 * KIB)
#define LAUNCH_TREE (LAUNCH_BASE + 128 * KIB)

#define LAUNCH_MAGIC 0x68636E75614C7643ul /* "CvLaunch" */

enum { LAUNCH_KERNEL, LAUNCH_INITRD, LAUNCH_FILES };
enum { LAUNCH_DEVICES_MAX = 24, LAUNCH_FUNCTIONS_MAX = 4, LAUNCH_RANGES_MAX = 6, LAUNCH_DIGEST_SIZE = 48 };

struct launch_file
{
    struct range place; /* where the shim puts it; empty if there is none */
    u8 sha384[LAUNCH_DIGEST_SIZE];
};

/* A part of a function's memory: where the virtual machine is to see it, and where it is in the machine. */
struct launch_range
{
    struct range guest; /* size 0: there is none */
    u64 machine;
};

/* A device interface (CoVE-IO) that is the virtual machine's own, and what has to be known of it before it is trusted. */
struct launch_function
{
    u64 id; /* device_if_id */
    u8 certificates_sha384[LAUNCH_DIGEST_SIZE]; /* of its device's certificate chain, as SPDM has it */
    u8 measurements_sha384[LAUNCH_DIGEST_SIZE]; /* of the record of all its measurements */
    struct launch_range ranges[LAUNCH_RANGES_MAX];
    u64 is_optional; /* it may be left out, if it is not trusted */
};

struct launch_list
{
    u64 magic;
    u64 vcpus;
    u64 entry; /* of the kernel */
    struct range window; /* memory to be shared with the host */
    struct launch_file files[LAUNCH_FILES];
    u8 command_line_sha384[LAUNCH_DIGEST_SIZE]; /* of the text in the device tree, without its end; of nothing if there is none */
    u64 device_count;
    struct range devices[LAUNCH_DEVICES_MAX]; /* whole pages that the host emulates */
    u64 loader; /* one of them: the loader's registers */
    struct range memory; /* private */
    u64 function_count;
    struct launch_function functions[LAUNCH_FUNCTIONS_MAX];
};

/* Registers of the loader, a device that copies a part of a file into the window. Each has 64 bits. */
enum
{
    LOADER_FILE = 0x00,
    LOADER_OFFSET = 0x08,
    LOADER_SIZE = 0x10,
    LOADER_ADDRESS = 0x18, /* where to; writing it does it */
    LOADER_REFUSED = 0x28, /* the number in the list of an optional function that is not trusted */
    LOADER_STATUS = 0x20, /* 0 if it was done */
};

#endif
