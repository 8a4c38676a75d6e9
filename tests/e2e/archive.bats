#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Images to archives and back: save and load, and the programs of others that read and write the same.

bats_require_minimum_version 1.5.0

setup_file() {
	load lib/coffer
	load lib/image
	coffer_file_setup
	export HOME=$BATS_FILE_TMPDIR/home SAVED=$BATS_FILE_TMPDIR/saved.tar
	mkdir "$HOME"
	coffer tag box:1 other.example/team/box:2
	tar --create --gzip --directory "$BATS_FILE_TMPDIR/rootfs" . | coffer import - zipped:1 >/dev/null
	coffer save -o "$SAVED" box:1 other.example/team/box:2 zipped:1
}

teardown_file() {
	load lib/coffer
	coffer_file_teardown
}

setup() {
	load lib/coffer
	load lib/image
}

image_id() {
	coffer inspect --format '{{.Id}}' "$1"
}

# A store of its own, empty at first.
elsewhere() {
	"$COFFER_BIN/coffer" --root "$BATS_TEST_TMPDIR/root" --runroot "$BATS_TEST_TMPDIR/run" "$@"
}

copy() {
	skopeo --insecure-policy copy -q "$@"
}

# --- save -----------------------------------------------------------------------------------------------------------

@test "what is saved is an OCI layout and a Docker archive, with every blob once" {
	mkdir "$BATS_TEST_TMPDIR/x"
	tar --extract --file "$SAVED" --directory "$BATS_TEST_TMPDIR/x"
	cd "$BATS_TEST_TMPDIR/x"
	[ "$(jq -r .imageLayoutVersion oci-layout)" = 1.0.0 ]
	[ "$(jq -r '.manifests[].annotations["io.containerd.image.name"]' index.json | tr '\n' ' ')" = \
		"docker.io/library/box:1 other.example/team/box:2 docker.io/library/zipped:1 " ]
	[ "$(jq -r '.[0].RepoTags | join(" ")' manifest.json)" = "box:1 other.example/team/box:2" ]
	[ "$(jq length manifest.json)" = 2 ]
	(cd blobs/sha256 && for blob in *; do echo "$blob  $blob"; done | sha256sum --check --quiet)
	[ -z "$(tar --list --file "$SAVED" | sort | uniq --repeated)" ]
	jq -r '.[] | .Config, .Layers[]' manifest.json | xargs ls >/dev/null
	[ "$(stat -c %a "$SAVED")" = 600 ]
}

@test "the same images give the same bytes, on standard output, too" {
	coffer save box:1 other.example/team/box:2 zipped:1 | cmp - "$SAVED"
}

@test "an image that is named by its ID is saved without a name" {
	coffer save "$(image_id box:1)" >"$BATS_TEST_TMPDIR/saved.tar"
	[ "$(tar -xOf "$BATS_TEST_TMPDIR/saved.tar" manifest.json | jq -c '.[0].RepoTags')" = '[]' ]
	[ "$(tar -xOf "$BATS_TEST_TMPDIR/saved.tar" index.json | jq -c '.manifests[0].annotations')" = null ]
}

@test "skopeo reads what is saved as either, with the same digests" {
	coffer save -o "$BATS_TEST_TMPDIR/one.tar" box:1
	digest=$(tar -xOf "$BATS_TEST_TMPDIR/one.tar" index.json | jq -r '.manifests[0].digest')
	[ "$(skopeo inspect --format '{{.Digest}}' "oci-archive:$BATS_TEST_TMPDIR/one.tar:1")" = "$digest" ]
	copy "docker-archive:$SAVED:box:1" "dir:$BATS_TEST_TMPDIR/dir"
	[ "$(jq -r .config.digest "$BATS_TEST_TMPDIR/dir/manifest.json")" = "$(image_id box:1)" ]
	copy "docker-archive:$SAVED:zipped:1" "oci:$BATS_TEST_TMPDIR/layout:zipped"
}

@test "umoci unpacks what is saved" {
	coffer save zipped:1 | (mkdir "$BATS_TEST_TMPDIR/layout" && tar --extract --directory "$BATS_TEST_TMPDIR/layout")
	umoci unpack --image "$BATS_TEST_TMPDIR/layout:1" "$BATS_TEST_TMPDIR/bundle" >/dev/null 2>&1
	cmp "$BATS_TEST_TMPDIR/bundle/rootfs/bin/busybox" /bin/busybox
}

@test "save refuses a terminal, in Docker's words" {
	run -125 script -qec "'$COFFER_BIN/coffer' --root '$COFFER_TEST_ROOT/root' --runroot '$COFFER_TEST_ROOT/run' save box:1" /dev/null
	[[ $output == *'cowardly refusing to save to a terminal. Use the -o flag or redirect'* ]]
}

@test "a save that fails leaves the file that was there, and nothing beside it" {
	mkdir "$BATS_TEST_TMPDIR/out"
	echo before >"$BATS_TEST_TMPDIR/out/file"
	run -1 coffer save -o "$BATS_TEST_TMPDIR/out/file" box:1 nosuch:1
	[[ $output == *'No such image: nosuch:1'* ]]
	[ "$(cat "$BATS_TEST_TMPDIR/out/file")" = before ]
	[ "$(ls "$BATS_TEST_TMPDIR/out")" = file ]
	run -1 coffer save -o /dev/full box:1
	[[ $output == *'no space left on device'* ]]
}

@test "save says which blob of the store is damaged" {
	cp -r "$COFFER_TEST_ROOT/root" "$BATS_TEST_TMPDIR/root"
	layer=$(tar -xOf "$SAVED" manifest.json | jq -r '.[0].Layers[0]')
	printf x | dd of="$BATS_TEST_TMPDIR/root/$layer" bs=1 seek=4096 conv=notrunc status=none
	run -1 elsewhere save -o "$BATS_TEST_TMPDIR/saved.tar" box:1
	[[ $output == *"blob 'sha256:${layer##*/}' in the store is damaged"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/saved.tar" ]
}
