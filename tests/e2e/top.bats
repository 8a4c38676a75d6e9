#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# top: a container's processes, as the host's ps shows them.

bats_require_minimum_version 1.5.0

setup_file() {
	load lib/coffer
	coffer_file_setup
	coffer run -d --network none --name busy box:1 sh -c 'sleep 4711 & exec sleep 4712' >/dev/null
}

teardown_file() {
	load lib/coffer
	coffer_file_teardown
}

setup() {
	load lib/coffer
	command -v ps >/dev/null || skip "there is no ps(1)"
	both() { [ "$(coffer top busy | grep -c 'sleep 471[12]')" = 2 ]; }
	eventually both
}

@test "its processes and nobody else's, with ps's own columns" {
	run -0 coffer top busy
	[[ ${lines[0]} =~ ^UID\ +PID\ +PPID\ +C\ +STIME\ +TTY\ +TIME\ +CMD$ ]]
	[ "${#lines[@]}" = 3 ]
	pid=$(coffer inspect busy | jq '.[0].State.Pid')
	[[ $output == *" $pid "*'sleep 4712'* ]]
}

@test "options are ps's; without a column PID nobody knows whose the lines are" {
	pid=$(coffer inspect busy | jq '.[0].State.Pid')
	[ "$(coffer top busy -eo pid,args | awk -v pid="$pid" '$1 == pid {print $2, $3}')" = 'sleep 4712' ]
	run -1 coffer top busy -eo args
	[[ $output == *'there is no column PID'* ]]
	run -1 coffer top busy --no-such-option
	[[ $output == *'ps failed with exit status'* ]]
	run -1 coffer top busy -o bogus
	[[ ${lines[0]} == *'ps failed with exit status '*': '*'bogus'* ]]
	[[ $output != *'\n'* && $output != *Usage* ]]
}

@test "one that is paused, one that does not run, and none" {
	coffer pause busy
	[ "$(coffer top busy | wc -l)" = 3 ]
	coffer unpause busy
	coffer create --network none --name idle box:1 true
	run -1 coffer top idle
	[[ $output == *'cannot list the processes of container "idle": '*'is not running'* ]]
	coffer rm idle
	run -1 coffer top nosuch
}
