/*
 * What isolates two domains costs: PMP, Smepmp, a memory protection table, and for devices an IOPMP. The firmware in M-mode gives each domain N regions
 * of a page, page by page in turn, so that no two regions of a domain are one; lets the domains and a device touch them; and moves regions from one to
 * the other. It writes a line of JSON for each N. `covejit compare isolation` compiles, runs and reads it: MECHANISM, REGIONS and ROUNDS are its own.
 */
typedef unsigned long u64;
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

#define PAGE 4096UL
#define ARENA 0x81000000UL
#define NONE 0
#define PMP 1
#define SMEPMP 2
#define MPT 3
#define IOPMP 4

enum { A, B };

static const u64 regions_list[] = { REGIONS };

/* Console and exit: HTIF. */
volatile u64 tohost __attribute__((section(".tohost"), aligned(64)));
volatile u64 fromhost __attribute__((section(".tohost"), aligned(64)));

static int quiet;

static void print(const char *text)
{
    while (!quiet && *text) {
        fromhost = 0;
        tohost = (1UL << 56) | (1UL << 48) | (u8)*text++;
        while (!fromhost)
            ;
    }
}

static void print_number(u64 value)
{
    char digits[21];
    char *p = digits + 20;
    *p = 0;
    do
        *--p = '0' + value % 10;
    while (value /= 10);
    print(p);
}

static void field(const char *name, u64 value)
{
    print(",\"");
    print(name);
    print("\":");
    print_number(value);
}

static void finish(u64 code)
{
    for (;;)
        tohost = (code << 1) | 1;
}

static void check(int ok, const char *what)
{
    if (!ok) {
        quiet = 0;
        print("{\"failure\":\"");
        print(what);
        print("\"}\n");
        finish(1);
    }
}

#define read_csr(name) ({ u64 v_; asm volatile("csrr %0, " #name : "=r"(v_) :: "memory"); v_; })
#define write_csr(name, value) asm volatile("csrw " #name ", %0" :: "r"((u64)(value)) : "memory")

extern u64 domain_result;
extern char domain_code[], firmware_code[];
extern u64 enter(void *entry, u64 a0, u64 a1, u64 a2, u64 a3);
extern char domain_stream[], domain_load[], domain_yield[];

#define ECALL_FROM_S 9
#define LOAD_ACCESS_FAULT 5

/* What a phase took. */
static u64 started_instructions, started_time;
static u64 fences;

static void start(void)
{
    fences = 0;
    started_time = read_csr(time);
    started_instructions = read_csr(minstret);
}

/* Ticks are of 100 ns; everything is told for each of `count` operations, instructions and fences in thousandths. */
static void stop(const char *name, u64 count)
{
    u64 instructions = read_csr(minstret) - started_instructions;
    u64 ticks = read_csr(time) - started_time;
    print(",\"");
    print(name);
    print("\":{\"operations\":");
    print_number(count);
    field("ticks", ticks);
    field("instructions", instructions);
    field("fences", fences);
    print("}");
}

static u64 region(int owner, u64 i)
{
    return ARENA + (2 * i + owner) * PAGE;
}

static void fence_vma(void)
{
    asm volatile("sfence.vma" ::: "memory");
    fences++;
}

/* --- PMP and Smepmp: the entries are those of the domain that runs. --- */

#define PMP_NAPOT 0x18
#define PMP_L 0x80
#define R 1
#define W 2
#define X 4

#define FOR_8(f, a) f(a##0) f(a##1) f(a##2) f(a##3) f(a##4) f(a##5) f(a##6) f(a##7)
#define FOR_10(f, a) FOR_8(f, a) f(a##8) f(a##9)
#define FOR_64(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) FOR_10(f, 1) FOR_10(f, 2) FOR_10(f, 3) FOR_10(f, 4) FOR_10(f, 5) f(60) f(61) f(62) f(63)

static void write_pmpaddr(int entry, u64 value)
{
    switch (entry) {
#define CASE(n) case n: write_csr(pmpaddr##n, value); break;
        FOR_64(CASE)
#undef CASE
    }
}

static u64 read_pmpaddr(int entry)
{
    switch (entry) {
#define CASE(n) case n: return read_csr(pmpaddr##n);
        FOR_64(CASE)
#undef CASE
    }
    return 0;
}

static void write_pmpcfg(int entry, u8 value)
{
    u64 shift = entry % 8 * 8;
    u64 clear = 0xFFUL << shift;
    u64 set = (u64)value << shift;
    switch (entry / 8) {
#define CASE(n, csr) case n: asm volatile("csrc " #csr ", %0; csrs " #csr ", %1" :: "r"(clear), "r"(set) : "memory"); break;
        CASE(0, pmpcfg0) CASE(1, pmpcfg2) CASE(2, pmpcfg4) CASE(3, pmpcfg6) CASE(4, pmpcfg8) CASE(5, pmpcfg10) CASE(6, pmpcfg12) CASE(7, pmpcfg14)
#undef CASE
    }
}

static u64 napot(u64 address, u64 size)
{
    return (address | (size / 2 - 1)) >> 2;
}

static void set_pmp(int entry, u64 address, u64 size, u8 configuration)
{
    write_pmpaddr(entry, napot(address, size));
    write_pmpcfg(entry, configuration | PMP_NAPOT);
}

static int entries; /* of PMP, that there are */

static int pmp_entries(void)
{
    int n = 0;
    for (; n < 64; n++) {
        u64 before = read_pmpaddr(n);
        write_pmpaddr(n, 0x123);
        int exists = read_pmpaddr(n) == 0x123;
        write_pmpaddr(n, before);
        if (!exists)
            break;
    }
    return n;
}

/* Which entries come before the regions. */
static int pmp_fixed;

static void pmp_setup(void)
{
    pmp_fixed = 0;
    if (MECHANISM == SMEPMP) {
        /* The firmware's code: with MML, M-mode executes nothing else. Its data no rule matches, which M-mode may then read and write. */
        asm volatile("csrs 0x747, %0" :: "r"(4UL)); /* mseccfg.RLB */
        set_pmp(pmp_fixed++, (u64)firmware_code, 0x8000, PMP_L | R | X);
        asm volatile("csrs 0x747, %0" :: "r"(1UL)); /* mseccfg.MML */
    }
    set_pmp(pmp_fixed++, (u64)domain_code, PAGE, R | X);
}

static int pmp_used;

/* Gives the hart to a domain: the entries that were the other's are written over. */
static void pmp_switch(int domain, u64 n)
{
    for (u64 i = 0; i < n; i++)
        set_pmp(pmp_fixed + i, region(domain, i), PAGE, R | W);
    for (int i = pmp_fixed + n; i < pmp_used; i++)
        write_pmpcfg(i, 0);
    pmp_used = pmp_fixed + n;
    fence_vma();
}

/* The last region of A, which runs, goes to B, of whose entries nothing is on the hart. */
static void pmp_move(int give, u64 n)
{
    if (give)
        write_pmpcfg(pmp_fixed + n - 1, 0);
    else
        set_pmp(pmp_fixed + n - 1, region(A, n - 1), PAGE, R | W);
    fence_vma();
}

/* --- The memory protection table: Smmpt43, one for each domain. --- */

#define MPT_V 1UL
#define MPT_L 2UL
#define MMPT_SMMPT43 (1UL << 60)
#define RANGE (16 * PAGE) /* what an entry of the last level has */

struct mpt {
    u64 root[512] __attribute__((aligned(4096)));
    u64 middle[512] __attribute__((aligned(4096)));
    u64 last[512] __attribute__((aligned(4096))); /* 32 MiB from the start of RAM on */
};

static struct mpt tables[2];
#define TABLE_PAGES 3

static void mpt_set(int domain, u64 page, u64 permissions)
{
    u64 *entry = &tables[domain].last[page / RANGE % 512];
    u64 shift = 8 + page / PAGE % 16 * 3;
    *entry = (*entry & ~(7UL << shift)) | (permissions << shift) | MPT_L | MPT_V;
}

static u64 mmpt_of(int domain)
{
    return MMPT_SMMPT43 | ((u64)(domain + 1) << 52) | ((u64)tables[domain].root >> 12);
}

static void mpt_fence(int domain)
{
    register u64 sdid asm("t0") = domain + 1;
    asm volatile(".insn r 0x73, 0, 0x19, x0, x0, %0" :: "r"(sdid) : "memory"); /* mfence.pa x0, sdid */
    fences++;
}

/* Returns the entries that are valid, in both tables. */
static u64 mpt_setup(u64 n)
{
    u64 entries = 0;
    for (int domain = A; domain <= B; domain++) {
        struct mpt *table = &tables[domain];
        for (int i = 0; i < 512; i++)
            table->root[i] = table->middle[i] = table->last[i] = 0;
        table->root[ARENA >> 34] = ((u64)table->middle >> 12 << 10) | MPT_V;
        table->middle[(ARENA >> 25) & 511] = ((u64)table->last >> 12 << 10) | MPT_V;
        /* Code and arena lie in the same 32 MiB from 0x80000000 on. */
        table->middle[((u64)domain_code >> 25) & 511] = ((u64)table->last >> 12 << 10) | MPT_V;
        mpt_set(domain, (u64)domain_code, R | X);
        for (u64 i = 0; i < n; i++)
            mpt_set(domain, region(domain, i), R | W);
        for (int i = 0; i < 512; i++)
            entries += (table->root[i] & 1) + (table->middle[i] & 1) + (table->last[i] & 1);
    }
    mpt_fence(A);
    mpt_fence(B);
    return entries;
}

static void mpt_switch(int domain)
{
    write_csr(0x382, mmpt_of(domain)); /* mmpt */
}

/* First nobody has it, then the other. */
static void mpt_move(int from, int to, u64 page)
{
    mpt_set(from, page, 0);
    mpt_fence(from);
    mpt_set(to, page, R | W);
    mpt_fence(to);
}

/* --- The IOPMP, and a device behind it: the VirtIO entropy source, which writes into what it is told. --- */

#define IOPMP_BASE 0x03020000UL
#define io(offset) (*(volatile u32 *)(IOPMP_BASE + (offset)))
#define IOPMP_HWCFG0 0x08
#define IOPMP_HWCFG1 0x0C
#define IOPMP_ERR_INFO 0x64
#define IOPMP_ERR_REQADDR 0x68
#define IOPMP_MDCFG(m) (0x800 + 4 * (m))
#define IOPMP_SRCMD_EN(s) (0x1000 + 32 * (s))
#define RRID 0 /* of the device in the first slot */

static u64 entry_offset;

static void iopmp_set(u64 entry, u64 address, u32 configuration)
{
    u64 base = entry_offset + 16 * entry;
    u64 encoded = napot(address, PAGE);
    io(base + 8) = 0;
    io(base) = encoded;
    io(base + 4) = encoded >> 32;
    io(base + 8) = configuration | PMP_NAPOT;
}

#define VIRTIO 0x10001000UL
#define vio(offset) (*(volatile u32 *)(VIRTIO + (offset)))
#define QUEUE 2

static struct {
    struct { u64 address; u32 length; u16 flags, next; } descriptors[QUEUE];
    u8 space[4096 - 16 * QUEUE - 1024];
    volatile struct { u16 flags, index, ring[QUEUE]; } available;
    u8 more[512 - 8];
    volatile struct { u16 flags, index; struct { u32 id, length; } ring[QUEUE]; } used;
} ring __attribute__((aligned(4096)));

static void device_reset(void)
{
    vio(0x70) = 0;
    ring.available.index = ring.used.index = 0;
    vio(0x70) = 3;      /* ACKNOWLEDGE, DRIVER */
    vio(0x24) = 1;      /* VIRTIO_F_VERSION_1 */
    vio(0x20) = 1;
    vio(0x24) = 0;
    vio(0x20) = 0;
    vio(0x70) = 11;     /* FEATURES_OK */
    vio(0x30) = 0;
    vio(0x38) = QUEUE;
    vio(0x80) = (u64)ring.descriptors;
    vio(0x84) = 0;
    vio(0x90) = (u64)&ring.available;
    vio(0x94) = 0;
    vio(0xa0) = (u64)&ring.used;
    vio(0xa4) = 0;
    vio(0x44) = 1;
    vio(0x70) = 15;     /* DRIVER_OK */
    check((vio(0x70) & 64) == 0, "the device does not start");
}

/* Returns whether the device wrote. */
static int device_write(u64 address)
{
    ring.descriptors[0].address = address;
    ring.descriptors[0].length = 64;
    ring.descriptors[0].flags = 2;
    ring.available.ring[ring.available.index % QUEUE] = 0;
    asm volatile("fence" ::: "memory");
    ring.available.index++;
    asm volatile("fence" ::: "memory");
    vio(0x50) = 0;
    while (ring.used.index != ring.available.index)
        if (vio(0x70) & 64)
            return 0;
    vio(0x64) = 1;
    return 1;
}

static void iopmp_run(u64 n)
{
    u64 entries = io(IOPMP_HWCFG1) >> 16;
    u64 needed = 2 * n + 1;
    int enabled = io(IOPMP_HWCFG0) & 1;
    entry_offset = io(0x2C);
    field("needed", needed);
    field("available", entries);
    if (needed > entries) {
        print(",\"refused\":true");
        return;
    }

    if (!enabled) {
        device_reset();
        for (u64 pass = 0; pass < ROUNDS; pass++)
            device_write(region(A, 0));
        start();
        for (u64 pass = 0; pass < ROUNDS; pass++)
            device_write(region(A, 0));
        stop("unchecked", ROUNDS);
    }

    /* MD 0: the rings; MD 1: A; MD 2: B. The device is A's. */
    io(IOPMP_SRCMD_EN(RRID)) = 0;
    start();
    iopmp_set(0, (u64)&ring, R | W);
    for (u64 i = 0; i < n; i++) {
        iopmp_set(1 + i, region(A, i), R | W);
        iopmp_set(1 + n + i, region(B, i), R | W);
    }
    for (u64 i = needed; i < entries; i++)
        io(entry_offset + 16 * i + 8) = 0;
    io(IOPMP_MDCFG(2)) = 2 * n + 1;
    io(IOPMP_MDCFG(1)) = n + 1;
    io(IOPMP_MDCFG(0)) = 1;
    stop("setup", 1);
    io(IOPMP_SRCMD_EN(RRID)) = 3 << 1;
    io(IOPMP_HWCFG0) = 1;
    device_reset();

    /* It is isolated. */
    check(device_write(region(A, 0)) && device_write(region(A, n - 1)), "the device does not reach its domain's regions");
    io(IOPMP_ERR_INFO) = 1;
    check(!device_write(region(B, 0)), "the device reaches the other domain's region");
    check((io(IOPMP_ERR_INFO) & 0xF7) == 0x55 && io(IOPMP_ERR_REQADDR) == region(B, 0) >> 2, "the violation is not recorded");
    io(IOPMP_ERR_INFO) = 1;
    device_reset();

    u64 passes = (ROUNDS + n - 1) / n;
    start();
    for (u64 pass = 0; pass < passes; pass++)
        for (u64 i = 0; i < n; i++)
            device_write(region(A, i));
    stop("stream", passes * n);

    /* The device goes to B and back. */
    start();
    for (u64 i = 0; i < ROUNDS; i++) {
        io(IOPMP_SRCMD_EN(RRID)) = 1 << 1 | 1 << 3;
        io(IOPMP_SRCMD_EN(RRID)) = 1 << 1 | 1 << 2;
    }
    stop("switch", 2 * ROUNDS);

    /* A's last entry is next to B's first: a region between the two moves with one register. */
    start();
    for (u64 i = 0; i < ROUNDS; i++) {
        io(IOPMP_MDCFG(1)) = n;
        io(IOPMP_MDCFG(1)) = n + 1;
    }
    stop("move", 2 * ROUNDS);
    io(IOPMP_MDCFG(1)) = n;
    check(!device_write(region(A, n - 1)), "the device reaches what was taken from it");
    io(IOPMP_MDCFG(1)) = n + 1;
    device_reset();
    check(device_write(region(A, n - 1)), "the device does not reach what was given back");
}

/* --- Harts. --- */

static void switch_to(int domain, u64 n)
{
    if (MECHANISM == MPT)
        mpt_switch(domain);
    else if (MECHANISM != NONE)
        pmp_switch(domain, n);
}

static void move(int give, u64 n)
{
    if (MECHANISM == MPT)
        mpt_move(give ? A : B, give ? B : A, region(A, n - 1));
    else if (MECHANISM != NONE)
        pmp_move(give, n);
}

static u64 load(u64 address)
{
    return enter(domain_load, address, 0, 0, 0);
}

static void stream(int domain, u64 n, u64 passes)
{
    check(enter(domain_stream, region(domain, 0), 2 * PAGE, n, passes) == ECALL_FROM_S, "a domain does not reach its regions");
}

static void hart_run(u64 n)
{
    if (MECHANISM == PMP || MECHANISM == SMEPMP) {
        u64 needed = pmp_fixed + n;
        field("needed", needed);
        field("available", entries);
        if (needed > (u64)entries) {
            print(",\"refused\":true");
            return;
        }
    } else if (MECHANISM == MPT) {
        start();
        u64 needed = mpt_setup(n);
        stop("setup", 1);
        field("needed", needed);
        field("table_bytes", 2 * TABLE_PAGES * PAGE);
    } else {
        field("needed", 1);
        field("available", entries);
    }

    /* They are isolated, each from the other. */
    for (int domain = A; domain <= B; domain++) {
        switch_to(domain, n);
        for (u64 i = 0; i < n; i++) {
            check(load(region(domain, i)) == ECALL_FROM_S, "a domain does not reach a region of its own");
            if (MECHANISM != NONE)
                check(load(region(!domain, i)) == LOAD_ACCESS_FAULT, "a domain reaches a region of the other");
        }
    }

    /* Loads over all regions, again and again. */
    u64 passes = ROUNDS * 16 / n + 1;
    switch_to(A, n);
    stream(A, n, passes);
    start();
    stream(A, n, passes);
    stop("stream", passes * n * 8);

    /* To the other domain, which gives the hart back at once. */
    start();
    for (u64 i = 0; i < ROUNDS; i++) {
        switch_to(B, n);
        enter(domain_yield, 0, 0, 0, 0);
        switch_to(A, n);
        enter(domain_yield, 0, 0, 0, 0);
    }
    stop("switch", 2 * ROUNDS);

    /* The same, and each touches all of its regions once. */
    u64 rounds = ROUNDS / n + 1;
    start();
    for (u64 i = 0; i < rounds; i++) {
        switch_to(B, n);
        stream(B, n, 1);
        switch_to(A, n);
        stream(A, n, 1);
    }
    stop("switch_and_stream", 2 * rounds);

    if (MECHANISM == NONE)
        return;

    /* A region goes from A, which runs, to B, and comes back. */
    start();
    for (u64 i = 0; i < ROUNDS; i++) {
        move(1, n);
        move(0, n);
    }
    stop("move", 2 * ROUNDS);
    move(1, n);
    check(load(region(A, n - 1)) == LOAD_ACCESS_FAULT, "a domain reaches what was taken from it");
    move(0, n);
    check(load(region(A, n - 1)) == ECALL_FROM_S, "a domain does not reach what was given back");
}

static void run(u64 n)
{
    print("{\"regions\":");
    print_number(n);
    if (MECHANISM == IOPMP)
        iopmp_run(n);
    else
        hart_run(n);
    print("}\n");
}

void main(void)
{
    entries = pmp_entries();
    if (MECHANISM == PMP || MECHANISM == SMEPMP)
        pmp_setup();
    else
        set_pmp(0, 0, 1UL << 54, R | W | X);
    /* Once for nothing: by then the emulator has translated the code. The IOPMP's device is first measured unchecked, which there is no way back to. */
    quiet = MECHANISM != IOPMP;
    if (quiet)
        run(1);
    quiet = 0;
    for (u64 i = 0; i < sizeof regions_list / sizeof regions_list[0]; i++)
        run(regions_list[i]);
    finish(0);
}
