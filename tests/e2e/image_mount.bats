#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# image mount, image unmount.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	coffer run --network none --name two box:1 sh -c 'echo two >/etc/two; rm /etc/passwd'
	coffer commit two two:1 >/dev/null
	coffer rm two >/dev/null
	coffer create --network none --name keeper box:1 >/dev/null
}

teardown_file() {
	coffer image unmount --all --force >/dev/null
	coffer_file_teardown
}

teardown() {
	coffer image unmount --all --force >/dev/null
}

@test "the image's files, read-only, as its layers make them" {
	path=$(coffer_inside image mount two:1)
	[ "$(inside cat "$path/etc/two")" = two ]
	inside test ! -e "$path/etc/passwd"
	inside test -x "$path/bin/busybox"
	run ! inside touch "$path/etc/new"
	[ "$(coffer_inside image mount two:1)" = "$path" ] # once
	[ "$(inside grep -c " $path " /proc/self/mountinfo)" -eq 1 ]
	[ "$(coffer image unmount two:1)" = two:1 ]
	inside test ! -e "$path"
}

@test "several, listed, and all of them unmounted" {
	run -0 coffer_inside image mount box:1 two:1
	[ "${#lines[@]}" -eq 2 ]
	[ "$(coffer_inside image mount --format '{{.Image}} {{.Path}}' | LC_ALL=C sort)" = \
		"$(printf 'box:1 %s\ntwo:1 %s' "${lines[@]}")" ]
	coffer image mount | head -1 | grep -q '^IMAGE ID *IMAGE *PATH'
	coffer image umount --all
	[ "$(coffer_inside image mount --format json)" = '' ]
}

@test "one that is mounted is not removed, not even by prune" {
	path=$(coffer_inside image mount two:1)
	run -1 coffer rmi -f two:1
	[[ $output == *'conflict: unable to remove image '*': it is mounted'* ]]
	[[ $output == *"its files are at $path"* && $output == *'coffer image unmount'* ]]
	coffer image prune --all --force >/dev/null
	[ "$(inside cat "$path/etc/two")" = two ]
	coffer image unmount two:1
}

@test "one that is in use, and what a restart of the machine leaves" {
	path=$(coffer_inside image mount box:1)
	inside sh -c 'cd "$1" && echo $$ >"$2" && exec sleep 1000' - "$path" "$BATS_TEST_TMPDIR/pid" 3>&- &
	eventually test -s "$BATS_TEST_TMPDIR/pid"
	run -1 coffer image unmount box:1
	[[ $output == *'cannot unmount image "box:1"'*'device or resource busy'*'coffer image unmount --force box:1'* ]]
	coffer image unmount --force box:1
	kill "$(<"$BATS_TEST_TMPDIR/pid")"
	wait
	mkdir "$path"
	[ "$(coffer_inside image mount --format '{{.Path}}')" = '' ]
	inside test ! -e "$path"
	mkdir "$path"
	coffer_inside image mount box:1
	inside test -x "$path/bin/busybox"
}

@test "what goes wrong, in words" {
	run -1 coffer_inside image mount nothing
	[[ $output == *'No such image: nothing'* ]]
	run -1 coffer image unmount box:1
	[[ $output == *'cannot unmount image "box:1": it is not mounted'* ]]
	run -125 coffer image unmount
	[[ $output == *'no image is named, and --all is not given'* ]]
	run -125 coffer image unmount --all box:1
	[[ $output == *'--all and images cannot be given together'* ]]
}
