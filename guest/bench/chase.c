/* Memory latency, and the TLB's reach: one iteration is 1024 steps along a random cycle through 64 MiB,
 * each to another cache line, nearly always to another page. */
#include "bench.h"

enum { LINE = 64, STEPS = 1024 };
static const uint32_t count = (64 << 20) / LINE;

struct node
{
    struct node *next;
    uint8_t rest[LINE - sizeof(struct node *)];
};

static struct node *at;

/* One cycle through all nodes in random order (Sattolo). */
static void link_nodes(void)
{
    struct node *nodes = aligned_alloc(LINE, (size_t)count * LINE);
    uint32_t *order = malloc(count * sizeof *order);
    if (nodes == NULL || order == NULL)
        bench_fail("malloc");
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    uint64_t random = 1;
    for (uint32_t i = count - 1; i > 0; i--)
    {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        uint32_t j = (uint32_t)((random >> 33) % i);
        uint32_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (uint32_t i = 0; i < count; i++)
        nodes[order[i]].next = &nodes[order[(i + 1) % count]];
    free(order);
    at = nodes;
}

static void work(uint64_t iterations)
{
    struct node *node = at;
    for (uint64_t i = 0; i < iterations; i++)
        for (int n = 0; n < STEPS; n++)
            node = node->next;
    at = node;
    bench_sink += (uint64_t)(uintptr_t)node;
}

int main(int argc, char **argv)
{
    link_nodes();
    return bench_main("chase", work, argc, argv);
}
