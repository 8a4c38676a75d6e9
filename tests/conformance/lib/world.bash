# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A place for Docker, containerd and Podman to call coffer-runtime in, from which nothing gets out: mount, network and
# pid namespaces of its own, with an empty /run and /dev/shm, and with /etc, /var/lib and /var/cache that keep no change.
# The mounts in it are shared, as systemd has them on most hosts.
#
#   world_start             in setup_file; WORLD is its first process, WORLD_DIR (on the host) is for the callers' data
#   in_world COMMAND...     run something there
#   world_new_mounts        the mount points that it has and had not at world_start
#   world_stop              in teardown_file: ends all that is in it; fails if a cgroup of GROUP... is left:
#                           world_stop GROUP...
#   box_archive FILE        a root filesystem of busybox, as a tar archive
#   on_terminal STEP... -- COMMAND...     see tests/e2e/lib/on-terminal.py
#   until_true COMMAND...   try again until it succeeds
#
# Needs root, iproute2 and util-linux; cgroups are the host's.

world_start() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	export COFFER_RUNTIME=$COFFER_BIN/coffer-runtime
	export WORLD_DIR=$BATS_FILE_TMPDIR/world HOME=$BATS_FILE_TMPDIR/home TMPDIR=$BATS_FILE_TMPDIR/tmp WORLD
	# Users of user namespaces have to get to what is theirs.
	chmod 755 "$BATS_FILE_TMPDIR" "${BATS_FILE_TMPDIR%/*}" "$BATS_RUN_TMPDIR"
	mkdir "$WORLD_DIR" "$HOME" "$TMPDIR" "$BATS_FILE_TMPDIR/overlays"
	world_groups >"$BATS_FILE_TMPDIR/groups"
	unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private \
		bash -c "$(declare -f world_furnish); world_furnish \"\$@\"" world \
		"$BATS_FILE_TMPDIR/overlays" "$WORLD_DIR/ready" "$COFFER_BIN/coffer-init" \
		</dev/null >"$BATS_FILE_TMPDIR/world.log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/unshare"
	until_true test -e "$WORLD_DIR/ready" || cat "$BATS_FILE_TMPDIR/world.log" >&2
	WORLD=$(pgrep --parent "$(<"$BATS_FILE_TMPDIR/unshare")")
	world_mounts >"$BATS_FILE_TMPDIR/mounts"
}

# Inside: OVERLAYS READY INIT
world_furnish() {
	set -e
	ip link set lo up
	mount -t tmpfs tmpfs "$1"
	local dir name
	for dir in /etc /var/lib /var/cache; do
		name=${dir//\//-}
		mkdir "$1/$name" "$1/work$name"
		mount -t overlay -o "lowerdir=$dir,upperdir=$1/$name,workdir=$1/work$name" overlay "$dir"
	done
	mount -t tmpfs -o mode=755 tmpfs /run
	mount -t tmpfs -o mode=1777 tmpfs /dev/shm
	mount --make-rshared /
	touch "$2"
	exec "$3" sleep infinity
}

in_world() {
	nsenter --target "$WORLD" --mount --net --pid -- "$@"
}

world_mounts() {
	cut -d ' ' -f 5 "/proc/$WORLD/mountinfo" | sort
}

world_new_mounts() {
	world_mounts | comm -13 "$BATS_FILE_TMPDIR/mounts" -
}

world_groups() {
	find /sys/fs/cgroup -mindepth 1 -maxdepth 2 -type d
}

# The folders that callers keep their containers' cgroups in stay, empty, and go here; a container's own may not be left.
world_stop() {
	[ -n "${WORLD:-}" ] || return 0 # skipped
	local group left tree who
	kill -KILL "$WORLD"
	wait "$(<"$BATS_FILE_TMPDIR/unshare")" 2>/dev/null || true
	left=$(for group; do
		find /sys/fs/cgroup -mindepth 3 -type d -path "/sys/fs/cgroup/*/$group/*" ! -name conmon
	done)
	who=$(for tree in $left; do sed "s|^|$tree holds |" "$tree/cgroup.procs"; done 2>/dev/null)
	for group; do
		for tree in /sys/fs/cgroup /sys/fs/cgroup/*; do
			if ! grep -qxF "$tree/$group" "$BATS_FILE_TMPDIR/groups" && [ -d "$tree/$group" ]; then
				find "$tree/$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
			fi
		done
	done
	[ -z "$left" ] || {
		echo "left behind: $left$who" >&2
		return 1
	}
}

box_archive() {
	local rootfs
	rootfs=$(mktemp -d)
	mkdir -p "$rootfs"/{bin,etc,proc,sys,dev,tmp,root,home/user}
	cp /bin/busybox "$rootfs/bin/busybox"
	/bin/busybox --list | grep -vx busybox | (cd "$rootfs/bin" && xargs -n 1 ln -sf busybox)
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:a user:/home/user:/bin/sh\n' >"$rootfs/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' >"$rootfs/etc/group"
	chmod 755 "$rootfs"
	tar --create --file "$1" --directory "$rootfs" --numeric-owner .
	rm -r "$rootfs"
}

on_terminal() {
	python3 "$BATS_TEST_DIRNAME/../e2e/lib/on-terminal.py" "$@"
}

until_true() {
	local _
	for _ in {1..600}; do
		! "$@" || return 0
		sleep 0.1
	done
	echo "it did not come to that: $*" >&2
	return 1
}
