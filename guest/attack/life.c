#include "life.h"

#include "covg.h"
#include "doe.h"
#include "interface.h"
#include "riscv.h"

#define STREAM 2
#define PENDING 1
#define IDE_STREAM_CONTROL 0x10
#define TRANSCRIPT_SIZE (4 * PAGE_SIZE)
#define REPORT_MAX 256

static void (*carrier)(struct spdm_exchange *);
static struct { bool is_connected, has_regions, is_bound, is_mapped; } life;
static struct { u64 size, words[REPORT_MAX / 8]; } expected; /* the victim's policy: the report */

/* What a step comes to. */
struct outcome
{
    struct sbi_result result;
    bool is_distrusted; /* by the victim */
};

void life_carried_by(void (*by)(struct spdm_exchange *))
{
    carrier = by;
}

static void carry(void)
{
    struct spdm_exchange *exchange = &host_shared()->spdm;
    if (carrier != NULL)
        carrier(exchange);
    else
        exchange->length = doe_exchange(victims_engine(), exchange->payload, exchange->length, sizeof exchange->payload);
}

bool life_answer(void)
{
    if (life.is_connected)
        carry();
    return life.is_connected;
}

static struct sbi_result call(u32 function, u64 a0, u64 a1, u64 a2, u64 a3)
{
    for (;;)
    {
        struct sbi_result result = covh_call(function, a0, a1, a2, a3, 0, 0);
        if (result.error != SBI_SUCCESS || result.value != PENDING)
            return result;
        carry();
    }
}

static struct sbi_result call_of(struct victim *victim, u64 function, u64 a1, u64 a2, u64 a3, u64 a4)
{
    struct victim_exit exit = victim_call(victim, function, victims_engine()->id, a1, a2, a3, a4);
    if (exit.error != SBI_SUCCESS || exit.cause != CAUSE_ECALL_FROM_VS)
        give_up("the victim does not go on");
    return (struct sbi_result){ (s64)exit.status, exit.value };
}

static void stream_to(bool on)
{
    struct pcie_function *engine = victims_engine();
    pcie_write(engine, pcie_extended(engine, PCIE_EXTENDED_IDE) + IDE_STREAM_CONTROL, (u32)STREAM << 24 | on);
}

static struct sbi_result connect(void)
{
    static u8 *transcript;
    static u32 descriptor[3];
    struct pcie_function *engine = victims_engine();
    if (transcript == NULL)
        transcript = host_pages(TRANSCRIPT_SIZE / PAGE_SIZE, PAGE_SIZE);
    pcie_set_master(engine, true);
    stream_to(false);
    descriptor[0] = STREAM;
    descriptor[1] = (u32)engine->id << 8;
    descriptor[2] = (u32)engine->id << 8 | 1;
    struct sbi_result result = call(COVH_CONNECT_DEVICE, engine->id, (u64)descriptor, (u64)transcript, TRANSCRIPT_SIZE);
    life.is_connected = result.error == SBI_SUCCESS;
    if (life.is_connected)
        stream_to(true);
    return result;
}

static void change_regions(struct victim *victim, u32 function)
{
    struct range range = victims_engine()->bars[0].range;
    must(covh_call(function, victim->id, victims_engine()->id, range.start, range.size, 0, 0), "the TSM does not take or give back the engine's memory");
}

static struct sbi_result bind(struct victim *victim)
{
    if (!life.has_regions)
        change_regions(victim, COVH_ADD_TVM_INTERFACE_REGION);
    life.has_regions = true;
    struct sbi_result result = call(COVH_BIND_INTERFACE, victim->id, victims_engine()->id, 0, 0);
    life.is_bound = result.error == SBI_SUCCESS;
    return result;
}

/* The victim maps what it is to have, and trusts the report that it knows alone. */
static struct outcome start(struct victim *victim)
{
    u64 bar = victims_engine()->bars[0].range.start;
    for (unsigned i = 0; i < interface_ranges_count; i++)
    {
        const u64 *range = interface_ranges[i];
        struct sbi_result mapped = call_of(victim, COVG_MAP_INTERFACE_MMIO, VICTIM_BASE + VICTIM_DEVICE + range[0], bar + range[0], range[1], 0);
        if (mapped.error != SBI_SUCCESS)
            return (struct outcome){ mapped, false };
    }
    life.is_mapped = true;
    struct sbi_result report = call_of(victim, COVG_GET_INTERFACE_REPORT, VICTIM_BASE + VICTIM_CERTIFICATE, PAGE_SIZE, 0, 0);
    if (report.error != SBI_SUCCESS || report.value > REPORT_MAX)
        return (struct outcome){ report, true };
    bool is_known = report.value == expected.size;
    for (u64 i = 0; i < align_up(report.value, 8) / 8; i++)
    {
        u64 word = victim_run(victim, COMMAND_LOAD, VICTIM_BASE + VICTIM_CERTIFICATE + 8 * i).value;
        is_known &= word == expected.words[i];
        if (expected.size == 0)
            expected.words[i] = word;
    }
    if (expected.size == 0)
        expected.size = report.value;
    else if (!is_known)
        return (struct outcome){ report, true };
    return (struct outcome){ call_of(victim, COVG_START_INTERFACE, 0, 0, 0, 0), false };
}

static struct outcome take(struct victim *victim, enum life_step step)
{
    u64 id = victims_engine()->id;
    struct outcome outcome = { { SBI_SUCCESS, 0 }, false };
    switch (step)
    {
        case LIFE_CONNECT:
            outcome.result = connect();
            break;
        case LIFE_BIND:
            outcome.result = bind(victim);
            break;
        case LIFE_START:
            return start(victim);
        case LIFE_STATE:
            outcome.result = call_of(victim, COVG_GET_INTERFACE_STATE, 0, 0, 0, 0);
            outcome.is_distrusted = outcome.result.error == SBI_SUCCESS && outcome.result.value != INTERFACE_RUN;
            break;
        case LIFE_MEASURE:
            outcome.result = call_of(victim, COVG_GET_DEVICE_MEASUREMENTS, 0, 0, VICTIM_BASE + VICTIM_CERTIFICATE, PAGE_SIZE);
            break;
        case LIFE_UPDATE:
            outcome.result = call(COVH_SPDM_KEY_UPDATE, id, 0, 0, 0);
            break;
        case LIFE_REFRESH:
            outcome.result = call(COVH_IDE_KEY_REFRESH, id, STREAM, 0, 0);
            break;
        case LIFE_STOP:
            outcome.result = call_of(victim, COVG_STOP_INTERFACE, 0, 0, 0, 0);
            break;
        case LIFE_UNBIND:
            outcome.result = call(COVH_UNBIND_INTERFACE, victim->id, id, 0, 0);
            life.is_bound = outcome.result.error != SBI_SUCCESS;
            break;
        default:
            stream_to(false);
            outcome.result = call(COVH_DISCONNECT_DEVICE, id, 0, 0, 0);
            life.is_connected = outcome.result.error != SBI_SUCCESS;
            break;
    }
    return outcome;
}

static bool is_there(struct victim *victim)
{
    return life.is_mapped && victim_peek(victim, VICTIM_BASE + VICTIM_DEVICE + ENGINE_IDENTITY) != ~0u;
}

void life_attempt(struct trial *trial, enum life_step step, bool ends_session, const char *what)
{
    struct victim *victim = trial->victim;
    struct outcome outcome = take(victim, step);
    if (step == LIFE_UNBIND || step == LIFE_DISCONNECT)
        attempt(trial, outcome.result.error != SBI_SUCCESS || is_there(victim), IGNORED, what);
    else if (outcome.is_distrusted)
        stopped(trial, DISTRUSTED);
    else
        tried_call(trial, outcome.result, what);
    if (ends_session && step < LIFE_UNBIND && is_there(victim))
        succeeded(trial, "the device is the victim's as before");
}

bool life_passes(struct trial *trial, enum life_step step, const char *what)
{
    struct outcome outcome = take(trial->victim, step);
    if (outcome.result.error != SBI_SUCCESS)
        tried_call(trial, outcome.result, what);
    return outcome.result.error == SBI_SUCCESS;
}

void life_lead_to(struct victim *victim, enum life_step step)
{
    for (enum life_step i = LIFE_CONNECT; i < step; i++)
    {
        if (i == LIFE_STOP)
            continue; /* then there is nothing left to unbind */
        static const char *const failures[LIFE_STEPS] = {
            [LIFE_CONNECT] = "the TSM does not connect the engine",
            [LIFE_BIND] = "the TSM does not bind the engine",
            [LIFE_START] = "the victim does not start its engine",
            [LIFE_STATE] = "the victim's engine does not run",
            [LIFE_MEASURE] = "the victim's engine is not measured",
            [LIFE_UPDATE] = "the session's keys do not change",
            [LIFE_REFRESH] = "the stream's keys do not change",
            [LIFE_UNBIND] = "the TSM does not unbind the engine",
        };
        struct outcome outcome = take(victim, i);
        if (outcome.result.error != SBI_SUCCESS || outcome.is_distrusted)
            give_up(failures[i]);
    }
}

void life_end(struct victim *victim)
{
    if (life.is_bound)
        must(take(victim, LIFE_UNBIND).result, "the TSM does not unbind the engine");
    if (life.is_connected)
        must(take(victim, LIFE_DISCONNECT).result, "the TSM does not disconnect the engine");
    if (life.has_regions)
        change_regions(victim, COVH_RECLAIM_TVM_INTERFACE_REGION);
    life.has_regions = life.is_mapped = false;
    pcie_reset(victims_engine());
}

void life_learn(struct victim *victim)
{
    expected.size = 0;
    life_lead_to(victim, LIFE_STOP);
    must(take(victim, LIFE_STOP).result, "the victim does not stop its engine");
    life_end(victim);
}
