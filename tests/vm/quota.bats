#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# --storage-opt size: on a disk with project quotas, a container writes so much, and no more.

bats_require_minimum_version 1.5.0
load ../e2e/lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

# How many bytes of zeros fit into the container NAME: written NAME [OPTION...]
written() {
	coffer run --name "$1" --network none --storage-opt size=10m "${@:2}" box:1 \
		sh -c 'dd if=/dev/zero of=/zeros bs=64k 2>/dev/null; stat -c %s /zeros'
}

@test "a container with a size writes that much, and no more" {
	size=$(written limited)
	[ "$size" -le $((10 << 20)) ]
	[ "$size" -gt $((9 << 20)) ]
	[ "$(coffer inspect -f '{{index .HostConfig.StorageOpt "size"}}' limited)" = 10m ]
	# Another one has its own.
	[ "$(written another)" -gt $((9 << 20)) ]
	coffer rm limited another
}

@test "what it removes it may write again, also after a restart" {
	coffer create --name again --network none --storage-opt size=10m box:1 \
		sh -c 'rm -f /zeros; dd if=/dev/zero of=/zeros bs=1M count=8 2>&1 | tail -n 1'
	coffer start -a again
	run -0 coffer start -a again
	[[ $output == *"8+0 records out"* ]]
	coffer rm again
}

@test "df in it says what it may have" {
	run -0 coffer run --rm --network none --storage-opt size=10m box:1 df -k /
	[ "$(tail -n 1 <<<"$output" | awk '{ print $2 }')" -eq 10240 ]
}

@test "copying up counts, and so does cp" {
	coffer create --name copies --network none --storage-opt size=1m box:1 chmod 0700 /bin/busybox
	run -1 coffer start -a copies
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/large"
	run -1 coffer cp "$BATS_TEST_TMPDIR/large" copies:/large
	[[ $output == *"write 'large': disk quota exceeded"*E-NOSPC* ]]
	coffer rm copies
}

@test "vfs: the copy of the image counts" {
	size=$(COFFER_STORAGE_DRIVER=vfs written copied)
	[ "$size" -le $(((10 << 20) - $(stat -c %s /bin/busybox))) ]
	coffer rm copied
}

@test "the limit goes with the container" {
	id=$(coffer create --network none --storage-opt size=10m box:1 true)
	project=$(lsattr -pd "$COFFER_TEST_ROOT/root/snapshots/$id" | awk '{ print $1 }')
	[ "$project" -gt 1000000 ]
	[ "$(lsattr -pd "$COFFER_TEST_ROOT/root/snapshots/$id/upper" | awk '{ print $1 }')" = "$project" ]
	coffer rm "$id"
	coffer system check
}
