#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Is what the store holds still what came into it: image verify.

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
	cp -a "$COFFER_TEST_ROOT/root" "$BATS_FILE_TMPDIR/sound"
}

teardown_file() {
	load lib/coffer
	coffer_file_teardown
}

# Every test breaks a store of its own.
setup() {
	load lib/coffer
	load lib/image
	store=$BATS_TEST_TMPDIR/root
	cp -a "$BATS_FILE_TMPDIR/sound" "$store"
}

here() {
	"$COFFER_BIN/coffer" --root "$store" --runroot "$BATS_TEST_TMPDIR/run" "$@"
}

# The directory of layer NUMBER, bottom first, of IMAGE: layer_of IMAGE NUMBER
layer_of() {
	local diff_id
	diff_id=$(here image inspect "$1" | jq -r ".[0].RootFS.Layers[$2]")
	echo "$store/layers/${diff_id#sha256:}"
}

# Change one bit of FILE and leave everything else as it is: flip FILE OFFSET
flip() {
	local byte stamp
	stamp=$(stat -c @%.9Y "$1")
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059 # that is the format
	printf "\\x$(printf %02x $((byte ^ 16)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
	touch -d "$stamp" "$1"
}

# Whether exactly one thing is reported, in these words: verify says WORDS (a pattern)
says() {
	run -1 here image verify -q
	[ "$(grep -c '^  ' <<<"$output")" -eq 1 ]
	# shellcheck disable=SC2053 # it is a pattern
	[[ $output == $1 ]]
}

@test "what is sound is called so, by its blobs and layers" {
	run -0 here image verify
	[[ $output == *"box:1: ok (3 blobs, 1 layers)"* ]]
	[[ $output == *"four:1: ok (6 blobs, 4 layers)"* ]]
	run -0 here image verify box:1
	[ "$output" = "box:1: ok (3 blobs, 1 layers)" ]
	run -0 here image verify --quiet
	[ -z "$output" ]
	[ -z "$(ls -A "$store/tmp")" ]
}

@test "a bit flipped in a blob: the blob is named, with the digest that it has" {
	for blob in "$store"/blobs/sha256/*; do
		size=$(stat -c %s "$blob")
		flip "$blob" $((size / 2))
		got=$(sha256sum <"$blob" | cut -d' ' -f1)
		run -1 here image verify
		[[ $output == *": damaged"*"  $blob: its content has the digest sha256:$got"* ]]
		flip "$blob" $((size / 2))
	done
	here image verify
}

@test "a bit flipped in a file of a layer: the file is named" {
	file=$(layer_of box:1 0)/bin/busybox
	flip "$file" 12345
	says "*box:1: damaged*  $file: its content is another"
	[[ $output != *"four:1"* ]]
}

@test "a file that is gone, one that is too many, one that is something else" {
	layer=$(layer_of four:1 1)/data
	rm "$layer/keep"
	says "*  $layer/keep: it is missing"
	(cd "$(dirname "$layer")" && echo keep >data/keep) && run -1 here image verify
	[[ $output == *"  $layer/keep: its time of modification is another"* ]]
	rm "$layer/keep" && ln -s elsewhere "$layer/keep"
	says "*  $layer/keep: it is a symbolic link, not a file"
	rm "$layer/keep" && mkdir "$layer/keep"
	says "*  $layer/keep: it is a directory, not a file"
}

@test "owners, modes, links, targets, sizes, attributes" {
	data=$(layer_of four:1 1)/data
	chmod 0644 "$data/setuid"
	says "*  $data/setuid: its mode is 0644, not 6755"
	chmod 6755 "$data/setuid"
	chown 0:2000 "$data/setuid" && chmod 6755 "$data/setuid"
	says "*  $data/setuid: its owner is 0:2000, not 1000:2000"
	chown 1000:2000 "$data/setuid" && chmod 6755 "$data/setuid"
	touch -h -d @1700000000 "$data/.." && here image verify -q

	setfattr -n user.coffer -v other "$data/attributes"
	says "*  $data/attributes: its extended attributes are others"
	setfattr -n user.coffer -v 'a value' "$data/attributes"
	printf more >>"$data/empty"
	says "*  $data/empty: it has 4 bytes, not 0"
	: >"$data/empty" && touch -d @1700000000 "$data/empty"
	ln -sf passwd "$data/relative-link"
	run -1 here image verify -q
	[[ $output == *"  $data/relative-link: "* ]]
	ln -sf ../../etc/passwd "$data/relative-link" && touch -h -d @1700000000 "$data/relative-link"
	here image verify -q

	cp -p "$data/hard-1" "$data/copy" && mv "$data/copy" "$data/hard-1"
	run -1 here image verify -q
	[[ $output == *"  $data/hard-2: it has 2 hard links, not 3"* ]]
}

@test "a whiteout that is gone, an opaque directory that is none" {
	data=$(layer_of four:1 2)/data
	rm "$data/gone"
	says "*  $data/gone: it is missing"
	mknod "$data/gone" c 0 0
	here image verify -q
	setfattr -x trusted.overlay.opaque "$data/opaque"
	run -1 here image verify -q
	[[ $output == *"  $data/opaque: its extended attributes are others"* ]]
}

@test "names that are not UTF-8 are shown, and drive no terminal" {
	data=$(layer_of four:1 1)/data/names
	: >"$data/"$'\xff\x1b[31m'
	says "*  $data/\\\\xff\\\\x1b\[31m: it does not belong there"
}

@test "a whole layer, a whole blob, many files" {
	layer=$(layer_of box:1 0)
	mv "$layer" "$BATS_TEST_TMPDIR/layer"
	says "*  $layer: it is missing"
	mv "$BATS_TEST_TMPDIR/layer" "$layer"
	rm "$layer"/bin/[a-m]*
	run -1 here image verify -q
	[ "$(grep -c '^  ' <<<"$output")" -eq 21 ]
	[[ $output == *"  $layer: "*" more differences"* ]]

	blob=$store/blobs/sha256/$(jq -r '.manifests[0].digest' "$store/index.json" | cut -d: -f2)
	rm "$blob"
	run -1 here image verify -q
	[[ $output == *"  $blob: it is missing"* ]]
}

@test "an image that is not there" {
	run -1 here image verify nothing:1
	[[ $output == *'No such image: nothing:1'* ]]
}
