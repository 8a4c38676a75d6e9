/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coffer in a container: what whoever has made that has kept from us, for errors that would not tell.
 *
 * Sources: capabilities(7); proc_pid_status(5), "Seccomp"; docs/user-namespaces.md, "Coffer in a container".
 */
#pragma once

#include "base/error.h"

/* Where the kernel has refused something to root that root may do, say why, as far as that can be looked up. */
void nesting_explain(struct error *err);
