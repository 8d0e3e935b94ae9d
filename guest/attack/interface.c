#include "interface.h"

#include "covg.h"
#include "life.h"
#include "machine.h"
#include "memory.h"
#include "riscv.h"
#include "tdi.h"

/* The board's addresses and clock. */
#define ECAM 0x30000000ul
#define PCIE_MEMORY 0x40000000ul
#define TICKS_PER_MILLISECOND 10000

#define BUS_1 0x100
#define BUS_2 0x200
#define PATIENCE 2000 /* milliseconds for what takes none */

enum { FORMAT_INTEGERS = 1, CONTROL_START = 1, STATUS_DONE = 2, STATUS_ERROR = 4, WORDS = 2 };
/* In the memory that the victim shares. */
enum { SHARED_ARGUMENTS = 0x1000, SHARED_SOURCE = 0x1800, SHARED_ONE = 0x1810 };

struct machine machine = { .ecam = { ECAM, 256 * MIB }, .pcie_memory = { PCIE_MEMORY, 1024 * MIB } };
static struct passthrough interfaces;
static u32 operands[8] __attribute__((aligned(64)));

u64 now(void)
{
    return csr_read(time);
}

u64 milliseconds(u64 count)
{
    return count * TICKS_PER_MILLISECOND;
}

void *memory_allocate(unsigned order)
{
    return host_pages(1ul << order, PAGE_SIZE << order);
}

void memory_free(void *at, unsigned order)
{
    (void)at;
    (void)order; /* a run is short */
}

static struct pcie_function *find(u16 id)
{
    static bool is_started;
    if (!is_started)
        pcie_start();
    is_started = true;
    struct pcie_function *function = pcie_find(id);
    if (function == NULL || engine_read(function, ENGINE_IDENTITY) != 0x584D4A43)
        give_up("there are no two matrix engines");
    return function;
}

static struct pcie_function *victims, *hosts;

struct pcie_function *victims_engine(void)
{
    return victims != NULL ? victims : (victims = find(BUS_1));
}

struct pcie_function *hosts_engine(void)
{
    if (hosts == NULL)
        hosts = find(BUS_2);
    pcie_set_master(hosts, true);
    return hosts;
}

static volatile u32 *register_of(const struct pcie_function *engine, unsigned offset)
{
    return (volatile u32 *)(engine->bars[0].range.start + offset);
}

u32 engine_read(const struct pcie_function *engine, unsigned offset)
{
    return *register_of(engine, offset);
}

void engine_poke(const struct pcie_function *engine, unsigned offset, u32 value)
{
    *register_of(engine, offset) = value;
}

/* C = A x B with B = 1: a copy, of as many rows as there are words. `poke` is whoever drives the engine. */
static void program(void (*poke)(void *, unsigned, u32), void *who, u64 to, u64 from, u64 one)
{
    const u32 values[] = { (u32)from, from >> 32, (u32)one, one >> 32, (u32)to, to >> 32, WORDS, 1, 1, FORMAT_INTEGERS, 4, 4, 4 };
    poke(who, ENGINE_STATUS, STATUS_DONE | STATUS_ERROR);
    for (unsigned i = 0; i < COUNT_OF(values); i++)
        poke(who, ENGINE_A + 4 * i, values[i]);
    fence();
    poke(who, ENGINE_CONTROL, CONTROL_START);
}

static enum engine_end end_of(u32 (*peek)(void *, unsigned), void *who)
{
    u64 deadline = now() + milliseconds(PATIENCE);
    do
    {
        u32 status = peek(who, ENGINE_STATUS);
        if (status == ~0u)
            return ENGINE_GONE;
        if ((status & STATUS_DONE) != 0)
            return (status & STATUS_ERROR) != 0 ? ENGINE_REFUSED : ENGINE_DONE;
    } while (now() < deadline);
    return ENGINE_GONE;
}

static void host_pokes(void *engine, unsigned offset, u32 value)
{
    engine_poke(engine, offset, value);
}

static u32 host_peeks(void *engine, unsigned offset)
{
    return engine_read(engine, offset);
}

enum engine_end engine_copy(const struct pcie_function *engine, u64 to, u64 from)
{
    operands[0] = 1;
    program(host_pokes, (void *)engine, to, from, (u64)operands);
    return end_of(host_peeks, (void *)engine);
}

enum engine_end engine_write(const struct pcie_function *engine, u64 to)
{
    operands[2] = operands[3] = FOREIGN;
    return engine_copy(engine, to, (u64)&operands[2]);
}

/* The victim's side. */

static u64 *arguments_of(const struct victim *victim)
{
    return (u64 *)(victim->shared + SHARED_ARGUMENTS);
}

const u64 interface_ranges[][2] = { { 0, 2 * PAGE_SIZE }, { 2 * PAGE_SIZE, PAGE_SIZE }, { 3 * PAGE_SIZE, PAGE_SIZE } };
const unsigned interface_ranges_count = COUNT_OF(interface_ranges);

struct victim_exit victim_call(struct victim *victim, u64 function, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
    u64 *arguments = arguments_of(victim);
    arguments[0] = a0;
    arguments[1] = a1;
    arguments[2] = a2;
    arguments[3] = a3;
    arguments[4] = a4;
    arguments[5] = function;
    return victim_run(victim, COMMAND_CALL, VICTIM_BASE + VICTIM_SHARED + SHARED_ARGUMENTS);
}

static void victim_must(struct victim_exit exit, const char *what)
{
    if (exit.error != SBI_SUCCESS || exit.cause != CAUSE_ECALL_FROM_VS || exit.status != 0)
        give_up(what);
}

void victim_poke(struct victim *victim, u64 address, u32 value)
{
    arguments_of(victim)[0] = address;
    arguments_of(victim)[1] = value;
    victim_run(victim, COMMAND_POKE, VICTIM_BASE + VICTIM_SHARED + SHARED_ARGUMENTS);
}

u32 victim_peek(struct victim *victim, u64 address)
{
    struct victim_exit exit = victim_run(victim, COMMAND_PEEK, address);
    return exit.cause == CAUSE_ECALL_FROM_VS && exit.status == 0 ? (u32)exit.value : ~0u;
}

static void victim_pokes(void *victim, unsigned offset, u32 value)
{
    victim_poke(victim, VICTIM_BASE + VICTIM_DEVICE + offset, value);
}

static u32 victim_peeks(void *victim, unsigned offset)
{
    return victim_peek(victim, VICTIM_BASE + VICTIM_DEVICE + offset);
}

/* The victim trusts what its host says of the engine's memory: whether to trust it is the shim's to find out, keeping it so the TSM's and the engine's. */
void interface_give(struct victim *victim)
{
    struct pcie_function *engine = victims_engine();
    u64 bar = engine->bars[0].range.start;
    *(u32 *)(victim->shared + SHARED_ONE) = 1;
    if (!victim->is_confidential)
    {
        pcie_set_master(engine, true);
        return;
    }
    interfaces.functions[0] = (struct passed){ .function = engine };
    interfaces.count = 1;
    tdi_connect(host_shared(), victim->id, &interfaces.functions[0]);
    for (unsigned i = 0; i < interface_ranges_count; i++)
    {
        const u64 *range = interface_ranges[i];
        victim_must(victim_call(victim, COVG_MAP_INTERFACE_MMIO, engine->id, VICTIM_BASE + VICTIM_DEVICE + range[0], bar + range[0], range[1], 0),
            "the victim does not map its engine");
    }
    victim_must(victim_call(victim, COVG_START_INTERFACE, engine->id, 0, 0, 0, 0), "the victim does not start its engine");
    if (interface_state(victim) != INTERFACE_RUN || victim_takes(victim) != ENGINE_DONE)
        give_up("the victim's engine does not work");
}

void interface_take(struct victim *victim)
{
    if (victim->is_confidential)
        tdi_disconnect(host_shared(), victim->id, &interfaces.functions[0]);
    interfaces.count = 0;
    pcie_reset(victims_engine());
}

void interface_answer(void)
{
    if (!life_answer())
        tdi_answer(host_shared(), &interfaces);
}

void interface_await_failure(const char *what)
{
    u64 deadline = now() + milliseconds(PATIENCE);
    while (!pcie_has_failed(victims_engine()))
        if (now() >= deadline)
            give_up(what);
}

u64 interface_state(struct victim *victim)
{
    struct victim_exit exit = victim_call(victim, COVG_GET_INTERFACE_STATE, victims_engine()->id, 0, 0, 0, 0);
    return exit.status == 0 ? exit.value : INTERFACE_ERROR;
}

u64 *victim_source(const struct victim *victim)
{
    return (u64 *)(victim->shared + SHARED_SOURCE);
}

enum engine_end victim_takes(struct victim *victim)
{
    u64 *source = victim_source(victim);
    if (!victim->is_confidential)
        return engine_copy(victims_engine(), victim_address(victim, AT_MEMORY) + VICTIM_BUFFER, (u64)source);
    u64 shared = VICTIM_BASE + VICTIM_SHARED;
    program(victim_pokes, victim, VICTIM_BASE + VICTIM_BUFFER, shared + SHARED_SOURCE, shared + SHARED_ONE);
    return end_of(victim_peeks, victim);
}

u64 victim_took(struct victim *victim)
{
    return victim_run(victim, COMMAND_LOAD, VICTIM_BASE + VICTIM_BUFFER).value;
}
