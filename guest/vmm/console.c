#include "console.h"

#include "hart.h"
#include "interrupts.h"
#include "lock.h"
#include "machine.h"
#include "vm.h"

/* Registers and bits of a 16550. */
enum { THR = 0, RBR = 0, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5 };
#define IER_RECEIVED 1
#define FCR_ENABLE 1
#define LCR_8_BITS 3
#define MCR_OUT2 8
#define LSR_RECEIVED 1
#define LSR_EMPTY 0x20

#define PATIENCE 20 /* milliseconds that the rest of a line has to come */
#define SELECT 0x1D /* Ctrl-] */

struct line
{
    char text[256];
    size_t length;
    u64 since; /* when its first byte came */
};

static struct lock console_lock;
static volatile u8 *port;
static struct line lines[VMS_MAX];
static int open_line = -1; /* the virtual machine whose line is out, but for its end */
static unsigned keyboard; /* the virtual machine that gets input */
static bool selecting;

void console_start(void)
{
    port = (volatile u8 *)machine.serial.start;
}

void console_enable_input(void)
{
    if (port == NULL)
        return;
    port[FCR] = FCR_ENABLE;
    port[LCR] = LCR_8_BITS;
    port[MCR] = MCR_OUT2;
    port[IER] = IER_RECEIVED;
}

static void put(const char *text, size_t length)
{
    for (size_t i = 0; port != NULL && i < length; i++)
    {
        while ((port[LSR] & LSR_EMPTY) == 0)
            ;
        port[THR] = (u8)text[i];
    }
}

static void close_line(void)
{
    if (open_line >= 0)
        put("\r\n", 2);
    open_line = -1;
}

void console_write_line(const char *text, size_t length)
{
    lock_acquire(&console_lock);
    close_line();
    put("[vmm] ", 6);
    put(text, length);
    put("\r\n", 2);
    lock_release(&console_lock);
}

static void flush(unsigned vm)
{
    struct line *line = &lines[vm];
    if (line->length == 0)
        return;
    if (open_line != (int)vm)
    {
        close_line();
        char prefix[] = { '[', 'v', 'm', (char)(vm < 10 ? '0' + vm : 'a' + vm - 10), ']', ' ' };
        put(prefix, sizeof prefix);
    }
    put(line->text, line->length);
    open_line = line->text[line->length - 1] == '\n' ? -1 : (int)vm;
    line->length = 0;
}

void console_write(unsigned vm, const u8 *bytes, size_t length)
{
    lock_acquire(&console_lock);
    if (machine.vm_count == 1)
    {
        put((const char *)bytes, length);
        if (length != 0)
            open_line = bytes[length - 1] == '\n' ? -1 : 0;
        lock_release(&console_lock);
        return;
    }
    struct line *line = &lines[vm];
    for (size_t i = 0; i < length; i++)
    {
        if (line->length == 0)
            line->since = now();
        line->text[line->length++] = (char)bytes[i];
        if (bytes[i] == '\n' || line->length == sizeof line->text)
            flush(vm);
    }
    if (line->length != 0)
        hart_wake_at(line->since + milliseconds(PATIENCE));
    lock_release(&console_lock);
}

void console_poll(void)
{
    if (machine.vm_count == 1)
        return;
    lock_acquire(&console_lock);
    for (unsigned vm = 0; vm < machine.vm_count; vm++)
    {
        if (lines[vm].length == 0)
            continue;
        u64 due = lines[vm].since + milliseconds(PATIENCE);
        if (now() >= due)
            flush(vm);
        else
            hart_wake_at(due);
    }
    lock_release(&console_lock);
}

void console_receive(void)
{
    while (port != NULL && (port[LSR] & LSR_RECEIVED) != 0)
    {
        u8 byte = port[RBR];
        if (selecting)
        {
            selecting = false;
            if (byte >= '0' && byte < '0' + (int)machine.vm_count)
            {
                keyboard = byte - '0';
                continue;
            }
        }
        else if (byte == SELECT && machine.vm_count > 1)
        {
            selecting = true;
            continue;
        }
        vm_receive(keyboard, byte);
    }
    interrupts_rearm(machine.serial_source);
}
