#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Containers stored with fuse-overlayfs: what they see and leave is what overlay2 shows and leaves, and a program of each
# that lives as long as they run.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/image

setup_file() {
	command -v fuse-overlayfs >/dev/null || skip 'there is no fuse-overlayfs'
	true 2>/dev/null <>/dev/fuse || skip '/dev/fuse cannot be opened'
	coffer_file_setup
	image_load_four
}

teardown_file() {
	coffer_file_teardown
}

fuse() {
	coffer --storage-driver fuse-overlayfs "$@"
}

# The pid of the program that has the files of the container with the id $1.
program_of() {
	pgrep --runstates DRST --full "^fuse-overlayfs .*=snapshots/$1/upper"
}

has_no_program() {
	! program_of "$1"
}

@test "what the image's layers show together" {
	coffer create --name kernel --network none four:1 true
	fuse create --name other --network none four:1 true
	for name in kernel other; do
		mkdir "$BATS_TEST_TMPDIR/$name"
		coffer export "$name" | tar -x -C "$BATS_TEST_TMPDIR/$name"
	done
	diff <(image_listing "$BATS_TEST_TMPDIR/kernel") <(image_listing "$BATS_TEST_TMPDIR/other")
	[ "$(coffer inspect -f '{{.Driver}} {{.GraphDriver.Name}}' other)" = 'fuse-overlayfs fuse-overlayfs' ]
	coffer rm kernel other
}

changes() {
	cat <<-'SCRIPT'
		cd /data
		echo >>keep
		echo new >added
		rm empty relative-link
		rm -r opaque
		mkdir opaque && echo >opaque/other
		mv attributes moved
		chmod 0711 plain-dir
		rm -r file-to-dir && echo file >file-to-dir
		rm dir-to-file && mkdir -p dir-to-file/deep && echo >dir-to-file/deep/file
		ln -sf elsewhere absolute-link
		ln keep keep-again
		mkfifo pipe
		touch -d @1600000000 mode
		mkdir -p /etc/made/deep
	SCRIPT
}

@test "diff and commit say what overlay2 says, while it runs and after" {
	{ changes && echo 'touch /done; exec sleep 1000'; } >"$BATS_TEST_TMPDIR/script"
	for driver in overlay2 fuse-overlayfs; do
		name=of-$driver
		coffer --storage-driver "$driver" run -d --name "$name" --network none \
			-v "$BATS_TEST_TMPDIR/script:/script:ro" four:1 sh /script
		eventually coffer exec "$name" test -e /done
		coffer diff "$name" >"$BATS_TEST_TMPDIR/running-$driver"
		coffer stop -t 0 "$name"
		coffer diff "$name" >"$BATS_TEST_TMPDIR/$driver"
		coffer commit "$name" "$driver:1"
		mkdir "$BATS_TEST_TMPDIR/tree-$driver"
		coffer create --name "again-$driver" --network none "$driver:1" true
		coffer export "again-$driver" | tar -x -C "$BATS_TEST_TMPDIR/tree-$driver"
		coffer rm "again-$driver" "$name"
		coffer rmi "$driver:1"
	done
	diff "$BATS_TEST_TMPDIR/overlay2" "$BATS_TEST_TMPDIR/fuse-overlayfs"
	diff "$BATS_TEST_TMPDIR/running-overlay2" "$BATS_TEST_TMPDIR/running-fuse-overlayfs"
	diff <(image_listing "$BATS_TEST_TMPDIR/tree-overlay2") <(image_listing "$BATS_TEST_TMPDIR/tree-fuse-overlayfs")
}

@test "users, exec, cp, a read-only root, what it wrote when it is started again" {
	fuse run -d --name all --network none box:1 sh -c 'cat /mine 2>/dev/null; echo was-here >>/mine; rm -rf /home; mkdir /home; sleep 1000'
	eventually coffer exec all test -e /mine
	[ "$(coffer exec -u user all sh -c 'id -u; touch /tmp/x && stat -c %u /tmp/x' | paste -sd ' ')" = '1000 1000' ]
	run coffer exec -u user all touch /etc/x
	[ "$status" -eq 1 ]
	echo content >"$BATS_TEST_TMPDIR/file"
	coffer cp "$BATS_TEST_TMPDIR/file" all:/copied
	coffer stop -t 0 all
	coffer cp "$BATS_TEST_TMPDIR/file" all:/again
	[ "$(coffer cp all:/again - | tar -xO)" = content ]
	[ "$(coffer export all | tar -t | grep -cxE 'copied|again|home/')" -eq 3 ]
	coffer start all
	eventually coffer exec all test -e /mine
	said() { [ "$(coffer logs all)" = was-here ]; }
	eventually said
	[ -z "$(coffer exec all ls /home)" ]
	coffer rm -f all
	run -1 fuse run --rm --network none --read-only box:1 touch /x
	[[ $output == *'Read-only file system'* ]]
}

@test "its program ends with it, whoever is killed" {
	id=$(fuse run -d --name ends --network none box:1 sleep 1000)
	program_of "$id"
	coffer stop -t 0 ends
	eventually has_no_program "$id"
	coffer start ends
	program_of "$id"
	kill -KILL "$(coffer inspect -f '{{.State.Pid}}' ends)"
	eventually has_no_program "$id"
	coffer start ends
	kill -KILL "$(pgrep --full "coffer-monitor ends ")"
	monitor_is_gone() { [ "$(coffer inspect -f '{{.State.Status}}' ends)" = exited ]; }
	eventually monitor_is_gone
	eventually has_no_program "$id"
	coffer rm ends
}

@test "its program is killed: the container can be removed, or started again" {
	id=$(fuse run -d --name broken --network none box:1 sleep 1000)
	kill -KILL "$(program_of "$id")"
	eventually has_no_program "$id"
	run -126 coffer exec broken no-such-program
	[[ $output == *'exec "no-such-program": transport endpoint is not connected'*'the process that serves the files of its root filesystem has ended'*'hint:  stop and start the container'* ]]
	run -126 coffer exec broken /no/such/program
	[[ $output == *'the process that serves the files of its root filesystem has ended'* ]]
	coffer restart -t 0 broken
	[ "$(coffer exec broken echo works)" = works ]
	kill -KILL "$(program_of "$id")"
	coffer rm -f broken
}

@test "chosen where the kernel makes no overlays, and info says why" {
	command -v bindfs >/dev/null || skip 'there is no bindfs'
	cd "$BATS_TEST_TMPDIR"
	mkdir base store
	tar --create --file box.tar --directory "$BATS_FILE_TMPDIR/rootfs" .
	cat >script <<-'SCRIPT'
		set -euo pipefail
		there() {
			"$COFFER_BIN/coffer" --root "$PWD/store/root" --runroot "$PWD/run" "$@"
		}
		bindfs base store
		there import box.tar box:1 >/dev/null
		there run --rm --network none box:1 sh -c 'rm -r /home; mkdir /home; ls /home; echo inside'
		there info
		umount --lazy store
	SCRIPT
	run -0 inside unshare --mount bash script
	[ "${lines[0]}" = inside ]
	[[ $output == *' Storage Driver: fuse-overlayfs'$'\n'"  Reason: overlay2: mount an overlay: invalid argument ('$PWD/store/"*"is on FUSE, which cannot be an overlay's upper directory)"* ]]
}

@test "what is missing is said, with what to do" {
	fuse create --name lacks --network none box:1 true
	mkdir "$BATS_TEST_TMPDIR/empty"
	PATH=$BATS_TEST_TMPDIR/empty run -1 coffer start lacks
	[[ $output == *'mount an overlay: there is no fuse-overlayfs'*'hint:  install the package fuse-overlayfs'* ]]
	coffer rm lacks
}
