# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The programs under test, with roots of their own, and proof that they leave nothing behind.
#
#   coffer ARGUMENT...    on the roots of this test file
#   coffer_exec ARG... &  the same for the background
#   box ARGUMENT...       `run --rm --network none` of the small image
#   inside COMMAND...     as root of the namespaces that containers are made in: for users by `unshare`
#   coffer_inside ARGUMENT...  coffer as that: for users, mounts of images are seen in there only
#   among_bridges COMMAND...  as that, in the network namespace that has the bridges
#   coffer_file_setup     roots below $BATS_FILE_TMPDIR, and the image box:1 imported (call it in setup_file)
#   coffer_file_teardown  fails if a mount, a cgroup, a process or a run directory is left
#
# Needs root, or to be the ordinary user of tests/rootless/run (COFFER_TEST_ROOTLESS=yes), and busybox-static.

coffer() {
	"$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" "$@"
}

# The same in place of the shell: for the background, so that $! is the command itself.
coffer_exec() {
	exec "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" "$@"
}

box() {
	coffer run --rm --network none box:1 "$@"
}

# With the ids of files as the containers have them, and mounts that coffer sees.
inside() {
	if [ "${COFFER_TEST_ROOTLESS:-no}" = yes ]; then
		env --unset TAR_OPTIONS "$COFFER_BIN/coffer" unshare "$@"
	else
		"$@"
	fi
}

coffer_inside() {
	inside "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" "$@"
}

among_bridges() {
	if [ "${COFFER_TEST_ROOTLESS:-no}" = yes ]; then
		inside nsenter --net="$COFFER_TEST_ROOT/run/own-network/bridges" -- "$@"
	else
		"$@"
	fi
}

# A root filesystem of busybox alone, as a tar on standard output.
box_tar() {
	local rootfs=$1
	mkdir -p "$rootfs"/{bin,etc,proc,sys,dev,tmp,root,home/user}
	cp /bin/busybox "$rootfs/bin/busybox"
	/bin/busybox --list | grep -vx busybox | (cd "$rootfs/bin" && xargs -n 1 ln -sf busybox)
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:a user:/home/user:/bin/sh\n' >"$rootfs/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' >"$rootfs/etc/group"
	chmod 1777 "$rootfs/tmp"
	tar --create --directory "$rootfs" --numeric-owner .
}

coffer_file_setup() {
	[ "$(id -u)" -eq 0 ] || [ "${COFFER_TEST_ROOTLESS:-no}" = yes ] || skip "needs root"
	export COFFER_TEST_ROOT=$BATS_FILE_TMPDIR/coffer
	export COFFER_CNI_CONF_DIR=${COFFER_CNI_CONF_DIR:-$BATS_FILE_TMPDIR/no-networks-of-the-machine}
	mkdir -p "$COFFER_TEST_ROOT"
	: >"$BATS_FILE_TMPDIR/started"
	box_tar "$BATS_FILE_TMPDIR/rootfs" | coffer import --change 'CMD ["/bin/sh"]' - box:1 >/dev/null
}

# Every container of this file's, wherever the host shows it. Mounts are ours if they have to do with a path of ours:
# other mounts come and go with whoever else works here.
coffer_left_behind() {
	local id
	for id in $(coffer ps --all --quiet --no-trunc 2>/dev/null); do
		find /sys/fs/cgroup -type d \( -path "*/coffer/$id*" -o -name "coffer-$id.scope" \)
	done
	pgrep -f "$COFFER_TEST_ROOT/run/containers" || true
	find "$COFFER_TEST_ROOT/run/containers" "$COFFER_TEST_ROOT/run/runtime" -mindepth 1 -maxdepth 1 2>/dev/null || true
	grep -F "$BATS_RUN_TMPDIR/" /proc/self/mountinfo || true
}

coffer_nothing_left() {
	[ -z "$(coffer_left_behind)" ]
}

coffer_file_teardown() {
	[ -n "${COFFER_TEST_ROOT:-}" ] || return 0
	local id left
	for id in $(coffer ps --all --quiet); do
		coffer rm --force "$id" >/dev/null
	done
	eventually coffer_nothing_left || true # a monitor tells its owner before it ends itself
	left=$(coffer_left_behind)
	coffer_remove_empty_parents
	if [ -n "$left" ]; then
		echo "left behind: $left" >&2
		return 1
	fi
}

# The folder of all containers' cgroups stays, empty, as others may need it: it goes if they do not.
coffer_remove_empty_parents() {
	local tree
	for tree in /sys/fs/cgroup /sys/fs/cgroup/*; do
		rmdir "$tree/coffer" "$tree/coffer-runtime" 2>/dev/null || true
	done
}

# Whether CONTROLLER has a v1 hierarchy here, or is one of the v2 tree's.
cgroup_v1_has() {
	[ -d "/sys/fs/cgroup/$1" ]
}

# The host's view of a file of a container's cgroup: cgroup_file ID V1-CONTROLLER V1-FILE V2-FILE
cgroup_file() {
	local scope scopes=(
		/sys/fs/cgroup/{system,coffer}.slice/"coffer-$1.scope"
		/sys/fs/cgroup/user.slice/user-*.slice/user@*.service/{user,coffer}.slice/"coffer-$1.scope"
	)
	if cgroup_v1_has "$2"; then
		cat "/sys/fs/cgroup/$2/coffer/$1/$3"
		return
	fi
	for scope in "${scopes[@]}"; do
		if [ -d "$scope" ]; then
			cat "$scope/$4"
			return
		fi
	done
	cat "/sys/fs/cgroup/coffer/$1/$4"
}

# Whether process PID lives. A zombie does not: whose child it was, and whether that collects it, is not our affair.
alive() {
	grep -qE '^State:\s[^ZX]' "/proc/$1/status" 2>/dev/null
}

# Wait until COMMAND succeeds, at most about a minute: who succeeds waits no longer, and a busy machine needs long.
eventually() {
	for _ in {1..600}; do
		if "$@"; then
			return 0
		fi
		sleep 0.1
	done
	return 1
}

# Whether our child PID ends with STATUS: ends_with STATUS PID. (`run wait` does not know our children.)
ends_with() {
	local status=0
	wait "$2" || status=$?
	[ "$status" -eq "$1" ]
}
