#include "uart.h"

#include "console.h"
#include "vm.h"

enum { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };
#define IER_RECEIVED 1
#define IER_EMPTY 2
#define IER_MASK 0x0F
#define IIR_NONE 0x01
#define IIR_EMPTY 0x02
#define IIR_RECEIVED 0x04
#define IIR_FIFOS 0xC0
#define FCR_ENABLE 1
#define FCR_CLEAR_RECEIVER 2
#define LCR_DIVISOR 0x80
#define MCR_LOOP 0x10
#define LSR_RECEIVED 0x01
#define LSR_EMPTY 0x60
#define MSR_CONNECTED 0xB0 /* DCD, DSR, CTS */

static bool has_input(const struct uart *uart)
{
    return !bytes_are_empty(&uart->input);
}

static u8 cause(const struct uart *uart)
{
    if ((uart->registers[IER] & IER_RECEIVED) != 0 && has_input(uart))
        return IIR_RECEIVED;
    return (uart->registers[IER] & IER_EMPTY) != 0 && uart->empty_pending ? IIR_EMPTY : IIR_NONE;
}

static void drive(struct uart *uart)
{
    aplic_set(&uart->vm->aplic, uart->source, cause(uart) != IIR_NONE);
}

static u64 uart_read(struct device *device, u64 offset, unsigned size)
{
    struct uart *uart = (struct uart *)device;
    (void)size;
    bool divisor = (uart->registers[LCR] & LCR_DIVISOR) != 0;
    u8 value = 0;
    switch (offset)
    {
        case DATA:
            if (divisor)
                return uart->divisor[0];
            value = has_input(uart) ? bytes_take(&uart->input) : 0;
            break;
        case IER:
            return divisor ? uart->divisor[1] : uart->registers[IER];
        case IIR_FCR:
            value = cause(uart);
            if (value == IIR_EMPTY)
                uart->empty_pending = false;
            value |= (uart->registers[IIR_FCR] & FCR_ENABLE) != 0 ? IIR_FIFOS : 0;
            break;
        case LSR:
            return LSR_EMPTY | (has_input(uart) ? LSR_RECEIVED : 0);
        case MSR:
        {
            /* In loopback, the port's own outputs: OUT2, OUT1, RTS, DTR come back as DCD, RI, CTS, DSR. */
            u8 control = uart->registers[MCR];
            if ((control & MCR_LOOP) == 0)
                return MSR_CONNECTED;
            return (control & 8) << 4 | (control & 4) << 4 | (control & 2) << 3 | (control & 1) << 5;
        }
        default:
            return offset < 8 ? uart->registers[offset] : 0;
    }
    drive(uart);
    return value;
}

static void uart_write(struct device *device, u64 offset, unsigned size, u64 value)
{
    struct uart *uart = (struct uart *)device;
    (void)size;
    u8 byte = (u8)value;
    bool divisor = (uart->registers[LCR] & LCR_DIVISOR) != 0;
    if (offset >= 8 || offset == LSR || offset == MSR)
        return;
    if (divisor && offset <= IER)
    {
        uart->divisor[offset] = byte;
        return;
    }
    switch (offset)
    {
        case DATA:
            if ((uart->registers[MCR] & MCR_LOOP) != 0)
                bytes_put(&uart->input, byte);
            else
                console_write(uart->vm->index, &byte, 1);
            uart->vm->uses_virtio_console = false;
            uart->empty_pending = true;
            break;
        case IER:
            /* THR is always empty, and enabling its interrupt while it is raises it: drivers count on that. */
            if ((byte & IER_EMPTY) != 0 && (uart->registers[IER] & IER_EMPTY) == 0)
                uart->empty_pending = true;
            uart->registers[IER] = byte & IER_MASK;
            break;
        case IIR_FCR:
            if ((byte & FCR_CLEAR_RECEIVER) != 0)
                uart->input.tail = uart->input.head;
            uart->registers[IIR_FCR] = byte;
            break;
        default:
            uart->registers[offset] = byte;
            return;
    }
    drive(uart);
}

void uart_reset(struct uart *uart, struct vm *vm, unsigned source, struct range range)
{
    *uart = (struct uart){ .device = { range, uart_read, uart_write }, .vm = vm, .source = source };
}

void uart_receive(struct uart *uart, u8 byte)
{
    bytes_put(&uart->input, byte);
    drive(uart);
}
