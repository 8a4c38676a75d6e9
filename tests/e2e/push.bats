#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `coffer push`: to a real registry, and to one that makes it hard.
# shellcheck disable=SC2154 # registry_file_setup sets registry_dir

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/image
load lib/registry

setup_file() {
	registry_file_setup
	registry_push "$LAYOUT:four" four:1
	awkward_start "$BATS_FILE_TMPDIR/awkward"
	export AWKWARD AWKWARD_PID awkward_dir
	mkdir "$BATS_FILE_TMPDIR/large"
	head -c 12000000 /dev/urandom >"$BATS_FILE_TMPDIR/large/noise"
	tar -C "$BATS_FILE_TMPDIR/large" -c . | coffer import - large:1 >/dev/null
}

teardown_file() {
	registry_stop
	awkward_stop
	coffer_file_teardown
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# What the registry's own log says of requests: how often METHOD PATH was answered with STATUS.
answered() {
	grep -c "\"$1 $2[^\"]*\" $3 " "$registry_dir/log" || true
}

@test "an image that was pulled goes to another repository by mounting, with its digests" {
	coffer pull "$REGISTRY/four:1" >/dev/null
	coffer tag "$REGISTRY/four:1" "$REGISTRY/team/copy:2"
	run --separate-stderr coffer push "$REGISTRY/team/copy:2"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "The push refers to repository [$REGISTRY/team/copy]" ]
	[ "$(grep -c ': Preparing$' <<<"$output")" -eq 4 ]
	[ "$(grep -c ': Mounted from four$' <<<"$output")" -eq 4 ]
	digest=$(image_digest "$LAYOUT" four)
	size=$(wc -c <"$LAYOUT/blobs/sha256/${digest#sha256:}")
	[ "${lines[-1]}" = "2: digest: $digest size: $size" ]
	[ "$(registry_digest team/copy:2)" = "$digest" ]
	[ "$(answered PATCH /v2/team/copy/ 202)" -eq 0 ]
	coffer inspect --format '{{json .RepoDigests}}' "$REGISTRY/team/copy:2" | grep -F "$REGISTRY/team/copy@$digest"
	run coffer push "$REGISTRY/team/copy:2"
	[ "$(grep -c ': Layer already exists$' <<<"$output")" -eq 4 ]
}

@test "an image of our own goes by its bytes, and comes back the same" {
	coffer tag box:1 "$REGISTRY/own/box"
	run --separate-stderr coffer push "$REGISTRY/own/box"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "Using default tag: latest" ]
	[ "$(grep -c ': Pushed$' <<<"$output")" -eq 1 ]
	digest=$(registry_digest own/box:latest)
	[[ "${lines[-1]}" == "latest: digest: $digest size: "* ]]
	before=$(coffer inspect --format '{{.Id}}' box:1)
	coffer rmi "$REGISTRY/own/box:latest" box:1 >/dev/null
	coffer pull --quiet "$REGISTRY/own/box@$digest"
	[ "$(coffer inspect --format '{{.Id}}' "$REGISTRY/own/box@$digest")" = "$before" ]
	coffer tag "$REGISTRY/own/box@$digest" box:1
	[ "$(box echo ran)" = ran ]
}

@test "skopeo and podman read what was pushed" {
	coffer tag box:1 "$REGISTRY/own/read:1"
	coffer push --quiet "$REGISTRY/own/read:1"
	digest=$(registry_digest own/read:1)
	skopeo --insecure-policy copy --quiet --src-tls-verify=false --preserve-digests "docker://$REGISTRY/own/read:1" \
		"oci:$PWD/out:1"
	[ "$(jq -r '.manifests[0].digest' out/index.json)" = "$digest" ]
	for blob in out/blobs/sha256/*; do
		[ "$(sha256sum <"$blob" | cut -d' ' -f1)" = "${blob##*/}" ]
	done
}

@test "--quiet and --all-tags" {
	coffer tag box:1 "$REGISTRY/tags/box:b"
	coffer tag box:1 "$REGISTRY/tags/box:a"
	run --separate-stderr coffer push -q "$REGISTRY/tags/box:a"
	[ "$output" = "$REGISTRY/tags/box:a" ]
	run --separate-stderr coffer push --all-tags "$REGISTRY/tags/box"
	[ "$status" -eq 0 ]
	[ "$(grep -oE '^[ab]: digest' <<<"$output" | paste -sd,)" = "a: digest,b: digest" ]
	[ "$(registry_digest tags/box:b)" = "$(registry_digest tags/box:a)" ]
	run --separate-stderr coffer push -a "$REGISTRY/tags/box:a"
	[ "$status" -eq 125 ]
	# shellcheck disable=SC2154 # run assigns it
	[[ "$stderr" == *"tag can't be used with --all-tags/-a"* ]]
	coffer push --disable-content-trust --quiet "$REGISTRY/tags/box:a"
}

# --- Registries that make it hard ---------------------------------------------------------------------------------

# pushes NAME: large:1 to the awkward registry by that name; its log of that is in ./requests
pushes() {
	coffer tag large:1 "$AWKWARD/$1"
	run --separate-stderr coffer push "$AWKWARD/$1"
	grep -F "/${1%:*}/" "$awkward_dir/log" >requests || true
	echo "$output $stderr" >&2
}

requests() {
	grep -c " $1 " requests || true
}

@test "an upload that breaks off goes on where it was" {
	pushes breaks/x:1
	[ "$status" -eq 0 ]
	[ "$(requests PATCH)" -eq 2 ]
	# The second part begins in the middle.
	[[ "$(grep ' PATCH ' requests | tail -n 1)" =~ \ ([0-9]+)-([0-9]+)\ ([0-9]+)$ ]]
	[ "${BASH_REMATCH[1]}" -gt 6000000 ]
	[ "${BASH_REMATCH[3]}" -eq $((BASH_REMATCH[2] - BASH_REMATCH[1] + 1)) ]
}

@test "an upload that was forgotten begins anew" {
	pushes forgets/x:1
	[ "$status" -eq 0 ]
	[ "$(requests POST)" -eq 3 ] # a config, and a layer twice
}

@test "a busy registry is asked again" {
	pushes busy/x:1
	[ "$status" -eq 0 ]
}

@test "a registry that takes no large bodies gets pieces" {
	pushes small/x:1
	[ "$status" -eq 0 ]
	[ "$(requests PATCH)" -eq 3 ] # one too large, two that fit
}

@test "relative and foreign places for an upload; the token is not told there" {
	pushes relative/x:1
	[ "$status" -eq 0 ]
	pushes elsewhere/x:1
	[ "$status" -eq 0 ]
	other=$(sed -n 's/^also at //p' "$awkward_dir/log")
	[ "$(grep -c "^$other P[A-Z]* .* - " requests)" -ge 2 ]
	[ "$(grep "^$other" requests | grep -vc ' /[^ ]* - ')" -eq 0 ]
}

@test "tokens have the right scope, and are renewed" {
	pushes token/x:1
	[ "$status" -eq 0 ]
	grep -q '/auth/token?service=awkward&scope=repository%3[Aa]token%2[Ff]x%3[Aa]pull%2[Cc]push' "$awkward_dir/log"
	[ "$(grep -c ' /auth/token?' "$awkward_dir/log")" -eq 1 ]
	pushes expires/x:1
	[ "$status" -eq 0 ]
	[ "$(grep -c ' /auth/expires?' "$awkward_dir/log")" -ge 2 ]
}

@test "pushes that fail, in words" {
	pushes always-breaks/x:1
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"the connection was lost"* ]]
	[ "$(requests PATCH)" -eq 4 ]
	pushes complete-fails/x:1
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"HTTP status 500"*"the registry says: UNKNOWN: out of order"* ]]
	pushes nowhere/x:1
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"does not say where the upload goes on"* ]]
	pushes readonly/x:1
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"the registry says: UNSUPPORTED: the registry is read-only"* ]]
	pushes refuses/x:1
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"DIGEST_INVALID"* ]]
}

@test "what cannot be pushed" {
	run --separate-stderr coffer push "$REGISTRY/never/was:1"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"An image does not exist locally with the tag: $REGISTRY/never/was"* ]]
	run --separate-stderr coffer push -a "$REGISTRY/never/was"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"An image does not exist locally with the tag: $REGISTRY/never/was"* ]]
	run --separate-stderr coffer push "box@$(image_digest "$LAYOUT" four)"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"cannot push a digest reference"* ]]
	coffer tag box:1 localhost:1/box:1
	run --separate-stderr coffer push localhost:1/box:1
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'cannot push "localhost:1/box:1": registry localhost:1 cannot be reached: connection refused'* ]]
	[[ "$stderr" != *"stage pull"* ]]
}

@test "a large layer, streamed" {
	coffer tag large:1 "$REGISTRY/large/box:1"
	run --separate-stderr coffer push "$REGISTRY/large/box:1"
	[ "$status" -eq 0 ]
	[ "$(answered PATCH /v2/large/box/ 202)" -eq 1 ]
	digest=$(registry_digest large/box:1)
	coffer rmi "$REGISTRY/large/box:1" >/dev/null
	coffer pull -q "$REGISTRY/large/box@$digest"
	coffer rmi "$REGISTRY/large/box@$digest" >/dev/null
}

@test "a blob of the store that was damaged does not reach the registry" {
	mkdir rootfs
	echo sound >rootfs/file
	tar -C rootfs -c . | coffer import - "$REGISTRY/damaged:1" >/dev/null
	layer=$(coffer inspect --format '{{index .RootFS.Layers 0}}' "$REGISTRY/damaged:1")
	blob=$COFFER_TEST_ROOT/root/blobs/sha256/${layer#sha256:}
	[ -f "$blob" ]
	printf X | dd of="$blob" bs=1 seek=600 conv=notrunc status=none
	run --separate-stderr coffer push "$REGISTRY/damaged:1"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"blob '$layer' in the store is damaged"* ]]
	[[ "$stderr" == *"E-IMG-DIGEST"* ]]
	coffer rmi "$REGISTRY/damaged:1" >/dev/null
}
