/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which limits an ordinary user may set: a hierarchy's directories are root's, unless somebody has given him one.
 *
 * Sources: cgroup-v2.rst, "Delegation"; systemd.resource-control(5), "Delegate".
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* What makes systemd delegate every controller to the service managers of users, and gives one to who has no session. */
#define CGROUP_DELEGATE_HINT                                                           \
	"as root write the lines [Service] and Delegate=cpu cpuset io memory pids to " \
	"/etc/systemd/system/user@.service.d/delegate.conf; systemctl daemon-reload; and log in again"
#define CGROUP_LINGER_HINT "loginctl enable-linger; export XDG_RUNTIME_DIR=/run/user/$(id -u)"

/* What gives a user a directory in a hierarchy of version 1, where that is mounted; printf(3)'s, with its path. */
#define CGROUP_GIVE_HINT "as root, install -d -o USER '%s/USER'; and --cgroup-parent /USER"

/*
 * Whether we may make cgroups below @parent ("/a/b", which need not be there) that @controller limits. *ret_mount_point (may be
 * NULL) is where the tree is mounted that has it, then or if not; NULL: nowhere.
 */
bool cgroup_is_permitted(const char *controller, const char *parent, const char **ret_mount_point);

/* Hint at what gives who is not root a place for cgroups, where he has none at all. */
void cgroup_hint_place(struct error *err);
