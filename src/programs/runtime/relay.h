/* SPDX-License-Identifier: Apache-2.0 */
/* A foreground container's terminal: bytes between our terminal and the master of its own. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cli/terminal.h"

enum { RELAY_FDS = 4, RELAY_BUFFER = 4096 };

struct relay_direction {
	int from, to;
	bool open;
	size_t begin, end; /* of what waits in data */
	char data[RELAY_BUFFER];
};

struct relay {
	int master; /* -1: no terminal, and everything here does nothing */
	bool raw;
	struct relay_direction in, out;
};

int relay_begin(struct relay *relay, int master, struct error *err);
void relay_resize(struct relay *relay);

/* Fill in RELAY_FDS entries, and act on them after poll(). */
void relay_poll(const struct relay *relay, struct pollfd fds[static RELAY_FDS]);
void relay_serve(struct relay *relay, const struct pollfd fds[static RELAY_FDS]);

/* Write out what the container printed last, and give the terminal back as it was. */
void relay_end(struct relay *relay);
