/* SPDX-License-Identifier: Apache-2.0 */
/* A question to the person at the terminal. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Print @prompt and read a line of standard input, which is a terminal; with @secret nobody sees what is typed. Interrupted
 * or killed, the terminal is as it was. free(*ret). Errors: ERR_TTY, ERR_CANCELLED.
 */
int ask_line(const char *prompt, bool secret, char **ret, struct error *err);
