#include "tdi.h"

#include "doe.h"
#include "machine.h"
#include "memory.h"
#include "print.h"
#include "riscv.h"

/* Registers of IDE's capability, with one selective stream (PCIe Base 6.0, section 7.9.26). */
#define IDE_STREAM_CONTROL 0x10
#define IDE_STREAM_ENABLE BIT(0)
#define IDE_STREAM_ID_SHIFT 24

#define PENDING 1ul
#define TRANSCRIPT_SIZE (PAGE_SIZE << TRANSCRIPT_ORDER)

/* A stream for one requester, and for any address. */
struct stream_descriptor
{
    u8 stream_id;
    u8 address_blocks;
    u16 reserved;
    u32 requester_limit;
    u32 requester_base;
};

static u8 stream_of(const struct pcie_function *function)
{
    return (u8)(1 + (function->id >> 8)); /* one for each root port, whose bus it is */
}

/* Puts the TSM's request into the device's mailbox, and the answer in its place. Without one its length is 0. */
static void carry(struct nacl *nacl, const struct pcie_function *function)
{
    struct spdm_exchange *exchange = &nacl->spdm;
    if (exchange->length == 0 || exchange->length > sizeof exchange->payload || exchange->device != function->id)
        exchange->length = 0;
    else
        exchange->length = doe_exchange(function, exchange->payload, exchange->length, sizeof exchange->payload);
}

/* A call about a device, with all that it waits for. */
static struct sbi_result call(struct nacl *nacl, const struct pcie_function *function, u32 number, u64 a0, u64 a1, u64 a2, u64 a3)
{
    for (;;)
    {
        struct sbi_result result = covh_call(number, a0, a1, a2, a3, 0, 0);
        if (result.error != SBI_SUCCESS || result.value != PENDING)
            return result;
        carry(nacl, function);
    }
}

static void must(struct sbi_result result, const struct pcie_function *function, const char *what)
{
    if (result.error != SBI_SUCCESS)
        fail("the TSM does not %s the PCIe function %x:%x.%u: error %ld", what, function->id >> 8, function->id >> 3 & 31, function->id & 7, result.error);
}

/* The same for what depends on the device, whose refusal is its virtual machine's affair. */
static bool did(struct sbi_result result, const struct pcie_function *function, const char *what)
{
    if (result.error != SBI_SUCCESS)
        print("the TSM does not %s the PCIe function %x:%x.%u: error %ld", what, function->id >> 8, function->id >> 3 & 31, function->id & 7, result.error);
    return result.error == SBI_SUCCESS;
}

static void stream_off(const struct pcie_function *function)
{
    pcie_write(function, pcie_extended(function, PCIE_EXTENDED_IDE) + IDE_STREAM_CONTROL, (u32)stream_of(function) << IDE_STREAM_ID_SHIFT);
}

static void change_regions(u64 tvm, const struct pcie_function *function, u32 number, const char *what)
{
    for (unsigned i = 0; i < PCIE_BARS; i++)
    {
        struct range range = function->bars[i].range;
        if (range.size != 0)
            must(covh_call(number, tvm, function->id, range.start, align_up(range.size, PAGE_SIZE), 0, 0), function, what);
    }
}

bool tdi_connect(struct nacl *nacl, u64 tvm, struct passed *passed)
{
    const struct pcie_function *function = passed->function;
    unsigned ide = pcie_extended(function, PCIE_EXTENDED_IDE);
    if (ide == 0 || pcie_extended(function, PCIE_EXTENDED_DOE) == 0)
    {
        print("the PCIe function %x:%x.%u is no TEE device interface, as a confidential virtual machine needs it: give the machine one, for example with --nvme F,tee",
            function->id >> 8, function->id >> 3 & 31, function->id & 7);
        return false;
    }
    passed->transcript = memory_allocate(TRANSCRIPT_ORDER);
    if (passed->transcript == NULL)
        fail("the machine's memory is too small for the transcript of a device: give it more with --memory");
    pcie_set_master(function, true); /* whatever is to be so is so before it is locked */
    u32 control = (u32)stream_of(function) << IDE_STREAM_ID_SHIFT;
    pcie_write(function, ide + IDE_STREAM_CONTROL, control);
    struct stream_descriptor descriptor = { .stream_id = stream_of(function), .requester_limit = (u32)function->id << 8, .requester_base = (u32)function->id << 8 | 1 };
    if (!did(call(nacl, function, COVH_CONNECT_DEVICE, function->id, (u64)&descriptor, (u64)passed->transcript, TRANSCRIPT_SIZE), function, "connect"))
    {
        memory_free(passed->transcript, TRANSCRIPT_ORDER);
        return false;
    }
    passed->is_locked = true;
    pcie_write(function, ide + IDE_STREAM_CONTROL, control | IDE_STREAM_ENABLE);
    must(covh_call(COVH_GET_DEVICE_CONNECTION_TRANSCRIPT, function->id, (u64)passed->transcript, TRANSCRIPT_SIZE, 0, 0, 0), function, "take back the transcript of");
    change_regions(tvm, function, COVH_ADD_TVM_INTERFACE_REGION, "take the memory of");
    passed->is_added = true;
    pcie_forget_failure(function); /* of before: the TSM stops what is in ERROR, and locks it anew */
    passed->is_bound = did(call(nacl, function, COVH_BIND_INTERFACE, tvm, function->id, 0, 0), function, "bind");
    if (!passed->is_bound)
        tdi_release(nacl, tvm, passed);
    return passed->is_bound;
}

void tdi_release(struct nacl *nacl, u64 tvm, struct passed *passed)
{
    const struct pcie_function *function = passed->function;
    if (passed->is_bound)
        must(call(nacl, function, COVH_UNBIND_INTERFACE, tvm, function->id, 0, 0), function, "unbind");
    passed->is_bound = false;
    if (!passed->is_locked)
        return;
    if (!pcie_is_gone(function))
        stream_off(function);
    must(call(nacl, function, COVH_DISCONNECT_DEVICE, function->id, 0, 0, 0), function, "disconnect");
    memory_free(passed->transcript, TRANSCRIPT_ORDER);
    passed->is_locked = false;
}

void tdi_disconnect(struct nacl *nacl, u64 tvm, struct passed *passed)
{
    tdi_release(nacl, tvm, passed);
    if (passed->is_added)
        change_regions(tvm, passed->function, COVH_RECLAIM_TVM_INTERFACE_REGION, "give back the memory of");
    passed->is_added = false;
}

void tdi_answer(struct nacl *nacl, struct passthrough *passthrough)
{
    for (unsigned i = 0; i < passthrough->count; i++)
    {
        struct passed *passed = &passthrough->functions[i];
        if (passed->function->id != nacl->spdm.device || !passed->is_locked)
            continue;
        if (nacl->spdm.length == 0)
            covh_call(COVH_GET_DEVICE_CONNECTION_TRANSCRIPT, passed->function->id, (u64)passed->transcript, TRANSCRIPT_SIZE, 0, 0, 0);
        else
            carry(nacl, passed->function);
        return;
    }
    nacl->spdm.length = 0;
}
