#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Who only looks changes nothing: no file is written, removed or made but SQLite's own, nothing is mounted, nobody gets a
# signal. (The locks of run directories are opened, to see whether a monitor still holds them. What a monitor that died has
# left is cleared away by whoever comes next, also by who looks: see engine_crash.bats.)

bats_require_minimum_version 1.5.0
load lib/coffer

# System calls that change something, whatever for.
readonly CHANGES=mkdir,mkdirat,unlink,unlinkat,rmdir,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mknod,mknodat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,utimensat,truncate,ftruncate,setxattr,fsetxattr,lsetxattr,mount,umount2,move_mount,mount_setattr,fsopen,fsmount,pivot_root,kill,tkill,tgkill,pidfd_send_signal,setns,unshare

setup_file() {
	coffer_file_setup
	[ "$(id -u)" -eq 0 ] || return 0
	coffer run -d --network none --name runs box:1 sh -c 'echo hello; exec sleep 1000'
	coffer run --network none --name ended box:1 false || true
	coffer volume create data
	coffer network ls # the default network is made by whoever asks for networks first
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	[ "$(id -u)" -eq 0 ] || skip "who is not root enters his namespaces first"
	command -v strace >/dev/null || skip "needs strace"
	strace -qq -o /dev/null true 2>/dev/null || skip "nobody may be traced here"
}

# What `coffer ARGUMENT...` has changed, a line for each system call that did.
changes_of() {
	local trace=$BATS_TEST_TMPDIR/trace
	ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" strace -f -qq -y -e signal=none -e "trace=open,openat,creat,$CHANGES" \
		-o "$trace" "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" "$@" >/dev/null
	grep -v ' = -1 ' "$trace" | grep -vE ' (open|openat)\(.*O_RDONLY[^)]*$|coffer\.db' |
		grep -E ' (creat|open|openat)\(.*O_(WRONLY|RDWR|CREAT|TRUNC)| ('"${CHANGES//,/|}"')\(' |
		grep -vE 'openat\(.*= [0-9]+<(.*/containers/[0-9a-f]+/lock|/dev/null)>$' || true
}

changes_nothing() {
	local changes
	changes=$(changes_of "$@")
	[ -z "$changes" ] || { echo "coffer $*: $changes" && false; }
}

@test "inspect" {
	changes_nothing inspect runs ended box:1
	changes_nothing inspect --size runs
	changes_nothing inspect --security runs ended
	changes_nothing volume inspect data
}

@test "ps, logs, port, stats" {
	changes_nothing ps --all --size
	changes_nothing logs runs
	changes_nothing port runs
	changes_nothing stats --no-stream runs
}

@test "images, history, info, volume ls, network ls, events" {
	changes_nothing images
	changes_nothing history box:1
	changes_nothing info
	changes_nothing volume ls
	changes_nothing network ls
	changes_nothing events --until 0s
}

@test "this test sees who does change something" {
	[[ $(changes_of tag box:1 other:1) == *'"journal"'*renameat* ]]
	[[ $(changes_of top runs pid) == *'/events/journal>'* ]]
}
