/* Formatted output to the machine's serial port, whole lines at a time, each after "[vmm] ". */
#ifndef VMM_PRINT_H
#define VMM_PRINT_H

#include "types.h"

/* Writes a line. Understands %s, %c, %u, %x, %d, %lu, %lx and %ld, without widths. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Formats into a buffer; returns the length, without the terminating zero. What does not fit is dropped. */
size_t format_text(char *buffer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Prints why the VMM cannot go on, and switches the machine off with a failure. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
