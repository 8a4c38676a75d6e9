/* SPDX-License-Identifier: Apache-2.0 */
/* A container as the service of a service manager, such as a unit of systemd with Type=notify. */
#pragma once

#include "cli/command.h"

/*
 * If a manager waits for us, tell it that the container has started, or wait until it is healthy and tell that, or leave
 * that to its monitor, as its --sdnotify says; and to watch its monitor from now on, which ends with the container and its exit code. A manager that
 * cannot be told is a warning: the container runs. Errors: ERR_STATE for one that ends before it is healthy.
 */
int service_started(struct cli *cli, const struct container_record *record, struct error *err);
