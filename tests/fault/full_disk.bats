#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A disk without a byte left: what has to work then, to get out of it; what cannot, and says so; and nothing is broken by either.

bats_require_minimum_version 1.5.0
load ../e2e/lib/coffer

setup_file() {
	coffer_file_setup
	box_tar "$BATS_FILE_TMPDIR/rootfs" >"$BATS_FILE_TMPDIR/box.tar"
	cat >"$BATS_FILE_TMPDIR/functions" <<-'SCRIPT'
		set -euo pipefail
		full() { "$COFFER_BIN/coffer" --root "$FULL/root" --runroot "$FULL.run" "$@"; }
		end() { full ps -aq | xargs -r "$COFFER_BIN/coffer" --root "$FULL/root" --runroot "$FULL.run" rm -f >/dev/null 2>&1; }
		fill() { head -c 100m /dev/zero >"$FULL/filler" 2>/dev/null || true; }
		refuses() {
			said=$("$@" 2>&1) && { echo "not refused: $*"; return 1; }
			[[ $said == *"$FULL"*'bytes free'*E-NOSPC* ]] || { echo "$*: $said"; return 1; }
		}
		mkdir "$FULL"
		mount -t tmpfs -o size=24m full "$FULL"
		trap end EXIT
		full import --change 'CMD ["/bin/sh"]' "$BATS_FILE_TMPDIR/box.tar" box:1 >/dev/null
	SCRIPT
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	export FULL=$BATS_TEST_TMPDIR/full
}

# The script on standard input, where a small file system is mounted for it alone.
on_small_disk() {
	{
		cat "$BATS_FILE_TMPDIR/functions"
		cat
	} >"$BATS_TEST_TMPDIR/script"
	run -0 unshare --mount bash "$BATS_TEST_TMPDIR/script" 3>&-
}

@test "containers run, stop and go; images go" {
	on_small_disk <<-'SCRIPT'
		full create --network none --name kept box:1 true >/dev/null
		full run -d --network none --name runs box:1 sleep 1000 >/dev/null
		fill
		full run --rm --network none box:1 true
		full start -a kept
		full exec runs true
		full stop -t 0 runs
		full rm runs
		full rm kept
		full rmi box:1
		full system check
		[ -z "$(full ps -aq)$(full images -q)" ]
		rm "$FULL/filler"
		full system check
	SCRIPT
}

@test "prune makes room" {
	on_small_disk <<-'SCRIPT'
		for i in 1 2 3; do
			full run --network none --name "c$i" box:1 sh -c 'head -c 300000 /dev/urandom >/file'
		done
		fill
		refuses full import "$BATS_FILE_TMPDIR/box.tar" box:2
		full system prune -af
		full system check
		[ -z "$(full ps -aq)$(full images -q)" ]
		rm "$FULL/filler"
		full import "$BATS_FILE_TMPDIR/box.tar" box:2 >/dev/null
		full system check
	SCRIPT
}

@test "what cannot be says which file system, and leaves nothing" {
	on_small_disk <<-'SCRIPT'
		full run --network none --name ended box:1 sh -c 'head -c 300000 /dev/urandom >/file'
		full save -o "$BATS_TEST_TMPDIR/box.oci" box:1
		fill
		said=$(full cp "$BATS_TEST_TMPDIR/box.oci" ended:/ 2>&1) && exit 1
		[[ $said == *'no space left on device'*E-NOSPC* ]]
		refuses full commit ended more:1
		refuses full load -i "$BATS_TEST_TMPDIR/box.oci"
		refuses full import "$BATS_FILE_TMPDIR/box.tar" more:1
		refuses full secret create word "$BATS_FILE_TMPDIR/functions"
		rm "$FULL/filler"
		full system check
		[ -z "$(ls -A "$FULL/root/tmp")" ]
		full commit ended more:1 >/dev/null
		full run --rm --network none more:1 test -s /file
	SCRIPT
}

@test "output that there is no room for is lost, and the container goes on" {
	on_small_disk <<-'SCRIPT'
		mkdir "$BATS_TEST_TMPDIR/there"
		full run -d --network none --name talks -v "$BATS_TEST_TMPDIR/there:/there" box:1 \
			sh -c 'while [ ! -e /there/end ]; do echo 0123456789012345678901234567890123456789; done; echo done; exit 7' >/dev/null
		fill
		: >"$BATS_TEST_TMPDIR/there/end"
		[ "$(full wait talks)" = 7 ]
		rm "$FULL/filler"
		[ "$(full logs talks | grep -c 0123)" -gt 0 ]
		full start talks
		[ "$(full wait talks)" = 7 ]
		[ "$(full logs --tail 1 talks)" = done ]
		full system check
	SCRIPT
}
