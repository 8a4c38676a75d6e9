/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCMP_ACT_NOTIFY: the listener's way from the process behind the filter to the agent that answers for its calls.
 *
 *	process                     helper (no filter)       creator                     agent
 *	install, write its number ->
 *	                            INIT_LISTENER with it ->
 *	                                                     state, as JSON, with it  ->
 *
 * From the moment the filter is in force every call of the process may wait for the agent, who does not know of it yet;
 * only write(2) cannot, for no profile may stop that one. So a helper that was made before, without the filter but with
 * the same table of descriptors, hands the listener over.
 *
 * Source: config-linux.md, "The Container Process State"; seccomp_unotify(2).
 */
#pragma once

#include "runtime/container.h"
#include "runtime/seccomp.h"

/* In the process: install @filter, which notifies, and send its listener over @sync. */
int seccomp_listener_install(const struct seccomp_filter *filter, int sync, struct error *err);

/*
 * In the creator: wait for the listener on @sync, and send it to the agent at profile->listener_path. @pid is that of the
 * process, @status the container's. Errors: ERR_SEC_SECCOMP.
 */
int seccomp_listener_deliver(const struct spec_seccomp *profile, const struct container *container,
			     enum container_status status, pid_t pid, int sync, struct error *err);
