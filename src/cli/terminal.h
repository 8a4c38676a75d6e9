/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our terminal while a container has it: raw, and given back as it was, whatever ends us (SIGKILL excepted).
 * Source: termios(3), "Raw mode"; signal-safety(7).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct terminal_size {
	uint16_t rows, columns;
};

/* Of the terminal that @fd is. Returns false if it is none, or does not know its size. */
bool terminal_size(int fd, struct terminal_size *ret);

/*
 * Make the terminal @fd raw until terminal_restore(), exit() or a deadly signal. There can be one at a time. Errors:
 * ERR_TTY.
 */
int terminal_make_raw(int fd, struct error *err);

/* The same, but all that changes is that nobody sees what is typed. */
int terminal_hide_input(int fd, struct error *err);

/* Make it raw again after somebody (a shell with job control) has set other modes. */
void terminal_raw_again(void);

/* Give it back; nothing happens if it is not raw. */
void terminal_restore(void);
