/* The table of attacks: name, what has to stop it, and what it does. The function of each is in a file of its subject. */
#ifndef ATTACK_ATTACKS_H
#define ATTACK_ATTACKS_H

#include "trial.h"

void attack_all(void);

#define ATTACKS(A) \
    /* cpu.c */ \
    A(host_reads, "host-reads", LOAD_FAULT, "The host loads from the victim's memory, on either hart") \
    A(host_writes, "host-writes", STORE_FAULT, "The host stores, and makes atomic accesses, to the victim's memory") \
    A(host_executes, "host-executes", FETCH_FAULT, "The host executes the victim's code") \
    /* pages.c */ \
    A(map_twice, "map-twice", BAD_ADDRESS, "The host maps the victim's page into a second virtual machine too") \
    A(map_replaced, "map-replaced", BAD_ADDRESS, "The host puts a page of its own in place of the victim's") \
    A(map_alias, "map-alias", BAD_ADDRESS, "The host maps a page at a second guest address, by itself or in a large page") \
    A(map_reordered, "map-reordered", BAD_ADDRESS, "The host exchanges two of the victim's pages") \
    A(map_dropped, "map-dropped", BAD_ADDRESS | GUEST_PAGE_FAULT, "The host takes a page away, and gives an empty or an old one in its place") \
    /* fences.c */ \
    A(reclaim_early, "reclaim-early", BAD_ADDRESS | LOAD_FAULT, "The host takes back a page that the victim has, or that waits for a fence") \
    A(skip_fence, "skip-fence", BAD_ADDRESS | LOAD_FAULT | ALREADY_STARTED, "One hart keeps its translations: it does not make its part of the fence") \
    A(remove_running, "remove-running", BAD_ADDRESS | GUEST_PAGE_FAULT | ALREADY_STARTED, "The host removes shared memory from under a vCPU that runs on the other hart, which has the translation") \
    /* registers.c */ \
    A(read_registers, "read-registers", SCRUBBED, "The host looks for the secret in registers, CSRs and shared memory after an exit") \
    A(forge_state, "forge-state", IGNORED, "The host writes pc, general registers and CSRs of the victim between two runs") \
    /* interrupts.c */ \
    A(inject_interrupt, "inject-interrupt", FAILED | IGNORED, "The host makes interrupts pending that the victim does not allow") \
    /* tables.c */ \
    A(tamper_tables, "tamper-tables", LOAD_FAULT | STORE_FAULT, "The host reads and writes donated page tables and state pages") \
    /* lifecycle.c */ \
    A(donate_twice, "donate-twice", BAD_ADDRESS | BAD_PARAM, "The host donates a page twice, creates, destroys and reclaims twice") \
    A(read_remains, "read-remains", LOAD_FAULT | ZEROED, "The host destroys the victim, reclaims its memory and looks for the secret") \
    A(run_twice, "run-twice", FAILED, "Both harts run one vCPU at once; it is destroyed while it runs") \
    /* image.c */ \
    A(change_image, "change-image", FAILED | MEASURED | IGNORED, "The host measures one image and runs another") \
    /* guest.c */ \
    A(read_sibling, "read-sibling", GUEST_PAGE_FAULT | BAD_ADDRESS, "A virtual machine reads another's memory and its host's, with its host's help") \
    A(execute_shared, "execute-shared", FETCH_FAULT, "The host has the victim execute code in shared memory") \
    A(call_as_guest, "call-as-guest", NOT_SUPPORTED, "A TVM calls what only the host may") \
    /* abi.c */ \
    A(malformed_calls, "malformed-calls", LOAD_FAULT | IGNORED, "The host calls every function with malformed arguments, thousands of times, on both harts") \
    /* device.c */ \
    A(device_dma, "device-dma", REFUSED_DMA, "The host has a VirtIO device write into the victim's memory") \
    /* functions.c */ \
    A(function_dma, "function-dma", REFUSED_DMA, "A PCIe function of the host's reads and writes the victim's memory, and that of the TSM's tables") \
    A(unbound_dma, "unbound-dma", REFUSED_DMA, "The function that was the victim's reads and writes its memory after it was unbound") \
    A(spoof_requester, "spoof-requester", REFUSED_DMA, "A device of the host's gives the victim's device's number as its own, without and with the T bit") \
    A(write_config, "write-config", INTERFACE_FAILED, "The host writes the locked function's configuration space, and resets it") \
    A(move_bar, "move-bar", INTERFACE_FAILED | IGNORED, "The host moves the locked function's memory, and puts its own function's in the place") \
    A(spoof_message, "spoof-message", STORE_FAULT | IGNORED | REFUSED_DMA, "The host, and a function of its, send messages to the victim's interrupt file") \
    /* link.c */ \
    A(flip_tlp, "flip-tlp", LINK_FAILED, "Somebody on the link changes data and address of the victim's device's writes") \
    A(replay_tlp, "replay-tlp", LINK_FAILED, "Somebody on the link repeats a write in another's place") \
    A(wrong_stream, "wrong-stream", LINK_FAILED, "Somebody on the link says that a write is of another IDE stream") \
    /* responder.c */ \
    A(tamper_spdm, "tamper-spdm", FAILED | IGNORED, "The host changes, drops, repeats and exchanges what it carries between the TSM and the device, from connection to disconnection") \
    A(lying_responder, "lying-responder", FAILED, "Each byte of what a device says before it has keys is another than it has to be") \
    /* liar.c */ \
    A(lying_device, "lying-device", FAILED | IGNORED | DISTRUSTED, "A device that holds its keys lies in its session: each field of its answers, and the records that they are in")

#define ATTACK(function, name, expected, description) void function(struct trial *trial);
ATTACKS(ATTACK)
#undef ATTACK

#endif
