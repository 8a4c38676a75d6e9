#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The guest itself: a host whose first process is systemd.

@test "guest: systemd is the first process, on pure cgroup v2" {
	[ "$(</proc/1/comm)" = systemd ]
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
	[[ "$(</proc/self/cgroup)" == 0::/system.slice/coffer-tests.service* ]]
}

@test "guest: the bus answers, root's and the user's" {
	local ping="org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.DBus.Peer Ping"
	# shellcheck disable=SC2086 # words
	busctl --system call $ping
	# shellcheck disable=SC2086 # words
	XDG_RUNTIME_DIR=/run/user/1000 setpriv --reuid 1000 --regid 1000 --clear-groups busctl --user call $ping
}

@test "guest: swap, pressure stall information, AppArmor" {
	[ "$(wc -l </proc/swaps)" -gt 1 ]
	grep -q '^some avg10=' /proc/pressure/memory
	[ "$(</sys/module/apparmor/parameters/enabled)" = Y ]
}
