/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --pressure-notify RESOURCE[:some|full[:STALL/WINDOW]]: an event when programs of a container were stalled for STALL
 * within WINDOW, such as "memory:full:500ms/2s". Without words it is some:300ms/2s.
 *
 * Source: accounting/psi.rst, "Monitoring for pressure thresholds".
 */
#pragma once

#include "base/error.h"

/* What a monitor tells the kernel, one string for each wish (protocol.h); NULL for none. Errors: ERR_INVALID. */
int pressure_notify_plan(char *const *wishes, char ***ret, struct error *err);
