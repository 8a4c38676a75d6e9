#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The engine's containers on a host that systemd rules: in scopes of its, unless somebody wants otherwise.

bats_require_minimum_version 1.5.0
load ../../e2e/lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	[ "$(</proc/1/comm)" = systemd ] || skip "needs systemd as the first process: run this with tests/vm/run --systemd"
}

# property UNIT NAME
property() {
	systemctl show --value -p "$2" "$1"
}

gone() {
	[ "$(property "coffer-$1.scope" LoadState)" = not-found ] && [ -z "$(find /sys/fs/cgroup -name "coffer-$1.scope")" ]
}

@test "a container is in a scope of system.slice, which knows its limits" {
	[ "$(coffer info --format '{{.CgroupDriver}}')" = systemd ]
	id=$(coffer run -d --network none --name web --stop-signal KILL -m 64m --memory-high 48m --cpu-weight 50 box:1 sleep 1000)
	local scope=coffer-$id.scope pid
	pid=$(coffer inspect --format '{{.State.Pid}}' web)
	[ "$(</proc/"$pid"/cgroup)" = "0::/system.slice/$scope" ]
	[ "$(property "$scope" Slice) $(property "$scope" Delegate)" = "system.slice yes" ]
	[ "$(property "$scope" MemoryMax) $(property "$scope" MemoryHigh) $(property "$scope" CPUWeight)" = "$((64 << 20)) $((48 << 20)) 50" ]
	coffer update -m 96m --memory-high 80m web
	[ "$(property "$scope" MemoryMax) $(property "$scope" MemoryHigh)" = "$((96 << 20)) $((80 << 20))" ]
	[ "$(cat "/sys/fs/cgroup/system.slice/$scope/memory.max")" = $((96 << 20)) ]
	coffer stats --no-stream --format '{{.Name}} {{.PIDs}}' | grep -qx 'web 1'
	[ "$(coffer exec web cat /proc/self/cgroup)" = 0::/ ]
	coffer restart web
	pid=$(coffer inspect --format '{{.State.Pid}}' web)
	[ "$(</proc/"$pid"/cgroup)" = "0::/system.slice/$scope" ]
	coffer rm -f web
	eventually gone "$id"
}

@test "who is promised memory is in coffer's own slice, and systemd protects that with the sum" {
	id=$(coffer run -d --network none --name kept --stop-signal KILL --memory-min 16m --memory-low 8m box:1 sleep 1000)
	coffer run -d --network none --name too --stop-signal KILL --memory-min 4m box:1 sleep 1000
	[ -d "/sys/fs/cgroup/coffer.slice/coffer-$id.scope" ]
	[ "$(cat /sys/fs/cgroup/coffer.slice/memory.{min,low})" = $'20971520\n8388608' ]
	[ "$(property coffer.slice MemoryMin) $(property coffer.slice MemoryLow)" = "20971520 8388608" ]
	systemctl daemon-reload
	[ "$(</sys/fs/cgroup/coffer.slice/memory.min)" = 20971520 ]
	run -0 coffer update --memory-min 32m kept
	[ "$(property coffer.slice MemoryMin)" = 37748736 ]
	coffer rm -f kept
	eventually gone "$id"
	[ "$(property coffer.slice MemoryMin) $(property coffer.slice MemoryLow)" = "4194304 0" ]
	coffer rm -f too
	[ "$(property coffer.slice MemoryMin)" = 0 ]
	systemctl stop coffer.slice
	run -0 coffer run --rm --network none --memory-min 4m --cgroup-parent tests.slice box:1 true
	[[ $output == *"limit without effect: of memory.min (4194304) counts only what '/sys/fs/cgroup/tests.slice' has of it: 0"* ]]
	systemctl stop tests.slice
}

@test "--cgroup-parent names a slice" {
	id=$(coffer run -d --network none --name inner --cgroup-parent tests-inner.slice box:1 sleep 1000)
	[ -d "/sys/fs/cgroup/tests.slice/tests-inner.slice/coffer-$id.scope" ]
	coffer rm -f inner
	eventually gone "$id"
	systemctl stop tests.slice
	run -125 coffer run --rm --network none --cgroup-parent /tests box:1 true
	[[ $output == *'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"'* ]]
}

@test "--cgroup-manager cgroupfs is not systemd's affair" {
	id=$(coffer --cgroup-manager cgroupfs run -d --network none --name plain box:1 sleep 1000)
	[ -d "/sys/fs/cgroup/coffer/$id" ]
	[ "$(property "coffer-$id.scope" LoadState)" = not-found ]
	coffer rm -f plain
	[ ! -e "/sys/fs/cgroup/coffer/$id" ]
}

# systemd removes a scope's cgroup, and all that the kernel has counted in it, as soon as the last process has ended.
@test "who was killed for memory is known, whoever removes the cgroup first" {
	for round in {1..8}; do
		run -137 coffer run --network none --name "hog$round" -m 16m --memory-swap 16m box:1 \
			dd if=/dev/zero of=/dev/null bs=64M count=1
		[ "$(coffer inspect --format '{{.State.OOMKilled}} {{.State.Death.cause}}' "hog$round")" = "true oom" ] || {
			echo "$output"
			coffer inspect "hog$round" | jq '.[0].State'
			return 1
		}
		coffer rm "hog$round"
	done
	coffer events --since 1h --until 0s --filter event=oom --format '{{.Actor.Attributes.name}}' | grep -c hog
}

@test "a monitor that was killed leaves a scope that the next command removes" {
	id=$(coffer run -d --network none --name orphan box:1 sleep 1000)
	pkill -KILL -f "coffer-monitor.* /.*/containers/$id"
	ended() { [ "$(coffer ps -a --filter name=orphan --format '{{.State}}')" = exited ]; }
	eventually ended
	eventually gone "$id"
	coffer rm orphan
}
