/* What a virtual hart wants when it traps. */
#ifndef VMM_EXITS_H
#define VMM_EXITS_H

#include "vm.h"

enum verdict
{
    GO_ON, /* it can run again at once */
    LOOK_AROUND, /* something else may have become more urgent, or it waits */
};

/* Carries out what the virtual hart, which is loaded, trapped for. */
enum verdict handle_exit(struct vcpu *vcpu);

/* Answers its call to its firmware. */
enum verdict handle_sbi(struct vcpu *vcpu);

#endif
