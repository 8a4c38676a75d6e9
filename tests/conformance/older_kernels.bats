#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Kernels from 5.10 on, and sandboxes around us, that lack or refuse system calls which the runtime prefers: the life cycle
# of containers, their root filesystems, mounts and namespaces without them. Each test runs other files again.

bats_require_minimum_version 1.5.0

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

# without ERRNO CALLS FILE...: the files again, in an environment that knows nothing of these tests around them (bats puts
# what it consists of in front of the PATH).
without() {
	local error=$1 calls=$2 files=("${@:3}")
	run env -i PATH="${PATH#*/libexec/bats-core:}" HOME=/root TERM=dumb COFFER_BIN="$COFFER_BIN" COFFER_SANITIZED="${COFFER_SANITIZED:-no}" \
		ASAN_OPTIONS="${ASAN_OPTIONS:-}" UBSAN_OPTIONS="${UBSAN_OPTIONS:-}" COFFER_REFUSE="$calls" \
		COFFER_REFUSE_ERRNO="$error" bats --tap "${files[@]/#/$BATS_TEST_DIRNAME/}"
	[ "$status" -eq 0 ] || {
		grep -A20 "^not ok" <<<"$output"
		return 1
	}
}

@test "Linux 5.10: no mount_setattr()" {
	without ENOSYS mount_setattr mounts.bats rootfs.bats
}

@test "none of the calls that make mounts as file descriptors is permitted" {
	without EPERM fsopen,fsconfig,fsmount,fspick,open_tree,move_mount,mount_setattr mounts.bats rootfs.bats
}

@test "no clone3(), openat2(), close_range()" {
	without ENOSYS clone3,openat2,close_range lifecycle.bats namespaces.bats
}
