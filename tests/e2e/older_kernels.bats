#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The engine, its monitor and its helper without system calls that they prefer: those that came after Linux 5.10, and those
# that a sandbox around coffer may refuse. Of the runtime alone, conformance/older_kernels.bats shows more.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	export REFUSE=$BATS_TEST_DIRNAME/../conformance/lib/refuse # in the guest, which has no compiler
	if [ ! -x "$REFUSE" ]; then
		REFUSE=$BATS_FILE_TMPDIR/refuse
		cc -O1 -D_GNU_SOURCE -I "$BATS_TEST_DIRNAME/../../src" -I "$BATS_TEST_DIRNAME/../unit" -o "$REFUSE" \
			"$BATS_TEST_DIRNAME/../conformance/lib/refuse.c"
	fi
	export COFFER_TEST_ROOT=$BATS_FILE_TMPDIR/coffer
	mkdir -p "$COFFER_TEST_ROOT"
	box_tar "$BATS_FILE_TMPDIR/rootfs" >"$BATS_FILE_TMPDIR/box.tar"
	coffer import --change 'CMD ["/bin/sh"]' "$BATS_FILE_TMPDIR/box.tar" box:1 >/dev/null
	coffer save -o "$BATS_FILE_TMPDIR/saved.tar" box:1
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# What has nothing to do with control groups need not be seen in the slow guest again.
not_in_the_guest() {
	[ "$(</proc/1/comm)" != init ] || skip "it is the same on every machine"
}

# without ERRNO CALLS: from now on in this test, coffer and all that it starts go without them
without() {
	coffer() {
		"$REFUSE" "$WITHOUT_ERRNO" "$WITHOUT" "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" "$@"
	}
	WITHOUT_ERRNO=$1 WITHOUT=$2
}

# An image's way in and out, and a container's from its start to its end.
whole_way() {
	echo from-the-host >file
	run -0 coffer load -i "$BATS_FILE_TMPDIR/saved.tar"
	coffer import --change 'CMD ["/bin/sh"]' "$BATS_FILE_TMPDIR/box.tar" "in:$BATS_TEST_NUMBER" >/dev/null
	coffer run -d --network none --name all --stop-signal KILL -m 64m --pids-limit 50 -v "$PWD/file:/file:ro" -v data:/data --tmpfs /scratch \
		--init "in:$BATS_TEST_NUMBER" sh -c 'echo "$(cat /file) started" | tee /data/log; exec sleep 1000' >/dev/null
	has_started() { [ "$(coffer logs all)" = "from-the-host started" ]; }
	eventually has_started
	run -0 coffer exec all sh -c 'cat /data/log; echo >/file || touch /new /scratch/new; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; readlink /proc/self/ns/pid'
	[[ $output == *'from-the-host started'* && $output == *'Read-only file system'* && $output == *67108864*'pid:['* ]]
	coffer pause all
	[ "$(coffer inspect --format '{{.State.Status}}' all)" = paused ]
	coffer unpause all
	coffer update --pids-limit 60 all >/dev/null
	[ "$(coffer stats --no-stream --format '{{.Name}}' all)" = all ]
	coffer cp file all:/copied
	[ "$(coffer exec all cat /copied)" = from-the-host ]
	coffer diff all | grep -qx 'A /new'
	coffer commit all "out:$BATS_TEST_NUMBER" >/dev/null
	coffer stop -t 1 all >/dev/null
	coffer start all >/dev/null
	coffer rm -f all >/dev/null
	coffer volume rm data >/dev/null
	[ "$(coffer run --rm --network none --read-only "out:$BATS_TEST_NUMBER" cat /copied)" = from-the-host ]
	run -127 coffer run --rm --network none box:1 no-such-program
	[[ $output == *'exec "no-such-program": executable file not found in $PATH'* ]]
	coffer rmi "out:$BATS_TEST_NUMBER" "in:$BATS_TEST_NUMBER" >/dev/null
	[ -z "$(coffer ps -aq)" ]
}

@test "Linux 5.10: nothing that came later" {
	without ENOSYS mount_setattr,epoll_pwait2,landlock_create_ruleset,fchmodat2,statmount,listmount,openat2
	whole_way
}

@test "none of the calls that make mounts as file descriptors is permitted: images are copied" {
	not_in_the_guest
	rm -f "$COFFER_TEST_ROOT/root/cache/overlay-works" # which this machine has proven
	without EPERM fsopen,fsconfig,fsmount,fspick,open_tree,move_mount,mount_setattr
	whole_way
}

@test "no clone3(), openat2(), close_range()" {
	without ENOSYS clone3,openat2,close_range
	whole_way
}

# clone3() is not among them: glibc itself gives up where it is not permitted.
@test "a sandbox that does not permit openat2(), close_range(), mount_setattr()" {
	not_in_the_guest
	without EPERM openat2,close_range,mount_setattr
	whole_way
}
