/* SPDX-License-Identifier: Apache-2.0 */
/* `run` and `exec` without --detach: we stay until the process has ended. */
#pragma once

#include "base/error.h"
#include "programs/runtime/notify.h"
#include "runtime/container.h"

/* Block all signals that are not about a crash of ours, and have them on the fd that is returned. */
int foreground_block_signals(struct error *err);

/*
 * Serve the terminal, pass @signals on and what @notify hears (NULL: nothing), reap, until the process has ended. Returns
 * its exit code.
 */
int foreground_supervise(const struct container_init *init, int signals, struct notify *notify, struct error *err);
