#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# stop, restart, kill and wait: one or many, those that listen and those that do not.

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

# NAME, and what it does when it is asked to end.
listening() {
	coffer run -d --network none --name "$1" "${@:3}" box:1 \
		sh -c "trap '$2' TERM; trap 'exit 9' USR1; echo ready; while :; do sleep 0.05; done" >/dev/null
	ready() { grep -q ready "$(coffer inspect "$1" | jq -r '.[0].LogPath')"; }
	eventually ready "$1"
}

deaf() {
	coffer run -d --network none --name "$1" "${@:2}" box:1 sleep 1000 >/dev/null
}

exit_code_of() {
	coffer inspect "$1" | jq '.[0].State.ExitCode'
}

state_of() {
	coffer inspect "$1" | jq -r '.[0].State.Status'
}

# --- stop -----------------------------------------------------------------------------------------------------------

@test "stop: the program ends by itself, and its exit code is kept" {
	listening polite 'exit 3'
	run -0 coffer stop polite
	[ "$output" = polite ]
	[ "$(state_of polite)" = exited ]
	[ "$(exit_code_of polite)" = 3 ]
}

@test "stop -t: who does not listen is killed, and why is said" {
	deaf stubborn
	run -0 --separate-stderr coffer stop -t 1 stubborn
	[ "$output" = stubborn ]
	# shellcheck disable=SC2154 # run assigns it
	[[ $stderr == *'"stubborn" did not end within 1 s of SIGTERM, and was killed: its first process has no handler'* ]]
	[ "$(exit_code_of stubborn)" = 137 ]
	deaf at-once
	run -0 --separate-stderr coffer stop --time 0 at-once
	[ -z "$stderr" ]
	[ "$(exit_code_of at-once)" = 137 ]
}

@test "stop: its own signal and timeout, from the image, --stop-signal or -s" {
	listening usr1 'exit 3' --stop-signal USR1
	coffer stop usr1
	[ "$(exit_code_of usr1)" = 9 ]
	listening flag 'exit 3'
	coffer stop -s SIGUSR1 flag
	[ "$(exit_code_of flag)" = 9 ]
}

@test "stop: several at once; one that is not there does not stop the others" {
	for name in one two three; do
		deaf $name
	done
	SECONDS=0
	run -1 --separate-stderr coffer stop -t 2 one nosuch two three
	[ "$output" = $'one\ntwo\nthree' ]
	[[ $stderr == *'No such container: nosuch'* ]]
	[ "$SECONDS" -lt 6 ] || skip "this machine is too slow to tell"
}

@test "stop: one that does not run is stopped already" {
	coffer create --network none --name idle box:1 true
	[ "$(coffer stop idle)" = idle ]
	deaf gone
	coffer kill gone
	[ "$(coffer stop gone)" = gone ]
}

@test "stop --all, --latest; names and they exclude each other" {
	deaf first
	deaf second
	[ "$(coffer stop --latest -t 0)" = second ]
	[ "$(state_of first)" = running ]
	[ "$(coffer stop -a -t 0)" = first ]
	[ -z "$(coffer stop -a)" ]
	run -125 coffer stop -a first
	[[ $output == *'cannot be used together with names'* ]]
	run -125 coffer stop
	[[ $output == *"'coffer stop' requires at least 1 argument"* ]]
	run -125 coffer stop -t -2 first
	run -125 coffer stop -s NOSUCH first
}

# --- which ones -----------------------------------------------------------------------------------------------------

@test "--filter takes its pick of all, and of those that are named" {
	coffer create --network none --name eager --restart always --label team=a box:1 sleep 1000
	coffer create --network none --name keen --restart unless-stopped --label team=b box:1 sleep 1000
	coffer create --network none --name lazy --label team=a box:1 sleep 1000
	[ "$(coffer start --all --filter restart-policy=always)" = eager ]
	[ "$(coffer start --filter label=team=b)" = keen ]
	[ "$(coffer start --filter label=team=a eager keen lazy | sort | tr '\n' ' ')" = 'eager lazy ' ]
	[ "$(coffer ps -q --filter restart-policy=always --filter restart-policy=unless-stopped | wc -l)" = 2 ]
	[ -z "$(coffer stop -t 0 -f name=nosuch)" ]
	[ "$(coffer pause --filter name=lazy)" = lazy ]
	[ "$(coffer unpause --all --filter label=team)" = lazy ]
	[ "$(coffer stop -t 0 -f label=team=a -f restart-policy=always)" = eager ]
	[ "$(coffer restart -t 0 -f status=exited)" = eager ]
	[ "$(coffer rm -f --filter label=team | wc -l)" = 3 ]
}

@test "--filter: what it cannot be together with, and what it cannot be" {
	run -125 coffer start --latest --filter name=x
	[[ $output == *'--latest and --filter cannot be used together'* ]]
	run -125 coffer start --filter restart-policy=sometimes
	[[ $output == *"invalid filter 'restart-policy=sometimes': it is no, on-failure, always or unless-stopped"* ]]
	run -1 coffer rm --filter name=x nosuch
	[[ $output == *'No such container: nosuch'* ]]
}

@test "--cidfile: those that are in files; --ignore: they may be gone" {
	local file=$BATS_TEST_TMPDIR/cid
	coffer run -d --network none --name filed --cidfile "$file" box:1 sleep 1000
	[ "$(coffer pause --cidfile "$file")" = "$(cat "$file")" ]
	[ "$(coffer unpause --cidfile "$file")" = "$(cat "$file")" ]
	[ "$(coffer stop -t 0 --cidfile "$file")" = "$(cat "$file")" ]
	[ "$(state_of filed)" = exited ]
	coffer rm --cidfile "$file"
	run -1 coffer rm --cidfile "$file"
	[[ $output == *'No such container'* ]]
	[ -z "$(coffer rm --ignore --cidfile "$file" nosuch)" ]
	[ -z "$(coffer stop -i --cidfile "$file.missing")" ]
	[ -z "$(coffer wait --ignore nosuch)" ]
	run -1 coffer stop --cidfile "$file.missing"
	[[ $output == *"read container ID file '$file.missing': no such file or directory"* ]]
	: >"$file"
	run -1 coffer kill --cidfile "$file"
	[[ $output == *"container ID file '$file' is empty"* ]]
	run -125 coffer stop --all --cidfile "$file"
	[[ $output == *'cannot be used together with --cidfile'* ]]
}

@test "stop: --rm containers are gone afterwards, with a client and without" {
	deaf detached --rm
	coffer_exec run --rm --network none --name attached box:1 sleep 1000 &
	client=$!
	up() { [ "$(state_of attached)" = running ]; }
	eventually up
	coffer stop -t 0 detached attached
	[ -z "$(coffer ps -aq)" ]
	ends_with 137 "$client"
}

@test "stop and start, at once and again" {
	deaf again
	for _ in 1 2 3; do
		coffer stop -t 0 again
		coffer start again
	done
	[ "$(state_of again)" = running ]
}

# --- restart --------------------------------------------------------------------------------------------------------

@test "restart: another process of the same container, also if it did not run" {
	listening once 'exit 0'
	before=$(coffer inspect once | jq '.[0].State.Pid')
	[ "$(coffer restart once)" = once ]
	after=$(coffer inspect once | jq '.[0].State.Pid')
	[ "$before" != "$after" ]
	coffer stop once
	coffer restart -t 0 once
	[ "$(state_of once)" = running ]
	run -1 coffer restart nosuch once -t 0
	[[ $output == *'No such container: nosuch'*once* ]]
}

# --- kill -----------------------------------------------------------------------------------------------------------

@test "kill: any signal; KILL is waited for" {
	listening victim 'exit 3'
	[ "$(coffer kill -s USR1 victim)" = victim ]
	[ "$(coffer wait victim)" = 9 ]
	deaf other
	coffer kill other
	[ "$(state_of other)" = exited ]
	[ "$(exit_code_of other)" = 137 ]
}

@test "kill: one that does not run; several" {
	coffer create --network none --name idle box:1 true
	run -1 coffer kill idle
	[[ $output == *'cannot kill container "idle": container '*' is not running'*E-STATE* ]]
	deaf one
	deaf two
	run -1 --separate-stderr coffer kill one idle two
	[ "$output" = $'one\ntwo' ]
	deaf three
	[ "$(coffer kill --all)" = three ]
}

# --- wait -----------------------------------------------------------------------------------------------------------

@test "wait: exit codes in the order of the arguments, of those that end and those that have" {
	coffer run --network none --name ended box:1 sh -c 'exit 4' || true
	listening ends 'exit 5'
	listening removed 'exit 6' --rm
	coffer_exec wait ends removed ended >"$BATS_TEST_TMPDIR/codes" &
	waiting=$!
	watched() { [ "$(ss -xp 2>/dev/null | grep -c "pid=$waiting,")" -ge 2 ]; }
	if command -v ss >/dev/null; then
		eventually watched
	else
		sleep 1
	fi
	coffer stop removed ends
	wait "$waiting"
	[ "$(xargs <"$BATS_TEST_TMPDIR/codes")" = '5 6 4' ]
}

@test "wait: output that nobody reads does not hold it up" {
	coffer run -d --network none --name chatty box:1 sh -c 'sleep 0.3; head -c 3000000 /dev/zero; exit 7'
	[ "$(coffer wait chatty)" = 7 ]
}

@test "wait: its monitor is killed: the container is settled, and that is its end" {
	deaf orphan
	coffer_exec wait orphan >"$BATS_TEST_TMPDIR/code" &
	waiting=$!
	pid=$(coffer inspect orphan | jq '.[0].State.Pid')
	monitor=$(awk '/^PPid/ {print $2}' "/proc/$pid/status")
	watched() { [ "$(find "/proc/$waiting/fd" -lname 'socket:*' | wc -l)" -gt 0 ]; }
	eventually watched
	kill -KILL "$monitor"
	wait "$waiting"
	grep -qE '^(137|255)$' "$BATS_TEST_TMPDIR/code"
	run -1 coffer wait nosuch
}
