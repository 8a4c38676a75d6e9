#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# update: other limits for a container that runs, by flags and by a document, on cgroup v1 and v2.

bats_require_minimum_version 1.5.0
load lib/verbs

setup_file() {
	verbs_file_setup
}

setup() {
	verbs_setup
	config '.linux.resources += {
		memory: {limit: 33554432, reservation: 25165824},
		cpu: {shares: 100, quota: 500000, period: 1000000},
		pids: {limit: 20}}'
}

teardown() {
	verbs_teardown
}

# A value of v1's file and of v2's, or only one that both have.
limit_is() {
	local found
	found=$(cgroup_value "$1" "$2")
	if is_v1 "${1%%/*}"; then
		[ "$found" = "$3" ]
	else
		[ "$found" = "${4-$3}" ]
	fi || {
		echo "$1 or $2 is $found" >&2
		return 1
	}
}

memory_limit_is() {
	limit_is memory/memory.limit_in_bytes memory.max "$@"
}

quota_is() {
	if is_v1 cpu; then
		[ "$(cgroup_value cpu/cpu.cfs_quota_us) $(cgroup_value cpu/cpu.cfs_period_us)" = "$1 $2" ]
	else
		[ "$(cgroup_value '' cpu.max)" = "${1/#-1/max} $2" ]
	fi
}

has_swap_limit() {
	if is_v1 memory; then
		[ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ]
	else
		[ -e "/sys/fs/cgroup$CGROUP/memory.swap.max" ]
	fi
}

@test "memory, in bytes and with a unit, and back to no limit" {
	run_detached box
	memory_limit_is 33554432
	runtime update --memory 67108864 box
	memory_limit_is 67108864
	runtime update --memory 50M box
	memory_limit_is 52428800
	runtime update --memory-reservation 32m box
	limit_is memory/memory.soft_limit_in_bytes memory.low 33554432
	runtime update --memory -1 box
	memory_limit_is 9223372036854771712 max
	# What was not named has stayed.
	limit_is pids/pids.max pids.max 20
	quota_is 500000 1000000
}

@test "memory and swap together" {
	run_detached box
	has_swap_limit || skip "this kernel does not limit swap"
	runtime update --memory 30M --memory-swap 50M box
	memory_limit_is 31457280
	limit_is memory/memory.memsw.limit_in_bytes memory.swap.max 52428800 20971520
	# More memory than both were allowed, up with both; and down again.
	runtime update --memory 60M --memory-swap 80M box
	memory_limit_is 62914560
	limit_is memory/memory.memsw.limit_in_bytes memory.swap.max 83886080 20971520
	runtime update --memory 30M --memory-swap 50M box
	limit_is memory/memory.memsw.limit_in_bytes memory.swap.max 52428800 20971520
	# The sum stays when only the memory changes.
	runtime update --memory 40M box
	limit_is memory/memory.memsw.limit_in_bytes memory.swap.max 52428800 10485760
	run -1 runtime update --memory 60M box
	memory_limit_is 41943040
	runtime update --memory-swap -1 box
	limit_is memory/memory.memsw.limit_in_bytes memory.swap.max 9223372036854771712 max
}

@test "CPU quota and period, each alone, together, and none" {
	run_detached box
	runtime update --cpu-period 900000 box
	quota_is 500000 900000
	runtime update --cpu-quota 600000 box
	quota_is 600000 900000
	runtime update --cpu-quota -1 box
	quota_is -1 900000
	runtime update --cpu-quota -1 --cpu-period 100000 box
	quota_is -1 100000
	runtime update --cpu-quota 50000 --cpu-period 100000 box
	quota_is 50000 100000
}

@test "CPU weight, burst and idle" {
	run_detached box
	runtime update --cpu-share 200 box
	limit_is cpu/cpu.shares cpu.weight 200 29
	runtime update --cpu-burst 100000 box
	limit_is cpu/cpu.cfs_burst_us cpu.max.burst 100000
	runtime update --cpu-burst 0 box
	limit_is cpu/cpu.cfs_burst_us cpu.max.burst 0
	runtime update --cpu-idle 1 box
	limit_is cpu/cpu.idle cpu.idle 1
	runtime update --cpu-idle 0 box
	limit_is cpu/cpu.idle cpu.idle 0
}

@test "CPUs and memory nodes" {
	run_detached box
	runtime update --cpuset-cpus 0 --cpuset-mems 0 box
	limit_is cpuset/cpuset.cpus cpuset.cpus 0
	limit_is cpuset/cpuset.mems cpuset.mems 0
	run -1 runtime update --cpuset-cpus 4000 box
	[[ $output == *'CPUs are not available'* ]]
}

@test "processes" {
	run_detached box
	runtime update --pids-limit 10 box
	limit_is pids/pids.max pids.max 10
	runtime update --pids-limit -1 box
	limit_is pids/pids.max pids.max max
}

@test "a document on standard input or in a file; flags beside it do not count" {
	run_detached box
	runtime update -r - --pids-limit 7 box <<-DOCUMENT
		{"memory": {"limit": 41943040}, "cpu": {"shares": 1024, "quota": 250000, "period": 500000, "cpus": "0"},
		 "pids": {"limit": 30}, "devices": [{"allow": false, "access": "rwm"}], "unknown": 1}
	DOCUMENT
	memory_limit_is 41943040
	limit_is cpu/cpu.shares cpu.weight 1024 100
	limit_is cpuset/cpuset.cpus cpuset.cpus 0
	limit_is pids/pids.max pids.max 30
	quota_is 250000 500000
	echo '{"pids": {"limit": 31}}' >limits.json
	runtime update --resources limits.json box
	limit_is pids/pids.max pids.max 31
	memory_limit_is 41943040
}

@test "a document that is none is refused with the place, and nothing is changed" {
	run_detached box
	echo '{"pids": {"limit": 99}, "memory": {"limit": "much"}}' >limits.json
	run -1 runtime update -r limits.json box
	[[ $output == *'limits.json:1:45: /memory/limit: expected'* ]]
	run -1 runtime update -r - box <<<'[]'
	[[ $output == *'standard input:1:1'* ]]
	run -1 runtime update -r - box <<<'{'
	run -1 runtime update -r nosuch.json box
	[[ $output == *nosuch.json* ]]
	limit_is pids/pids.max pids.max 20
}

@test "cgroup v2 files by name" {
	! is_v1 memory || skip "needs cgroup v2"
	run_detached box
	runtime update -r - box <<<'{"unified": {"cpu.max": "max 100000", "cpu.weight": "16", "pids.max": "10"}}'
	quota_is -1 100000
	[ "$(cgroup_value '' cpu.weight)" = 16 ]
	[ "$(cgroup_value '' pids.max)" = 10 ]
}

@test "checkBeforeUpdate refuses a limit that would kill" {
	config '.process.args = ["sh", "-c", "x=a; while [ ${#x} -lt 8388608 ]; do x=$x$x; done; echo ready; sleep 1000; true"]'
	runtime run --detach box </dev/null >signals 2>errors
	until_true grep -q ready signals
	run -1 runtime update -r - box <<<'{"memory": {"limit": 1048576, "checkBeforeUpdate": true}}'
	memory_limit_is 33554432
	status_is box running
}

@test "values that make no sense are refused, and nothing is changed" {
	run_detached box
	for flag in memory=3x memory=-2 memory= pids-limit=x cpu-quota=1.5 cpu-period=-1 cpu-share=1k blkio-weight=70000; do
		[ "$flag" = memory= ] || run -1 runtime update "--$flag" box
		[ "$flag" = memory= ] || [[ $output == *"invalid argument"*"--${flag%%=*}"* ]]
	done
	run -1 runtime update --cpu-period 1 box
	run -1 runtime update --cpu-idle 2 box
	run -1 runtime update --memory 10m --memory-swap 5m box
	[[ $output == *"update container 'box'"*'less than that of memory'* ]]
	run -1 runtime update --mem-bw-schema 'MB:0=50' box
	[[ $output == *'Intel RDT'* ]]
	run -0 runtime update --memory '' --cpu-quota '' --cpuset-cpus '' --pids-limit 0 --blkio-weight 0 box
	run -0 runtime update --kernel-memory 10m box
	[[ $output == *level=warning*kernel* ]]
	memory_limit_is 33554432
	limit_is pids/pids.max pids.max 20
	quota_is 500000 1000000
}

@test "a paused container is updated, and stays paused; a stopped one is not" {
	run_detached box
	runtime pause box
	runtime update --pids-limit 30 box
	limit_is pids/pids.max pids.max 30
	status_is box paused
	runtime resume box
	runtime kill box KILL
	until_status box stopped
	run -1 runtime update --pids-limit 40 box
	[[ $output == *'container not running'* ]]
}

@test "devices stay as they are over many updates" {
	run_detached box
	for n in {1..70}; do
		runtime update --pids-limit $((2 * n + 20)) box
	done
	runtime exec box sh -c 'echo >/dev/null'
}
