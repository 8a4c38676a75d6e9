#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Manifests that refer to others: `coffer image referrers`, and what a push does for them. Debian's registry knows nothing of
# it, so its clients keep a list under a tag; one that does is a double of one (referrers-registry.py).
# shellcheck disable=SC2034 # registry_stop reads REGISTRY_PID

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/image
load lib/registry

setup_file() {
	registry_file_setup
	registry_push "$LAYOUT:four" app:1
	SUBJECT=$(registry_digest app:1)
	export SUBJECT TAG=${SUBJECT/:/-}
	make_referrer first application/spdx+json '{"org.example.kind": "bill", "org.example.text": "first"}'
	make_referrer second "" '{}'
	referrers_start "$BATS_FILE_TMPDIR/double"
	export DOUBLE DOUBLE_PID
}

teardown_file() {
	registry_stop
	REGISTRY_PID=$DOUBLE_PID
	registry_stop
	coffer_file_teardown
}

referrers_start() {
	mkdir "$1"
	: >"$1/log"
	python3 "$BATS_TEST_DIRNAME/lib/referrers-registry.py" >"$1/log" 2>&1 3>&- &
	DOUBLE_PID=$!
	DOUBLE=$(registry_wait "$1/log" "$DOUBLE_PID")
}

# The image with app:1 as its subject, here as NAME:1, by way of the registry's repository make/NAME.
make_referrer() {
	local manifest file
	umoci config --image "$LAYOUT:four" --tag "$1" --config.label "referrer=$1" 2>/dev/null
	manifest=$(jq -c --arg subject "$SUBJECT" --arg type "$2" --argjson annotations "$3" \
		'.subject = {mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $subject, size: 1} |
		(if $type == "" then . else .artifactType = $type end) | .annotations = $annotations' \
		"$LAYOUT/blobs/sha256/$(image_digest "$LAYOUT" "$1" | cut -d: -f2)")
	file=$LAYOUT/blobs/sha256/$(printf %s "$manifest" | sha256sum | cut -d' ' -f1)
	printf %s "$manifest" >"$file"
	registry_put_manifest "$LAYOUT" "sha256:${file##*/}" "make/$1" 1
	coffer pull -q "$REGISTRY/make/$1:1" >/dev/null
	coffer tag "$REGISTRY/make/$1:1" "$1:1"
}

list() {
	curl -sSf -H 'Accept: application/vnd.oci.image.index.v1+json' "http://$REGISTRY/v2/$1/manifests/$TAG"
}

push_as() {
	coffer tag "$1:1" "$2"
	coffer push -q "$2"
}

@test "a registry that keeps no lists gets one, with each referrer once" {
	[ "$(coffer image referrers "$REGISTRY/app:1" | wc -l)" -eq 1 ]
	push_as first "$REGISTRY/app:bill"
	[ "$(list app | jq -r .mediaType)" = application/vnd.oci.image.index.v1+json ]
	[ "$(list app | jq -r '.manifests | length')" -eq 1 ]
	[ "$(list app | jq -r '.manifests[0].digest')" = "$(registry_digest app:bill)" ]
	[ "$(list app | jq -r '.manifests[0].artifactType')" = application/spdx+json ]
	[ "$(list app | jq -cS '.manifests[0].annotations')" = '{"org.example.kind":"bill","org.example.text":"first"}' ]
	push_as second "$REGISTRY/app:other"
	push_as first "$REGISTRY/app:bill"
	[ "$(list app | jq -r '.manifests | length')" -eq 2 ]
	[ "$(list app | jq -r '.manifests[1].artifactType')" = application/vnd.oci.image.config.v1+json ]

	run -0 coffer image referrers "$REGISTRY/app:1"
	[[ "${lines[0]}" =~ ^DIGEST\ +ARTIFACT\ TYPE\ +SIZE\ +ANNOTATIONS$ ]]
	[[ "${lines[1]}" =~ ^$(registry_digest app:bill)\ +application/spdx\+json\ +[0-9.]+kB\ +org.example.kind=bill, ]]
	[[ "${lines[2]}" == "$(registry_digest app:other)"* ]]
	[ "$(coffer image referrers --format '{{.Digest}}' "$REGISTRY/app@$SUBJECT" | wc -l)" -eq 2 ]
	[ "$(coffer image referrers --artifact-type application/spdx+json --format '{{.Label "org.example.text"}}' \
		"$REGISTRY/app:1")" = first ]
	[ "$(coffer image referrers --artifact-type a/b --format '{{.Digest}}' "$REGISTRY/app:1")" = "" ]
	[ "$(coffer image referrers --format json "$REGISTRY/app:1" | jq -r .ArtifactType | head -1)" = application/spdx+json ]
}

@test "images that refer to nothing leave the registry's tags alone" {
	push_as box "$REGISTRY/plain:1"
	[ "$(curl -s "http://$REGISTRY/v2/plain/tags/list" | jq -c .tags)" = '["1"]' ]
}

@test "what is under the tag and no list: told by a push, and counts as none" {
	registry_push "$LAYOUT:four" "taken:$TAG"
	registry_push "$LAYOUT:four" taken:1
	[ "$(coffer image referrers "$REGISTRY/taken:1" | wc -l)" -eq 1 ]
	coffer tag first:1 "$REGISTRY/taken:bill"
	run coffer push -q "$REGISTRY/taken:bill"
	[ "$status" -eq 1 ]
	[[ "$output" == *"the list of referrers, tag \"$TAG\": referrers:"*"\"manifests\" is required, but missing"* ]]
}

@test "a registry that keeps lists is asked for them, page by page, and gets none" {
	for name in app unfiltered/app; do
		push_as first "$DOUBLE/$name:bill"
		push_as second "$DOUBLE/$name:other"
		[ "$(coffer image referrers --format '{{.Digest}}' "$DOUBLE/$name@$SUBJECT" | wc -l)" -eq 2 ]
		[ "$(coffer image referrers --artifact-type application/spdx+json --format '{{.ArtifactType}}' "$DOUBLE/$name@$SUBJECT")" = \
			application/spdx+json ]
		run curl -s -o "$BATS_TEST_TMPDIR/answer" -w '%{http_code}' "http://$DOUBLE/v2/$name/manifests/$TAG"
		[ "$output" = 404 ]
	done
}

@test "one with a web page in the place of lists has its clients keep them" {
	push_as first "$DOUBLE/web/app:bill"
	[ "$(coffer image referrers --format '{{.ArtifactType}}' "$DOUBLE/web/app@$SUBJECT")" = application/spdx+json ]
}

@test "what fails, in words" {
	run coffer image referrers "$DOUBLE/fails/app@$SUBJECT"
	[ "$status" -eq 1 ]
	[[ "$output" == *"pull access denied for $DOUBLE/fails/app"* ]]
	run coffer image referrers "$REGISTRY/app:none"
	[ "$status" -eq 1 ]
	[[ "$output" == *"manifest unknown: \"$REGISTRY/app:none\""* ]]
	run coffer image referrers localhost:1/app:1
	[[ "$output" == *"registry localhost:1 cannot be reached: connection refused"* ]]
	run -1 coffer image referrers UPPER_CASE
	run -125 coffer image referrers
}
