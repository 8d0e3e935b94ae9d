/* A device that holds its keys, and lies in its session: what it says is not so, or is no message, under the right keys. */
#include "attacks.h"
#include "doe.h"
#include "interface.h"
#include "life.h"

/* Requests that it lies about: SPDM's, and those of PCI-SIG's protocols. */
enum { SPDM_MEASUREMENTS = 0xE0, SPDM_FINISH = 0xE5, SPDM_KEY_UPDATE = 0xE9, SPDM_END = 0xEC, SPDM_VENDOR = 0xFE };
enum { IDE_KM, TDISP, NO_PROTOCOL };
enum { KEY_PROGRAM = 2, KEY_GO = 4, KEY_STOP = 5 };
enum { TDISP_VERSION = 0x81, TDISP_CAPABILITIES, TDISP_LOCK, TDISP_REPORT, TDISP_STATE, TDISP_START, TDISP_STOP };

enum lie_kind { FLIP, CUT, ADD, ERROR, CLEAR, SESSION, SEQUENCE, LENGTH, RECORD_LENGTH };
static const char *const kinds[] = { "flip", "cut", "add", "error", "clear", "session", "sequence", "length", "recordlength" };

/* Where the fields of an answer are: vendor-defined messages begin with 12 bytes of SPDM's, TDISP's with 16 of their own. */
enum { VENDOR = 4, BODY = 12, TDISP_BODY = 28, REPORT = TDISP_BODY + 4, RANGES = REPORT + 16, REPORT_END = RANGES + 3 * 16, MEASUREMENTS_SIZE = 263 };

struct answer
{
    enum life_step step; /* in which it is given */
    u8 request, protocol, message;
    const char *name;
};

struct field
{
    struct answer answer;
    unsigned from, to, step; /* bytes, each of which is wrong by itself; every one, or some of many */
    u8 flips; /* each of these bits by itself */
};

#define OF_SPDM(step, request, name) { step, request, NO_PROTOCOL, 0, name }
#define OF_IDE(step, message, name) { step, SPDM_VENDOR, IDE_KM, message, name }
#define OF_TDISP(step, message, name) { step, SPDM_VENDOR, TDISP, message, name }

static const struct answer answers[] = {
    OF_SPDM(LIFE_CONNECT, SPDM_FINISH, "FINISH_RSP"),
    OF_SPDM(LIFE_CONNECT, SPDM_MEASUREMENTS, "MEASUREMENTS"),
    OF_TDISP(LIFE_CONNECT, TDISP_VERSION, "TDISP_VERSION"),
    OF_TDISP(LIFE_CONNECT, TDISP_CAPABILITIES, "TDISP_CAPABILITIES"),
    OF_IDE(LIFE_CONNECT, KEY_PROGRAM, "KP_ACK"),
    OF_IDE(LIFE_CONNECT, KEY_GO, "K_GOSTOP_ACK"),
    OF_TDISP(LIFE_BIND, TDISP_VERSION, "TDISP_VERSION"),
    OF_TDISP(LIFE_BIND, TDISP_CAPABILITIES, "TDISP_CAPABILITIES"),
    OF_TDISP(LIFE_BIND, TDISP_LOCK, "LOCK_INTERFACE_RESPONSE"),
    OF_TDISP(LIFE_BIND, TDISP_REPORT, "DEVICE_INTERFACE_REPORT"),
    OF_TDISP(LIFE_BIND, TDISP_STATE, "DEVICE_INTERFACE_STATE"),
    OF_TDISP(LIFE_START, TDISP_START, "START_INTERFACE_RESPONSE"),
    OF_TDISP(LIFE_START, TDISP_STATE, "DEVICE_INTERFACE_STATE"),
    OF_TDISP(LIFE_STATE, TDISP_STATE, "DEVICE_INTERFACE_STATE"),
    OF_SPDM(LIFE_MEASURE, SPDM_MEASUREMENTS, "MEASUREMENTS"),
    OF_SPDM(LIFE_UPDATE, SPDM_KEY_UPDATE, "KEY_UPDATE_ACK"),
    OF_IDE(LIFE_REFRESH, KEY_PROGRAM, "KP_ACK"),
    OF_IDE(LIFE_REFRESH, KEY_GO, "K_GOSTOP_ACK"),
    OF_IDE(LIFE_REFRESH, KEY_STOP, "K_GOSTOP_ACK"),
    OF_TDISP(LIFE_STOP, TDISP_STOP, "STOP_INTERFACE_RESPONSE"),
    OF_TDISP(LIFE_UNBIND, TDISP_STOP, "STOP_INTERFACE_RESPONSE"),
    OF_IDE(LIFE_DISCONNECT, KEY_STOP, "K_GOSTOP_ACK"),
    OF_SPDM(LIFE_DISCONNECT, SPDM_END, "END_SESSION_ACK"),
};

struct form
{
    enum lie_kind kind;
    s64 value;
};

/* Of every answer: its end, and ERROR in its place. */
static const struct form forms[] = { { CUT, 1 }, { CUT, 2 }, { ADD, 1 }, { ADD, 64 }, { ERROR, 0x01 }, { ERROR, 0x03 }, { ERROR, 0x42 } };
/* Of one answer in each step: its record. */
static const struct form record_forms[] = {
    { CLEAR, 0 }, { SESSION, 1 }, { SESSION, 0x10000 }, { SEQUENCE, 1 }, { LENGTH, -1 }, { LENGTH, 1 }, { LENGTH, 1000 }, { RECORD_LENGTH, -1 }, { RECORD_LENGTH, 1 },
};

/* What is in them but for reserved bytes. Fields of the messages of a protocol are those of each. */
static const struct field fields[] = {
    { OF_SPDM(LIFE_CONNECT, SPDM_MEASUREMENTS, "MEASUREMENTS"), 2, MEASUREMENTS_SIZE, 11, 0x10 },
    { OF_SPDM(LIFE_MEASURE, SPDM_MEASUREMENTS, "MEASUREMENTS"), 2, MEASUREMENTS_SIZE, 11, 0x01 },
    { OF_TDISP(LIFE_CONNECT, TDISP_VERSION, "VERSION_NUM"), TDISP_BODY, TDISP_BODY + 2, 1, 0x11 },
    { OF_TDISP(LIFE_BIND, TDISP_VERSION, "VERSION_NUM"), TDISP_BODY, TDISP_BODY + 2, 1, 0x11 },
    { OF_TDISP(LIFE_BIND, TDISP_CAPABILITIES, "REQ_MSGS_SUPPORTED"), TDISP_BODY + 4, TDISP_BODY + 5, 1, 0xFE },
    { OF_TDISP(LIFE_BIND, TDISP_CAPABILITIES, "LOCK_INTERFACE_FLAGS_SUPPORTED"), TDISP_BODY + 20, TDISP_BODY + 21, 1, 0x01 },
    { OF_TDISP(LIFE_BIND, TDISP_LOCK, "START_INTERFACE_NONCE"), TDISP_BODY, TDISP_BODY + 32, 5, 0x04 },
    { OF_TDISP(LIFE_BIND, TDISP_REPORT, "PORTION_LENGTH, REMAINDER_LENGTH"), TDISP_BODY, REPORT, 1, 0x81 },
    { OF_TDISP(LIFE_BIND, TDISP_REPORT, "INTERFACE_INFO"), REPORT, REPORT + 1, 1, 0xFF },
    { OF_TDISP(LIFE_BIND, TDISP_REPORT, "MSI_X_MESSAGE_CONTROL, LNR_CONTROL, TPH_CONTROL"), REPORT + 4, REPORT + 12, 1, 0x81 },
    { OF_TDISP(LIFE_BIND, TDISP_REPORT, "MMIO_RANGE_COUNT"), REPORT + 12, RANGES, 1, 0x81 },
    { OF_TDISP(LIFE_BIND, TDISP_REPORT, "MMIO_RANGE"), RANGES, REPORT_END, 3, 0x21 },
    { OF_TDISP(LIFE_BIND, TDISP_REPORT, "RANGE_ATTRIBUTES"), RANGES + 12, RANGES + 13, 1, 0x0F },
    { OF_TDISP(LIFE_BIND, TDISP_REPORT, "DEVICE_SPECIFIC_INFO_LEN"), REPORT_END, REPORT_END + 4, 1, 0x81 },
    { OF_TDISP(LIFE_BIND, TDISP_STATE, "TDI_STATE"), TDISP_BODY, TDISP_BODY + 1, 1, 0x87 },
    { OF_TDISP(LIFE_START, TDISP_STATE, "TDI_STATE"), TDISP_BODY, TDISP_BODY + 1, 1, 0x87 },
    { OF_TDISP(LIFE_STATE, TDISP_STATE, "TDI_STATE"), TDISP_BODY, TDISP_BODY + 1, 1, 0x87 },
    { OF_SPDM(LIFE_UPDATE, SPDM_KEY_UPDATE, "KeyOperation, Tag"), 2, 4, 1, 0x83 },
    { OF_IDE(LIFE_CONNECT, KEY_PROGRAM, "StreamID, Status, Key/SubStream, PortIndex"), BODY + 3, BODY + 7, 1, 0x13 },
    { OF_IDE(LIFE_CONNECT, KEY_GO, "StreamID"), BODY + 3, BODY + 4, 1, 0x11 },
    { OF_IDE(LIFE_CONNECT, KEY_GO, "Key/SubStream, PortIndex"), BODY + 5, BODY + 7, 1, 0x13 },
    { OF_IDE(LIFE_REFRESH, KEY_PROGRAM, "StreamID, Status, Key/SubStream, PortIndex"), BODY + 3, BODY + 7, 1, 0x13 },
    { OF_IDE(LIFE_REFRESH, KEY_GO, "Key/SubStream, PortIndex"), BODY + 5, BODY + 7, 1, 0x13 },
    { OF_IDE(LIFE_REFRESH, KEY_STOP, "Key/SubStream, PortIndex"), BODY + 5, BODY + 7, 1, 0x13 },
    { OF_IDE(LIFE_DISCONNECT, KEY_STOP, "Key/SubStream, PortIndex"), BODY + 5, BODY + 7, 1, 0x13 },
};

/* By a line on the console, as to any adversary: who the device is told by is whoever made it. */
static void tell(const struct answer *answer, enum lie_kind kind, unsigned at, s64 value)
{
    say("{\"adversary\":\"lie ");
    say_number(answer->request);
    say(" ");
    say_number(answer->protocol);
    say(" ");
    say_number(answer->message);
    say(" ");
    say(kinds[kind]);
    say(" ");
    say_number(at);
    say(value < 0 ? " -" : " ");
    say_number(value < 0 ? -value : value);
    say("\"}\n");
}

static void try_lie(struct trial *trial, const struct answer *answer, enum lie_kind kind, unsigned at, s64 value)
{
    enum life_step step = answer->step;
    life_lead_to(trial->victim, step);
    tell(answer, kind, at, value);
    if (step != LIFE_BIND)
        life_attempt(trial, step, kind != ERROR, answer->name);
    else if (life_passes(trial, step, answer->name))
    {
        adversary("rest"); /* what was told is found out when it is used */
        life_attempt(trial, LIFE_START, true, answer->name);
    }
    adversary("rest");
    life_end(trial->victim);
}

static void try_flips(struct trial *trial, const struct answer *answer, unsigned from, unsigned to, unsigned step, u8 flips)
{
    for (unsigned at = from; at < to; at += step)
        for (unsigned bit = 0; bit < 8; bit++)
            if ((flips >> bit & 1) != 0)
                try_lie(trial, answer, FLIP, at, 1 << bit);
}

static void try_answer(struct trial *trial, const struct answer *answer)
{
    for (unsigned i = 0; i < COUNT_OF(forms); i++)
        try_lie(trial, answer, forms[i].kind, 0, forms[i].value);
    for (unsigned i = 0; i < COUNT_OF(record_forms) && (answer == answers || answer[-1].step != answer->step); i++)
        try_lie(trial, answer, record_forms[i].kind, 0, record_forms[i].value);
    try_flips(trial, answer, 0, 2, 1, 0x82); /* SPDMVersion, RequestResponseCode; 0x7E is not to become ERROR, which no lie is */
    if (answer->request != SPDM_VENDOR)
        return;
    try_flips(trial, answer, VENDOR, BODY, 1, 0x01); /* StandardID, Len, VendorID, PayloadLength, the protocol */
    try_flips(trial, answer, BODY, BODY + 1, 1, answer->protocol == TDISP ? 0x11 : 0x03); /* TDISPVersion, Object ID */
    if (answer->protocol == TDISP)
    {
        try_flips(trial, answer, BODY + 1, BODY + 2, 1, 0x87); /* MessageType */
        try_flips(trial, answer, BODY + 4, BODY + 8, 1, 0x01); /* FUNCTION_ID */
    }
}

/* What a host without a TSM can do: it asks the device in the clear, and takes what it hears. */
static u32 ask(u8 *message, const void *request, u32 length)
{
    memcpy(message, request, length);
    u32 answer = doe_exchange(victims_engine(), (u32 *)message, length, 256);
    if (answer == 0)
        give_up("the engine does not answer in the clear");
    return answer;
}

static u8 state_in_clear(void)
{
    static const u8 version[] = { 0x10, 0x84, 0, 0 };
    static const u8 capabilities[] = { 0x12, 0xE1, 0, 0, 0, 0, 0, 0, 0xC0, 0x02, 0, 0, 0, 0x06, 0, 0, 0, 0x06, 0, 0 };
    static const u8 algorithms[48] = { 0x12, 0xE3, 4, 0, 48, 0, 1, 2, 0x80, 0, 0, 0, 2, 0, 0, 0, [32] = 2, 0x20, 0x10, 0, 3, 0x20, 2, 0, 4, 0x20, 0x80, 0, 5, 0x20, 1, 0 };
    static const u8 state[] = { 0x12, 0xFE, 0, 0, 3, 0, 2, 1, 0, 17, 0, 1, 0x10, 0x85, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    static u32 message[64];
    ask((u8 *)message, version, sizeof version);
    ask((u8 *)message, capabilities, sizeof capabilities);
    ask((u8 *)message, algorithms, sizeof algorithms);
    return ask((u8 *)message, state, sizeof state) > TDISP_BODY ? ((u8 *)message)[TDISP_BODY] : 0xFF;
}

static void lie_in_clear(struct trial *trial)
{
    static const struct answer nothing = OF_TDISP(LIFE_STATE, 0, ""), state = OF_TDISP(LIFE_STATE, TDISP_STATE, "");
    tell(&nothing, FLIP, 0, 0); /* a device that answers in the clear at all */
    if (state_in_clear() != INTERFACE_UNLOCKED)
        give_up("the engine does not tell the truth");
    tell(&state, FLIP, TDISP_BODY, INTERFACE_RUN);
    attempt(trial, state_in_clear() == INTERFACE_RUN, OTHER, "the host believes the device's state");
    adversary("rest");
}

void lying_device(struct trial *trial)
{
    if (!trial->is_confidential)
    {
        lie_in_clear(trial);
        return;
    }
    victim_share(trial->victim);
    life_learn(trial->victim);
    for (unsigned i = 0; i < COUNT_OF(answers); i++)
        try_answer(trial, &answers[i]);
    for (unsigned i = 0; i < COUNT_OF(fields); i++)
        try_flips(trial, &fields[i].answer, fields[i].from, fields[i].to, fields[i].step, fields[i].flips);
    life_learn(trial->victim);
    tried_harm(trial, FAILED, "the victim is changed");
}
