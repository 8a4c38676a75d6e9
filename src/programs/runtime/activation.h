/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets that a service manager has opened for us are for the container: its program gets the descriptors, from 3 up and
 * in their order, and LISTEN_FDS and LISTEN_PID in its environment. Further ones of --preserve-fds come behind them.
 * Source: sd_listen_fds(3), and what runc 1.1 hands down.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "runtime/spec.h"

/* How many there are: 0 unless LISTEN_PID says that they are meant for us. */
int activation_count(struct error *err);

/* Whether they, and @preserved ones behind them, are open; to be asked before we open anything. Returns their number. */
int activation_check(int sockets, uint64_t preserved, struct error *err);

/* Tell the program. */
void activation_announce(struct spec_process *process, int sockets);

/* Set a variable in an environment, in the place of one with its name. */
void environment_set(char ***environment, const char *name, const char *value);
