#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `coffer pull` again, and of all tags; what the registry is asked for it.
# shellcheck disable=SC2154 # registry_file_setup sets registry_dir

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/image
load lib/registry

setup_file() {
	registry_file_setup
	umoci config --image "$LAYOUT:four" --tag other --config.cmd other 2>/dev/null
	umoci config --image "$LAYOUT:four" --tag arm64 --architecture arm64 2>/dev/null
	for tag in a b c; do
		registry_push "$LAYOUT:four" "many:$tag"
	done
	lying_start "$BATS_FILE_TMPDIR/liar" "$LAYOUT" four
	export LIAR LIAR_PID lying_dir
}

teardown_file() {
	registry_stop
	lying_stop
	coffer_file_teardown
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# Its log comes when an answer has been sent: what was asked before is in it when a last question is.
registry_settle() {
	local last=settle-$BATS_TEST_NUMBER-$RANDOM
	curl -s -o /dev/null "http://$REGISTRY/v2/$last/tags/list"
	eventually grep -q "$last" "$registry_dir/log"
}

# What the registry was asked for below /v2/NAME/ since it was marked.
asked() {
	registry_settle
	sed -nE "s|.*\"([A-Z]+ /v2/$1/[^ ?]*).*|\1|p" "$registry_dir/log" | tail -n "+$((seen + 1))"
}

mark() {
	registry_settle
	seen=$(grep -cE "\"[A-Z]+ /v2/$1/" "$registry_dir/log" || true)
}

@test "a tag that has not changed costs one question" {
	registry_push "$LAYOUT:four" again:1
	coffer pull -q "$REGISTRY/again:1"
	mark again
	run --separate-stderr coffer pull "$REGISTRY/again:1"
	[ "$status" -eq 0 ]
	[ "$(asked again)" = "HEAD /v2/again/manifests/1" ]
	[ "$output" = "1: Pulling from again
Digest: $(image_digest "$LAYOUT" four)
Status: Image is up to date for $REGISTRY/again:1
$REGISTRY/again:1" ]
}

@test "one that has changed is pulled" {
	registry_push "$LAYOUT:four" changes:1
	coffer pull -q "$REGISTRY/changes:1"
	registry_push "$LAYOUT:other" changes:1
	run --separate-stderr coffer pull "$REGISTRY/changes:1"
	[ "$status" -eq 0 ]
	[[ "$output" == *"Digest: $(image_digest "$LAYOUT" other)"*"Status: Downloaded newer image for"* ]]
	[ "$(coffer inspect --format '{{json .Config.Cmd}}' "$REGISTRY/changes:1")" = '["other"]' ]
}

@test "one of another platform, or that has lost something, is pulled" {
	registry_push "$LAYOUT:arm64" arm:1
	coffer pull -q --platform linux/arm64 "$REGISTRY/arm:1"
	mark arm
	coffer pull -q --platform linux/arm64 "$REGISTRY/arm:1"
	[ "$(asked arm)" = "HEAD /v2/arm/manifests/1" ]
	layer=$(coffer inspect --format '{{index .RootFS.Layers 0}}' "$REGISTRY/arm:1")
	rm -r "$COFFER_TEST_ROOT/root/layers/${layer#sha256:}"
	coffer pull -q --platform linux/arm64 "$REGISTRY/arm:1"
	[ -d "$COFFER_TEST_ROOT/root/layers/${layer#sha256:}" ]
	mark arm
	run coffer pull -q "$REGISTRY/arm:1"
	[[ "$(asked arm)" == "GET /v2/arm/manifests/1"* ]]
}

@test "a registry that is gone is told as it is for a first pull" {
	coffer tag box:1 localhost:1/box:1
	run --separate-stderr coffer pull localhost:1/box:1
	[ "$status" -eq 1 ]
	# shellcheck disable=SC2154 # run assigns it
	[[ "$stderr" == *'cannot pull "localhost:1/box:1": registry localhost:1 cannot be reached: connection refused'* ]]
	coffer rmi localhost:1/box:1 >/dev/null
	registry_push "$LAYOUT:four" gone:1
	coffer pull -q "$REGISTRY/gone:1"
	curl -sSf -X DELETE "http://$REGISTRY/v2/gone/manifests/$(registry_digest gone:1)"
	run --separate-stderr coffer pull "$REGISTRY/gone:1"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"manifest unknown"* ]]
}

@test "run --pull always, missing and never" {
	registry_push "$LAYOUT:four" policy:1
	run --separate-stderr coffer run --rm --network none --pull never "$REGISTRY/policy:1" true
	[ "$status" -eq 125 ]
	[[ "$stderr" == *"No such image: $REGISTRY/policy:1"* ]]
	coffer run --rm --network none --quiet "$REGISTRY/policy:1" true
	mark policy
	coffer run --rm --network none "$REGISTRY/policy:1" true
	[ -z "$(asked policy)" ]
	coffer run --rm --network none --quiet --pull always "$REGISTRY/policy:1" true
	[ "$(asked policy)" = "HEAD /v2/policy/manifests/1" ]
}

@test "one that is for another platform than was asked for comes with a warning" {
	registry_push "$LAYOUT:arm64" foreign:1
	warning="WARNING: image with reference $REGISTRY/foreign:1 was found but its platform (linux/arm64)"
	warning+=" does not match the specified platform (linux/s390x)"
	run coffer pull --platform linux/s390x "$REGISTRY/foreign:1"
	[ "$status" -eq 0 ]
	[ "${lines[-2]}" = "$warning" ]
	[ "$(coffer pull -q --platform linux/s390x "$REGISTRY/foreign:1")" = "$REGISTRY/foreign:1" ]
	run coffer pull --platform linux/arm64 "$REGISTRY/foreign:1"
	[ "$status" -eq 0 ]
	[[ "$output" != *WARNING* ]]
	run -125 coffer run --rm --platform linux/s390x --network none "$REGISTRY/foreign:1" true
	[[ "$output" == *"$warning"* ]]
	[[ "$output" == *"No such image: $REGISTRY/foreign:1 for platform linux/s390x"* ]]
	coffer rmi "$REGISTRY/foreign:1"
}

@test "a pull that fails is an event that says where" {
	run -1 coffer pull -q "$REGISTRY/policy:none"
	coffer events --since 1h --until 0s --filter event=pull-failed --format json | jq -es '.[-1] | .Type == "image" and
		.Actor.ID == $id and (.Actor.Attributes | .errorCode == "E-IMG-TAG" and .errorStage == "pull")' \
		--arg id "$REGISTRY/policy:none" >/dev/null
}

@test "one that no machine is of is refused before anybody is asked" {
	local verb
	mark policy
	for verb in "pull" "run --rm --network none" "create --pull always"; do
		# shellcheck disable=SC2086 # the words
		run coffer $verb --platform linux/nonsense "$REGISTRY/policy:none"
		[ "$status" -ne 0 ]
		[[ "$output" == *'unknown platform "linux/nonsense": it is OS/ARCHITECTURE[/VARIANT]'*E-INVALID* ]]
	done
	[ -z "$(asked policy)" ]
}

@test "by tag and digest: the digest counts, and the image gets no name by the tag" {
	digest=$(registry_digest many:a)
	[ "$(coffer pull -q "$REGISTRY/many:a@$digest")" = "$REGISTRY/many:a@$digest" ]
	[ "$(coffer pull -q "$REGISTRY/many:nothing@$digest")" = "$REGISTRY/many:nothing@$digest" ]
	run -0 coffer images --format '{{.Repository}} {{.Tag}} {{.Digest}}' "$REGISTRY/many"
	[ "$output" = "$REGISTRY/many <none> $digest" ]
	run -0 coffer images "$REGISTRY/other"
	[ "${#lines[@]}" -eq 1 ]
	[ "$(coffer run --rm --network none "$REGISTRY/many:other@$digest" cat /etc/motd)" = third ]
	run -0 coffer inspect --format '{{json .RepoTags}} {{json .RepoDigests}}' "$REGISTRY/many@$digest"
	[[ "$output" != *"$REGISTRY/many:"*"$REGISTRY/many@$digest"* && "$output" == *"$REGISTRY/many@$digest"* ]]
	coffer rmi "$REGISTRY/many@$digest"
}

@test "500 layers, up and down" {
	tar --create --file "$BATS_TEST_TMPDIR/box.tar" --directory "$BATS_FILE_TMPDIR/rootfs" .
	python3 "$BATS_TEST_DIRNAME/lib/deep-image.py" "$BATS_TEST_TMPDIR/deep" 500 "$BATS_TEST_TMPDIR/box.tar"
	tar --create --file "$BATS_TEST_TMPDIR/deep.tar" --directory "$BATS_TEST_TMPDIR/deep" .
	coffer load -q -i "$BATS_TEST_TMPDIR/deep.tar"
	coffer tag deep:1 "$REGISTRY/deep:1"
	coffer push -q "$REGISTRY/deep:1"
	coffer rmi -f "$(coffer inspect --format '{{.Id}}' deep:1)" >/dev/null
	run -0 coffer pull "$REGISTRY/deep:1"
	[ "$(grep -c ': Pull complete$' <<<"$output")" -eq 500 ]
	[ "$(coffer run --rm --network none "$REGISTRY/deep:1" sh -c 'cat /last; ls /each | wc -l' | tr '\n' ' ')" = "499 499 " ]
	coffer rmi "$REGISTRY/deep:1" >/dev/null
}

@test "all tags" {
	run --separate-stderr coffer pull --all-tags "$REGISTRY/many"
	[ "$status" -eq 0 ]
	[ "$(grep -oE '^[abc]: Pulling from many$' <<<"$output" | cut -c1 | sort | paste -sd,)" = a,b,c ]
	[ "$(grep -c '^Digest: ' <<<"$output")" -eq 3 ]
	[ "${lines[-2]}" = "Status: Downloaded newer image for $REGISTRY/many" ]
	[ "${lines[-1]}" = "$REGISTRY/many" ]
	[ "$(coffer images --format '{{.Tag}}' "$REGISTRY/many" | sort | paste -sd,)" = a,b,c ]
	run --separate-stderr coffer pull -aq "$REGISTRY/many"
	[ "$output" = "$REGISTRY/many" ]
	run --separate-stderr coffer pull -a "$REGISTRY/many:a"
	[ "$status" -eq 125 ]
	[[ "$stderr" == *"tag can't be used with --all-tags/-a"* ]]
	run --separate-stderr coffer pull -a "$REGISTRY/none"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"repository $REGISTRY/none not found"* ]]
}

@test "pages of tags" {
	run --separate-stderr coffer pull -a "$LIAR/tags-pages/x"
	[ "$status" -eq 0 ]
	[ "$(grep -c 'Pulling from tags-pages/x' <<<"$output")" -eq 3 ]
	run --separate-stderr coffer pull -a "$LIAR/tags-evil/x"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'"../../etc" is no tag'* ]]
	run --separate-stderr coffer pull -a "$LIAR/tags-endless/x"
	[ "$status" -eq 0 ]
	run --separate-stderr coffer pull -a "$LIAR/tags-file/x"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"leads to no web server"* ]]
}
