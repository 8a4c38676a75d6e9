/* SPDX-License-Identifier: Apache-2.0 */
/* Names of containers: [a-zA-Z0-9][a-zA-Z0-9_.-]+, as Docker has them. */
#pragma once

#include "base/error.h"

/* Errors: ERR_INVALID. */
int container_name_check(const char *name, struct error *err);

/* Two words such as "quiet_noether"; after a few @attempts, with a number behind them. free() it. */
char *container_name_generate(int attempt);
