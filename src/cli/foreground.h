/* SPDX-License-Identifier: Apache-2.0 */
/* A container in the foreground: `run` without -d, `start -a`, `attach`. */
#pragma once

#include "cli/attach.h"
#include "cli/command.h"
#include "engine/engine.h"

struct foreground {
	const struct container_record *container;
	struct attach_options attach;
	bool quiet; /* say nothing of how it died */
};

/*
 * Refuse to read input for a terminal from something that is none: its ends of lines and of input would be misread. A
 * terminal whose input nobody types is fine. Errors: ERR_TTY.
 */
int foreground_check_terminal(bool tty, bool input, struct error *err);

enum { FOREGROUND_SIGNALLED = 128 }; /* what a shell adds to a signal's number */

/*
 * Start the created container and stay with it. *ret_started says whether its program ran, also on failure. Returns the
 * exit status: the container's own, or 0 if the keys to detach were typed. Errors: the engine's; ERR_INTERNAL when the
 * monitor died, and what it left has been cleaned up then.
 */
int foreground_start(struct cli *cli, const struct foreground *foreground, bool *ret_started, struct error *err);

/* The same with a container that runs. It goes on without us, whatever ends us but its own end. */
int foreground_attach(struct cli *cli, const struct foreground *foreground, struct error *err);
