/* What the VMM counted. */
#ifndef VMM_STATISTICS_H
#define VMM_STATISTICS_H

/* From here on, what memory is used is virtual machines'. */
void statistics_start(void);

/* Prints a line of JSON for each virtual machine, and one for the machine. */
void statistics_print(void);

#endif
