#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# events: counters in runc's form, at intervals, and out of memory.

bats_require_minimum_version 1.5.0
load lib/verbs

setup_file() {
	verbs_file_setup
}

setup() {
	verbs_setup
	config '.linux.resources += {memory: {limit: 33554432}, pids: {limit: 20}}'
}

teardown() {
	verbs_teardown
}

@test "--stats is one line with all that engines read" {
	config '.process.args = ["sh", "-c", "x=0; while [ $x -lt 20000 ]; do x=$((x+1)); done; echo ready; sleep 1000"]'
	runtime run --detach box </dev/null >signals 2>errors
	until_true grep -q ready signals
	run -0 runtime events --stats box
	[ ${#lines[@]} -eq 1 ]
	[[ $output == '{"type":"stats","id":"box","data":{'* ]]
	jq -e '.data |
		(keys == ["blkio", "cpu", "cpuset", "hugetlb", "intel_rdt", "memory", "network_interfaces", "pids"]) and
		.cpu.usage.total > 0 and .cpu.usage.user >= 0 and .cpu.usage.kernel >= 0 and (.cpu.throttling | type) == "object" and
		.pids.current >= 1 and .pids.limit == 20 and
		.memory.usage.limit == 33554432 and .memory.usage.usage > 0 and .memory.usage.usage < 33554432 and
		.memory.usage.failcnt == 0 and (.memory.raw | length) > 10 and
		.memory.swap.usage >= .memory.usage.usage' <<<"$output"
}

@test "v1 has counters of each CPU, and v2 has pressure" {
	run_detached box
	run -0 runtime events --stats box
	if is_v1 cpuacct; then
		jq -e --argjson n "$(getconf _NPROCESSORS_CONF)" '.data.cpu.usage |
			(.percpu | length) >= $n and (.percpu_user | length) == (.percpu_kernel | length)' <<<"$output"
		jq -e '.data.cpuset.cpus | index(0) != null' <<<"$output"
	else
		jq -e '[.data.cpu.psi, .data.memory.psi, .data.blkio.psi][] |
			.some.avg10 >= 0 and .full.total >= 0' <<<"$output"
		jq -e '.data.memory.event_count.oom == 0' <<<"$output"
	fi
}

@test "throttling is counted" {
	config '.linux.resources.cpu = {quota: 10000, period: 100000} |
		.process.args = ["sh", "-c", "x=0; while [ $x -lt 100000 ]; do x=$((x+1)); done; sleep 1000"]'
	run_detached box
	throttled() {
		runtime events --stats box |
			jq -e '.data.cpu.throttling | .periods > 0 and .throttledPeriods > 0 and .throttledTime > 0'
	}
	until_true throttled
}

# What is counted in the memory cgroup is looked at first; the process is the only child of the shell's function.
watches() {
	find "/proc/$(pgrep -P "$1")/fd" \( -lname '*eventfd*' -o -lname '*/memory.events' \) 2>/dev/null | grep -q .
}

@test "a line for each interval, until the container ends" {
	run_detached box
	runtime events --interval 100ms box >seen 3>&- &
	local watcher=$!
	until_true has_lines seen 3
	runtime kill box KILL
	wait $watcher
	jq -se 'length >= 3 and all(.type == "stats" and .id == "box")' seen
}

@test "the end of an interval that is long is not waited for" {
	run_detached box
	runtime events --interval 1h box >seen 3>&- &
	local watcher=$!
	until_true watches $watcher
	runtime kill box KILL
	wait $watcher
	[ ! -s seen ]
}

@test "out of memory is told, also when it is the end" {
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432} |
		.process.args = ["sh", "-c", "read go </tmp/go; x=a; while :; do x=$x$x; done"] |
		.mounts += [{destination: "/tmp", type: "bind", source: "'"$PWD"'", options: ["bind"]}]'
	mkfifo go
	run_detached box
	runtime events --interval 1h box >seen 3>&- &
	local watcher=$!
	until_true watches $watcher
	echo >go
	wait $watcher
	until_status box stopped
	[ "$(head -n 1 seen)" = '{"type":"oom","id":"box"}' ]
}

@test "a process that is killed for memory leaves the container running, and both are told" {
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	run_detached box
	runtime events --interval 300ms box >seen 3>&- &
	local watcher=$!
	until_true watches $watcher
	runtime exec box sh -c 'x=a; while :; do x=$x$x; done' </dev/null >output 2>&1 || true
	until_true grep -qx '{"type":"oom","id":"box"}' seen
	until_true grep -q '^{"type":"stats"' seen
	status_is box running
	runtime kill box KILL
	wait $watcher
}

@test "events wants a container that runs, and an interval" {
	run_detached box
	for interval in 0 0s -1s 5 x 1y ''; do
		run -1 runtime events "--interval=$interval" box
	done
	runtime kill box KILL
	until_status box stopped
	run -1 runtime events --stats box
	[[ $output == *'container with id box is not running'* ]]
	run -1 runtime events nosuch
}
