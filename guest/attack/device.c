/* A device that the host has write where it cannot write itself. */
#include "attacks.h"
#include "riscv.h"

#define VIRTIO_BASE 0x10001000ul /* the first slot: there are no drives and no network */
#define ENTROPY 4
#define QUEUE 2
#define NEEDS_RESET 64

static volatile u32 *const device = (volatile u32 *)VIRTIO_BASE;

static struct
{
    struct { u64 address; u32 length; u16 flags, next; } descriptors[QUEUE];
    u8 space[2048 - 16 * QUEUE];
    volatile struct { u16 flags, index, ring[QUEUE]; } available;
    u8 more[1024 - 8];
    volatile struct { u16 flags, index; struct { u32 id, length; } ring[QUEUE]; } used;
} ring __attribute__((aligned(4096)));

static void start(void)
{
    device[0x70 / 4] = 0;
    memset(&ring, 0, sizeof ring);
    device[0x70 / 4] = 3; /* ACKNOWLEDGE, DRIVER */
    device[0x24 / 4] = 1;
    device[0x20 / 4] = 1; /* VIRTIO_F_VERSION_1 */
    device[0x70 / 4] = 11; /* FEATURES_OK */
    device[0x30 / 4] = 0;
    device[0x38 / 4] = QUEUE;
    device[0x80 / 4] = (u32)(u64)ring.descriptors;
    device[0x84 / 4] = 0;
    device[0x90 / 4] = (u32)(u64)&ring.available;
    device[0x94 / 4] = 0;
    device[0xA0 / 4] = (u32)(u64)&ring.used;
    device[0xA4 / 4] = 0;
    device[0x44 / 4] = 1;
    device[0x70 / 4] = 15; /* DRIVER_OK */
}

/* Returns whether the device wrote. */
static bool write(u64 address)
{
    start();
    ring.descriptors[0].address = address;
    ring.descriptors[0].length = 64;
    ring.descriptors[0].flags = 2;
    fence();
    ring.available.index = 1;
    fence();
    device[0x50 / 4] = 0;
    while (ring.used.index == 0)
        if ((device[0x70 / 4] & NEEDS_RESET) != 0)
            return false;
    return true;
}

void device_dma(struct trial *trial)
{
    struct victim *victim = trial->victim;
    u64 targets[] = { victim_secret(victim), victim_address(victim, AT_ROOT), victim_address(victim, AT_VCPU), victim_address(victim, AT_TABLES) };
    if (device[2] != ENTROPY)
        give_up("there is no entropy device");
    if (!write((u64)host_pages(1, PAGE_SIZE)))
        give_up("the entropy device does not work");
    for (unsigned i = 0; i < (trial->is_confidential ? COUNT_OF(targets) : 1); i++)
        attempt(trial, write(targets[i]), REFUSED_DMA, "a device's write");
    device[0x70 / 4] = 0;
    if (!victim_is_intact(victim))
        succeeded(trial, "the victim's memory is changed");
}
