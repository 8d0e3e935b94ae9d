/* What comes from the device is another than it sent: of a host that carries it, or of a device that lies. */
#include "attacks.h"
#include "doe.h"
#include "interface.h"
#include "tdi.h"

#define STREAM 2
#define PENDING 1
#define PAYLOAD_WORDS COUNT_OF(((struct nacl *)0)->spdm.payload)
#define FILLING 4 /* bytes at the end of a response that may not count */

enum { KEEP, FLIP_RESPONSE, FLIP_REQUEST, DROP, REPEAT, REORDER };

struct lie
{
    unsigned kind;
    unsigned exchange; /* the first is 0 */
    unsigned byte;
    unsigned exchanges; /* that there were */
    u32 length; /* of the response to lie about */
    bool is_clear; /* it is a message in the clear */
};

static struct { u32 length, payload[PAYLOAD_WORDS]; } last_request, last_response;

static void carry(struct spdm_exchange *exchange, struct lie *lie)
{
    u8 *bytes = (u8 *)exchange->payload;
    bool is_it = lie->exchanges++ == lie->exchange;
    unsigned kind = is_it ? lie->kind : KEEP;
    if (kind == FLIP_REQUEST)
        bytes[lie->byte % exchange->length] ^= 0x40;
    u32 request_length = exchange->length;
    u32 request[PAYLOAD_WORDS];
    memcpy(request, exchange->payload, request_length);
    if (kind == REORDER) /* the one before comes after it, again */
    {
        exchange->length = last_request.length;
        memcpy(exchange->payload, last_request.payload, last_request.length);
    }
    exchange->length = doe_exchange(victims_engine(), exchange->payload, exchange->length, sizeof exchange->payload);
    if (is_it)
    {
        lie->length = exchange->length;
        lie->is_clear = bytes[0] == 0x10 || bytes[0] == 0x12;
    }
    u32 length = exchange->length;
    u32 response[PAYLOAD_WORDS];
    memcpy(response, exchange->payload, length);
    if (kind == FLIP_RESPONSE && length > FILLING)
        bytes[lie->byte % (length - FILLING)] ^= 0x40;
    else if (kind == DROP)
        exchange->length = 0;
    else if (kind == REPEAT)
    {
        exchange->length = last_response.length;
        memcpy(exchange->payload, last_response.payload, last_response.length);
    }
    last_request.length = request_length;
    memcpy(last_request.payload, request, request_length);
    last_response.length = length;
    memcpy(last_response.payload, response, length);
}

static struct sbi_result call(u32 function, u64 a1, u64 a2, u64 a3, struct lie *lie)
{
    for (;;)
    {
        struct sbi_result result = covh_call(function, victims_engine()->id, a1, a2, a3, 0, 0);
        if (result.error != SBI_SUCCESS || result.value != PENDING)
            return result;
        carry(&host_shared()->spdm, lie);
    }
}

static struct sbi_result connect(struct lie *lie)
{
    static u8 *transcript;
    enum { SIZE = 4 * PAGE_SIZE };
    struct pcie_function *engine = victims_engine();
    static u32 descriptor[6];
    if (transcript == NULL)
        transcript = host_pages(SIZE / PAGE_SIZE, PAGE_SIZE);
    pcie_set_master(engine, true);
    pcie_write(engine, pcie_extended(engine, PCIE_EXTENDED_IDE) + 0x10, (u32)STREAM << 24);
    descriptor[0] = STREAM;
    descriptor[1] = (u32)engine->id << 8;
    descriptor[2] = (u32)engine->id << 8 | 1;
    return call(COVH_CONNECT_DEVICE, (u64)descriptor, (u64)transcript, SIZE, lie);
}

static void disconnect(void)
{
    struct lie none = { KEEP };
    must(call(COVH_DISCONNECT_DEVICE, 0, 0, 0, &none), "the TSM does not disconnect");
}

/* How many exchanges a connection takes. */
static unsigned connect_honestly(void)
{
    struct lie none = { KEEP };
    must(connect(&none), "the TSM does not connect the engine");
    disconnect();
    return none.exchanges;
}

static void tried_lie(struct trial *trial, struct lie *lie, const char *what)
{
    struct sbi_result result = connect(lie);
    tried_call(trial, result, what);
    if (result.error == SBI_SUCCESS)
        disconnect();
}

void tamper_spdm(struct trial *trial)
{
    static const char *const names[] = { "", "a changed response", "a changed request", "no response", "the last response again", "the last request again" };
    if (!trial->is_confidential)
        return; /* nobody is asked */
    unsigned exchanges = connect_honestly();
    for (unsigned i = 0; i < exchanges; i++)
        for (unsigned kind = FLIP_RESPONSE; kind <= REORDER; kind++)
        {
            if (i == 0 && kind >= REPEAT)
                continue; /* there was none before */
            struct lie lie = { kind, i, 1 + 7 * i };
            tried_lie(trial, &lie, names[kind]);
        }
    connect_honestly();
    tried_harm(trial, FAILED, "the victim is changed");
}

void lying_responder(struct trial *trial)
{
    enum { BYTES = 24 };
    if (!trial->is_confidential)
        return;
    unsigned exchanges = connect_honestly();
    for (unsigned i = 0; i < exchanges; i++)
    {
        struct lie lie = { FLIP_RESPONSE, i, 0 };
        do
        {
            lie.exchanges = 0;
            tried_lie(trial, &lie, "a field of the device's");
        } while (lie.is_clear && ++lie.byte < BYTES && lie.byte < lie.length - FILLING);
        if (!lie.is_clear)
            break; /* records of a session have no fields to see */
    }
    connect_honestly();
    tried_harm(trial, FAILED, "the victim is changed");
}
