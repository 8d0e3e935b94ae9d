/* SHA-384 (FIPS 180-4), with the instructions of Zknh. */
#ifndef SHIM_SHA384_H
#define SHIM_SHA384_H

#include "types.h"

enum { SHA384_BLOCK = 128, SHA384_SIZE = 48 };

struct sha384
{
    u64 state[8];
    u64 length; /* bytes so far */
    u8 block[SHA384_BLOCK]; /* what does not fill one yet */
};

void sha384_begin(struct sha384 *hash);
void sha384_add(struct sha384 *hash, const void *bytes, u64 size);
void sha384_end(struct sha384 *hash, u8 digest[SHA384_SIZE]);

#endif
