/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling the service manager that started us, and named a socket in NOTIFY_SOCKET, that what it wanted is ready.
 *
 * Source: sd_notify(3), sd_notify_barrier(3).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* Whether one waits. */
bool service_manager_waits(void);

/* Send it @text, lines such as "READY=1\n", and wait for nothing. Errors: as below. */
int service_manager_send(const char *text, struct error *err);

/*
 * Send @ready, a line such as "READY=1\n", or NULL if somebody else will, and which process it has to watch from now on.
 * Returns when it has heard. Errors: ERR_UNSUPPORTED for a socket that cannot be one, and those of the system.
 */
int service_manager_tell(const char *ready, pid_t main_pid, struct error *err);
