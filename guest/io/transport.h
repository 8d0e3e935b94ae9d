/* How requests get to what is read and written. */
#ifndef COVEJIT_TRANSPORT_H
#define COVEJIT_TRANSPORT_H

#include <stdint.h>

enum { DEPTH_MOST = 64 };

struct request
{
    int is_write;
    uint8_t *buffer;
    uint64_t offset;
    uint64_t size;
    double begun;
};

/* Whatever goes wrong in one ends the program with a message. */
struct transport
{
    /* Puts a request under way; no more than DEPTH_MOST at a time. */
    void (*submit)(struct request *request);

    /* Waits until one of those under way is done. */
    struct request *(*complete)(void);

    /* Returns when all that was written is where it stays. */
    void (*flush)(void);
};

#endif
