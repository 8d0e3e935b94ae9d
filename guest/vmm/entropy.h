/* Random bytes, from the seed that the machine's device tree brings. Without a seed, as under --icount, they are always the same. */
#ifndef VMM_ENTROPY_H
#define VMM_ENTROPY_H

#include "types.h"

void entropy_start(void);
void entropy_fill(void *to, size_t size);

#endif
