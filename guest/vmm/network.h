/* A switch with a port for each virtual machine, and one for the machine's network card if it has one. */
#ifndef VMM_NETWORK_H
#define VMM_NETWORK_H

#include "types.h"

struct vm;

/* Connects the machine's network card. Fails if it cannot. */
void network_start(u64 card_address, u32 card_source);

/* Whether virtual machines have anybody to talk to. */
bool network_is_useful(void);

/* Takes what the network card received; for its interrupt, which has the identity of its source. */
void network_receive(u32 identity);

/* Frames that virtual machines sent go to their receivers. Called without any lock. */
void network_deliver(void);

/* A virtual machine is going: it receives nothing any more. */
void network_detach(struct vm *vm);

#endif
