/* Somebody has the wire between the root port and the victim's device in hand; the program only says when. */
#include "attacks.h"
#include "interface.h"

static bool is_of(u64 took, u64 before, u64 after)
{
    u64 unlike_before = took ^ before, unlike_after = took ^ after;
    return ((u32)unlike_before == 0 || (u32)unlike_after == 0) && (unlike_before >> 32 == 0 || unlike_after >> 32 == 0);
}

/* The device writes 8 bytes, in two requests. What arrives is what it wrote, or nothing does; then the stream is insecure and carries nothing more. */
static void tamper(struct trial *trial, const char *how)
{
    struct victim *victim = trial->victim;
    interface_give(victim);
    *victim_source(victim) = 0;
    if (victim_takes(victim) != ENGINE_DONE)
        give_up("the victim's engine does not work");
    u64 source = *victim_source(victim) = 0x0123456789ABCDEF, before = victim_took(victim);
    adversary(how);
    enum engine_end end = victim_takes(victim);
    adversary("rest");
    u64 took = victim_took(victim);
    if (!trial->is_confidential)
        attempt(trial, end == ENGINE_DONE && took != source, OTHER, how);
    else
        attempt(trial, end == ENGINE_DONE || !is_of(took, before, source),
            victim_peek(victim, VICTIM_BASE + VICTIM_DEVICE + ENGINE_IDENTITY) == ~0u && victim_takes(victim) != ENGINE_DONE ? LINK_FAILED : OTHER, how);
    if (trial->is_confidential)
        interface_await_failure("the host is not told that the link has failed");
    interface_take(victim);
}

void flip_tlp(struct trial *trial)
{
    victim_share(trial->victim);
    tamper(trial, "flip-data");
    tamper(trial, "flip-address");
    tried_harm(trial, LINK_FAILED, "the victim is changed");
}

void replay_tlp(struct trial *trial)
{
    victim_share(trial->victim);
    tamper(trial, "replay");
    tried_harm(trial, LINK_FAILED, "the victim is changed");
}

void wrong_stream(struct trial *trial)
{
    if (!trial->is_confidential)
        return; /* it has none */
    victim_share(trial->victim);
    tamper(trial, "other-stream");
    tried_harm(trial, LINK_FAILED, "the victim is changed");
}
