#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What the journal of events says about containers and images, in Docker's order and words.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	journal=$COFFER_TEST_ROOT/root/events/journal
}

# The actions of container NAME, in a line: actions NAME
actions() {
	jq -r --arg name "$1" 'select(.Actor.Attributes.name == $name) | .Action' "$journal" | paste -sd ' '
}

# An attribute of the last EVENT of container NAME: attribute NAME EVENT KEY
attribute() {
	jq -r --arg name "$1" --arg action "$2" --arg key "$3" \
		'select(.Actor.Attributes.name == $name and .Action == $action) | .Actor.Attributes[$key]' "$journal" | tail -n 1
}

@test "a container that runs and goes" {
	coffer run --rm --network none --name plain -l colour=blue box:1 sh -c 'exit 3' || true
	[ "$(actions plain)" = "create start die destroy" ]
	[ "$(attribute plain die exitCode)" = 3 ]
	[[ $(attribute plain die execDuration) =~ ^[0-9]+$ ]]
	[ "$(attribute plain die oomKilled)" = false ]
	[ "$(attribute plain die image)" = box:1 ]
	[ "$(attribute plain create colour)" = blue ]
	jq -e 'select(.Actor.Attributes.name == "plain") | .status == .Action and .id == .Actor.ID and .from == "box:1" and
		.Type == "container" and .scope == "local" and .time == (.timeNano / 1000000000 | floor)' "$journal" >/dev/null
}

@test "one that is killed" {
	coffer run -d --network none --name target box:1 sleep 1000 >/dev/null
	coffer kill target
	ended() { [ "$(actions target)" = "create start kill die" ]; }
	eventually ended
	[ "$(attribute target kill signal)" = 9 ]
	[ "$(attribute target die exitCode)" = 137 ]
	coffer rm target
	[ "$(actions target)" = "create start kill die destroy" ]
}

@test "one that is removed while it runs" {
	coffer run -d --network none --name brief box:1 sleep 1000 >/dev/null
	coffer rm -f brief
	[ "$(actions brief)" = "create start kill die destroy" ]
}

@test "one that is stopped, paused, renamed, and runs other programs" {
	coffer run -d --network none --name busy --stop-signal KILL box:1 sleep 1000 >/dev/null
	coffer exec busy sh -c 'exit 6' || [ $? -eq 6 ]
	coffer pause busy
	coffer unpause busy
	coffer rename busy calm
	coffer stop calm
	coffer rm calm
	[ "$(actions busy)" = "create start exec_create: sh -c exit 6 exec_start: sh -c exit 6 exec_die pause unpause kill die stop" ]
	[ "$(actions calm)" = "rename destroy" ]
	[ "$(attribute busy exec_die exitCode)" = 6 ]
	[ "$(attribute busy exec_die execID)" = "$(attribute busy 'exec_start: sh -c exit 6' execID)" ]
	[ "$(attribute calm rename oldName)" = busy ]
}

@test "one that is stopped while it waits for its next run" {
	coffer run -d --network none --name tired --restart always box:1 false >/dev/null
	pausing() { [ "$(coffer inspect tired | jq -r '.[0] | "\(.State.Status) \(.RestartCount > 3)"')" = "restarting true" ]; }
	eventually pausing
	coffer stop tired
	[ "$(coffer inspect tired | jq -r '.[0].State | "\(.Status) \(.ExitCode)"')" = "exited 1" ]
	[[ $(actions tired) = "create start die start die "*" die stop" ]]
	coffer rm tired
}

@test "one that cannot be started" {
	run -127 coffer run --network none --name broken box:1 /no/such/program
	[ "$(actions broken)" = "create start-failed destroy" ]
}

@test "one whose monitor died: whoever finds it records the end" {
	local id monitor
	id=$(coffer run -d --network none --name lost box:1 sleep 1000)
	monitor=$(awk '/^PPid:/ { print $2 }' "/proc/$(coffer inspect lost | jq -r '.[0].State.Pid')/status")
	kill -KILL "$monitor"
	ended() { [ "$(coffer inspect lost | jq -r '.[0].State.Status')" = exited ]; }
	eventually ended
	[ "$(actions lost)" = "create start die" ]
	[ "$(attribute lost die exitCode)" = 137 ]
	coffer rm "$id"
}

@test "images" {
	coffer tag box:1 events-test:2
	coffer rmi events-test:2
	local actions
	actions=$(jq -r 'select(.Type == "image") | .Action' "$journal" | paste -sd ' ')
	[ "$actions" = "import tag untag" ]
	[ "$(jq -r 'select(.Action == "import") | .Actor.Attributes.name' "$journal")" = box:1 ]
	[ "$(jq -r 'select(.Action == "tag") | .Actor.Attributes.name' "$journal")" = events-test:2 ]
}
