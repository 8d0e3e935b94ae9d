/*
 * A kernel for a confidential virtual machine with two vCPUs, which knows what Debian's does not: how to give memory back (VirtIO 1.2, 5.5, and CoVE's
 * share_memory_region). It shares what it is to give before it tells the balloon; one vCPU does that, the other one works in memory around it meanwhile.
 * It switches itself off, with a failure if anything is otherwise than it has to be.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

__asm__(
    ".section .text\n"
    "    j enter\n"
    "    .balign 8\n"
    "    .dword 0x200000\n" /* text_offset */
    "    .dword _end + 0x8000\n" /* image_size, with the stacks; linked at 0 */
    "    .dword 0, 0, 0\n"
    "    .ascii \"RISCV\\0\\0\\0\", \"RSC\\5\"\n"
    "    .word 0\n"
    "enter:\n"
    "    la sp, _end + 0x4000\n"
    "    j balloon\n"
    "enter_second:\n"
    "    la sp, _end + 0x8000\n"
    "    j second\n");

extern char enter_second[];

enum { COVG = 0x434F5647, SHARE = 2, UNSHARE = 3, DBCN = 0x4442434E, SRST = 0x53525354, HSM = 0x48534D };

#define PAGE 0x1000ul
#define BLOCK 0x200000ul
#define WINDOW 0x80100000ul /* shared: rings and buffers */
#define GIVEN 0x102000000ul /* what is given away: nine blocks, the last page by page */
#define BLOCKS 8ul
#define SIZE ((BLOCKS + 1) * BLOCK)
#define KEPT (GIVEN + SIZE)
#define KEPT_SIZE (2 * BLOCK)
#define TICKS_PER_SECOND 10000000ul /* near enough for waiting */

static volatile u32 errors, rounds, stop;

static long call(u64 extension, u64 function, u64 x, u64 y, u64 z)
{
    register u64 a0 __asm__("a0") = x;
    register u64 a1 __asm__("a1") = y;
    register u64 a2 __asm__("a2") = z;
    register u64 a6 __asm__("a6") = function;
    register u64 a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
    return (long)a0;
}

static void say(const char *text)
{
    volatile char *to = (volatile char *)WINDOW;
    u64 length = 0;
    for (; text[length] != 0; length++)
        to[length] = text[length];
    to[length++] = '\n';
    call(DBCN, 0, length, WINDOW, 0);
}

static void check(int good, const char *what)
{
    if (good)
        return;
    say(what);
    call(SRST, 0, 0, 1, 0);
}

static void fill(u64 from, u64 size, u64 seed)
{
    for (u64 at = from; at < from + size; at += 512)
        *(volatile u64 *)at = at ^ seed;
}

static int holds(u64 from, u64 size, u64 seed)
{
    for (u64 at = from; at < from + size; at += 512)
        if (*(volatile u64 *)at != (seed == 0 ? 0 : at ^ seed))
            return 0;
    return 1;
}

/* The other vCPU: its own memory, in the blocks behind and in the page before what is given away, is always what it has just written. */
void second(void)
{
    for (u64 seed = 1; !stop; seed++, rounds++)
    {
        fill(KEPT, KEPT_SIZE, seed);
        fill(GIVEN - PAGE, PAGE, seed);
        if (!holds(KEPT, KEPT_SIZE, seed) || !holds(GIVEN - PAGE, PAGE, seed))
            errors++;
    }
    call(HSM, 1, 0, 0, 0);
}

/* The device. */
enum { MAGIC = 0, ID = 8, DEVICE_FEATURES_SELECT = 0x14, DRIVER_FEATURES = 0x20, DRIVER_FEATURES_SELECT = 0x24, QUEUE_SELECT = 0x30, QUEUE_SIZE = 0x38 };
enum { QUEUE_READY = 0x44, QUEUE_NOTIFY = 0x50, STATUS = 0x70, DESCRIPTORS = 0x80, AVAILABLE = 0x90, USED = 0xA0, TARGET = 0x100, ACTUAL = 0x104 };
enum { INFLATE, DEFLATE, QUEUES };

static u64 device;
static u16 sent[QUEUES];

static u32 get(u64 offset)
{
    return *(volatile u32 *)(device + offset);
}

static void put(u64 offset, u32 value)
{
    *(volatile u32 *)(device + offset) = value;
}

static u64 ring(u32 queue)
{
    return WINDOW + PAGE + queue * PAGE; /* descriptors, at 0x400 the available ring, at 0x800 the used one */
}

static void find_device(void)
{
    for (device = 0x10001000; get(MAGIC) != 0x74726976 || get(ID) != 5; device += PAGE)
        check(device < 0x10008000, "balloon: there is no such device");
}

static int negotiate(u32 high)
{
    put(STATUS, 0);
    put(STATUS, 3);
    put(DRIVER_FEATURES_SELECT, 0);
    put(DRIVER_FEATURES, 0);
    put(DRIVER_FEATURES_SELECT, 1);
    put(DRIVER_FEATURES, high);
    put(STATUS, 11);
    return (get(STATUS) & 8) != 0;
}

static void start_device(void)
{
    check(!negotiate(1), "balloon: the device takes a driver without ACCESS_PLATFORM");
    check(negotiate(3), "balloon: the device does not take its driver");
    for (u32 queue = 0; queue < QUEUES; queue++)
    {
        put(QUEUE_SELECT, queue);
        put(QUEUE_SIZE, 8);
        put(DESCRIPTORS, (u32)ring(queue));
        put(AVAILABLE, (u32)ring(queue) + 0x400);
        put(USED, (u32)ring(queue) + 0x800);
        put(QUEUE_READY, 1);
    }
    put(STATUS, 15);
}

/* Tells the device of pages that follow each other, at most a block of them. */
static void tell(u32 queue, u64 from, u64 size)
{
    volatile u32 *frames = (volatile u32 *)(WINDOW + 4 * PAGE);
    volatile u64 *descriptor = (volatile u64 *)ring(queue);
    volatile u16 *available = (volatile u16 *)(ring(queue) + 0x400);
    volatile u16 *used = (volatile u16 *)(ring(queue) + 0x800);
    for (u64 i = 0; i < size / PAGE; i++)
        frames[i] = (u32)(from / PAGE + i);
    descriptor[0] = (u64)frames;
    descriptor[1] = size / PAGE * 4;
    available[2 + sent[queue] % 8] = 0;
    __asm__ volatile("fence" ::: "memory");
    available[1] = ++sent[queue];
    __asm__ volatile("fence" ::: "memory");
    put(QUEUE_NOTIFY, queue);
    check(used[1] == sent[queue], "balloon: the device does not take pages");
}

static void wait_for_target(u32 pages)
{
    while (get(TARGET) != pages)
    {
        u64 start, time;
        __asm__ volatile("rdtime %0" : "=r"(start));
        do
            __asm__ volatile("rdtime %0" : "=r"(time));
        while (time - start < TICKS_PER_SECOND / 100);
    }
}

void balloon(void)
{
    find_device();
    start_device();
    fill(GIVEN, SIZE, 77);
    check(call(HSM, 0, 1, (u64)enter_second, 0) == 0, "balloon: the other vCPU does not start");
    while (rounds == 0)
        ;
    wait_for_target(SIZE / PAGE);

    /* A page that the TVM has not shared the host cannot take, whatever the balloon is told. */
    tell(INFLATE, GIVEN, BLOCK);
    check(holds(GIVEN, SIZE, 77), "balloon: private memory was taken");

    for (u64 i = 0; i < BLOCKS; i++)
    {
        check(call(COVG, SHARE, GIVEN + i * BLOCK, BLOCK, 0) == 0, "balloon: a block is not shared");
        tell(INFLATE, GIVEN + i * BLOCK, BLOCK);
    }
    for (u64 at = GIVEN + BLOCKS * BLOCK; at < GIVEN + SIZE; at += PAGE)
    {
        check(holds(at, PAGE, 77), "balloon: a page that was not given away is gone");
        check(call(COVG, SHARE, at, PAGE, 0) == 0, "balloon: a page is not shared");
    }
    tell(INFLATE, GIVEN + BLOCKS * BLOCK, BLOCK);

    /* What is touched is there again, and can be given away again. */
    u64 touched = GIVEN + BLOCKS * BLOCK + 5 * PAGE;
    check(holds(touched, PAGE, 0), "balloon: a page that was given away has something in it");
    fill(touched, PAGE, 78);
    check(holds(touched, PAGE, 78), "balloon: shared memory is none");
    tell(INFLATE, touched, PAGE);
    check(holds(touched, PAGE, 0), "balloon: a page that was given away twice has something in it");
    tell(INFLATE, touched, PAGE);
    put(ACTUAL, SIZE / PAGE);

    wait_for_target(0);
    check(call(COVG, UNSHARE, GIVEN, SIZE, 0) == 0, "balloon: memory does not become private again");
    for (u64 i = 0; i <= BLOCKS; i++)
        tell(DEFLATE, GIVEN + i * BLOCK, BLOCK);
    put(ACTUAL, 0);
    check(holds(GIVEN, SIZE, 0), "balloon: what comes back is not zero");
    fill(GIVEN, SIZE, 79);
    check(holds(GIVEN, SIZE, 79), "balloon: what came back is no memory");

    u32 before = rounds;
    while (rounds == before)
        ;
    stop = 1;
    check(errors == 0, "balloon: the other vCPU has lost memory");
    say("balloon: given and taken back");
    call(SRST, 0, 0, 0, 0);
}
