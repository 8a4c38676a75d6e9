#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `coffer search`: a real registry's list of repositories; and, by a double of it, the search that Docker Hub has.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/registry

setup_file() {
	coffer_file_setup
	export HOME=$BATS_FILE_TMPDIR/home
	mkdir "$HOME"
	registry_start "$BATS_FILE_TMPDIR/registry"
	for name in team/app team/other app; do
		coffer tag box:1 "$REGISTRY/$name:1"
		coffer push -q "$REGISTRY/$name:1"
	done
	export REGISTRY REGISTRY_PID
	search_start "$BATS_FILE_TMPDIR/search"
	export INDEX PAGES CLOSED INDEX_PID search_dir
}

teardown_file() {
	registry_stop
	REGISTRY_PID=$INDEX_PID
	registry_stop
	coffer_file_teardown
}

setup() {
	export CONTAINERS_REGISTRIES_CONF=$BATS_TEST_TMPDIR/registries.conf
	cat >"$CONTAINERS_REGISTRIES_CONF" <<-CONFIG
		[[registry]]
		prefix = "docker.io"
		location = "$INDEX"
	CONFIG
}

# The doubles of search-registry.py.
search_start() {
	search_dir=$1
	mkdir "$search_dir"
	: >"$search_dir/log"
	python3 "$BATS_TEST_DIRNAME/lib/search-registry.py" >"$search_dir/log" 2>&1 3>&- &
	INDEX_PID=$!
	INDEX=$(registry_wait "$search_dir/log" "$INDEX_PID")
	PAGES=$(sed -n 's/^pages at //p' "$search_dir/log")
	CLOSED=$(sed -n 's/^closed at //p' "$search_dir/log")
}

# refuses WORDS ARGUMENT...
refuses() {
	local words=$1
	shift
	run --separate-stderr coffer search "$@"
	# shellcheck disable=SC2154 # run assigns it
	echo "$output $stderr" >&2
	[ "$status" -ne 0 ]
	[[ "$stderr" == *"$words"* ]]
}

@test "the repositories of a real registry whose names have the words in them" {
	run -0 coffer search "$REGISTRY/app"
	[[ "${lines[0]}" =~ ^NAME\ +DESCRIPTION\ +STARS\ +OFFICIAL$ ]]
	[[ "${lines[1]}" =~ ^$REGISTRY/app\ +0\ *$ ]]
	[[ "${lines[2]}" =~ ^$REGISTRY/team/app\ +0\ *$ ]]
	[ "${#lines[@]}" -eq 3 ]
	[ "$(coffer search --format '{{.Name}}' "$REGISTRY/" | wc -l)" -eq 3 ]
	[ "$(coffer search --limit 1 --format '{{.Name}}' "$REGISTRY/team")" = "$REGISTRY/team/app" ]
	[ "$(coffer search --format '{{.Name}}' "$REGISTRY/nothing")" = "" ]
	run -0 coffer search "$REGISTRY/nothing"
	[ "${#lines[@]}" -eq 1 ]
}

@test "Docker's registry, by a double: columns, shortened descriptions, nothing that drives a terminal" {
	run -0 coffer search box
	[[ "${lines[1]}" =~ ^box\ +The\ official\ box\ +1200\ +\[OK\]$ ]]
	[[ "${lines[2]}" =~ ^team/boxes\ +"a description of more than forty-five charac…"\ +7\ *$ ]]
	[[ "${lines[3]}" == *'\x1b[31mred\x1b[0m'* ]]
	[[ "$(coffer search --no-trunc boxes)" == *"more than forty-five characters, in all "* ]]
	[ "$(coffer search --format '{{.Name}} {{.StarCount}} {{.IsOfficial}}' library/box | head -1)" = "box 1200 [OK]" ]
	[ "$(coffer search --format json --limit 1 box | jq -r .Name)" = box ]
	[ "$(coffer search --format '{{.Name}}' docker.io/boxes)" = team/boxes ]
	grep -q '^index /v1/search?q=team%2Fbox%26n%3D5&n=25$' <(coffer search 'team/box&n=5' && cat "$search_dir/log")
}

@test "filters" {
	[ "$(coffer search -f is-official=true --format '{{.Name}}' box)" = box ]
	[ "$(coffer search -f stars=7 -f is-official=false --format '{{.Name}}' box)" = team/boxes ]
	[ "$(coffer search -f is-automated=true --format '{{.Name}}' box)" = "" ]
	refuses "invalid filter 'stars=many'" -f stars=many box
	refuses "invalid filter 'size'" -f size=1 box
}

@test "page after page, until there are enough" {
	[ "$(coffer search --format '{{.Name}}' "$PAGES/box" | tr '\n' ' ')" = "$PAGES/a/box $PAGES/b/box $PAGES/d/box $PAGES/e/box " ]
	before=$(grep -c '^pages /v2/_catalog' "$search_dir/log")
	[ "$(coffer search --limit 2 --format '{{.Name}}' "$PAGES/box" | wc -l)" -eq 2 ]
	[ "$(grep -c '^pages /v2/_catalog' "$search_dir/log")" -eq $((before + 1)) ]
}

@test "registries that registries.conf says are to be searched" {
	sed -i "1i unqualified-search-registries = [\"localhost:1\", \"$REGISTRY\", \"docker.io\"]" "$CONTAINERS_REGISTRIES_CONF"
	run --separate-stderr coffer search --format '{{.Name}}' app
	[ "$status" -eq 0 ]
	[ "$output" = "$REGISTRY/app"$'\n'"$REGISTRY/team/app" ]
	[[ "$stderr" == *"localhost:1"*"connection refused"* ]]
}

@test "what cannot be searched, in words" {
	refuses "registry $CLOSED cannot be searched" "$CLOSED/x"
	[[ "$stderr" == *"it answered with HTTP status 404 to a search, and with 404 to the question for its repositories"* ]]
	refuses "registry localhost:1 cannot be reached: connection refused" localhost:1/x
	echo 'unqualified-search-registries = []' >"$CONTAINERS_REGISTRIES_CONF"
	refuses "there is no registry to search" box
	refuses "limit 101 is outside the range of [1, 100]" --limit 101 box
	refuses "limit -1 is outside the range of [1, 100]" --limit=-1 box
}

@test "a registry with users lists its repositories to those who may see them" {
	registry_users "$BATS_TEST_TMPDIR/users"
	local plain=$REGISTRY_PID
	registry_start "$BATS_TEST_TMPDIR/registry" REGISTRY_AUTH=htpasswd REGISTRY_AUTH_HTPASSWD_REALM=realm \
		REGISTRY_AUTH_HTPASSWD_PATH="$BATS_TEST_TMPDIR/users"
	refuses "registry $REGISTRY cannot be searched" "$REGISTRY/x"
	[[ "$stderr" == *"hint:  coffer login $REGISTRY"* ]]
	coffer login -u user --password-stdin "$REGISTRY" <<<password
	coffer tag box:1 "$REGISTRY/secret:1"
	coffer push -q "$REGISTRY/secret:1"
	run -0 coffer search --format '{{.Name}}' "$REGISTRY/sec"
	[ "$output" = "$REGISTRY/secret" ]
	coffer logout "$REGISTRY"
	registry_stop
	REGISTRY_PID=$plain
}
