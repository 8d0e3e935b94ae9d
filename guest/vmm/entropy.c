/* ChaCha20 (RFC 8439) of zeros. */
#include "entropy.h"

#include "fdt.h"
#include "lock.h"
#include "machine.h"

static struct lock entropy_lock;
static u32 state[16] = { 0x61707865, 0x3320646E, 0x79622D32, 0x6B206574 };

void entropy_start(void)
{
    u32 size = 0;
    const u8 *seed = fdt_property(&machine.tree, fdt_child(&machine.tree, machine.tree.root, "chosen"), "rng-seed", &size);
    for (u32 i = 0; i < size; i++)
        ((u8 *)&state[4])[i % 32] ^= seed[i];
}

static u32 rotate(u32 value, unsigned by)
{
    return value << by | value >> (32 - by);
}

static void quarter_round(u32 *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
    x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 7);
}

static void next_block(u32 *block)
{
    memcpy(block, state, sizeof state);
    for (int i = 0; i < 10; i++)
    {
        for (unsigned n = 0; n < 4; n++)
            quarter_round(block, n, 4 + n, 8 + n, 12 + n);
        for (unsigned n = 0; n < 4; n++)
            quarter_round(block, n, 4 + (n + 1) % 4, 8 + (n + 2) % 4, 12 + (n + 3) % 4);
    }
    for (unsigned i = 0; i < 16; i++)
        block[i] += state[i];
    if (++state[12] == 0)
        state[13]++;
}

void entropy_fill(void *to, size_t size)
{
    lock_acquire(&entropy_lock);
    for (size_t done = 0; done < size; done += 64)
    {
        u32 block[16];
        next_block(block);
        memcpy((u8 *)to + done, block, min_u64(size - done, sizeof block));
    }
    lock_release(&entropy_lock);
}
