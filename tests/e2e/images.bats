#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Images, from a real registry to a root filesystem: pull, images, tag, rmi, import, and what can go wrong.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/image
load lib/registry

setup_file() {
	registry_file_setup
	registry_push "$LAYOUT:four" four:oci oci
	registry_push "$LAYOUT:four" four:docker v2s2
	lying_start "$BATS_FILE_TMPDIR/liar" "$LAYOUT" four
	export LIAR LIAR_PID lying_dir
	coffer pull "$REGISTRY/four:oci" >"$BATS_FILE_TMPDIR/pull" 2>&1
}

teardown_file() {
	registry_stop
	lying_stop
	coffer_file_teardown
}

four() {
	coffer run --rm --network none "$REGISTRY/four:oci" "$@"
}

# --- The way through ------------------------------------------------------------------------------------------------

@test "pull says each step on a line, the digest and the name" {
	grep -q "^Digest: $(registry_digest four:oci)$" "$BATS_FILE_TMPDIR/pull"
	grep -q 'Pull complete' "$BATS_FILE_TMPDIR/pull"
	grep -q "Downloaded newer image for $REGISTRY/four:oci" "$BATS_FILE_TMPDIR/pull"
	run -0 coffer pull "$REGISTRY/four:oci"
	[[ $output == *'Image is up to date'* ]]
	run -0 coffer pull -q "$REGISTRY/four:oci"
	[ "$output" = "$REGISTRY/four:oci" ]
}

@test "progress bars on a terminal, none in a pipe" {
	coffer rmi "$REGISTRY/four:oci" >/dev/null
	run -0 env TERM=xterm script -qec "stty rows 24 cols 100; '$COFFER_BIN/coffer' --root '$COFFER_TEST_ROOT/root' --runroot '$COFFER_TEST_ROOT/run' \
		pull '$REGISTRY/four:oci'" /dev/null
	[[ $output == *$'\e['* ]]
	run ! grep -q $'\e' "$BATS_FILE_TMPDIR/pull"
}

@test "the root filesystem is what the layers say, to the last attribute" {
	mkdir "$BATS_TEST_TMPDIR/expected"
	image_expected "$BATS_TEST_TMPDIR/expected"
	coffer run -d --network none --name whole "$REGISTRY/four:oci" sleep 100
	merged=$(coffer inspect whole | jq -r '.[0].GraphDriver.Data.MergedDir')
	# The lowest is the engine's own: places to mount on that the image lacks.
	lower=$(coffer inspect whole | jq -r '.[0].GraphDriver.Data.LowerDir | split(":") | map(select(endswith("/mountpoints") | not)) | join(":")')
	mkdir "$BATS_TEST_TMPDIR/view"
	[ "${COFFER_TEST_ROOTLESS:-no}" = no ] || lower+=,userxattr
	(
		# A view of the layers alone, without what the container mounted and wrote.
		inside unshare --mount bash -c "mount -t overlay -o 'lowerdir=$lower' view '$BATS_TEST_TMPDIR/view' &&
			. '$BATS_TEST_DIRNAME/lib/image.bash' && image_listing '$BATS_TEST_TMPDIR/view'"
	) >"$BATS_TEST_TMPDIR/got"
	# shellcheck disable=SC2016 # expanded by the inner shell
	inside bash -c '. "$1/lib/image.bash" && image_listing "$2"' - "$BATS_TEST_DIRNAME" "$BATS_TEST_TMPDIR/expected" \
		>"$BATS_TEST_TMPDIR/wanted"
	coffer rm -f whole
	[ -n "$merged" ]
	diff -u "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/got"
}

@test "files of upper layers hide lower ones; whiteouts and opaque directories" {
	[ "$(four cat /etc/motd)" = third ]
	[ "$(four ls /data/opaque)" = new ]
	run ! four ls /data/gone-dir
	[ "$(four cat /data/gone)" = back ]
	[ "$(four stat -c %a /data/setuid)" = 6755 ]
	[ "$(four stat -c %h /data/hard-1)" = 3 ]
}

@test "the image's configuration is honoured" {
	[ "$(four pwd)" = /root ]
	[ "$(four sh -c 'echo $HELLO $PATH')" = "world /bin" ]
	[ "$(echo 'echo $0' | coffer run --rm -i --network none "$REGISTRY/four:oci")" = /bin/sh ]
	run -0 coffer inspect "$REGISTRY/four:oci"
	[ "$(jq -r '.[0].Config.Labels."made.by"' <<<"$output")" = tests ]
	[ "$(jq -r '.[0].RootFS.Layers | length' <<<"$output")" = 4 ]
}

@test "a write copies the file up; deleting makes a whiteout; the layers stay as they were" {
	coffer run --network none --name writes "$REGISTRY/four:oci" sh -c 'echo x >>/data/keep; rm /data/mode; mv /data/plain-dir /data/moved || true'
	upper=$(coffer inspect writes | jq -r '.[0].GraphDriver.Data.UpperDir')
	grep -q x "$upper/data/keep"
	[ "$(stat -c '%F %t:%T' "$upper/data/mode")" = 'character special file 0:0' ]
	coffer rm writes
	[ ! -d "$upper" ]
	[ "$(four cat /data/keep)" = keep ]
	four test -e /data/mode
}

@test "Docker's format gives the same root filesystem, and shares the layers" {
	coffer pull -q "$REGISTRY/four:docker"
	[ "$(find "$COFFER_TEST_ROOT/root/layers" -mindepth 1 -maxdepth 1 | wc -l)" -le 5 ]
	[ "$(coffer run --rm --network none "$REGISTRY/four:docker" cat /etc/motd)" = third ]
	coffer rmi "$REGISTRY/four:docker"
	[ "$(four cat /etc/motd)" = third ]
}

@test "run by digest; run pulls what is missing" {
	digest=$(registry_digest four:oci)
	[ "$(coffer run --rm --network none "$REGISTRY/four@$digest" cat /etc/motd)" = third ]
	coffer rmi -f "$REGISTRY/four:oci" >/dev/null
	run -0 coffer run --rm --network none "$REGISTRY/four:oci" cat /etc/motd
	[[ $output == *'Unable to find image'* && ${lines[-1]} == third ]]
	run -125 coffer run --rm --network none --pull never "$REGISTRY/nosuch:1" true
}

@test "images lists them with Docker's columns" {
	run -0 coffer images
	[[ ${lines[0]} =~ ^REPOSITORY\ +TAG\ +IMAGE\ ID\ +CREATED\ +SIZE$ ]]
	[[ $output == *"$REGISTRY/four"*oci* && $output == *box* ]]
	[[ $(coffer images -q --no-trunc) == *sha256:* ]]
}

@test "images by a name or a pattern, besides the filter for that" {
	coffer tag box:1 pattern/one:1
	coffer tag box:1 pattern/two:2
	[ "$(coffer images --format '{{.Repository}}:{{.Tag}}' pattern/one)" = pattern/one:1 ]
	[ "$(coffer images --format '{{.Repository}}:{{.Tag}}' pattern/two:2)" = pattern/two:2 ]
	[ "$(coffer images --format '{{.Repository}}:{{.Tag}}' 'pattern/*:2')" = pattern/two:2 ]
	[ "$(coffer images -q 'pattern/*' | wc -l)" -eq 2 ]
	[ "$(coffer images -q -f reference=pattern/one pattern/two | wc -l)" -eq 2 ]
	[ -z "$(coffer images -q pattern)" ]
	coffer rmi pattern/one:1 pattern/two:2
}

@test "images as a tree: each below the one that it is made on" {
	coffer run --name made-on-box --network none box:1 sh -c 'echo more >/more'
	for tag in 1 2; do
		coffer commit -m "$tag" made-on-box "above:$tag" >/dev/null
	done
	coffer rm made-on-box
	coffer run --name made-on-that --network none above:2 sh -c 'echo most of all >/most'
	coffer commit made-on-that top:1 >/dev/null
	coffer rm made-on-that
	run -0 coffer images --tree
	[[ "${lines[0]}" =~ ^IMAGE\ +IMAGE\ ID\ +SIZE\ +OWN\ SIZE$ ]]
	[[ "$output" =~ $'\n'"box:1 "\ +[0-9a-f]{12}\ +([0-9.]+MB)\ +([0-9.]+MB) ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
	[[ "$output" =~ "├── above:2 "\ +[0-9a-f]{12}\ +[0-9.]+MB\ +5B ]]
	[[ "$output" =~ "│   └── top:1 "\ +[0-9a-f]{12}\ +[0-9.]+MB\ +12B ]]
	[[ "$output" =~ "└── above:1 "\ +[0-9a-f]{12}\ +[0-9.]+MB\ +5B ]]
	[ "$(coffer images --tree -f reference=top | wc -l)" -eq 2 ]
	run -125 coffer images --tree --quiet
	[[ "$output" == *"--tree has columns of its own"* ]]
	coffer rmi top:1 above:1 above:2 >/dev/null
}

@test "tag and rmi; an image in use is not removed" {
	coffer tag box:1 other:2
	[[ $(coffer images) == *other* ]]
	run -0 coffer rmi other:2
	[[ $output == *'Untagged: other:2'* ]]
	coffer run -d --network none --name user box:1 sleep 100
	run -1 coffer rmi box:1
	[[ $output == *user* ]]
	coffer rm -f user
	coffer run --rm --network none box:1 true
}

@test "rmi of the last name removes layers and blobs" {
	echo content >"$BATS_TEST_TMPDIR/file"
	tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/one.tar" file
	before=$(find "$COFFER_TEST_ROOT/root/layers" "$COFFER_TEST_ROOT/root/blobs" | wc -l)
	coffer import "$BATS_TEST_TMPDIR/one.tar" single:1
	[ "$(find "$COFFER_TEST_ROOT/root/layers" "$COFFER_TEST_ROOT/root/blobs" | wc -l)" -gt "$before" ]
	run -0 coffer rmi single:1
	[[ $output == *Deleted:* ]]
	[ "$(find "$COFFER_TEST_ROOT/root/layers" "$COFFER_TEST_ROOT/root/blobs" | wc -l)" -eq "$before" ]
}

@test "the store is an OCI layout that skopeo reads" {
	run -0 skopeo inspect --raw "oci:$COFFER_TEST_ROOT/root:$REGISTRY/four:oci"
	[[ $output == *layers* ]]
}

@test "nobody else can look into the store" {
	run -0 su -s /bin/sh nobody -c "ls '$COFFER_TEST_ROOT/root' 2>&1 || true; ls '$COFFER_TEST_ROOT/run' 2>&1 || true"
	[[ $output == *'Permission denied'* ]]
	run ! su -s /bin/sh nobody -c "ls '$COFFER_TEST_ROOT/root'"
}

# --- What goes wrong ------------------------------------------------------------------------------------------------

@test "no such tag, no such repository, no such digest" {
	run --separate-stderr coffer pull "$REGISTRY/four:nosuch"
	[ "$status" -eq 1 ]
	[ -z "$output" ] # nothing is pulled from there
	run -1 coffer pull "$REGISTRY/four:nosuch"
	[[ $output == *'manifest unknown'* && $output == *oci* && $output == *E-IMG-TAG* ]]
	run -1 coffer pull "$REGISTRY/nosuch:1"
	[[ $output == *E-IMG-TAG* ]]
	run -1 coffer pull "$REGISTRY/four@sha256:$(printf 0%.0s {1..64})"
}

@test "a registry that is down, and names that are none" {
	run -1 coffer pull 127.0.0.1:1/x:1
	[[ $output == *E-REG-REFUSED* ]]
	for name in up/UPPER:1 'a b' x:y:z "x@sha256:abcd" '../x' $'x\n' ''; do
		run ! coffer pull "$name"
		[[ $output == *E-IMG-REF* || $output == *E-USAGE* ]]
	done
}

@test "a registry that lies: nothing of it becomes visible" {
	for lie in blob-wrong blob-short blob-endless manifest-garbage manifest-two-sided config-wrong diffids-swapped; do
		# What came whole before another part failed would serve the next attempt.
		export COFFER_TEST_ROOT=$BATS_TEST_TMPDIR/$lie
		run -1 coffer pull "$LIAR/$lie/x:1"
		[[ $output == *'[E-'* ]]
		[ -z "$(coffer images -q)" ]
		[ -z "$(ls -A "$COFFER_TEST_ROOT/root/tmp")" ]
	done
}

@test "a disk that is full while unpacking: said so, and nothing is left" {
	mkdir "$BATS_TEST_TMPDIR/small"
	run -0 inside unshare --mount bash -c "mount -t tmpfs -o size=1200k small '$BATS_TEST_TMPDIR/small' &&
		'$COFFER_BIN/coffer' --root '$BATS_TEST_TMPDIR/small/root' --runroot '$BATS_TEST_TMPDIR/small/run' \
			pull '$REGISTRY/four:oci'; echo status \$?; ls '$BATS_TEST_TMPDIR/small/root/tmp' | wc -l
		ls '$BATS_TEST_TMPDIR/small/root/layers' | wc -l"
	[[ $output == *'no space left on device'* && $output == *E-NOSPC* && $output == *'status 1'* ]]
	[ "${lines[-2]}" = 0 ]
}

@test "a disk that is full: what removing images would give back is said" {
	mkdir "$BATS_TEST_TMPDIR/small"
	tar -C /bin -cf "$BATS_TEST_TMPDIR/old.tar" busybox
	cat >"$BATS_TEST_TMPDIR/script" <<-'SCRIPT'
		small() { "$COFFER_BIN/coffer" --root "$BATS_TEST_TMPDIR/small/root" --runroot "$BATS_TEST_TMPDIR/small/run" "$@"; }
		mount -t tmpfs -o size=6m small "$BATS_TEST_TMPDIR/small"
		small import "$BATS_TEST_TMPDIR/old.tar" old:1
		small pull "$REGISTRY/four:oci"
		small image prune -af
	SCRIPT
	run -0 inside unshare --mount bash "$BATS_TEST_TMPDIR/script"
	[[ $output == *E-NOSPC* ]]
	[[ $output =~ 'hint:  coffer image prune -a, which frees '[1-9][0-9.]*' MB' ]]
	[[ $output =~ 'Total reclaimed space: '[1-9][0-9.]*MB ]]
}

@test "archives that are truncated or empty are refused" {
	head -c 1000 /bin/busybox >"$BATS_TEST_TMPDIR/garbage"
	run -1 coffer import "$BATS_TEST_TMPDIR/garbage" bad:1
	tar -C /bin -cf - busybox | head -c 20000 >"$BATS_TEST_TMPDIR/short"
	run -1 coffer import "$BATS_TEST_TMPDIR/short" bad:1
	[[ $output == *E-IMG-LAYER* ]]
	: >"$BATS_TEST_TMPDIR/empty"
	run -1 coffer import "$BATS_TEST_TMPDIR/empty" bad:1
	run ! grep -q bad <(coffer images)
}

@test "a link in an archive leads to a place inside the image, whatever place on the host it names" {
	mkdir -p "$BATS_TEST_TMPDIR/evil"
	ln -s "$BATS_TEST_TMPDIR/outside" "$BATS_TEST_TMPDIR/evil/link"
	mkdir "$BATS_TEST_TMPDIR/outside"
	tar -C "$BATS_TEST_TMPDIR/evil" -cf "$BATS_TEST_TMPDIR/evil.tar" link
	rm "$BATS_TEST_TMPDIR/evil/link"
	mkdir "$BATS_TEST_TMPDIR/evil/link"
	echo canary >"$BATS_TEST_TMPDIR/evil/link/canary"
	tar -C "$BATS_TEST_TMPDIR/evil" -rf "$BATS_TEST_TMPDIR/evil.tar" link/canary
	tar -C "$BATS_FILE_TMPDIR/rootfs" -rf "$BATS_TEST_TMPDIR/evil.tar" bin
	coffer import "$BATS_TEST_TMPDIR/evil.tar" evil:1
	[ -z "$(ls "$BATS_TEST_TMPDIR/outside")" ]
	run -0 coffer run --rm --network none evil:1 /bin/sh -c "readlink /link && cat '$BATS_TEST_TMPDIR/outside/canary'"
	[ "$output" = "$BATS_TEST_TMPDIR/outside"$'\ncanary' ]
	[ -z "$(ls "$BATS_TEST_TMPDIR/outside")" ]
	coffer rmi evil:1
}

@test "an image without a command says so" {
	echo x >"$BATS_TEST_TMPDIR/file"
	tar -C "$BATS_TEST_TMPDIR" -cf - file | coffer import - nocmd:1
	run -125 coffer run --rm --network none nocmd:1
	[[ $output == *'no CMD or ENTRYPOINT'* && $output == *E-NO-CMD* ]]
	run -127 coffer run --rm --network none nocmd:1 /bin/sh
	coffer rmi nocmd:1
}

@test "an image for another machine is refused, unless asked for" {
	echo x >"$BATS_TEST_TMPDIR/file"
	tar -C "$BATS_TEST_TMPDIR" -cf - file | coffer import --platform linux/s390x --change 'CMD ["/file"]' - foreign:1
	run -125 coffer run --rm --network none foreign:1
	[[ $output == *s390x* && $output == *E-IMG-ARCH* ]]
	coffer rmi foreign:1
}

@test "one that an emulator is there for runs with a warning, unless its platform was asked for" {
	[ -d /proc/sys/fs/binfmt_misc ] || skip "this kernel has no handlers for foreign programs"
	# What the kernel says of its handlers, in a mount namespace of this test: our program is no foreign one.
	mkdir "$BATS_TEST_TMPDIR/handlers"
	echo enabled >"$BATS_TEST_TMPDIR/handlers/qemu-s390x"
	tar -C "$BATS_FILE_TMPDIR/rootfs" -cf - . | coffer import --platform linux/s390x - foreign:1
	with_handler() {
		inside unshare --mount sh -c 'mount --bind "$0" /proc/sys/fs/binfmt_misc && exec "$@"' "$BATS_TEST_TMPDIR/handlers" \
			"$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" "$@"
	}
	run --separate-stderr with_handler run --rm --network none foreign:1 /bin/echo ran
	[ "$status" -eq 0 ]
	[ "$output" = ran ]
	# shellcheck disable=SC2154 # run assigns it
	[[ "$stderr" == *"the requested image's platform (linux/s390x) does not match the detected host platform (linux/"* ]]
	run --separate-stderr with_handler run --rm --network none --platform linux/s390x foreign:1 /bin/echo ran
	[ "$output$stderr" = ran ]
	coffer rmi foreign:1
}
