#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Is what the store holds still what came into it: image verify; and do its invariants hold: system check.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/image

setup_file() {
	coffer_file_setup
	export HOME=$BATS_FILE_TMPDIR/home
	mkdir "$HOME"
	image_load_four
	cp -a "$COFFER_TEST_ROOT/root" "$BATS_FILE_TMPDIR/sound"
}

teardown_file() {
	coffer_file_teardown
}

# Every test breaks a store of its own.
setup() {
	store=$BATS_TEST_TMPDIR/root
	cp -a "$BATS_FILE_TMPDIR/sound" "$store"
}

here() {
	"$COFFER_BIN/coffer" --root "$store" --runroot "$BATS_TEST_TMPDIR/run" "$@"
}

here_inside() {
	inside "$COFFER_BIN/coffer" --root "$store" --runroot "$BATS_TEST_TMPDIR/run" "$@"
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

# What the kernel keeps an overlay's marks in: for users, attributes that everybody may have.
overlay_attribute() {
	if [ "${COFFER_TEST_ROOTLESS:-no}" = yes ]; then echo user.overlay; else echo trusted.overlay; fi
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
	run -0 here image verify --layers four:1
	[ "$(sed 1d <<<"$output")" = "$(here image inspect -f '{{range .RootFS.Layers}}{{printf "  %s: ok\n" .}}{{end}}' four:1 | sed '/^$/d')" ]
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
	run -1 here image verify --quiet --layers
	[[ ${lines[1]} =~ ^'  sha256:'[0-9a-f]{64}': damaged'$ ]]
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
	local owner
	data=$(layer_of four:1 1)/data
	owner=$(inside stat -c %u:%g "$data/setuid") # a user's archive has no others than root
	inside chmod 0644 "$data/setuid"
	says "*  $data/setuid: its mode is 0644, not 6755"
	inside chmod 6755 "$data/setuid"
	inside chown 0:2000 "$data/setuid" && inside chmod 6755 "$data/setuid"
	says "*  $data/setuid: its owner is 0:2000, not $owner"
	inside chown "$owner" "$data/setuid" && inside chmod 6755 "$data/setuid"
	inside touch -h -d @1700000000 "$data/.." && here image verify -q

	inside setfattr -n user.coffer -v other "$data/attributes"
	says "*  $data/attributes: its extended attributes are others"
	inside setfattr -n user.coffer -v 'a value' "$data/attributes"
	printf more | inside tee "$data/empty" >/dev/null
	says "*  $data/empty: it has 4 bytes, not 0"
	inside truncate -s 0 "$data/empty" && inside touch -d @1700000000 "$data/empty"
	inside ln -sf passwd "$data/relative-link"
	run -1 here image verify -q
	[[ $output == *"  $data/relative-link: "* ]]
	inside ln -sf ../../etc/passwd "$data/relative-link" && inside touch -h -d @1700000000 "$data/relative-link"
	here image verify -q

	inside cp -p "$data/hard-1" "$data/copy" && inside mv "$data/copy" "$data/hard-1"
	run -1 here image verify -q
	[[ $output == *"  $data/hard-2: it has 2 hard links, not 3"* ]]
}

@test "a whiteout that is gone, an opaque directory that is none" {
	data=$(layer_of four:1 2)/data
	inside rm "$data/gone"
	says "*  $data/gone: it is missing"
	inside mknod "$data/gone" c 0 0
	here image verify -q
	inside setfattr -x "$(overlay_attribute).opaque" "$data/opaque"
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

@test "verify --repair: a damaged layer and one that is gone are made again, out of their blobs" {
	layer=$(layer_of box:1 0) other=$(layer_of four:1 2)
	flip "$layer/bin/busybox" 12345
	rm -r "$other"
	run -1 here image verify -q --repair
	[[ $output == *"  $layer/bin/busybox: its content is another (the layer is made again)"* ]]
	[[ $output == *"  $other: it is missing (the layer is made again)"* ]]
	run -0 here image verify -q
	[ -z "$output" ]
	[ -z "$(ls -A "$store/tmp")" ]
	here run --rm --network none box:1 true
}

@test "verify --repair: a damaged blob is removed, and a load brings it again" {
	here load -q -i "$BATS_FILE_TMPDIR/four.tar"
	for blob in $(skopeo inspect --raw "oci-archive:$BATS_FILE_TMPDIR/four.tar" | jq -r '.config.digest, .layers[].digest'); do
		flip "$store/blobs/sha256/${blob#sha256:}" 20
	done
	run -1 here image verify --repair four:1
	[ "$(grep -c ' (removed: pull the image again)$' <<<"$output")" -eq 5 ]
	run -1 here image verify -q four:1
	[ "$(grep -c ': it is missing$' <<<"$output")" -eq 5 ]
	here load -q -i "$BATS_FILE_TMPDIR/four.tar"
	here image verify -q
}

@test "verify --repair: what cannot be read, and is not known to be damaged, stays" {
	blob=$store/blobs/sha256/$(jq -r '.manifests[0].digest' "$store/index.json" | cut -d: -f2)
	mv "$blob" "$BATS_TEST_TMPDIR/blob"
	mkdir "$blob"
	says "*  $blob: it cannot be read: is a directory"
	run -1 here image verify --repair
	[[ ${output,,} == *"read blob 'sha256:${blob##*/}': is a directory"* ]]
	[ -d "$blob" ]
	rmdir "$blob"
	ln -s "$BATS_TEST_TMPDIR/blob" "$blob"
	run -1 here image verify -q --repair
	[[ $output == *"  $blob: it cannot be read: "*" (removed: pull the image again)"* ]]
	[ ! -L "$blob" ]
	[ -e "$BATS_TEST_TMPDIR/blob" ]
}

@test "verify --repair: not while a container runs on these layers" {
	here run -d --name busy --network none box:1 sleep 1000
	run -1 here image verify --repair box:1
	[[ $output == *"cannot repair 'box:1': container busy runs on its layers"*"hint:  coffer stop busy"*E-BUSY* ]]
	here image verify --repair four:1
	here rm -f busy
	here image verify --repair box:1
}

@test "verify --repair: not while an image of these layers is mounted, here or in a container" {
	here run --network none --name child box:1 touch /new
	here commit child child:1
	for image in box:1 child:1; do
		here_inside image mount "$image"
		run -1 here image verify --repair box:1
		[[ $output == *"conflict: unable to repair image "*": it is mounted"*"coffer image unmount "*E-IMG-IN-USE* ]]
		here image unmount "$image"
	done
	here run -d --name reader --network none --mount type=image,src=four:1,dst=/image box:1 sleep 1000
	run -1 here image verify --repair four:1
	here rm -f reader
	[[ $output == *"cannot repair 'four:1': container reader runs on its layers"*"hint:  coffer stop reader"*E-BUSY* ]]
	here image verify --repair
}

# --- system check -----------------------------------------------------------------------------------------------------

# Whether exactly this is found, "INVARIANT STATE OBJECT" a line; and the exit status: finds STATUS [LINE...]
finds() {
	local status=$1
	shift
	run -"$status" here system check --format '{{.Invariant}} {{.State}} {{.Object}}'
	diff <(printf '%s\n' "$@" | sort | grep .) <(sort <<<"$output" | grep .)
}

# The same of a repair, after which nothing is found: repairs LINE...
repairs() {
	run -0 here system check --repair --format '{{.Invariant}} {{.State}} {{.Object}}'
	diff <(printf '%s\n' "$@" | sort) <(sort <<<"$output")
	finds 0
}

database() {
	python3 - "$store/coffer.db" "$@" <<-'PYTHON'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		db.execute(sys.argv[2])
		db.commit()
	PYTHON
}

@test "a sound store: nothing is said" {
	run -0 here system check
	[ -z "$output" ]
	run -0 here system check --repair
	[ -z "$output" ]
	run -0 here system check --format json
	[ -z "$output" ]
}

@test "S1: a blob that is shorter than its manifest says" {
	blob=$(jq -r '.layers[0].digest' "$store/blobs/sha256/$(jq -r '.manifests[0].digest' "$store/index.json" | cut -d: -f2)")
	blob=$store/blobs/sha256/${blob#sha256:}
	size=$(stat -c %s "$blob")
	truncate -s -1 "$blob"
	finds 1 "S1 broken $blob"
	run -1 here system check
	[[ $output == *"it has $((size - 1)) bytes, and not the $size of its manifest"* ]]
	run -1 here system check --repair
	[[ $output == *broken*"$blob"* ]]
}

@test "S1: a load brings a blob again that was cut off" {
	here load -q -i "$BATS_FILE_TMPDIR/four.tar"
	digest=$(skopeo inspect --raw "oci-archive:$BATS_FILE_TMPDIR/four.tar" | jq -r '.layers[0].digest')
	truncate -s 100 "$store/blobs/sha256/${digest#sha256:}"
	finds 1 "S1 broken $store/blobs/sha256/${digest#sha256:}"
	here load -q -i "$BATS_FILE_TMPDIR/four.tar"
	finds 0
}

@test "S2: what is in tmp, and nobody has locked" {
	mkdir "$store/tmp/0123456789abcdef"
	: >"$store/tmp/file"
	mkdir "$store/tmp/fedcba9876543210"
	exec 9<"$store/tmp/fedcba9876543210"
	flock -n 9
	finds 0 "S2 leftover $store/tmp/0123456789abcdef" "S2 leftover $store/tmp/file"
	repairs "S2 repaired $store/tmp/0123456789abcdef" "S2 repaired $store/tmp/file"
	[ "$(ls "$store/tmp")" = fedcba9876543210 ]
	exec 9<&-
}

@test "S3: a blob and a layer of an image are gone; a pull or a load brings them back" {
	here load -q -i "$BATS_FILE_TMPDIR/four.tar"
	layer=$(layer_of four:1 1)
	id=$(here image inspect four:1 | jq -r '.[0].Id')
	rm -r "$layer" "$store/blobs/sha256/${id#sha256:}"
	finds 1 "S3 broken $layer" "S3 broken $store/blobs/sha256/${id#sha256:}"
	here load -q -i "$BATS_FILE_TMPDIR/four.tar"
	finds 0
	here image verify -q
}

@test "S4: what has no name of the store's, or is something else" {
	digits=$(printf '%064d' 7)
	: >"$store/layers/$digits"
	mkdir "$store/blobs/sha256/x" "$store/snapshots/lost+found"
	finds 1 "S4 broken $store/layers/$digits" "S4 broken $store/blobs/sha256/x" \
		"S4 broken $store/snapshots/lost+found" "E3 leftover $store/layers/$digits"
	repairs "S4 repaired $store/layers/$digits" "S4 repaired $store/blobs/sha256/x" \
		"S4 repaired $store/snapshots/lost+found" "E3 repaired $store/layers/$digits"
}

@test "S5: snapshots, logs and records of nobody; a container without a snapshot" {
	digits=$(printf '%064d' 7)
	mkdir -p "$store/snapshots/$digits/upper" "$store/records/$digits"
	: >"$store/logs/$digits.log"
	finds 0 "S5 leftover $store/snapshots/$digits" "S5 leftover $store/logs/$digits.log" \
		"S5 leftover $store/records/$digits"
	repairs "S5 repaired $store/snapshots/$digits" "S5 repaired $store/logs/$digits.log" \
		"S5 repaired $store/records/$digits"

	id=$(here create --network none box:1 true)
	here cp /etc/hostname "$id:/copied"
	rm -r "$store/snapshots/$id/work"
	finds 1 "S5 broken $store/snapshots/$id/work"
	repairs "S5 repaired $store/snapshots/$id/work"
	[ -e "$store/snapshots/$id/upper/copied" ]
	rm -r "$store/snapshots/$id"
	finds 1 "S5 broken $store/snapshots/$id"
	repairs "S5 repaired $store/snapshots/$id"
	here start -a "$id"
	rm -r "$store/snapshots/$id"
	finds 1 "S5 broken $store/snapshots/$id"
	run -1 here system check --repair
	[[ $output == *broken* ]]
	here rm "$id"
	finds 0
}

@test "S6, E3: index.json, and content that no image has" {
	digits=$(printf '%064d' 7)
	mkdir "$store/layers/$digits"
	: >"$store/blobs/sha256/$digits"
	echo '{}' >"$store/index.json"
	finds 0 "E3 leftover $store/layers/$digits" "E3 leftover $store/blobs/sha256/$digits" \
		"S6 leftover $store/index.json"
	repairs "E3 repaired $store/layers/$digits" "E3 repaired $store/blobs/sha256/$digits" \
		"S6 repaired $store/index.json"
	[ "$(jq '.manifests | length' "$store/index.json")" -eq 2 ]
}

@test "E2: a run directory that nobody has, a container that is said to run" {
	digits=$(printf '%064d' 7) runs=$BATS_TEST_TMPDIR/run/containers
	here ps -q
	mkdir "$runs/$digits"
	finds 0 "E2 leftover $runs/$digits"
	repairs "E2 repaired $runs/$digits"
	id=$(here create --network none --name said box:1 true)
	database "UPDATE containers SET state = 1, runroot = '$BATS_TEST_TMPDIR/run'"
	finds 0 "E2 leftover $id"
	repairs "E2 repaired $id"
	[ "$(here inspect -f '{{.State.Status}}' said)" = exited ]
	here rm said
}

@test "a container that runs, and one that a command holds, are left alone" {
	id=$(here run -d --network none box:1 sleep 1000)
	finds 0
	run -0 here system check --repair
	[ -z "$output" ]
	[ "$(here inspect -f '{{.State.Status}}' "$id")" = running ]
	here rm -f "$id"
}

@test "N3: an address of a container that does not run" {
	here network create --subnet 10.9.8.0/24 idle >/dev/null
	id=$(here create --name idle --network idle box:1 true)
	database "INSERT INTO endpoints VALUES ('$id', 'idle', 'link', 'eth0', '02:00:00:00:00:01', '10.9.8.2', NULL, '[]')"
	finds 0 "N3 leftover $id"
	repairs "N3 repaired $id"
	here rm idle
	here network rm idle
}

@test "D1, D2, D3: the database" {
	database "PRAGMA foreign_keys = 0"
	here create --name torn --network none box:1 true
	id=$(here inspect -f '{{.Id}}' torn)
	database "UPDATE containers SET config = '{'"
	run -1 here system check
	[[ $output == "INVARIANT"*"D3 "*broken*"$id"*"its row cannot be read: "* ]]
	database "DELETE FROM containers"
	run -0 here system check --repair

	database "INSERT INTO image_names VALUES ('docker.io/library/ghost:1', 'sha256:none')"
	run -1 here system check
	[[ $output == *"D2 "*broken*image_names*"1 rows refer to rows of images that are not there"* ]]

	rm -f "$store"/coffer.db-*
	python3 -c 'import sys; f=open(sys.argv[1],"r+b"); f.seek(4096); f.write(b"x"*4096)' "$store/coffer.db"
	run -1 here system check
	[[ $output == *"D1 "*broken*"$store/coffer.db"* ]]
}

@test "while images are added, it is said why nothing can be said" {
	exec 9>"$store/lock"
	flock -s -n 9
	run -1 here system check
	[[ $output == *"cannot check '$store': another command is adding or reading images"*'E-BUSY'* ]]
	exec 9>&-
}

# --- depth ------------------------------------------------------------------------------------------------------------

@test "an image of 500 layers, the most that overlayfs stacks" {
	tar --create --file "$BATS_TEST_TMPDIR/box.tar" --directory "$BATS_FILE_TMPDIR/rootfs" .
	python3 "$BATS_TEST_DIRNAME/lib/deep-image.py" "$BATS_TEST_TMPDIR/deep" 500 "$BATS_TEST_TMPDIR/box.tar"
	tar --create --file "$BATS_TEST_TMPDIR/deep.tar" --directory "$BATS_TEST_TMPDIR/deep" .
	here load -i "$BATS_TEST_TMPDIR/deep.tar"
	run -0 here run --rm --network none deep:1 sh -c 'cat /last; ls /each | wc -l; echo x >/etc/new; hostname'
	[ "${lines[0]} ${lines[1]}" = "499 499" ]
	here image verify deep:1
	here rmi deep:1
	finds 0
}
