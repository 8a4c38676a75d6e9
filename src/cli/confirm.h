/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Say what is going to happen ("WARNING! This will ..."), and ask whether it shall, unless @force. Errors: ERR_CANCELLED for
 * every answer but "y".
 */
int confirm(const char *warning, bool force, struct error *err);
