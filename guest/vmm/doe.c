#include "doe.h"

#include "machine.h"
#include "riscv.h"

enum { DOE_CONTROL = 0x08, DOE_STATUS = 0x0C, DOE_WRITE = 0x10, DOE_READ = 0x14 };

#define CONTROL_ABORT BIT(0)
#define CONTROL_GO BIT(31)
#define STATUS_ERROR BIT(2)
#define STATUS_READY BIT(31)

#define VENDOR_PCI_SIG 1u
#define TYPE_SPDM 1u
#define TYPE_SECURED_SPDM 2u
#define TYPE_SHIFT 16
#define SPDM_VERSION_1_0 0x10u /* what a message in the clear begins with */
#define SPDM_VERSION_1_2 0x12u
#define LENGTH_MASK 0x3FFFFu

enum { HEADER_WORDS = 2, ANSWER_MILLISECONDS = 1000 };

static bool wait_for_answer(const struct pcie_function *function, unsigned doe)
{
    u64 deadline = now() + milliseconds(ANSWER_MILLISECONDS);
    u32 status;
    do
        status = pcie_read(function, doe + DOE_STATUS);
    while ((status & (STATUS_READY | STATUS_ERROR)) == 0 && now() < deadline);
    return (status & (STATUS_READY | STATUS_ERROR)) == STATUS_READY;
}

static u32 take(const struct pcie_function *function, unsigned doe)
{
    u32 word = pcie_read(function, doe + DOE_READ);
    pcie_write(function, doe + DOE_READ, 0); /* goes on to the next */
    return word;
}

u32 doe_exchange(const struct pcie_function *function, u32 *message, u32 length, u32 room)
{
    unsigned doe = pcie_extended(function, PCIE_EXTENDED_DOE);
    u32 words = (u32)(align_up(length, 4) / 4);
    u32 type = (message[0] & 0xFF) == SPDM_VERSION_1_0 || (message[0] & 0xFF) == SPDM_VERSION_1_2 ? TYPE_SPDM : TYPE_SECURED_SPDM;
    if (length % 4 != 0)
        message[words - 1] &= (1u << 8 * (length % 4)) - 1;
    pcie_write(function, doe + DOE_WRITE, VENDOR_PCI_SIG | type << TYPE_SHIFT);
    pcie_write(function, doe + DOE_WRITE, words + HEADER_WORDS);
    for (u32 i = 0; i < words; i++)
        pcie_write(function, doe + DOE_WRITE, message[i]);
    pcie_write(function, doe + DOE_CONTROL, CONTROL_GO);
    u32 answer = 0;
    if (wait_for_answer(function, doe))
    {
        u32 header = take(function, doe);
        answer = take(function, doe) & LENGTH_MASK;
        if ((header >> TYPE_SHIFT & 0xFF) != type || answer < HEADER_WORDS || (answer - HEADER_WORDS) * 4 > room)
            answer = HEADER_WORDS;
        answer -= HEADER_WORDS;
        for (u32 i = 0; i < answer; i++)
            message[i] = take(function, doe);
    }
    if (answer == 0)
        pcie_write(function, doe + DOE_CONTROL, CONTROL_ABORT);
    return answer * 4;
}
