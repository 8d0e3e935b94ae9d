#include "interfaces.h"

#include "covg.h"
#include "sha384.h"

#define LINK_SECURED 3u /* a session, and keys of IDE */
#define ELEMENT_CERTIFICATES 1
#define STATE_RUN 2

/* Messages of SPDM 1.2. */
enum
{
    VERSION_COUNT = 5,
    VERSION_ENTRIES = 6,
    CAPABILITIES_SIZE = 20,
    ALGORITHMS_LENGTH = 4,
    GET_VERSION_SIZE = 4,
    GET_MEASUREMENTS_SIZE = 37, /* with nonce and slot: a signature is asked for */
    MEASUREMENTS_RECORD_LENGTH = 5,
    MEASUREMENTS_RECORD = 8,
    CODE_MEASUREMENTS = 0x60,
};

/* The report of a device interface (TDISP). */
struct report
{
    u16 info, reserved, msix, lnr;
    u32 tph;
    u32 range_count;
    struct { u64 first_page; u32 pages; u16 attributes; u16 id; } ranges[];
};

static struct sbi_result call(u32 function, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
    return sbi_call(SBI_COVG, function, a0, a1, a2, a3, a4);
}

static bool is_digest(const u8 *bytes, u64 size, const u8 *expected)
{
    struct sha384 hash;
    u8 digest[SHA384_SIZE];
    sha384_begin(&hash);
    sha384_add(&hash, bytes, size);
    sha384_end(&hash, digest);
    return memcmp(digest, expected, sizeof digest) == 0;
}

static u64 number(const u8 *at, unsigned bytes)
{
    u64 value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (u64)at[i] << 8 * i;
    return value;
}

/* The record of measurements in what the device has signed, and the TSM has checked: VCA, GET_MEASUREMENTS, MEASUREMENTS. NULL if it is not that. */
static const u8 *find_record(const u8 *bytes, u64 size, u64 *length)
{
    u64 at = GET_VERSION_SIZE;
    if (at + VERSION_ENTRIES > size)
        return NULL;
    at += VERSION_ENTRIES + 2 * bytes[at + VERSION_COUNT];
    at += 2 * CAPABILITIES_SIZE;
    for (unsigned i = 0; i < 2; i++) /* NEGOTIATE_ALGORITHMS, ALGORITHMS */
    {
        if (at + ALGORITHMS_LENGTH + 2 > size)
            return NULL;
        at += number(bytes + at + ALGORITHMS_LENGTH, 2);
    }
    at += GET_MEASUREMENTS_SIZE;
    if (at + MEASUREMENTS_RECORD > size || bytes[at + 1] != CODE_MEASUREMENTS)
        return NULL;
    *length = number(bytes + at + MEASUREMENTS_RECORD_LENGTH, 3);
    at += MEASUREMENTS_RECORD;
    return *length <= size - at ? bytes + at : NULL;
}

/* Where the virtual machine is to see a range of the machine's; 0 if the list does not say. */
static u64 guest_address(const struct launch_function *function, u64 address, u64 size)
{
    for (unsigned i = 0; i < LAUNCH_RANGES_MAX; i++)
    {
        const struct launch_range *range = &function->ranges[i];
        if (range_holds((struct range){ range->machine, align_up(range->guest.size, PAGE_SIZE) }, address, size))
            return range->guest.start + (address - range->machine);
    }
    return 0;
}

static const char *map(const struct launch_function *function, const struct report *report, u64 size)
{
    if (size < sizeof *report || report->range_count > (size - sizeof *report) / sizeof report->ranges[0])
        return "a device's report is none";
    for (u32 i = 0; i < report->range_count; i++)
    {
        u64 address = report->ranges[i].first_page * PAGE_SIZE;
        u64 length = report->ranges[i].pages * PAGE_SIZE;
        u64 guest = guest_address(function, address, length);
        if (guest == 0)
            return "a device reports memory that is not in the launch list";
        if (call(COVG_MAP_INTERFACE_MMIO, function->id, guest, address, length, 0).error != SBI_SUCCESS)
            return "the TSM does not map a device's memory";
    }
    return NULL;
}

const char *interface_accept(const struct launch_function *function, u8 *scratch)
{
    struct sbi_result result = call(COVG_GET_DEVICE_LINK, function->id, 0, 0, 0, 0);
    if (result.error != SBI_SUCCESS || result.value != LINK_SECURED)
        return "the link to a device is not secured";
    result = call(COVG_GET_DEVICE_CONNECTION_TRANSCRIPT, function->id, ELEMENT_CERTIFICATES, 0, (u64)scratch, SCRATCH_SIZE);
    if (result.error != SBI_SUCCESS || result.value > SCRATCH_SIZE || !is_digest(scratch, result.value, function->certificates_sha384))
        return "a device is not the one in the launch list";
    result = call(COVG_GET_DEVICE_MEASUREMENTS, function->id, 0, 0, (u64)scratch, SCRATCH_SIZE);
    u64 length = 0;
    const u8 *record = result.error != SBI_SUCCESS || result.value > SCRATCH_SIZE ? NULL : find_record(scratch, result.value, &length);
    if (record == NULL || !is_digest(record, length, function->measurements_sha384))
        return "a device measures of itself what is not in the launch list";
    result = call(COVG_GET_INTERFACE_REPORT, function->id, (u64)scratch, SCRATCH_SIZE, 0, 0);
    if (result.error != SBI_SUCCESS || result.value > SCRATCH_SIZE)
        return "there is no report of a device";
    const char *failure = map(function, (const struct report *)scratch, result.value);
    if (failure != NULL)
        return failure;
    if (call(COVG_START_INTERFACE, function->id, 0, 0, 0, 0).error != SBI_SUCCESS)
        return "a device does not start";
    result = call(COVG_GET_INTERFACE_STATE, function->id, 0, 0, 0, 0);
    return result.error == SBI_SUCCESS && result.value == STATE_RUN ? NULL : "a device does not run";
}
