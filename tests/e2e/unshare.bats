#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# unshare with options: a program in new namespaces, without an image.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	# The leak checker makes a process to look for leaks with, which nobody can whose children are in another namespace.
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	[ "$(id -u)" -eq 0 ] || [ "${COFFER_TEST_ROOTLESS:-no}" = yes ] || skip "needs root"
	export COFFER_TEST_ROOT=$BATS_FILE_TMPDIR/coffer
	mkdir -p "$COFFER_TEST_ROOT"
}

@test "each type is new alone" {
	for pair in cgroup:cgroup ipc:ipc mount:mnt net:net pid:pid user:user uts:uts; do
		inside=$(coffer unshare "--${pair%:*}" readlink "/proc/self/ns/${pair#*:}")
		[ -n "$inside" ]
		[ "$inside" != "$(readlink "/proc/self/ns/${pair#*:}")" ]
		[ "${pair#*:}" = uts ] || [ "$(id -u)" -ne 0 ] ||
			[ "$(coffer unshare "--${pair%:*}" readlink /proc/self/ns/uts)" = "$(readlink /proc/self/ns/uts)" ]
	done
}

@test "processes: it is the first one, /proc is theirs with mounts of its own, and nothing of that is seen outside" {
	[ "$(coffer unshare --pid sh -c 'echo $$')" = 1 ]
	[ "$(coffer unshare -p -m sh -c 'echo /proc/[0-9]*')" = /proc/1 ]
	before=$(wc -l </proc/self/mountinfo)
	coffer unshare --mount sh -c 'mount -t tmpfs tmpfs /mnt && touch /mnt/inside'
	[ ! -e /mnt/inside ]
	[ "$(wc -l </proc/self/mountinfo)" = "$before" ]
}

@test "the network has a loopback interface that works; a host name of its own" {
	[ "$(coffer unshare --net sh -c 'ls /sys/class/net >/dev/null; tail -n +3 /proc/net/dev | cut -d : -f 1 | xargs')" = lo ]
	coffer unshare --net ip link show lo | grep -q LOOPBACK,UP
	name=$(uname -n)
	[ "$(coffer unshare --uts sh -c 'hostname another; uname -n')" = another ]
	[ "$(uname -n)" = "$name" ]
}

@test "a user namespace: root, and nobody else" {
	[ "$(coffer unshare --user id -u)" = 0 ]
	[ "$(coffer unshare --user sh -c 'wc -l </proc/self/uid_map')" = 1 ]
}

@test "its exit status is ours, or its signal; what is not there; nothing to make" {
	run -7 coffer unshare --pid --mount sh -c 'exit 7'
	run -7 coffer unshare --net sh -c 'exit 7'
	run -143 coffer unshare --net sh -c 'kill -TERM $$'
	run -127 coffer unshare --pid /nosuch
	[[ $output == *'no such file or directory'* ]]
	[ "$(grep -c 'no such file' <<<"$output")" -eq 1 ]
	[ "$(id -u)" -eq 0 ] || skip "who is not root has a user namespace of coffer's"
	run -125 coffer unshare true
	[[ $output == *'name the namespaces that are to be new'*'coffer unshare --net --pid --mount'* ]]
}

@test "who asks dies: so does the program" {
	coffer_exec unshare --pid sleep 4721 &
	asker=$!
	lives() { pgrep -x -P "$asker" sleep >/dev/null; }
	eventually lives
	program=$(pgrep -x -P "$asker" sleep)
	kill -KILL "$asker"
	gone() { ! alive "$program"; }
	eventually gone
}
