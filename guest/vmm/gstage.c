#include "gstage.h"

#include "memory.h"
#include "riscv.h"

#define PTE_V BIT(0)
#define PTE_R BIT(1)
#define PTE_W BIT(2)
#define PTE_X BIT(3)
#define PTE_U BIT(4)
#define PTE_A BIT(6)
#define PTE_D BIT(7)
#define PTE_OWNED BIT(8) /* for software: the page came from memory_allocate */
#define PTE_LEAF (PTE_R | PTE_W | PTE_X)
#define PTE_PPN_SHIFT 10

enum
{
    ROOT_ORDER = 2, /* four pages, 2048 entries */
    ROOT_ENTRIES = 2048,
    ENTRIES = 512,
    TOP_LEVEL = 2,
    LARGE_LEVEL = 1,
};

static u64 address_of(u64 entry)
{
    return entry >> PTE_PPN_SHIFT << 12;
}

static u64 entry_of(u64 address, u64 flags)
{
    return address >> 12 << PTE_PPN_SHIFT | flags | PTE_V;
}

static unsigned index_of(u64 guest, int level)
{
    return guest >> (12 + 9 * level) & (level == TOP_LEVEL ? ROOT_ENTRIES - 1 : ENTRIES - 1);
}

bool gstage_create(struct gstage *tables)
{
    *tables = (struct gstage){ .root = memory_allocate(ROOT_ORDER), .table_pages = 1u << ROOT_ORDER };
    if (tables->root == NULL)
        return false;
    memset(tables->root, 0, ROOT_ENTRIES * sizeof(u64));
    return true;
}

static void free_table(const u64 *table, int level, unsigned entries)
{
    for (unsigned i = 0; i < entries; i++)
    {
        u64 entry = table[i];
        if ((entry & PTE_V) == 0)
            continue;
        void *at = (void *)address_of(entry);
        if ((entry & PTE_LEAF) == 0)
        {
            free_table(at, level - 1, ENTRIES);
            memory_free(at, 0);
        }
        else if ((entry & PTE_OWNED) != 0)
        {
            memory_free(at, level == LARGE_LEVEL ? LARGE_PAGE_ORDER : 0);
        }
    }
}

void gstage_destroy(struct gstage *tables)
{
    free_table(tables->root, TOP_LEVEL, ROOT_ENTRIES);
    memory_free(tables->root, ROOT_ORDER);
    *tables = (struct gstage){ 0 };
}

bool gstage_map(struct gstage *tables, u64 guest, u64 address, u64 size, bool owned)
{
    int target = size == LARGE_PAGE_SIZE ? LARGE_LEVEL : 0;
    u64 *table = tables->root;
    for (int level = TOP_LEVEL; level > target; level--)
    {
        u64 *entry = &table[index_of(guest, level)];
        if ((*entry & PTE_V) == 0)
        {
            u64 *next = memory_allocate(0);
            if (next == NULL)
                return false;
            memset(next, 0, PAGE_SIZE);
            tables->table_pages++;
            fence();
            *entry = entry_of((u64)next, 0);
        }
        table = (u64 *)address_of(*entry);
    }
    fence(); /* another hart may walk: it must not find the entry before the page's content */
    table[index_of(guest, target)] = entry_of(address, PTE_R | PTE_W | PTE_X | PTE_U | PTE_A | PTE_D | (owned ? PTE_OWNED : 0));
    if (owned)
        tables->owned_pages += size / PAGE_SIZE;
    return true;
}

/* The entry that decides about an address, of a large page or a small one or of none. */
static u64 *leaf_of(const struct gstage *tables, u64 guest, u64 *size)
{
    u64 *table = tables->root;
    for (int level = TOP_LEVEL;; level--)
    {
        u64 *entry = &table[index_of(guest, level)];
        *size = PAGE_SIZE << 9 * level;
        if (level == 0 || (*entry & PTE_V) == 0 || (*entry & PTE_LEAF) != 0)
            return entry;
        table = (u64 *)address_of(*entry);
    }
}

/* Maps what a large page maps with small ones. It stays mapped all the time, and to the same. */
static bool divide(struct gstage *tables, u64 *entry)
{
    u64 *table = memory_allocate(0);
    if (table == NULL)
        return false;
    u64 flags = *entry & (BIT(PTE_PPN_SHIFT) - 1);
    for (unsigned i = 0; i < ENTRIES; i++)
        table[i] = entry_of(address_of(*entry) + i * PAGE_SIZE, flags);
    tables->table_pages++;
    fence();
    *entry = entry_of((u64)table, 0);
    return true;
}

void gstage_block(struct gstage *tables, struct range range)
{
    u64 size;
    for (u64 guest = range.start; guest - range.start < range.size; guest = align_down(guest, size) + size)
    {
        u64 *entry = leaf_of(tables, guest, &size);
        if ((*entry & (PTE_V | PTE_OWNED)) != (PTE_V | PTE_OWNED))
            continue;
        if (!range_holds(range, align_down(guest, size), size))
        {
            if (!divide(tables, entry))
                continue;
            entry = leaf_of(tables, guest, &size);
        }
        *entry &= ~PTE_V;
    }
}

u64 gstage_release(struct gstage *tables, struct range range)
{
    u64 released = 0;
    u64 size;
    for (u64 guest = range.start; guest - range.start < range.size; guest = align_down(guest, size) + size)
    {
        u64 *entry = leaf_of(tables, guest, &size);
        if ((*entry & (PTE_V | PTE_OWNED)) != PTE_OWNED)
            continue;
        memory_free((void *)address_of(*entry), size == PAGE_SIZE ? 0 : LARGE_PAGE_ORDER);
        *entry = 0;
        released += size / PAGE_SIZE;
    }
    tables->owned_pages -= released;
    return released;
}

u64 gstage_find(const struct gstage *tables, u64 guest)
{
    const u64 *table = tables->root;
    for (int level = TOP_LEVEL;; level--)
    {
        u64 entry = table[index_of(guest, level)];
        if ((entry & PTE_V) == 0)
            return 0;
        if ((entry & PTE_LEAF) != 0)
            return address_of(entry) + (guest & ((PAGE_SIZE << 9 * level) - 1));
        table = (const u64 *)address_of(entry);
    }
}

bool gstage_holds_table(const struct gstage *tables, u64 guest)
{
    u64 entry = tables->root[index_of(guest, TOP_LEVEL)];
    return (entry & PTE_V) != 0 && (((const u64 *)address_of(entry))[index_of(guest, LARGE_LEVEL)] & PTE_V) != 0;
}

u64 gstage_hgatp(const struct gstage *tables, u64 vmid)
{
    return SATP_MODE_SV39 | vmid << HGATP_VMID_SHIFT | (u64)tables->root >> 12;
}
