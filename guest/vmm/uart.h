/* A virtual machine's serial port: a 16550 that sends at once. */
#ifndef VMM_UART_H
#define VMM_UART_H

#include "bytes.h"
#include "device.h"

struct vm;

struct uart
{
    struct device device;
    struct vm *vm;
    unsigned source;
    u8 registers[8]; /* as written, but for those that have another meaning when read */
    u8 divisor[2];
    bool empty_pending; /* THR became empty, and nobody has looked */
    struct bytes input;
};

enum { UART_CLOCK = 3686400 };

void uart_reset(struct uart *uart, struct vm *vm, unsigned source, struct range range);

/* A byte from outside; lost if the port is full. */
void uart_receive(struct uart *uart, u8 byte);

#endif
