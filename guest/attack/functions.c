/* PCIe functions: the host's, and the one that is the victim's. */
#include "attacks.h"
#include "interface.h"
#include "riscv.h"

#define BRIDGE_MEMORY 0x20
#define WINDOW_CLOSED 0x0000FFF0u
#define IDE_STREAM_CONTROL 0x10
#define BUS_0_DEVICE 8

static void tried_dma(struct trial *trial, enum engine_end end, const char *what)
{
    attempt(trial, end == ENGINE_DONE, end == ENGINE_REFUSED ? REFUSED_DMA : OTHER, what);
}

static void try_both(struct trial *trial, const struct pcie_function *engine, u64 address)
{
    u64 *copy = host_pages(1, PAGE_SIZE);
    enum engine_end end = engine_copy(engine, (u64)copy, address);
    tried_dma(trial, end == ENGINE_DONE && trial->is_confidential && *copy == 0 ? ENGINE_GONE : end, "a function's read");
    tried_dma(trial, engine_write(engine, address), "a function's write");
}

void function_dma(struct trial *trial)
{
    struct victim *victim = trial->victim;
    u64 targets[] = { victim_secret(victim), victim_address(victim, AT_ROOT), victim_address(victim, AT_VCPU), victim_address(victim, AT_TABLES) };
    for (unsigned i = 0; i < (trial->is_confidential ? COUNT_OF(targets) : 1); i++)
        try_both(trial, hosts_engine(), targets[i]);
    if (!victim_is_intact(victim))
        succeeded(trial, "the victim's memory is changed");
}

void unbound_dma(struct trial *trial)
{
    struct victim *victim = trial->victim;
    victim_share(victim);
    interface_give(victim);
    interface_take(victim);
    pcie_set_master(victims_engine(), true);
    try_both(trial, victims_engine(), victim_secret(victim));
    if (trial->is_confidential)
        try_both(trial, victims_engine(), VICTIM_BASE + VICTIM_SECRET); /* as the victim gave addresses to it */
    pcie_reset(victims_engine());
    if (!victim_is_intact(victim))
        succeeded(trial, "the victim's memory is changed");
}

void spoof_requester(struct trial *trial)
{
    struct victim *victim = trial->victim;
    static const char *const lies[] = { "spoof", "spoof-trusted" };
    victim_share(victim);
    interface_give(victim);
    for (unsigned i = 0; i < (trial->is_confidential ? COUNT_OF(lies) : 1); i++)
    {
        adversary(lies[i]);
        try_both(trial, hosts_engine(), victim_secret(victim));
        if (trial->is_confidential)
            try_both(trial, hosts_engine(), VICTIM_BASE + VICTIM_SECRET);
    }
    adversary("rest");
    if (trial->is_confidential)
        attempt(trial, victim_takes(victim) != ENGINE_DONE, REFUSED_DMA, "the victim's own device is stopped");
    interface_take(victim);
    if (!victim_is_intact(victim))
        succeeded(trial, "the victim's memory is changed");
}

/* After a change: the interface has failed, the host finds nothing in the function, and it works for nobody. */
static void tried_change(struct trial *trial, const char *what)
{
    if (!trial->is_confidential)
        return;
    interface_await_failure("the host is not told that the interface is in ERROR");
    attempt(trial, interface_state(trial->victim) != INTERFACE_ERROR, INTERFACE_FAILED, what);
    attempt(trial, engine_read(victims_engine(), ENGINE_IDENTITY) != ~0u, INTERFACE_FAILED, "the host gets at the function's registers");
    attempt(trial, victim_takes(trial->victim) == ENGINE_DONE, INTERFACE_FAILED, "the function goes on");
}

static void write_command(const struct pcie_function *function)
{
    pcie_set_master(function, false);
}

static void write_memory_enable(const struct pcie_function *function)
{
    pcie_write(function, PCIE_COMMAND, PCIE_COMMAND_MASTER | PCIE_COMMAND_NO_WIRE);
    pcie_write(function, PCIE_COMMAND, PCIE_COMMAND_MASTER | PCIE_COMMAND_MEMORY | PCIE_COMMAND_NO_WIRE);
}

static void write_stream(const struct pcie_function *function)
{
    unsigned control = pcie_extended(function, PCIE_EXTENDED_IDE) + IDE_STREAM_CONTROL;
    pcie_write(function, control, pcie_read(function, control) ^ 1u << 25);
}

static void end_stream(const struct pcie_function *function)
{
    unsigned control = pcie_extended(function, PCIE_EXTENDED_IDE) + IDE_STREAM_CONTROL;
    pcie_write(function, control, pcie_read(function, control) & ~1u);
}

void write_config(struct trial *trial)
{
    static const struct { void (*change)(const struct pcie_function *); const char *what; } changes[] = {
        { write_command, "Bus Master Enable" },
        { write_memory_enable, "Memory Space Enable" },
        { write_stream, "the stream's number" },
        { end_stream, "the stream's end" },
        { pcie_reset, "a function-level reset" },
    };
    struct victim *victim = trial->victim;
    victim_share(victim);
    for (unsigned i = 0; i < (trial->is_confidential ? COUNT_OF(changes) : 1); i++)
    {
        interface_give(victim);
        changes[i].change(victims_engine());
        tried_change(trial, changes[i].what);
        if (!trial->is_confidential) /* nothing is locked: the function answers its host as before */
            attempt(trial, engine_read(victims_engine(), ENGINE_IDENTITY) != ~0u, OTHER, changes[i].what);
        interface_take(victim);
    }
    tried_harm(trial, INTERFACE_FAILED, "the victim is changed");
}

static void place(const struct pcie_function *function, u64 address)
{
    pcie_write(function, PCIE_BAR0, (u32)address);
}

void move_bar(struct trial *trial)
{
    struct victim *victim = trial->victim;
    struct pcie_function *theirs = victims_engine(), *mine = hosts_engine();
    u64 bar = theirs->bars[0].range.start, elsewhere = bar + 0x10000;
    victim_share(victim);
    interface_give(victim);
    place(theirs, elsewhere);
    u32 found = *(volatile u32 *)elsewhere;
    if (!trial->is_confidential)
    {
        attempt(trial, found != ~0u, OTHER, "the function's memory is moved");
        interface_take(victim);
        return;
    }
    attempt(trial, found != ~0u, INTERFACE_FAILED, "the function's memory is moved");
    tried_change(trial, "a base address");
    interface_take(victim);

    /* The victim's window becomes the host's engine's. */
    volatile u32 *port = (volatile u32 *)(0x30000000ul + 1 * BUS_0_DEVICE * PCIE_CONFIG_SIZE);
    volatile u32 *other = (volatile u32 *)(0x30000000ul + 2 * BUS_0_DEVICE * PCIE_CONFIG_SIZE);
    u32 window = port[BRIDGE_MEMORY / 4], others = other[BRIDGE_MEMORY / 4];
    interface_give(victim);
    port[BRIDGE_MEMORY / 4] = WINDOW_CLOSED;
    other[BRIDGE_MEMORY / 4] = window;
    place(mine, bar);
    if (engine_read(theirs, ENGINE_IDENTITY) == ~0u)
        give_up("the host's engine is not in the other's place");
    engine_poke(theirs, ENGINE_A, 0); /* the host's, at this address */
    victim_poke(victim, VICTIM_BASE + VICTIM_DEVICE + ENGINE_A, FOREIGN);
    attempt(trial, engine_read(theirs, ENGINE_A) == FOREIGN, IGNORED, "the victim writes to the host's engine");
    attempt(trial, victim_peek(victim, VICTIM_BASE + VICTIM_DEVICE + ENGINE_IDENTITY) != ~0u, IGNORED, "the victim reads from the host's engine");
    place(mine, mine->bars[0].range.start);
    other[BRIDGE_MEMORY / 4] = others;
    port[BRIDGE_MEMORY / 4] = window;
    interface_take(victim);
    tried_harm(trial, IGNORED, "the victim is changed");
}

#define IMSIC 0x28000000ul
#define MESSAGE 9
enum { FILE = 1 };

/* The page of this hart's first guest interrupt file. */
static u64 file_page(void)
{
    csr_write(hgeie, ~0ul);
    u64 files = csr_read(hgeie);
    csr_write(hgeie, 0);
    if ((files & BIT(FILE)) == 0)
        give_up("there are no guest interrupt files");
    unsigned bits = 0;
    while (files >> bits > 1)
        bits++;
    return IMSIC + (host_hart() << (bits + 12 + ((1ul << bits) <= files >> 1))) + FILE * PAGE_SIZE;
}

/* The host's function sends a message as it sends those that are for its host. */
static void send_message(const struct pcie_function *engine, u64 address)
{
    unsigned at = PCIE_CAPABILITIES;
    while ((at = pcie_next_capability(engine, at)) != 0 && (pcie_read(engine, at) & 0xFF) != PCIE_MSIX)
        ;
    pcie_write(engine, at, pcie_read(engine, at) | 1u << 31);
    engine_poke(engine, ENGINE_MESSAGES, (u32)address);
    engine_poke(engine, ENGINE_MESSAGES + 4, 0);
    engine_poke(engine, ENGINE_MESSAGES + 8, MESSAGE);
    engine_poke(engine, ENGINE_MESSAGES + 12, 0);
    engine_poke(engine, ENGINE_STATUS, 6);
    engine_poke(engine, ENGINE_ROWS, 0); /* nothing to compute, but an end */
    engine_poke(engine, ENGINE_CONTROL, 1 | 4);
    engine_poke(engine, ENGINE_CONTROL, 0);
}

static bool is_pending(struct victim *victim)
{
    if (victim->is_confidential)
        return victim_run(victim, COMMAND_MESSAGES, 0).value != 0;
    csr_write(hstatus, (u64)FILE << HSTATUS_VGEIN_SHIFT);
    csr_write(0x250, EIP0); /* vsiselect */
    u64 value = csr_read(0x251);
    csr_write(0x251, 0);
    csr_write(hstatus, 0);
    return value != 0;
}

void spoof_message(struct trial *trial)
{
    struct victim one, *victim = &one;
    u64 page = file_page();
    *victim = *trial->victim;
    if (trial->is_confidential)
    {
        struct tvm_aia_params params = { .imsic_base_addr = IMSIC, .group_index_shift = 24 };
        victim_prepare(victim, true);
        must(covi_call(COVI_INIT_TVM_AIA, victim->id, (u64)&params, sizeof params), "a TVM gets no interrupt files");
        must(covi_call(COVI_SET_TVM_AIA_CPU_IMSIC_ADDR, victim->id, 0, IMSIC), "a vCPU gets no interrupt file");
        victim_measure(victim, victim_image);
        victim_finalize(victim);
        must(covi_call(COVI_CONVERT_AIA_IMSIC, page, 0, 0), "an interrupt file is not converted");
        fence_both();
        must(covi_call(COVI_BIND_AIA_IMSIC, victim->id, 0, BIT(FILE)), "a vCPU is not bound");
        if (victim_run(victim, COMMAND_NOTHING, 0).cause != CAUSE_ECALL_FROM_VS || is_pending(victim))
            give_up("the victim with an interrupt file does not start");
    }
    u64 cause = probe_store32(page, MESSAGE);
    tried_access(trial, cause, "a message of the host's");
    if (trial->is_confidential)
    {
        tried_dma(trial, engine_write(hosts_engine(), page), "a function's write to the interrupt file");
        send_message(hosts_engine(), page);
        attempt(trial, is_pending(victim), IGNORED, "a function's message");
        pcie_reset(hosts_engine());
        must(covi_call(COVI_UNBIND_AIA_IMSIC_BEGIN, victim->id, 0, 0), "a vCPU is not unbound");
        must(covh_call(COVH_TVM_FENCE, victim->id, 0, 0, 0, 0, 0), "there is no fence");
        must(covi_call(COVI_UNBIND_AIA_IMSIC_END, victim->id, 0, 0), "a vCPU is not unbound");
        victim_destroy(victim);
        must(covi_call(COVI_RECLAIM_TVM_AIA_IMSIC, page, 0, 0), "an interrupt file is not given back");
        return;
    }
    attempt(trial, is_pending(victim), OTHER, "a message of the host's");
    send_message(hosts_engine(), page);
    attempt(trial, is_pending(victim), OTHER, "a function's message");
    pcie_reset(hosts_engine());
}
