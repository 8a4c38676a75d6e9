#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# How a container is stored: overlay2, and vfs, which copies, where overlays cannot be or somebody wants it so.

bats_require_minimum_version 1.5.0

setup_file() {
	load lib/coffer
	load lib/image
	coffer_file_setup
	export HOME=$BATS_FILE_TMPDIR/home
	mkdir "$HOME"
	image_make "$BATS_FILE_TMPDIR/layout" four
	skopeo --insecure-policy copy -q "oci:$BATS_FILE_TMPDIR/layout:four" \
		"oci-archive:$BATS_FILE_TMPDIR/four.tar:four:1"
	coffer load -q -i "$BATS_FILE_TMPDIR/four.tar" >/dev/null
	coffer tag "$(coffer images -q --no-trunc | while read -r id; do
		[ "$(coffer image inspect "$id" | jq '.[0].RootFS.Layers | length')" -eq 4 ] && echo "$id"
	done)" four:1
}

teardown_file() {
	load lib/coffer
	coffer_file_teardown
}

setup() {
	load lib/coffer
	load lib/image
}

vfs() {
	coffer --storage-driver vfs "$@"
}

@test "vfs: what the image's layers show together, is in the container's directory" {
	id=$(vfs create --network none four:1 true)
	mkdir "$BATS_TEST_TMPDIR/expected"
	image_expected "$BATS_TEST_TMPDIR/expected"
	# The places for what is mounted are there in any case.
	mkdir -p "$BATS_TEST_TMPDIR/expected"/{dev,proc,sys}
	(cd "$BATS_TEST_TMPDIR/expected/etc" && touch hostname hosts resolv.conf)
	diff <(image_listing "$BATS_TEST_TMPDIR/expected") <(image_listing "$COFFER_TEST_ROOT/root/snapshots/$id/upper")
	coffer system check
	coffer rm "$id"
	[ ! -e "$COFFER_TEST_ROOT/root/snapshots/$id" ]
}

@test "vfs: what it writes is there when it is started again, and nowhere else" {
	vfs create --name twice --network none box:1 sh -c 'cat /mine 2>/dev/null; echo was-here >>/mine; rm -f /etc/group'
	coffer start -a twice
	[ "$(coffer start -a twice)" = was-here ]
	box test ! -e /mine
	[ "$(box grep -c . /etc/group)" -eq 3 ]
	coffer rm twice
}

@test "vfs: exec with users, cp, export, volumes that are filled" {
	vfs run -d --name all --network none -v filled:/etc box:1 sleep 1000
	[ "$(coffer exec -u user all id -u)" = 1000 ]
	[ "$(coffer exec all cat /etc/passwd | grep -c .)" -eq 2 ]
	echo content >"$BATS_TEST_TMPDIR/file"
	coffer cp "$BATS_TEST_TMPDIR/file" all:/copied
	[ "$(coffer exec all cat /copied)" = content ]
	coffer stop -t 0 all
	coffer cp "$BATS_TEST_TMPDIR/file" all:/again
	[ "$(coffer cp all:/again - | tar -xO)" = content ]
	[ "$(coffer export all | tar -t | grep -cE '^(copied|again)$')" -eq 2 ]
	coffer rm all
	coffer volume rm filled
}

@test "vfs: what it changed is not known, and that is said" {
	vfs create --name copy --network none box:1 true
	run -1 coffer diff copy
	[[ $output == *"it has a copy of its image (storage driver vfs)"*"hint:  coffer export "*E-UNSUPPORTED* ]]
	run -1 coffer commit copy committed:1
	[[ $output == *'cannot commit container "copy": nothing tells what it changed'*E-UNSUPPORTED* ]]
	coffer rm copy
}

@test "each container knows its driver; info tells that of the next" {
	vfs create --name copy --network none box:1 true
	coffer create --name shared --network none box:1 true
	[ "$(coffer inspect -f '{{.Driver}} {{.GraphDriver.Name}}' copy)" = "vfs vfs" ]
	[ "$(coffer inspect -f '{{json .GraphDriver.Data}}' copy)" = null ]
	[ "$(coffer inspect -f '{{.Driver}} {{.GraphDriver.Name}}' shared)" = "overlay2 overlay2" ]
	[ "$(coffer info -f '{{.Driver}}')" = overlay2 ]
	[ "$(vfs info -f '{{.Driver}}')" = vfs ]
	[ "$(COFFER_STORAGE_DRIVER=vfs coffer info -f '{{.Driver}}')" = vfs ]
	coffer start -a copy
	coffer start -a shared
	coffer rm copy shared
}

@test "drivers that there are not" {
	run -125 coffer --storage-driver devicemapper info
	[[ $output == *'there is no storage driver "devicemapper": it was removed from Docker, too'*\
'hint:  --storage-driver overlay2'*E-UNSUPPORTED* ]]
	run -125 coffer --storage-driver zfs info
	[[ $output == *'there is no storage driver "zfs": it is not a part of Linux'* ]]
	run -125 env COFFER_STORAGE_DRIVER=nonsense "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" \
		--runroot "$COFFER_TEST_ROOT/run" info
	[[ $output == *'"nonsense" is not a storage driver'*E-INVALID* ]]
}

@test "where overlays cannot be, the image is copied, and that is said with the reason" {
	cd "$BATS_TEST_TMPDIR"
	mkdir lower upper work merged
	tar --create --file box.tar --directory "$BATS_FILE_TMPDIR/rootfs" .
	cat >nested <<-'SCRIPT'
		set -euo pipefail
		nested() {
			"$COFFER_BIN/coffer" --root "$PWD/merged/root" --runroot "$PWD/run" "$@"
		}
		mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay merged
		nested import box.tar box:1 >/dev/null
		nested run --name nested --network none box:1 sh -c 'echo inside; echo >/written'
		nested inspect -f '{{.Driver}}' nested
		nested start -a nested
		nested system check
		nested rm nested
	SCRIPT
	run -0 unshare --mount bash nested
	[[ ${lines[0]} == *"no overlays here, so the image is copied (storage driver vfs)"*overlayfs* ]]
	[ "${lines[*]:1}" = "inside vfs inside nested" ]
}
