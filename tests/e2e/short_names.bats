#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Names that do not say their registry: Docker's where nothing is configured, else as registries.conf says.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/image
load lib/registry

setup_file() {
	registry_file_setup
	registry_push "$LAYOUT:four" team/four:latest
	registry_push "$LAYOUT:four" four:1
	registry_push "$LAYOUT:four" library/mirrored:latest
	export registry_dir
}

teardown_file() {
	registry_stop
	coffer_file_teardown
}

setup() {
	export CONTAINERS_REGISTRIES_CONF=$BATS_TEST_TMPDIR/registries.conf
	export COFFER_SHORT_NAMES=$BATS_TEST_TMPDIR/kept/short-names.conf
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	coffer rmi --force "$REGISTRY/team/four" "$REGISTRY/four:1" >/dev/null 2>&1 || true
}

config() {
	cat >"$CONTAINERS_REGISTRIES_CONF"
}

# refuses WORDS NAME
refuses() {
	run --separate-stderr coffer pull "$2"
	# shellcheck disable=SC2154 # run assigns it
	echo "$output $stderr" >&2
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"$1"* ]]
}

@test "without a file, or with one that says nothing of it, they are Docker's" {
	config <<<"[[registry]]
		location = \"docker.io\"
		[[registry.mirror]]
		location = \"$REGISTRY\""
	run --separate-stderr coffer pull mirrored
	echo "$output $stderr" >&2
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "${lines[0]}" = "Using default tag: latest" ]
	[ "${lines[1]}" = "latest: Pulling from library/mirrored" ]
	[ "${lines[-1]}" = docker.io/library/mirrored:latest ]
	coffer rmi mirrored
}

@test "an alias: pull, run, and all that names an image that is here" {
	config <<<"[aliases]
		\"four\" = \"$REGISTRY/team/four\""
	run --separate-stderr coffer pull four
	echo "$output $stderr" >&2
	[ "$status" -eq 0 ]
	[ "$stderr" = "Resolved \"four\" as an alias ($CONTAINERS_REGISTRIES_CONF)" ]
	[ "${lines[-1]}" = "$REGISTRY/team/four:latest" ]
	[ "$(coffer images --format '{{.Repository}}:{{.Tag}}' "$REGISTRY/team/four")" = "$REGISTRY/team/four:latest" ]
	[ "$(coffer run --rm --network none four echo ran)" = ran ]
	[ "$(coffer inspect --format '{{index .RepoTags 0}}' four)" = "$REGISTRY/team/four:latest" ]
	coffer tag four here:1
	coffer rmi here:1
	run coffer rmi four
	[ "${lines[0]}" = "Untagged: $REGISTRY/team/four:latest" ]
}

@test "run pulls by an alias, and says what it has pulled" {
	config <<<"[aliases]
		\"some/four\" = \"$REGISTRY/team/four\""
	run --separate-stderr coffer run --name aliased --network none some/four true
	echo "$output $stderr" >&2
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"Unable to find image 'some/four:latest' locally"*"Resolved \"some/four\" as an alias"* ]]
	[ "$(coffer inspect --format '{{.Config.Image}}' aliased)" = "$REGISTRY/team/four:latest" ]
	coffer rm aliased
}

@test "tags and digests go with the alias; a later file takes it back" {
	digest=$(image_digest "$LAYOUT" four)
	config <<<"[aliases]
		\"six\" = \"$REGISTRY/four\""
	[ "$(coffer pull -q six:1)" = "$REGISTRY/four:1" ]
	[ "$(coffer pull -q "six@$digest")" = "$REGISTRY/four@$digest" ]
	refuses "manifest unknown: \"$REGISTRY/four:none\"" six:none
	mkdir "$CONTAINERS_REGISTRIES_CONF.d"
	printf 'unqualified-search-registries = ["localhost:1"]\n[aliases]\nsix = ""\n' >"$CONTAINERS_REGISTRIES_CONF.d/x.conf"
	refuses "localhost:1" six:1
	[[ "$stderr" == *"Resolving \"six\" using unqualified-search registries ($CONTAINERS_REGISTRIES_CONF.d/x.conf)"* ]]
}

@test "registries to search are asked one after the other" {
	config <<<"unqualified-search-registries = [\"localhost:1\", \"$REGISTRY\"]"
	run --separate-stderr coffer pull team/four
	echo "$output $stderr" >&2
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"Trying to pull localhost:1/team/four:latest..."*"Trying to pull $REGISTRY/team/four:latest..."* ]]
	[ "${lines[-1]}" = "$REGISTRY/team/four:latest" ]
	[ "$(coffer images -q team/four)" = "" ]
	[ -n "$(coffer inspect --format '{{.Id}}' team/four)" ]
	refuses 'cannot pull "none" from any registry that it may be of' none
	[[ "$stderr" == *"cause: localhost:1/none:latest: cannot pull"*"; $REGISTRY/none:latest: manifest unknown"* ]]
}

@test "one registry to search: pull --all-tags, and push of what is here by that name" {
	config <<<"unqualified-search-registries = [\"$REGISTRY\"]
		short-name-mode = \"enforcing\""
	run coffer pull -q -a team/four
	[ "$output" = "$REGISTRY/team/four" ]
	config <<<"unqualified-search-registries = [\"localhost:1\", \"$REGISTRY\"]"
	run coffer pull -q -a team/four
	[ "$output" = "$REGISTRY/team/four" ]
	config <<<"unqualified-search-registries = [\"$REGISTRY\"]"
	coffer tag box:1 "$REGISTRY/pushed:1"
	run coffer push pushed:1
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "The push refers to repository [$REGISTRY/pushed]" ]
	[ -n "$(registry_digest pushed:1)" ]
	# What has no such name is Docker's still.
	run coffer push nothing:1
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = "The push refers to repository [docker.io/library/nothing]" ]
}

@test "short-name-mode enforcing takes none of several" {
	config <<<"unqualified-search-registries = [\"$REGISTRY\", \"quay.example\"]
		short-name-mode = \"enforcing\""
	refuses 'short name "team/four" could be of several registries' team/four
	[[ "$stderr" == *"\"short-name-mode\" is \"enforcing\" in $CONTAINERS_REGISTRIES_CONF, and it may mean"* ]]
	[[ "$stderr" == *"$REGISTRY/team/four:latest, quay.example/team/four:latest"* ]]
	[[ "$stderr" == *"hint:  name it in full, such as $REGISTRY/team/four:latest"* ]]
	config <<<"unqualified-search-registries = [\"$REGISTRY\", \"quay.example\"]
		short-name-mode = \"disabled\""
	coffer pull -q team/four
}

on_terminal() {
	python3 "$BATS_TEST_DIRNAME/lib/on-terminal.py" "$@"
}

@test "at a terminal one is asked which one is meant, once" {
	config <<<"unqualified-search-registries = [\"localhost:1\", \"$REGISTRY\"]
		short-name-mode = \"enforcing\""
	run on_terminal expect:'meant: ' 'send:2\r' wait -- "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" \
		--runroot "$COFFER_TEST_ROOT/run" pull team/four
	[ "$status" -eq 0 ]
	[[ "$output" == *'Image "team/four" may be of several registries:'*"1  localhost:1/team/four:latest"*"2  $REGISTRY/team/four:latest"* ]]
	[ "$(cat "$COFFER_SHORT_NAMES")" = "[aliases]
  \"team/four\" = \"$REGISTRY/team/four\"" ]
	run --separate-stderr coffer pull team/four:latest
	[ "$status" -eq 0 ]
	[ "$stderr" = "Resolved \"team/four\" as an alias ($COFFER_SHORT_NAMES)" ]

	# What others have recorded stays; what is not pulled is not recorded.
	printf '[aliases]\n  "other" = "quay.example/other"\n' >"$COFFER_SHORT_NAMES"
	for number in 1 3 x; do
		run on_terminal expect:'meant: ' "send:$number\r" wait -- "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" \
			--runroot "$COFFER_TEST_ROOT/run" pull team/four
		[ "$(wc -l <"$COFFER_SHORT_NAMES")" -eq 2 ]
	done
	[[ "$output" == *'"x" is none of the numbers 1 to 2'* ]]
	on_terminal expect:'meant: ' 'send:2\r' wait -- "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" \
		--runroot "$COFFER_TEST_ROOT/run" pull team/four
	grep -q '"other" = "quay.example/other"' "$COFFER_SHORT_NAMES"
	[ "$(wc -l <"$COFFER_SHORT_NAMES")" -eq 3 ]

	echo 'no toml' >"$COFFER_SHORT_NAMES"
	refuses "$COFFER_SHORT_NAMES:1:4: " team/four
}

@test "nobody is asked where the mode is disabled, or one registry is searched" {
	config <<<"unqualified-search-registries = [\"localhost:1\", \"$REGISTRY\"]
		short-name-mode = \"disabled\""
	on_terminal expect:'Trying to pull localhost:1' expect:'Downloaded newer' wait -- "$COFFER_BIN/coffer" \
		--root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" pull team/four
	[ ! -e "$COFFER_SHORT_NAMES" ]
}

@test "files that make no sense" {
	config <<<'unqualified-search-registries = []'
	refuses 'short name "four" means nothing here' four
	[[ "$stderr" == *"\"unqualified-search-registries\" is empty in $CONTAINERS_REGISTRIES_CONF"* ]]
	config <<<'unqualified-search-registries = ["no-host"]'
	refuses '"no-host" is no registry to search' four
	config <<<'unqualified-search-registries = ["localhost:1/team"]'
	refuses '"localhost:1/team" is no registry to search' four
	config <<<'unqualified-search-registries = ["localhost:1"]
		short-name-mode = "lenient"'
	refuses '"lenient" is no "short-name-mode"' four
	config <<<'[aliases]
		four = "localhost:1/four:tagged"'
	refuses '/aliases/four: "localhost:1/four:tagged" is not a registry and a repository' four
	config <<<'[aliases]
		four = "team/four"'
	refuses '/aliases/four: "team/four" is not a registry and a repository' four
	# They are in nobody's way who has the image.
	coffer inspect --format '{{.Id}}' box:1
}

@test "the user's file, and the user's drop-ins" {
	unset CONTAINERS_REGISTRIES_CONF # and nothing recorded counts
	mkdir -p .config/containers/registries.conf.d
	printf '[aliases]\n"four" = "%s/four"\n' "$REGISTRY" >.config/containers/registries.conf.d/own.conf
	HOME=$PWD coffer pull -q four:1
	[ "$(HOME=$PWD coffer inspect --format '{{index .RepoTags 0}}' four:1)" = "$REGISTRY/four:1" ]
	printf 'unqualified-search-registries = ["%s"]\n' "$REGISTRY" >.config/containers/registries.conf
	rm .config/containers/registries.conf.d/own.conf
	[ "$(HOME=$PWD coffer pull -q team/four)" = "$REGISTRY/team/four:latest" ]
	mv .config configuration
	[ "$(XDG_CONFIG_HOME=$PWD/configuration coffer pull -q team/four)" = "$REGISTRY/team/four:latest" ]
}
