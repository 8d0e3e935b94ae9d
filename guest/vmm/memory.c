#include "memory.h"

#include "lock.h"
#include "print.h"

enum
{
    PAGES_PER_BLOCK = LARGE_PAGE_SIZE / PAGE_SIZE,
    WORDS_PER_BLOCK = PAGES_PER_BLOCK / 64,
};

#define NO_BLOCK (~0u)

/* A block is free, in use as a whole (no page free), or partly free; the first and the last are each in a list. */
struct block
{
    u64 free[WORDS_PER_BLOCK]; /* a bit for each page */
    u32 free_count;
    u32 next;
    u32 previous;
};

static struct lock memory_lock;
static u64 first_address;
static struct block *blocks;
static u32 free_list = NO_BLOCK;
static u32 partial_list = NO_BLOCK;
static u64 free_pages;

static u32 *list_of(const struct block *block)
{
    return block->free_count == PAGES_PER_BLOCK ? &free_list : block->free_count != 0 ? &partial_list : NULL;
}

static void insert(u32 index)
{
    struct block *block = &blocks[index];
    u32 *list = list_of(block);
    if (list == NULL)
        return;
    block->previous = NO_BLOCK;
    block->next = *list;
    if (*list != NO_BLOCK)
        blocks[*list].previous = index;
    *list = index;
}

static void remove(u32 index)
{
    struct block *block = &blocks[index];
    u32 *list = list_of(block);
    if (list == NULL)
        return;
    if (block->previous == NO_BLOCK)
        *list = block->next;
    else
        blocks[block->previous].next = block->next;
    if (block->next != NO_BLOCK)
        blocks[block->next].previous = block->previous;
}

static u64 mask_of(unsigned order)
{
    return order == 6 ? ~0ul : BIT(1u << order) - 1;
}

/* Marks an aligned run of pages of a block free or used. */
static void mark(u32 index, unsigned page, unsigned order, bool is_free)
{
    struct block *block = &blocks[index];
    remove(index);
    if (order == LARGE_PAGE_ORDER)
        memset(block->free, is_free ? 0xFF : 0, sizeof block->free);
    else if (is_free)
        block->free[page / 64] |= mask_of(order) << page % 64;
    else
        block->free[page / 64] &= ~(mask_of(order) << page % 64);
    u32 count = 1u << order;
    block->free_count += is_free ? count : -count;
    free_pages += is_free ? count : -(u64)count;
    insert(index);
}

static int find_run(const struct block *block, unsigned order)
{
    u64 mask = mask_of(order);
    for (unsigned page = 0; page < PAGES_PER_BLOCK; page += 1u << order)
        if ((block->free[page / 64] >> page % 64 & mask) == mask)
            return (int)page;
    return -1;
}

void *memory_allocate(unsigned order)
{
    lock_acquire(&memory_lock);
    u32 index = order == LARGE_PAGE_ORDER ? free_list : partial_list;
    int page = 0;
    if (order != LARGE_PAGE_ORDER)
    {
        while (index != NO_BLOCK && (page = find_run(&blocks[index], order)) < 0)
            index = blocks[index].next;
        if (index == NO_BLOCK)
        {
            index = free_list;
            page = 0;
        }
    }
    void *at = NULL;
    if (index != NO_BLOCK)
    {
        mark(index, (unsigned)page, order, false);
        at = (void *)(first_address + index * LARGE_PAGE_SIZE + (u64)page * PAGE_SIZE);
    }
    lock_release(&memory_lock);
    return at;
}

void memory_free(void *at, unsigned order)
{
    u64 offset = (u64)at - first_address;
    lock_acquire(&memory_lock);
    mark((u32)(offset / LARGE_PAGE_SIZE), offset % LARGE_PAGE_SIZE / PAGE_SIZE, order, true);
    lock_release(&memory_lock);
}

static bool is_reserved(u64 start, u64 size, const struct range *reserved, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (start + size > reserved[i].start && start < reserved[i].start + reserved[i].size)
            return true;
    return false;
}

void memory_start(struct range memory, const struct range *reserved, unsigned reserved_count)
{
    first_address = align_down(memory.start, LARGE_PAGE_SIZE);
    u64 end = memory.start + memory.size;
    u32 block_count = (u32)(align_up(end - first_address, LARGE_PAGE_SIZE) / LARGE_PAGE_SIZE);

    /* The table of blocks goes where nothing is; it is one more reserved range. */
    struct range all[RESERVED_MAX + 1];
    if (reserved_count > RESERVED_MAX)
        fail("%u ranges of memory are reserved, more than there is room for", reserved_count);
    memcpy(all, reserved, reserved_count * sizeof *reserved);
    struct range table = { memory.start, align_up(block_count * sizeof(struct block), PAGE_SIZE) };
    for (unsigned i = 0; i < reserved_count; i++)
    {
        if (table.start + table.size > reserved[i].start && table.start < reserved[i].start + reserved[i].size)
        {
            table.start = align_up(reserved[i].start + reserved[i].size, PAGE_SIZE);
            i = -1u; /* look at all of them again */
        }
    }
    if (table.start + table.size > end)
        fail("the machine's memory is full before anything runs: give it more with --memory");
    all[reserved_count++] = table;

    blocks = (struct block *)table.start;
    memset(blocks, 0, table.size);
    for (u32 index = 0; index < block_count; index++)
    {
        u64 start = first_address + index * LARGE_PAGE_SIZE;
        if (start >= memory.start && start + LARGE_PAGE_SIZE <= end && !is_reserved(start, LARGE_PAGE_SIZE, all, reserved_count))
        {
            mark(index, 0, LARGE_PAGE_ORDER, true);
            continue;
        }
        for (unsigned page = 0; page < PAGES_PER_BLOCK; page++)
        {
            u64 address = start + page * PAGE_SIZE;
            if (address >= memory.start && address + PAGE_SIZE <= end && !is_reserved(address, PAGE_SIZE, all, reserved_count))
                mark(index, page, 0, true);
        }
    }
}

u64 memory_free_pages(void)
{
    return __atomic_load_n(&free_pages, __ATOMIC_RELAXED);
}
