/* Confidential virtual machines: what a hart needs for them. */
#ifndef VMM_CONFIDENTIAL_H
#define VMM_CONFIDENTIAL_H

/* Gives the TSM the memory that the calling hart shares with it, if there is to be a confidential virtual machine. */
void confidential_start_hart(void);

#endif
