#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# rename, start, attach and rm, beyond what containers.bats and attach.bats have.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

teardown() {
	coffer rm -f --all >/dev/null
}

deaf() {
	coffer run -d --network none --name "$1" "${@:2}" box:1 sleep 1000 >/dev/null
}

state_of() {
	coffer inspect "$1" | jq -r '.[0].State.Status'
}

on_terminal() {
	python3 "$BATS_TEST_DIRNAME/lib/on-terminal.py" "$@" -- "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" \
		--runroot "$COFFER_TEST_ROOT/run" "${command[@]}"
}

# --- rename ---------------------------------------------------------------------------------------------------------

@test "rename: the old name is free, the new one is taken, also while it runs" {
	deaf old
	run -0 coffer rename old new
	[ -z "$output" ]
	[ "$(coffer inspect new | jq -r '.[0].Name')" = /new ]
	run -1 coffer inspect old
	deaf old
	run -1 coffer rename old new
	[[ $output == *'name "new" is already in use by container'*E-NAME* ]]
	coffer stop -t 0 new
	[ "$(state_of new)" = exited ]
}

@test "rename: to itself, to nothing, to what is no name; of nobody" {
	deaf same
	run -1 coffer rename same same
	[[ $output == *'it has this name already'* ]]
	run -1 coffer rename same ''
	[[ $output == *'the new name is empty'* ]]
	run -1 coffer rename same "x y"
	run -1 coffer rename nosuch other
	[[ $output == *'No such container: nosuch'* ]]
	run -125 coffer rename same
}

# --- start ----------------------------------------------------------------------------------------------------------

@test "start: several; one that runs is fine; one that is not there is reported" {
	deaf runs
	coffer create --network none --name made box:1 sleep 1000
	run -1 --separate-stderr coffer start runs nosuch made
	[ "$output" = $'runs\nmade' ]
	[ "$(state_of made)" = running ]
	run -125 coffer start -a runs made
	[[ $output == *'you cannot start and attach multiple containers at once'* ]]
	[ "$(coffer start runs)" = runs ]
}

@test "start --all: those that do not run" {
	deaf runs
	coffer create --network none --name made box:1 sleep 1000
	[ "$(coffer start --all)" = made ]
	[ -z "$(coffer start --all)" ]
}

@test "start -a of one that runs attaches to it" {
	coffer run -di --network none --name reader box:1 sh -c 'read line; echo "got $line"; exit 4' >/dev/null
	run -4 bash -c 'echo word | "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" \
		start -ai reader'
	[ "$output" = 'got word' ]
}

# --- attach ---------------------------------------------------------------------------------------------------------

@test "attach: output, input, exit status" {
	coffer run -di --network none --name reader box:1 sh -c 'read line; echo "got $line"; echo err >&2; exit 5' >/dev/null
	run -5 --separate-stderr bash -c 'echo word | "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" \
		--runroot "$COFFER_TEST_ROOT/run" attach reader'
	[ "$output" = 'got word' ]
	# shellcheck disable=SC2154 # run assigns it
	[ "$stderr" = err ]
	[ "$(state_of reader)" = exited ]
}

@test "attach --no-stdin leaves the input alone; signals are passed on, or not" {
	coffer run -di --network none --name reader box:1 sh -c 'trap "exit 8" TERM; while :; do sleep 0.05; done' >/dev/null
	coffer_exec attach --no-stdin --sig-proxy=false reader </dev/null &
	ignored=$!
	coffer_exec attach --no-stdin reader </dev/null &
	passed=$!
	attached() { [ -n "$(find "/proc/$1/fd" -lname 'anon_inode:*signalfd*' 2>/dev/null)" ] &&
		[ "$(find "/proc/$1/fd" -lname 'socket:*' | wc -l)" -gt 0 ]; }
	eventually attached "$ignored"
	eventually attached "$passed"
	kill -TERM "$ignored"
	ends_with 143 "$ignored"
	[ "$(state_of reader)" = running ]
	kill -TERM "$passed"
	ends_with 8 "$passed"
}

@test "attach: several at once see the same" {
	coffer run -di --network none --name reader box:1 sh -c 'read line; echo "got $line"' >/dev/null
	for i in 1 2 3; do
		coffer attach --no-stdin reader >"$BATS_TEST_TMPDIR/$i" &
	done
	# who has a socket is connected, and those who come later are heard later
	attached() {
		local pid count=0
		for pid in $(pgrep -f "^$COFFER_BIN/coffer .*attach --no-stdin reader"); do
			[ -z "$(find "/proc/$pid/fd" -lname 'socket:*' 2>/dev/null)" ] || count=$((count + 1))
		done
		[ "$count" = 3 ]
	}
	eventually attached
	echo word | coffer attach reader >/dev/null
	wait
	for i in 1 2 3; do
		[ "$(<"$BATS_TEST_TMPDIR/$i")" = 'got word' ]
	done
}

@test "attach: a terminal, and the keys to leave it" {
	coffer run -dit --network none --name shell box:1 sh >/dev/null
	command=(attach --detach-keys 'ctrl-x,x' shell)
	run -0 on_terminal 'send:echo a$((1+1))b\r' expect:a2b 'send:\x18x' wait modes
	[[ $output == *'[exit 0]'*'[cooked]'* ]]
	[ "$(state_of shell)" = running ]
	run -1 coffer attach shell </dev/null
	[[ $output == *'the input device is not a TTY'* ]]
}

@test "attach: one that does not run" {
	coffer create --network none --name idle box:1 true
	run -1 coffer attach idle
	[[ $output == *'cannot attach to a stopped container, start it first'*'coffer start -a idle'* ]]
	run -1 coffer attach nosuch
	run -125 coffer attach
}

# --- rm -------------------------------------------------------------------------------------------------------------

@test "rm: several, --all, --latest; links are not there" {
	coffer create --network none --name one box:1 true
	coffer create --network none --name two box:1 true
	coffer create --network none --name three box:1 true
	run -1 --separate-stderr coffer rm one nosuch two
	[ "$output" = $'one\ntwo' ]
	[ "$(coffer rm --latest)" = three ]
	deaf runs
	coffer create --network none --name four box:1 true
	run -1 --separate-stderr coffer rm --all
	[ "$output" = four ]
	[ "$(coffer rm -af)" = runs ]
	run -125 coffer rm -l one
	[[ $output == *'containers are not linked'* ]]
}

@test "--latest in the place of a name: exec, inspect, top, stats, port, diff" {
	coffer run -d --network none --name old box:1 sleep 1000 >/dev/null
	run -1 coffer port --latest 80
	coffer run -d --network none --name new --hostname newest box:1 sh -c 'echo x >/made; exec sleep 2000' >/dev/null
	[ "$(coffer exec -l hostname)" = newest ]
	[ "$(coffer exec --latest sh -c 'echo "$@"' sh -l a)" = '-l a' ]
	[ "$(coffer inspect -l -f '{{.Name}}')" = /new ]
	[ "$(coffer container inspect -l -f '{{.Name}}')" = /new ]
	[[ $(coffer top -l -- -o pid,args) == *'sleep 2000'* ]]
	[ "$(coffer stats -l --no-stream --format '{{.Name}}')" = new ]
	[[ $(coffer diff -l) == *'A /made'* ]]
	[ -z "$(coffer port -l)" ]
	run -125 coffer exec -l
	[[ $output == *"'coffer exec' requires at least 2 arguments"* ]]
	coffer rm -f old new
	run -1 coffer exec -l true
	[[ $output == *'No such container: there are none'* ]]
}
