/* What a virtual hart wants when it traps. */
#ifndef VMM_EXITS_H
#define VMM_EXITS_H

#include "vm.h"

/* Carries out what the virtual hart, which is loaded, trapped for. */
enum verdict handle_exit(struct vcpu *vcpu);

/* Answers the call of a virtual hart to its firmware. */
enum verdict handle_sbi(struct vcpu *vcpu);

/* The virtual harts of a hart_mask with its hart_mask_base; false if one of them does not exist. */
bool sbi_select_vcpus(const struct vm *vm, u64 mask, u64 base, u64 *selected);

#endif
