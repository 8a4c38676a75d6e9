/* SPDX-License-Identifier: Apache-2.0 */
/* --trace: which steps a start takes, and how long. */
#pragma once

#include "base/error.h"

/* From now on steps are noted, by us and by whom we start. */
int start_trace_begin(struct error *err);

/* Print what was noted on standard error, and note no more. Nothing if nobody has begun. */
void start_trace_end(void);
