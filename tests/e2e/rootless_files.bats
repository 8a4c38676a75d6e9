#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Files into and out of containers of ordinary users.

load lib/coffer
load lib/rootless

bats_require_minimum_version 1.5.0

setup_file() {
	rootless_file_setup
	ann import --change 'CMD ["/bin/sh"]' "$ROOTLESS/box.tar" box:1 >/dev/null
}

teardown_file() {
	rootless_file_teardown
}

teardown() {
	ann rm -f it >/dev/null 2>&1 || true
}

changes='echo mine >/root/mine; chown 1000:1000 /root/mine; rm -r /home; mkdir /home; : >/home/new; rm /etc/passwd'

@test "cp, of one that has ended and of one that runs" {
	ann run --network none --name it box:1 sh -c "$changes"
	[ "$(ann cp it:/root/mine - | tar -xO)" = mine ]
	tar -c -C "$ROOTLESS" box.tar | ann cp - it:/root
	[ "$(ann cp it:/root - | tar -t | paste -sd ' ')" = 'root/ root/box.tar root/mine' ]
	ann rm it
	ann run -d --network none --name it box:1 sleep 1000
	tar -c -C "$ROOTLESS" box.tar | ann cp - it:/tmp
	ann exec it test -e /tmp/box.tar
}

@test "export, commit, fs trace" {
	ann run --network none --name it box:1 sh -c "$changes"
	ann export it | tar -t >"$BATS_TEST_TMPDIR/names"
	grep -qx home/new "$BATS_TEST_TMPDIR/names"
	run ! grep -qx -e etc/passwd -e home/user/ "$BATS_TEST_TMPDIR/names"
	ann commit it new:1
	run -0 ann run --rm --network none new:1 sh -c 'cat /root/mine; ls /home; stat -c %u:%g /root/mine; ls /etc'
	[ "${lines[0]} ${lines[1]} ${lines[2]}" = 'mine new 1000:1000' ]
	[[ $output != *passwd* ]]
	[ "$(ann fs trace --format '{{.Layer}}' it /root/mine)" = container ]
	ann rmi new:1
}

@test "commit of one that runs and has no cgroup, which nobody can pause" {
	ann run -d --network none --name it box:1 sleep 1000
	ann exec it touch /there
	run -0 --separate-stderr ann commit it new:1
	if ! ann pause it 2>/dev/null; then
		# shellcheck disable=SC2154 # run sets it
		[[ $stderr == *'container \"it\" is not paused, since it has no cgroup: what it writes meanwhile may be missing'* ]]
	fi
	run -0 ann run --rm --network none new:1 ls /there
	ann rmi new:1
}

@test "an image is not mounted where nobody would see it" {
	run -1 ann image mount box:1
	[[ $output == *'cannot mount image "box:1": without root, nobody outside of containers would see it'* ]]
	[[ $output == *'hint:  coffer unshare, and there coffer image mount box:1'* ]]
	path=$(ann unshare "$COFFER_BIN/coffer" image mount box:1)
	ann unshare test -x "$path/bin/busybox"
	run -1 ann image rm --force box:1
	[[ $output == *'it is mounted'* ]]
	ann image unmount box:1
}

@test "an archive of images is loaded, whoever packed it" {
	ann save -o "$ROOTLESS/ann/saved.tar" box:1
	mkdir "$BATS_TEST_TMPDIR/tree"
	tar --extract --directory "$BATS_TEST_TMPDIR/tree" --file "$ROOTLESS/ann/saved.tar"
	tar --create --directory "$BATS_TEST_TMPDIR/tree" --owner 3000000 --group 3000000 --numeric-owner . |
		bob load
	run -0 bob run --rm --network none box:1 echo hello
	[ "$output" = hello ]
	bob rmi box:1
}
