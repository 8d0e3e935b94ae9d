/* What comes from the device is another than it sent: of a host that carries it, or of a device that lies. */
#include "attacks.h"
#include "doe.h"
#include "interface.h"
#include "life.h"

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
    u8 flips; /* bits of the byte */
    u8 code; /* of the message */
};

/* Fields that a requester has to ignore, in messages that no signature is over. */
enum { SPDM_DIGESTS = 0x01, SPDM_CERTIFICATE = 0x02 };

static bool is_reserved(u8 code, unsigned byte)
{
    return (code == SPDM_DIGESTS && byte == 2) || (code == SPDM_CERTIFICATE && byte == 3);
}

static struct { u32 length, payload[PAYLOAD_WORDS]; } last_request, last_response;

static struct lie *lie; /* the one that is told */

static void carry(struct spdm_exchange *exchange)
{
    u8 *bytes = (u8 *)exchange->payload;
    bool is_it = lie->exchanges++ == lie->exchange;
    unsigned kind = is_it ? lie->kind : KEEP;
    if (kind == FLIP_REQUEST)
        bytes[lie->byte % exchange->length] ^= lie->flips;
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
        lie->code = bytes[1];
        lie->is_clear = bytes[0] == 0x10 || bytes[0] == 0x12;
    }
    u32 length = exchange->length;
    u32 response[PAYLOAD_WORDS];
    memcpy(response, exchange->payload, length);
    if (kind == FLIP_RESPONSE && length > FILLING)
        bytes[lie->byte % (length - FILLING)] ^= lie->flips;
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

/* The honest way to a step; then it is tried with a lie. Returns how many exchanges it has taken. */
static unsigned try_lie(struct trial *trial, enum life_step step, struct lie *told, const char *what)
{
    struct lie none = { KEEP };
    lie = &none;
    life_carried_by(carry);
    life_lead_to(trial->victim, step);
    lie = told;
    if (told->kind != KEEP)
        life_attempt(trial, step, true, what);
    else if (!life_passes(trial, step, what))
        give_up("a step fails without a lie");
    lie = &none;
    life_end(trial->victim);
    life_carried_by(NULL);
    return told->exchanges;
}

/* How many exchanges a step takes. */
static unsigned count(struct trial *trial, enum life_step step)
{
    struct lie none = { KEEP };
    return try_lie(trial, step, &none, "the truth");
}

void tamper_spdm(struct trial *trial)
{
    static const char *const names[] = { "", "a changed response", "a changed request", "no response", "the last response again", "the last request again" };
    if (!trial->is_confidential)
        return; /* nobody is asked */
    victim_share(trial->victim);
    life_learn(trial->victim);
    for (enum life_step step = LIFE_CONNECT; step < LIFE_STEPS; step++)
    {
        unsigned exchanges = count(trial, step);
        for (unsigned i = 0; i < exchanges; i++)
            for (unsigned kind = FLIP_RESPONSE; kind <= REORDER; kind++)
            {
                if (i == 0 && step == LIFE_CONNECT && kind >= REPEAT)
                    continue; /* there was none before */
                struct lie told = { kind, i, 1 + 7 * i, .flips = 0x40 };
                try_lie(trial, step, &told, names[kind]);
            }
    }
    life_learn(trial->victim);
    tried_harm(trial, FAILED, "the victim is changed");
}

void lying_responder(struct trial *trial)
{
    enum { BYTES = 24 };
    if (!trial->is_confidential)
        return;
    unsigned exchanges = count(trial, LIFE_CONNECT);
    for (unsigned i = 0; i < exchanges; i++)
    {
        struct lie told = { FLIP_RESPONSE, i, 0, .flips = 0x01 };
        do
        {
            told.exchanges = 0;
            try_lie(trial, LIFE_CONNECT, &told, "a field of the device's");
            do
                told.byte++;
            while (is_reserved(told.code, told.byte));
        } while (told.is_clear && told.byte < BYTES && told.byte < told.length - FILLING);
        if (!told.is_clear)
            break; /* records of a session have no fields to see */
    }
    count(trial, LIFE_CONNECT);
    tried_harm(trial, FAILED, "the victim is changed");
}
