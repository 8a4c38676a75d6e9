#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# perf stat and record: events of processors and of the kernel, counted in a container.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	coffer run -d --network none --name busy box:1 sh -c 'while :; do :; done' >/dev/null
	coffer create --network none --name idle box:1 true >/dev/null
}

teardown_file() {
	coffer_file_teardown
}

# Whether the kernel counts events in control groups here, and lets us.
need_events() {
	run coffer perf stat -d 10ms busy
	[ "$status" -eq 0 ] || skip "${lines[0]}"
}

@test "the kernel's events are counted, and what processors cannot count is said" {
	need_events
	coffer perf stat -d 500ms --format json busy >"$BATS_TEST_TMPDIR/events"
	jq -se 'map(select(.Event == "task-clock"))[0].Count | rtrimstr(" msec") | tonumber > 10' "$BATS_TEST_TMPDIR/events"
	jq -se 'map(select(.Event == "cycles"))[0].Count | test("^([0-9]+|<not supported>)$")' "$BATS_TEST_TMPDIR/events"
	[ "$(coffer perf stat -d 10ms -e page-faults -e task-clock --format '{{.Event}}' busy | paste -sd ' ')" = 'page-faults task-clock' ]
}

@test "record: perf writes down where the time goes" {
	command -v perf >/dev/null || skip "needs perf (Debian's linux-perf)"
	need_events
	perf record -a -o "$BATS_TEST_TMPDIR/probe" -e cpu-clock -- true >/dev/null 2>&1 || skip "perf cannot sample here"
	coffer perf record -d 200ms -o "$BATS_TEST_TMPDIR/data" busy
	[ -s "$BATS_TEST_TMPDIR/data" ]
}

@test "what cannot be" {
	run -1 coffer perf stat idle
	[[ $output == *'container "idle" is not running'* ]]
	run -1 coffer perf stat nosuch
	[[ $output == *'No such container: nosuch'* ]]
	run -125 coffer perf stat -e nosuch busy
	[[ $output == *'unknown event "nosuch"'* ]]
	run ! coffer perf stat -d 0 busy
	[[ $output == *'it has to be more than 0'* ]]
	if ! command -v perf >/dev/null; then
		run -1 coffer perf record busy
		[[ $output == *'perf is not installed'*'hint:  apt-get install linux-perf'* ]]
	fi
}
