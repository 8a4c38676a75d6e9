#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Images to archives and back: save and load, and the programs of others that read and write the same.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/image

setup_file() {
	coffer_file_setup
	export HOME=$BATS_FILE_TMPDIR/home SAVED=$BATS_FILE_TMPDIR/saved.tar
	mkdir "$HOME"
	coffer tag box:1 other.example/team/box:2
	tar --create --gzip --directory "$BATS_FILE_TMPDIR/rootfs" . | coffer import - zipped:1 >/dev/null
	coffer save -o "$SAVED" box:1 other.example/team/box:2 zipped:1
}

teardown_file() {
	coffer_file_teardown
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
	inside umoci unpack --image "$BATS_TEST_TMPDIR/layout:1" "$BATS_TEST_TMPDIR/bundle" >/dev/null 2>&1
	inside cmp "$BATS_TEST_TMPDIR/bundle/rootfs/bin/busybox" /bin/busybox
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

# --- load -----------------------------------------------------------------------------------------------------------

# What load leaves of an archive that it refuses: nothing.
nothing_left() {
	[ -z "$(elsewhere images --quiet)" ]
	[ -z "$(find "$BATS_TEST_TMPDIR"/root/{tmp,layers,blobs/sha256} -mindepth 1)" ]
}

# The saved archive of box:1 alone, laid open in $x; pack it again after changing it.
open_saved() {
	x=$BATS_TEST_TMPDIR/x
	mkdir "$x"
	coffer save box:1 | tar --extract --directory "$x"
	config=$(jq -r '.[0].Config' "$x/manifest.json")
	layer=$(jq -r '.[0].Layers[0]' "$x/manifest.json")
}

load_open() {
	tar --create --directory "$x" "${@:-.}" | elsewhere load
}

# As Dockers before 25 wrote it.
old_docker() {
	open_saved
	mkdir "$x/one" "$x/two"
	cp "$x/$layer" "$x/one/layer.tar"
	ln -s ../one/layer.tar "$x/two/layer.tar"
	cp "$x/$config" "$x/config.json"
	rm -r "$x/blobs" "$x/index.json" "$x/oci-layout"
	jq -n '[{Config: "config.json", RepoTags: ["old:1"], Layers: ["two/layer.tar"]}]' >"$x/manifest.json"
}

@test "what was saved is loaded with the same names, IDs and digests, and runs" {
	run -0 elsewhere load -i "$SAVED"
	[ "$output" = "Loaded image: box:1
Loaded image: other.example/team/box:2
Loaded image: zipped:1" ]
	for image in box:1 zipped:1; do
		[ "$(elsewhere inspect --format '{{.Id}}' "$image")" = "$(image_id "$image")" ]
	done
	elsewhere save box:1 other.example/team/box:2 zipped:1 | cmp - "$SAVED"
	run -0 elsewhere run --rm --network none zipped:1 /bin/busybox echo there
	[ "$output" = there ]
	run -0 elsewhere load -q -i "$SAVED"
	[ -z "$(ls "$BATS_TEST_TMPDIR/root/tmp")" ]
}

@test "what is loaded belongs to whom its layers say" {
	mkdir "$BATS_TEST_TMPDIR/owned"
	touch "$BATS_TEST_TMPDIR/owned/file"
	tar --create --numeric-owner --owner=1000 --group=2000 --directory "$BATS_TEST_TMPDIR" owned |
		coffer import - owned:1 >/dev/null
	coffer save owned:1 | elsewhere load -q
	mapfile -t found < <(inside find "$BATS_TEST_TMPDIR/root/layers" -name owned -o -name file)
	[ "$(inside stat -c %u:%g "${found[@]}" | uniq)" = 1000:2000 ]
	[ "${#found[@]}" -eq 2 ]
	coffer rmi owned:1
}

@test "load reads from a pipe, and archives that are compressed as a whole" {
	for program in cat gzip zstd; do
		run -0 elsewhere load < <($program <"$SAVED")
		[[ $output == *'Loaded image: zipped:1'* ]]
		elsewhere rmi box:1 other.example/team/box:2 zipped:1 >/dev/null
	done
	run -1 elsewhere load < <(xz <"$SAVED")
	[[ $output == *'compressed with xz, which is not supported'* ]]
}

@test "an image without a name is loaded by its ID" {
	coffer save "$(image_id box:1)" >"$BATS_TEST_TMPDIR/saved.tar"
	run -0 elsewhere load -i "$BATS_TEST_TMPDIR/saved.tar"
	[ "$output" = "Loaded image ID: $(image_id box:1)" ]
}

@test "archives of older Dockers are loaded, with layers that are links" {
	old_docker
	run -0 load_open
	[ "$output" = 'Loaded image: old:1' ]
	[ "$(elsewhere inspect --format '{{.Id}}' old:1)" = "$(image_id box:1)" ]
}

@test "what skopeo writes is loaded, with the same digests" {
	copy "docker-archive:$SAVED:zipped:1" "docker-archive:$BATS_TEST_TMPDIR/docker.tar:by/skopeo:1"
	run -0 elsewhere load -i "$BATS_TEST_TMPDIR/docker.tar"
	[ "$output" = 'Loaded image: by/skopeo:1' ]
	copy "docker-archive:$SAVED:zipped:1" "oci-archive:$BATS_TEST_TMPDIR/oci.tar:by/skopeo:2"
	run -0 elsewhere load -i "$BATS_TEST_TMPDIR/oci.tar"
	[ "$output" = 'Loaded image: by/skopeo:2' ]
	digest=$(tar -xOf "$BATS_TEST_TMPDIR/oci.tar" index.json | jq -r '.manifests[0].digest')
	[ -e "$BATS_TEST_TMPDIR/root/blobs/sha256/${digest#sha256:}" ]
}

@test "a layout of umoci is loaded, without a name" {
	image_make "$BATS_TEST_TMPDIR/layout" four
	run -0 elsewhere load < <(tar --create --directory "$BATS_TEST_TMPDIR/layout" .)
	[[ $output == 'Loaded image ID: sha256:'* ]]
	manifest=$(image_digest "$BATS_TEST_TMPDIR/layout" four)
	[ "$(elsewhere save "$(elsewhere images -q)" | tar -xO index.json | jq -r '.manifests[0].digest')" = "$manifest" ]
}

@test "blobs of a wrong digest or size, or that are missing, are refused, and nothing is left" {
	open_saved
	printf x | dd of="$x/$layer" bs=1 seek=4096 conv=notrunc status=none
	run -1 load_open
	[[ $output == *"'$layer' in the archive is corrupt: its digest is another"* ]]
	nothing_left
	printf x >>"$x/$layer"
	run -1 load_open
	[[ $output == *"'$layer' in the archive is corrupt: it has "*' bytes, but its manifest says '* ]]
	nothing_left
	rm "$x/$layer"
	run -1 load_open
	[[ $output == *"'$layer' is missing in the archive"* ]]
	nothing_left
}

@test "a layer whose DiffID is another is refused, and nothing is left" {
	old_docker
	tar --create --directory "$x" manifest.json >"$x/one/layer.tar"
	run -1 load_open
	[[ $output == *"layer 'two/layer.tar': it is not what the image config says"* ]]
	nothing_left
}

@test "links out of the archive lead nowhere, and what is no plain file is refused" {
	old_docker
	ln -sf ../../../../../../../../../../etc/passwd "$x/two/layer.tar"
	run -1 load_open
	[[ $output == *"'two/layer.tar' is missing in the archive"* ]]
	rm "$x/two/layer.tar"
	mkfifo "$x/two/layer.tar"
	run -1 load_open
	[[ $output == *"'two/layer.tar' in the archive is no plain file"* ]]
	jq -n '[{Config: "/etc/passwd", RepoTags: [], Layers: []}]' >"$x/manifest.json"
	run -1 load_open
	[[ $output == *"'/etc/passwd' is missing in the archive"* ]]
	run -1 elsewhere load < <(tar --create --directory "$x" -P --transform 's,manifest.json,../../manifest.json,' manifest.json)
	[ ! -e "$BATS_TEST_TMPDIR/root/manifest.json" ]
	nothing_left
}

@test "what is no archive of images is refused in words" {
	run -1 elsewhere load </dev/null
	[[ $output == *'the archive is empty'* ]]
	run -1 elsewhere load < <(head -c 3000 "$SAVED")
	[[ $output == *truncated* ]]
	run -1 elsewhere load < <(tar --create --directory "$BATS_FILE_TMPDIR/rootfs" etc)
	[[ $output == *'the archive holds no image: there is neither "index.json" nor "manifest.json" in it'* ]]
	run -1 elsewhere load -i /nonexistent
	[[ $output == *"open '/nonexistent'"* ]]
	old_docker
	echo '{}' >"$x/manifest.json"
	run -1 load_open
	[[ $output == *'manifest.json:1:1: /: expected an array'* ]]
	nothing_left
}

@test "a load that is killed leaves nothing that the next one does not clear away" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	"$COFFER_BIN/coffer" --root "$BATS_TEST_TMPDIR/root" --runroot "$BATS_TEST_TMPDIR/run" load \
		<"$BATS_TEST_TMPDIR/pipe" 3>&- &
	loader=$!
	exec 9>"$BATS_TEST_TMPDIR/pipe"
	head -c "$(($(stat -c %s "$SAVED") * 3 / 4))" "$SAVED" >&9
	begun() { [ -n "$(find "$BATS_TEST_TMPDIR/root/tmp" -mindepth 1 2>/dev/null)" ]; }
	eventually begun
	pkill -KILL -P "$loader"
	kill -KILL "$loader" 2>/dev/null || true
	exec 9>&-
	run -0 elsewhere load -i "$SAVED"
	[ -z "$(ls "$BATS_TEST_TMPDIR/root/tmp")" ]
}

# --- directories ----------------------------------------------------------------------------------------------------

@test "save --format oci-dir: the same as a directory, which others read" {
	dir=$BATS_TEST_TMPDIR/layout
	coffer save --format oci-dir -o "$dir/" box:1 zipped:1
	mkdir "$BATS_TEST_TMPDIR/unpacked"
	coffer save --format oci-archive box:1 zipped:1 | tar --extract --directory "$BATS_TEST_TMPDIR/unpacked"
	diff -r "$BATS_TEST_TMPDIR/unpacked" "$dir"
	coffer save --format oci-dir -o "$BATS_TEST_TMPDIR/one" zipped:1
	copy "oci:$BATS_TEST_TMPDIR/one:1" "dir:$BATS_TEST_TMPDIR/copied"
	[ "sha256:$(sha256sum <"$BATS_TEST_TMPDIR/copied/manifest.json" | cut -d' ' -f1)" = "$(image_digest "$BATS_TEST_TMPDIR/one" 1)" ]
	[ "$(umoci ls --layout "$BATS_TEST_TMPDIR/one")" = 1 ]
}

@test "save --format oci-dir: an empty directory will do, another one is left alone" {
	mkdir "$BATS_TEST_TMPDIR/empty" "$BATS_TEST_TMPDIR/full"
	coffer save --format oci-dir -o "$BATS_TEST_TMPDIR/empty" box:1
	[ -s "$BATS_TEST_TMPDIR/empty/index.json" ]
	: >"$BATS_TEST_TMPDIR/full/mine"
	run -1 coffer save --format oci-dir -o "$BATS_TEST_TMPDIR/full" box:1
	[[ $output == *"'$BATS_TEST_TMPDIR/full' is there, and is not empty"* ]]
	run -1 coffer save --format oci-dir -o "$BATS_TEST_TMPDIR/none" nosuch:1
	run -125 coffer save --format oci-dir box:1
	[[ $output == *'--format oci-dir needs the name of a directory: --output'* ]]
	run -125 coffer save --format docker-dir -o "$BATS_TEST_TMPDIR/none" box:1
	[ "$(cd "$BATS_TEST_TMPDIR" && echo ./*)" = './empty ./full' ]
	[ "$(ls "$BATS_TEST_TMPDIR/full")" = mine ]
}

@test "a directory is loaded as its archive would be, and stays as it is" {
	coffer save --format oci-dir -o "$BATS_TEST_TMPDIR/layout" box:1 other.example/team/box:2 zipped:1
	find "$BATS_TEST_TMPDIR/layout" -printf '%P %i %m %n %s %T@\n' >"$BATS_TEST_TMPDIR/before"
	run -0 elsewhere load -i "$BATS_TEST_TMPDIR/layout"
	[ "$(tr '\n' , <<<"$output")" = \
		'Loaded image: box:1,Loaded image: other.example/team/box:2,Loaded image: zipped:1,' ]
	[ "$(elsewhere inspect --format '{{.Id}}' zipped:1)" = "$(image_id zipped:1)" ]
	elsewhere image verify --quiet
	[ "$(elsewhere run --rm --network none box:1 echo runs)" = runs ]
	find "$BATS_TEST_TMPDIR/layout" -printf '%P %i %m %n %s %T@\n' | diff "$BATS_TEST_TMPDIR/before" -
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/root/tmp")" ]
}

@test "directories of umoci, of skopeo, and of older Dockers" {
	image_make "$BATS_TEST_TMPDIR/layout" four
	run -0 elsewhere load -i "$BATS_TEST_TMPDIR/layout"
	[[ $output == 'Loaded image ID: sha256:'* ]]
	copy "docker-archive:$SAVED:zipped:1" "oci:$BATS_TEST_TMPDIR/oci:by/skopeo:1"
	run -0 elsewhere load -i "$BATS_TEST_TMPDIR/oci"
	[ "$output" = 'Loaded image: by/skopeo:1' ]
	old_docker
	run -0 elsewhere load -i "$x"
	[ "$output" = 'Loaded image: old:1' ]
}

@test "what is wrong with a directory is refused, and nothing is left" {
	open_saved
	printf x | dd of="$x/$layer" bs=1 seek=4096 conv=notrunc status=none
	run -1 elsewhere load -i "$x"
	[[ $output == *"'$layer' in the archive is corrupt: its digest is another"* ]]
	nothing_left
	truncate -s 1T "$x/$layer"
	run -1 elsewhere load -i "$x"
	[[ $output == *"'$layer' in the archive is corrupt: it has "*' bytes, but its manifest says '* ]]
	rm "$x/$layer"
	ln -s "$COFFER_TEST_ROOT/root/$layer" "$x/$layer"
	run -1 elsewhere load -i "$x"
	[[ $output == *"'$layer' is missing in the archive"* ]]
	rm "$x/$layer"
	mkfifo "$x/$layer"
	run -1 elsewhere load -i "$x"
	[[ $output == *"'$layer' in the archive is no plain file"* ]]
	nothing_left
	run -1 elsewhere load -i "$BATS_FILE_TMPDIR/rootfs"
	[[ $output == *'the archive holds no image: there is neither "index.json" nor "manifest.json" in it'* ]]
}
