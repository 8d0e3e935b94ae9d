/* The machine's serial port, which the VMM and all virtual machines share. */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include "types.h"

/* Finds the serial port; before that, output goes nowhere. */
void console_start(void);

/* Lets received bytes interrupt. */
void console_enable_input(void);

/* One line of the VMM's own. */
void console_write_line(const char *text, size_t length);

/*
 * Output of a virtual machine. If it is the only one, it goes out as it comes; if there are several, in lines that begin with
 * "[vmN] ". What does not end in a newline goes out after a while: see console_poll.
 */
void console_write(unsigned vm, const u8 *bytes, size_t length);

/* Gives input to the virtual machine that has the keyboard. Ctrl-] and a digit give the keyboard to that virtual machine. */
void console_receive(void);

/* Writes unfinished lines that have waited long enough. */
void console_poll(void);

#endif
