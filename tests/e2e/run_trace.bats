#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# run --trace: the steps of a start, from the processes that take them.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

# The steps that were printed, without their times: "monitor cgroup made, limits set: ..."
steps() {
	sed -nE 's/^[0-9.]+ ms +[0-9.]+ ms +([a-z]+ +.*)$/\1/p' <<<"$stderr" | tr -s ' '
}

# Whether the steps have these beginnings, in this order, perhaps with others between them.
steps_are() {
	local at=0 step wanted=("$@")
	while read -r step; do
		# shellcheck disable=SC2053 # they are patterns
		[ "$at" -eq $# ] || [[ $step != ${wanted[at]}* ]] || at=$((at + 1))
	done < <(steps)
	[ "$at" -eq $# ] || { echo "there is no \"${wanted[at]}\" in: $(steps)" && false; }
}

@test "each process tells what it has done, on standard error" {
	run -3 --separate-stderr coffer run --rm --trace --network none --name traced box:1 sh -c 'echo out; exit 3'
	[ "$output" = out ]
	# shellcheck disable=SC2154 # run assigns it
	[[ ${stderr_lines[0]} =~ ^AT\ +TOOK\ +WHO\ +STEP$ ]]
	steps_are 'coffer begin' 'coffer image found: box:1 is sha256:' 'coffer configuration made' \
		'coffer recorded in the database: ' 'monitor configuration read' 'monitor * layers mounted' \
		'monitor seccomp filter made ready' 'monitor process ' 'init in all its namespaces' \
		'init * file systems mounted' 'init kernel settings made, paths protected, root changed' \
		'monitor capabilities dropped' 'monitor container created' 'monitor program executed: sh' \
		'coffer heard that it runs'
	steps | grep -q '^coffer monitor started'
	[ "$(sed -nE 's/^([0-9.]+) ms .*/\1/p' <<<"$stderr")" = "$(sed -nE 's/^([0-9.]+) ms .*/\1/p' <<<"$stderr" | sort -n)" ]
}

@test "in the background; the monitor has let go of it then" {
	run -0 --separate-stderr coffer run -d --trace --network none --name behind box:1 sleep 1000
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	steps_are 'monitor program executed: sleep' 'coffer heard that it runs'
	monitor=$(pgrep -f "$COFFER_TEST_ROOT/run/containers/$output")
	run -1 grep coffer-timeline "/proc/$monitor/maps"
	run -1 grep coffer-timeline "/proc/$(coffer inspect -f '{{.State.Pid}}' behind)/maps"
	coffer rm -f behind
}

@test "of a start that fails: what was done before" {
	run -127 --separate-stderr coffer run --rm --trace --network none box:1 /nosuch
	steps_are 'monitor seccomp filter made ready' 'init kernel settings made'
	run -1 grep 'program executed' <<<"$stderr"
	[[ $stderr == *'no such file or directory'* ]]
	run -125 --separate-stderr coffer run --rm --trace --pull never nosuch
	steps_are 'coffer begin'
}

@test "with an own clock, too, the times are of one clock" {
	[ "$(id -u)" -eq 0 ] || skip "the kernel lets only its own root set clocks"
	run -0 --separate-stderr coffer run --rm --trace --network none --time-offset monotonic=604800 box:1 true ||
		skip "no time namespaces here: $stderr"
	steps_are 'monitor process ' 'init in all its namespaces' 'monitor program executed'
}

@test "who does not ask for it hears nothing" {
	run -0 --separate-stderr coffer run --rm --network none box:1 true
	[ -z "$stderr" ]
}
