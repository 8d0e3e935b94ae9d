/* A queue of bytes on their way to a virtual machine's console. What finds no room is lost. */
#ifndef VMM_BYTES_H
#define VMM_BYTES_H

#include "types.h"

/* Head and tail wrap around by themselves; an empty queue has them equal. */
struct bytes
{
    u8 content[256];
    u8 head;
    u8 tail;
};

static inline bool bytes_are_empty(const struct bytes *bytes)
{
    return bytes->head == bytes->tail;
}

static inline void bytes_put(struct bytes *bytes, u8 byte)
{
    if ((u8)(bytes->head + 1) != bytes->tail)
        bytes->content[bytes->head++] = byte;
}

/* There must be one. */
static inline u8 bytes_take(struct bytes *bytes)
{
    return bytes->content[bytes->tail++];
}

#endif
