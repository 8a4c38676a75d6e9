#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# pause and unpause, and what the other verbs make of a container that is paused.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	coffer run -d --network none --name web box:1 sh -c 'while :; do date +%s%N >/now; sleep 0.02; done' >/dev/null
}

teardown() {
	coffer rm -f --all >/dev/null
}

state_of() {
	coffer inspect "$1" | jq -r '.[0].State.Status'
}

# What the container wrote last.
now() {
	cat "$(coffer inspect web | jq -r '.[0].GraphDriver.Data.UpperDir')/now"
}

ticks() {
	[ "$(now)" != "$before" ]
}

@test "pause and unpause: its processes stop and go on" {
	[ "$(coffer pause web)" = web ]
	[ "$(state_of web)" = paused ]
	[[ $(coffer ps) == *'(Paused)'* ]]
	before=$(now)
	sleep 0.2
	[ "$(now)" = "$before" ]
	[ "$(coffer unpause web)" = web ]
	[ "$(state_of web)" = running ]
	eventually ticks
}

@test "twice, and what does not run" {
	run -1 coffer unpause web
	[[ $output == *'is not paused'*E-STATE* ]]
	coffer pause web
	run -1 coffer pause web
	[[ $output == *'is already paused'*E-STATE* ]]
	coffer create --network none --name idle box:1 true
	run -1 coffer pause idle
	[[ $output == *'cannot pause container "idle": '*'is not running'* ]]
	run -1 coffer unpause idle
	[[ $output == *'is not running'* ]]
	run -1 coffer pause nosuch
	coffer unpause --all
	[ "$(state_of web)" = running ]
	[ "$(coffer pause --all)" = web ]
}

@test "exec, attach, start, rm: Docker's words" {
	coffer pause web
	run -1 coffer exec web true
	[[ $output == *'is paused, unpause the container before exec'* ]]
	run -1 coffer attach web
	[[ $output == *'cannot attach to a paused container, unpause it first'* ]]
	run -1 coffer start web
	[[ $output == *'cannot start a paused container, try unpause instead'* ]]
	run -1 coffer rm web
	[[ $output == *'container is paused and must be unpaused first'* ]]
}

@test "stop, kill and rm -f reach one that is paused" {
	coffer pause web
	coffer stop -t 0 web
	[ "$(state_of web)" = exited ]
	coffer start web
	coffer pause web
	coffer kill web
	[ "$(state_of web)" = exited ]
	coffer start web
	coffer pause web
	coffer rm -f web
	[ -z "$(coffer ps -aq)" ]
}

@test "its monitor is killed while it is paused: nothing is left" {
	coffer pause web
	pid=$(coffer inspect web | jq '.[0].State.Pid')
	kill -KILL "$(awk '/^PPid/ {print $2}' "/proc/$pid/status")"
	is_found() { coffer ps >/dev/null && [ "$(state_of web)" = exited ]; }
	eventually is_found
	if alive "$pid"; then
		return 1
	fi
}
