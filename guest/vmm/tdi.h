/*
 * TEE device interfaces: what the VMM does as the host of CoVE-IO, and cannot look into. It carries messages between the TSM and devices, and gives
 * interfaces to confidential virtual machines, whose shims accept them.
 */
#ifndef VMM_TDI_H
#define VMM_TDI_H

#include "covh.h"
#include "passthrough.h"

/* Connects the TSM with the device of a function, and binds the function, which is then locked, to a TVM. Says so and returns false if the device is refused. */
bool tdi_connect(struct nacl *nacl, u64 tvm, struct passed *passed);

/* Unbinds the function and ends the connection, as far as the device goes along; the TVM may be running. What it has of the function's memory reads as ones. */
void tdi_release(struct nacl *nacl, u64 tvm, struct passed *passed);

/* Ends all that. */
void tdi_disconnect(struct nacl *nacl, u64 tvm, struct passed *passed);

/* What a TVM's call waits for: carries the request that the TSM has left to the device, or gives the TSM the transcript that it asks for. */
void tdi_answer(struct nacl *nacl, struct passthrough *passthrough);

#endif
