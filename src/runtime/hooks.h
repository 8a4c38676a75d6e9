/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks: programs that the spec wants run at points of a container's life. Source: config.md, "POSIX-platform Hooks". */
#pragma once

#include "base/error.h"
#include "runtime/spec.h"

/*
 * Run the hooks one after the other with @state on their standard input, each within its timeout. The first that
 * fails (exit status, signal, timeout) ends it: ERR_HOOK with its path and the last line of its standard error.
 */
int hooks_run(const struct spec_hooks *hooks, const char *point, const char *state, struct error *err);
