#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A user's own service manager: who is root in a user namespace of his own, as podman is without privileges, gets
# scopes from there.

bats_require_minimum_version 1.5.0

setup() {
	[ "$(</proc/1/comm)" = systemd ] || skip "needs systemd as the first process: run this with tests/vm/run --systemd"
	mkdir -p "$BATS_TEST_TMPDIR"/bundle/rootfs/{bin,dev,proc,sys}
	cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/bundle/rootfs/bin/sleep"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR/bundle" || return 1
	"$COFFER_BIN/coffer-runtime" spec
	jq '.process.terminal = false | .process.args = ["sleep", "1000"] | .process.capabilities = {} |
		.linux.cgroupsPath = ":box:user" | .linux.resources = {memory: {limit: 33554432}, pids: {limit: 20}} |
		.mounts |= map(select(.type == "proc"))' config.json >config.new
	mv config.new config.json
	chown -R 1000:1000 .
}

as_user() {
	setpriv --reuid 1000 --regid 1000 --clear-groups env XDG_RUNTIME_DIR=/run/user/1000 "$@"
}

runtime() {
	as_user unshare --user --map-root-user "$COFFER_BIN/coffer-runtime" --root /run/user/1000/state --systemd-cgroup "$@"
}

@test "a scope of the user's manager, with the limits that are delegated to it" {
	local cgroup=/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/box-user.scope
	runtime run --detach box </dev/null >output 2>&1 3>&- || { cat output; return 1; }
	[ "$(cat $cgroup/memory.max $cgroup/pids.max)" = $'33554432\n20' ]
	[ "$(as_user systemctl --user show --value -p MemoryMax box-user.scope)" = 33554432 ]
	runtime update --pids-limit 30 box
	[ "$(<$cgroup/pids.max)" = 30 ]
	[ "$(as_user systemctl --user show --value -p TasksMax box-user.scope)" = 30 ]
	runtime delete --force box
	[ ! -e $cgroup ]
	[ "$(as_user systemctl --user show --value -p LoadState box-user.scope)" = not-found ]
}

@test "without the address of his bus, it cannot be found" {
	run -1 setpriv --reuid 1000 --regid 1000 --clear-groups env -u XDG_RUNTIME_DIR \
		unshare --user --map-root-user "$COFFER_BIN/coffer-runtime" --root /run/user/1000/state --systemd-cgroup create box
	[[ $output == *'cannot find the message bus of your service manager'* ]]
	[[ $output == *'neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set'* ]]
}
