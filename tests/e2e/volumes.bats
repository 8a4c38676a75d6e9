#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Volumes: making, listing and removing them, and what a crash leaves of that.

bats_require_minimum_version 1.5.0

setup_file() {
	load lib/coffer
	coffer_file_setup
}

teardown_file() {
	load lib/coffer
	coffer_file_teardown
}

setup() {
	load lib/coffer
	volumes=$COFFER_TEST_ROOT/root/volumes
}

teardown() {
	coffer volume prune -af >/dev/null
}

# Run SQL in the database of this file.
database() {
	python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=30) as db:
    for row in db.execute(sys.argv[2]):
        print(*row, sep="|")' "$COFFER_TEST_ROOT/root/coffer.db" "$1"
}

# --- create, ls, inspect, rm ----------------------------------------------------------------------------------------

@test "create prints the name; the same again is the same volume" {
	run -0 coffer volume create data
	[ "$output" = data ]
	[ "$(stat -c %a "$volumes/data/_data")" = 755 ]
	echo kept >"$volumes/data/_data/file"
	run -0 coffer volume create data
	[ "$output" = data ]
	[ "$(<"$volumes/data/_data/file")" = kept ]
	run -0 coffer volume create --name spelled
	[ "$output" = spelled ]
}

@test "a volume without a name is anonymous" {
	run -0 coffer volume create
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	run -0 coffer volume inspect -f '{{json .Labels}}' "$output"
	[ "$output" = '{"com.docker.volume.anonymous":""}' ]
}

@test "names, drivers and options that cannot be" {
	run -1 coffer volume create x
	[[ $output == *'volume name is too short'* ]]
	run -1 coffer volume create 'a/b'
	[[ $output == *'"a/b" includes invalid characters for a local volume name'* ]]
	run -1 coffer volume create .dot
	run -1 coffer volume create -d nosuch data
	[[ $output == *'plugin "nosuch" not found'* ]]
	run -1 coffer volume create -o colour=red data
	[[ $output == *'invalid option: "colour"'* ]]
	run -1 coffer volume create -o type=tmpfs data
	[[ $output == *'missing required option: "device"'* ]]
	run -1 coffer volume create -o size=1g data
	[[ $output == *'no quota support'* ]]
	run -125 coffer volume create --name one two
	run -0 coffer volume ls -q
	[ -z "$output" ]
}

@test "other options for a name that is there are refused" {
	coffer volume create -o type=tmpfs -o device=tmpfs data
	coffer volume create -o device=tmpfs -o type=tmpfs data
	run -1 coffer volume create -o type=tmpfs -o device=tmpfs -o o=size=1m data
	[[ $output == *'is there already, with other options'*'type=tmpfs device=tmpfs'* ]]
}

@test "inspect is Docker's document" {
	coffer volume create --label team=a --label bare -o type=tmpfs -o device=tmpfs -o o=size=1m data
	run -0 coffer volume inspect data
	[ "$(jq -c '.[0] | del(.CreatedAt)' <<<"$output")" = "$(jq -nc --arg m "$volumes/data/_data" '{Driver: "local",
		Labels: {team: "a", bare: ""}, Mountpoint: $m, Name: "data",
		Options: {type: "tmpfs", device: "tmpfs", o: "size=1m"}, Scope: "local"}')" ]
	coffer volume create plain
	[ "$(coffer volume inspect plain | jq -c '.[0] | [.Labels, .Options]')" = '[null,null]' ]
	[ "$(coffer inspect --type volume -f '{{.Name}}' plain)" = plain ]
	[ "$(coffer inspect -f '{{.Name}}' plain)" = plain ]
	run -1 coffer volume inspect nosuch
	[[ $output == *'get nosuch: no such volume'* ]]
}

@test "ls: the table, templates, json, and filters" {
	coffer volume create --label team=a alpha
	coffer volume create --label team=b beta
	run -0 coffer volume ls
	[ "${lines[0]}" = 'DRIVER    VOLUME NAME' ]
	[ "${lines[1]}" = 'local     alpha' ]
	[ "$(coffer volume ls --format '{{.Name}} {{.Label "team"}}' | paste -sd ,)" = 'alpha a,beta b' ]
	[ "$(coffer volume ls --format json | head -n 1 | jq -r '.Name + .Scope + .Links')" = alphalocalN/A ]
	[ "$(coffer volume ls -q -f name=^al)" = alpha ]
	[ "$(coffer volume ls -q -f label=team=b)" = beta ]
	[ "$(coffer volume ls -q -f label=team -f name=beta -f name=alpha | paste -sd ,)" = alpha,beta ]
	[ "$(coffer volume ls -q -f driver=local -f dangling=true | paste -sd ,)" = alpha,beta ]
	[ -z "$(coffer volume ls -q -f dangling=false)" ]
	[ -z "$(coffer volume ls -q -f driver=other)" ]
	run -125 coffer volume ls -f colour=red
	[[ $output == *"invalid filter 'colour'"* ]]
	run -125 coffer volume ls -f dangling=perhaps
	run -125 coffer volume ls -f 'name=('
}

@test "rm removes the files; what is not there is an error, unless forced" {
	coffer volume create data
	echo x >"$volumes/data/_data/file"
	run -0 coffer volume rm data
	[ "$output" = data ]
	[ -z "$(ls -A "$volumes")" ]
	run -1 coffer volume rm data
	[[ $output == *'get data: no such volume'* ]]
	coffer volume rm -f data
	coffer volume create data
	[ ! -e "$volumes/data/_data/file" ]
}

@test "prune takes anonymous volumes, with --all the others, too" {
	coffer volume create named
	coffer volume create --label keep=yes kept
	anonymous=$(coffer volume create)
	head -c 5000 /dev/zero >"$volumes/$anonymous/_data/file"
	run -1 coffer volume prune <<<n
	[[ $output == *'WARNING! This will remove anonymous local volumes not used by at least one container.'* ]]
	run -0 coffer volume prune <<<y
	[[ $output == *"Deleted Volumes:
$anonymous

Total reclaimed space: 5kB"* ]]
	run -0 coffer volume prune -f
	[ "$output" = 'Total reclaimed space: 0B' ]
	run -0 coffer volume prune -af --filter label!=keep
	[ "${lines[1]}" = named ]
	run -0 coffer volume prune -f --filter all=1
	[ "${lines[1]}" = kept ]
}

@test "volumes are in the events" {
	since=$(date +%s.%N)
	coffer volume create data
	coffer volume rm data
	run -0 coffer events --since "$since" --until "$(date +%s.%N)" --filter type=volume --format '{{.Action}} {{.Actor.ID}} {{.Actor.Attributes.driver}}'
	[ "$output" = 'create data local
destroy data local' ]
}

# --- what a crash leaves --------------------------------------------------------------------------------------------

@test "killed between row and directory: the directory is made" {
	coffer volume create data
	rmdir "$volumes/data/_data" "$volumes/data"
	run -0 coffer volume ls -q
	[ "$output" = data ]
	[ -d "$volumes/data/_data" ]
}

@test "killed while it removes: the next command goes on" {
	coffer volume create data
	coffer volume create other
	echo x >"$volumes/data/_data/file"
	database "UPDATE volumes SET going = 1 WHERE name = 'data'"
	# One that is to go is there for nobody, and its name is free.
	run -0 coffer volume create data
	[ ! -e "$volumes/data/_data/file" ]
	database "UPDATE volumes SET going = 1 WHERE name = 'data'"
	run -0 coffer volume ls -q
	[ "$output" = other ]
	[ "$(ls -A "$volumes")" = other ]
	[ -z "$(database "SELECT name FROM volumes WHERE name = 'data'")" ]
}

@test "killed behind the removal of the row: what was set aside is removed" {
	coffer volume create data
	mkdir -p "$volumes/.0123456789abcdef/_data/deep"
	coffer volume ls -q
	[ "$(ls -A "$volumes")" = data ]
}

@test "files whose row is lost are a volume again" {
	coffer volume create data
	echo kept >"$volumes/data/_data/file"
	database "DELETE FROM volumes"
	run -0 coffer volume ls -q
	[ "$output" = data ]
	[ "$(<"$volumes/data/_data/file")" = kept ]
}

@test "many commands on one name at once" {
	for _ in {1..8}; do
		(
			exec >/dev/null 2>&1 3>&-
			for _ in {1..5}; do
				coffer volume create shared
				coffer volume rm shared
			done
		) &
	done
	wait
	coffer volume rm -f shared
	[ -z "$(ls -A "$volumes")" ]
	[ -z "$(database 'SELECT name FROM volumes')" ]
}
