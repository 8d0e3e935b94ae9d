/*
 * A driver of the matrix engine (docs/matrix-engine.md) in user space, and the same work without it:
 *
 *     matrix engine|processor SEED SECONDS SIZE...
 *
 * For each SIZE square matrices of 32-bit integers are multiplied, whose rows are as many as fit into so many bytes, again and again for SECONDS; lines
 * frame it as in measure.h, as phase multiply_SIZE. The engine is found and enabled by sysfs; its registers are mapped, the matrices lie in huge pages,
 * each contiguous and staying where it is, and /proc/self/pagemap has their addresses. Before each product what is looked at after it, the first number
 * of each row of C, is destroyed; after the time all of C is compared with this program's own product, and a digest printed.
 */
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "measure.h"

enum
{
    HUGE_PAGE = 2 << 20,
    ADDRESS_BITS = 55, /* of an entry of pagemap */
    COMMAND = 4, /* of configuration space */
    BUS_MASTER = 4,
    BAR_SIZE = 0x1000,
    POLLS = 64, /* before it sleeps between them */
    PAUSE_NANOSECONDS = 20000,
    INTEGERS = 1,
};

enum matrix_register
{
    ID = 0x00, CONTROL = 0x10, STATUS = 0x14, ERROR = 0x1C, ADDRESS_A = 0x20, ROWS_M = 0x38, FORMAT = 0x44, STRIDE_A = 0x48,
};

static const uint32_t identity = 0x584D4A43;
static volatile uint8_t *registers; /* NULL: the processor does it */

struct product
{
    uint32_t *a, *b, *c;
    uint32_t n;
};

static void die(const char *what)
{
    fprintf(stderr, "matrix: %s\n", what);
    exit(1);
}

static uint32_t get(unsigned at)
{
    return *(volatile uint32_t *)(registers + at);
}

static void put(unsigned at, uint32_t value)
{
    *(volatile uint32_t *)(registers + at) = value;
}

static int open_in(const char *directory, const char *name, int flags)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int file = open(path, flags);
    if (file < 0)
        bench_fail(path);
    return file;
}

static int has_text(const char *directory, const char *name, const char *text)
{
    char found[16] = "";
    int file = open_in(directory, name, O_RDONLY);
    ssize_t length = read(file, found, sizeof found - 1);
    close(file);
    return length > 0 && strncmp(found, text, strlen(text)) == 0;
}

static void find_engine(void)
{
    glob_t functions;
    if (glob("/sys/bus/pci/devices/*", 0, NULL, &functions) == 0)
    {
        for (size_t i = 0; i < functions.gl_pathc; i++)
        {
            const char *function = functions.gl_pathv[i];
            if (!has_text(function, "vendor", "0x434a") || !has_text(function, "device", "0x0020"))
                continue;
            if (write(open_in(function, "enable", O_WRONLY), "1", 1) != 1)
                bench_fail("enable");
            int configuration = open_in(function, "config", O_RDWR);
            uint16_t command;
            if (pread(configuration, &command, sizeof command, COMMAND) != sizeof command)
                bench_fail("config");
            command |= BUS_MASTER;
            if (pwrite(configuration, &command, sizeof command, COMMAND) != sizeof command)
                bench_fail("config");
            registers = mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, open_in(function, "resource0", O_RDWR), 0);
            if (registers == MAP_FAILED)
                bench_fail("resource0");
            if (get(ID) != identity)
                die("the function does not answer as a matrix engine");
            return;
        }
    }
    die("there is no matrix engine");
}

static void *allocate_huge(void)
{
    void *at = mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_HUGETLB | MAP_LOCKED, -1, 0);
    if (at == MAP_FAILED)
        bench_fail("a huge page");
    return at;
}

static uint64_t address_of(const void *at)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t entry;
    int map = open("/proc/self/pagemap", O_RDONLY);
    if (map < 0 || pread(map, &entry, sizeof entry, (off_t)((uintptr_t)at / page * sizeof entry)) != sizeof entry)
        bench_fail("/proc/self/pagemap");
    close(map);
    uint64_t frame = entry & ((UINT64_C(1) << ADDRESS_BITS) - 1);
    if (entry >> 63 == 0 || frame == 0)
        die("pagemap does not say where a page is");
    return frame * page + (uintptr_t)at % page;
}

static void multiply_here(const struct product *p, uint32_t *c)
{
    memset(c, 0, (size_t)p->n * p->n * sizeof *c);
    for (uint32_t i = 0; i < p->n; i++)
        for (uint32_t k = 0; k < p->n; k++)
        {
            uint32_t factor = p->a[i * p->n + k];
            for (uint32_t j = 0; j < p->n; j++)
                c[i * p->n + j] += factor * p->b[k * p->n + j];
        }
}

static void set_up(const struct product *p)
{
    const void *matrices[] = { p->a, p->b, p->c };
    for (unsigned i = 0; i < 3; i++)
    {
        uint64_t address = address_of(matrices[i]);
        put(ADDRESS_A + 8 * i, (uint32_t)address);
        put(ADDRESS_A + 8 * i + 4, (uint32_t)(address >> 32));
        put(ROWS_M + 4 * i, p->n);
        put(STRIDE_A + 4 * i, p->n * sizeof(uint32_t));
    }
    put(FORMAT, INTEGERS);
}

static void multiply_there(void)
{
    put(STATUS, 6); /* DONE and ERROR of before */
    __asm__ volatile("fence iorw, iorw" ::: "memory");
    put(CONTROL, 1);
    for (unsigned polls = 0; get(STATUS) & 1; polls++)
        if (polls >= POLLS)
            nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NANOSECONDS }, NULL);
    __asm__ volatile("fence iorw, iorw" ::: "memory");
    if (get(STATUS) != 2)
    {
        fprintf(stderr, "matrix: status %x, error %u\n", get(STATUS), get(ERROR));
        exit(1);
    }
}

static void multiply(const struct product *p)
{
    if (registers)
        multiply_there();
    else
        multiply_here(p, p->c);
}

static void measure(struct product *p, uint64_t size, uint64_t seed, double seconds, uint32_t *expected)
{
    p->n = 1;
    while ((uint64_t)(p->n + 1) * (p->n + 1) * sizeof(uint32_t) <= size)
        p->n++;
    uint32_t n = p->n;
    for (uint32_t i = 0; i < n * n; i++)
    {
        uint64_t word = word_at(seed, (uint64_t)i * 8);
        p->a[i] = (uint32_t)word;
        p->b[i] = (uint32_t)(word >> 32);
    }
    multiply_here(p, expected);
    memset(p->c, 0xFF, (size_t)n * n * sizeof(uint32_t));
    if (registers)
        set_up(p);
    multiply(p);
    static struct phase phase;
    phase = (struct phase){ .pattern = "multiply", .size = size, .samples = (float *)allocate(SAMPLES_MOST * sizeof(float)) };
    phase_begin(&phase);
    double begun = phase.start;
    do
    {
        for (uint32_t row = 0; row < n; row++)
            p->c[row * n] = ~expected[row * n];
        multiply(p);
        for (uint32_t row = 0; row < n; row++)
            if (p->c[row * n] != expected[row * n])
                die("a product is wrong");
        double now = bench_now();
        phase_sample(&phase, now - begun);
        begun = now;
    } while (begun < phase.start + seconds);
    phase_end(&phase);
    phase_latencies(&phase);
    if (memcmp(p->c, expected, (size_t)n * n * sizeof(uint32_t)) != 0)
        die("a product is wrong");
    uint64_t digest = UINT64_C(0xCBF29CE484222325); /* FNV-1a, by numbers */
    for (uint32_t i = 0; i < n * n; i++)
        digest = (digest ^ p->c[i]) * UINT64_C(0x100000001B3);
    printf("{\"product\":\"multiply_%llu\",\"digest\":\"%016llx\"}\n", (unsigned long long)size, (unsigned long long)digest);
    munmap(phase.samples, SAMPLES_MOST * sizeof(float));
}

int main(int argc, char **argv)
{
    if (argc < 5)
    {
        fprintf(stderr, "matrix engine|processor SEED SECONDS SIZE...\n");
        return 2;
    }
    int pages = open_in("/proc/sys/vm", "nr_hugepages", O_WRONLY);
    if (write(pages, "3", 1) != 1)
        bench_fail("nr_hugepages");
    if (strcmp(argv[1], "engine") == 0)
        find_engine();
    struct product product = { allocate_huge(), allocate_huge(), allocate_huge(), 0 };
    uint32_t *expected = (uint32_t *)allocate(HUGE_PAGE);
    for (int i = 4; i < argc; i++)
    {
        uint64_t size = strtoull(argv[i], NULL, 0);
        if (size < sizeof(uint32_t) || size > HUGE_PAGE)
            die("a matrix has 4 bytes to 2 MiB");
        measure(&product, size, strtoull(argv[2], NULL, 0), atof(argv[3]), expected);
    }
    return 0;
}
