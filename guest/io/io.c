/*
 * What fio does, in small: reads or writes a block device, or the memory of a peer on the network, in blocks of a size, with a number of requests under
 * way, for a number of seconds, and says how long requests took. Every word there is known, so that what is read can be checked:
 *
 *     io fill TARGET SPAN SEED                          writes all of it
 *     io read|write|randread|randwrite TARGET SPAN SEED SIZE DEPTH SECONDS
 *     io check TARGET SPAN SEED                         reads all of it, and prints a digest
 *
 * TARGET is a block device (block.h), or tcp: or tls: with an address (peer.h). A phase is framed by lines as in bench.h, with bytes and latencies added
 * to the last; its name is PATTERN_SIZE. A word is a function of the seed and its place. Of a block that was read the first word of each sector is
 * checked at once, which costs next to nothing; `check` looks at all. Writes write other words than there were; all that was written is read again after
 * the time, and then filled anew.
 */
#define _GNU_SOURCE
#include <string.h>
#include "block.h"
#include "measure.h"
#include "peer.h"

enum { SECTOR = 512, WARM_UP = 16, CHUNK = 1 << 20 };

struct target
{
    const char *path;
    struct transport transport;
    uint64_t span;
    uint64_t seed;
};

static void make(const struct target *target, uint8_t *buffer, uint64_t offset, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += 8)
        *(uint64_t *)(buffer + at) = word_at(target->seed, offset + at);
}

static void wrong(const struct target *target, uint64_t offset)
{
    fprintf(stderr, "%s: other data at %llu than were written\n", target->path, (unsigned long long)offset);
    exit(1);
}

static void check(const struct target *target, const uint8_t *buffer, uint64_t offset, uint64_t size, unsigned step)
{
    for (uint64_t at = 0; at < size; at += step)
        if (*(const uint64_t *)(buffer + at) != word_at(target->seed, offset + at))
            wrong(target, offset + at);
}

static void transfer(const struct target *target, int is_write, uint8_t *buffer, uint64_t offset, uint64_t size)
{
    struct request request = { is_write, buffer, offset, size, 0 };
    target->transport.submit(&request);
    target->transport.complete();
}

static void fill(const struct target *target)
{
    uint8_t *buffer = allocate(CHUNK);
    for (uint64_t offset = 0; offset < target->span; offset += CHUNK)
    {
        make(target, buffer, offset, CHUNK);
        transfer(target, 1, buffer, offset, CHUNK);
    }
    target->transport.flush();
}

static void check_all(const struct target *target)
{
    uint8_t *buffer = allocate(CHUNK);
    uint64_t digest = UINT64_C(0xCBF29CE484222325); /* FNV-1a, by words */
    for (uint64_t offset = 0; offset < target->span; offset += CHUNK)
    {
        transfer(target, 0, buffer, offset, CHUNK);
        check(target, buffer, offset, CHUNK, 8);
        for (uint64_t at = 0; at < CHUNK; at += 8)
            digest = (digest ^ *(const uint64_t *)(buffer + at)) * UINT64_C(0x100000001B3);
    }
    printf("{\"digest\":\"%016llx\"}\n", (unsigned long long)digest);
}

struct run
{
    const struct target *target;
    struct request requests[DEPTH_MOST];
    unsigned depth;
    uint64_t size;
    int is_write;
    int is_random;
    uint8_t *content; /* of the whole span, for writes: made before anything is timed */
    uint8_t *written; /* whether a block was */
    uint64_t next; /* a counter, or a generator's state */
    struct phase phase;
};

static uint64_t choose(struct run *run)
{
    uint64_t blocks = run->target->span / run->size;
    if (!run->is_random)
        return run->next++ % blocks * run->size;
    run->next = run->next * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (run->next >> 33) % blocks * run->size;
}

static void begin(struct run *run, struct request *request)
{
    request->offset = choose(run);
    request->size = run->size;
    request->is_write = run->is_write;
    if (run->is_write)
    {
        request->buffer = run->content + request->offset;
        run->written[request->offset / run->size] = 1;
    }
    request->begun = bench_now();
    run->target->transport.submit(request);
}

/* Keeps requests under way until it is time, or until as many are done as wanted. */
static void work(struct run *run, double until, uint64_t wanted)
{
    uint64_t begun = 0;
    for (unsigned i = 0; i < run->depth; i++, begun++)
        begin(run, &run->requests[i]);
    while (run->phase.done < begun)
    {
        struct request *request = run->target->transport.complete();
        double now = bench_now();
        phase_sample(&run->phase, now - request->begun);
        if (!run->is_write)
            check(run->target, request->buffer, request->offset, run->size, SECTOR);
        if (now < until && begun < wanted)
        {
            begin(run, request);
            begun++;
        }
    }
    if (run->is_write)
        run->target->transport.flush();
}

/* What was written is there, and then gives way to what was there before. */
static void check_written(const struct run *run, const struct target *written)
{
    uint8_t *buffer = allocate(run->size);
    for (uint64_t block = 0; block < written->span / run->size; block++)
    {
        if (!run->written[block])
            continue;
        transfer(written, 0, buffer, block * run->size, run->size);
        check(written, buffer, block * run->size, run->size, 8);
    }
    fill(run->target);
}

static void measure(const struct target *target, const char *pattern, uint64_t size, unsigned depth, double seconds)
{
    static struct run run;
    run = (struct run){ .target = target, .depth = depth, .size = size, .phase = { pattern, size, (float *)allocate(SAMPLES_MOST * sizeof(float)) } };
    run.is_random = strncmp(pattern, "rand", 4) == 0;
    run.is_write = strcmp(pattern + (run.is_random ? 4 : 0), "write") == 0;
    struct target other = *target; /* writes write other words than there are */
    other.seed = ~target->seed;
    if (run.is_write)
    {
        run.content = allocate(target->span);
        run.written = allocate(target->span / size);
        make(&other, run.content, 0, target->span);
    }
    for (unsigned i = 0; i < depth; i++)
        run.requests[i].buffer = allocate(size);
    work(&run, bench_now() + seconds, WARM_UP);
    phase_begin(&run.phase);
    work(&run, run.phase.start + seconds, UINT64_MAX);
    phase_end(&run.phase);
    if (run.is_write)
        check_written(&run, &other);
    phase_latencies(&run.phase);
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 8)
    {
        fprintf(stderr, "io fill|check TARGET SPAN SEED, or io PATTERN TARGET SPAN SEED SIZE DEPTH SECONDS\n");
        return 2;
    }
    struct target target = { .path = argv[2], .span = strtoull(argv[3], NULL, 0), .seed = strtoull(argv[4], NULL, 0) };
    target.transport = peer_is_meant(target.path) ? peer_open(target.path, target.seed) : block_open(target.path);
    if (target.span == 0 || target.span % CHUNK != 0)
    {
        fprintf(stderr, "the span is to be whole MiB\n");
        return 2;
    }
    if (argc == 5)
    {
        if (strcmp(argv[1], "fill") == 0)
            fill(&target);
        else
            check_all(&target);
        return 0;
    }
    uint64_t size = strtoull(argv[5], NULL, 0);
    unsigned depth = (unsigned)atoi(argv[6]);
    if (size == 0 || size % SECTOR != 0 || size > target.span || depth == 0 || depth > DEPTH_MOST)
    {
        fprintf(stderr, "size or depth do not fit\n");
        return 2;
    }
    measure(&target, argv[1], size, depth, atof(argv[7]));
    return 0;
}
