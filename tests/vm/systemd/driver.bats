#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Containers in scopes of systemd, and what remains of them: nothing.

bats_require_minimum_version 1.5.0
load ../../conformance/lib/verbs

SCOPE=box-1.scope
IN=/sys/fs/cgroup/system.slice/$SCOPE

setup_file() {
	verbs_file_setup
}

setup() {
	[ "$(</proc/1/comm)" = systemd ] || skip "needs systemd as the first process: run this with tests/vm/run --systemd"
	verbs_setup
	config '.linux.cgroupsPath = "system.slice:box:1"'
}

left_behind() {
	systemctl list-units --all --plain --no-legend 'box-*' 'coffer-*.scope' 'sub*.slice'
	find /sys/fs/cgroup -name 'box-*'
}

# No scope of a test is left, neither as a unit nor as a directory; systemd forgets them a moment later.
teardown() {
	verbs_teardown
	local left
	for _ in {1..600}; do
		left=$(left_behind)
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	echo "left behind: $left" >&2
	return 1
}

runtime() {
	"$COFFER_BIN/coffer-runtime" --root "$STATE" --systemd-cgroup "$@"
}

# property NAME [UNIT]
property() {
	systemctl show --value -p "$1" "${2:-$SCOPE}"
}

gone() {
	[ "$(property LoadState)" = not-found ] && [ ! -e "$IN" ]
}

limits='.linux.resources += {
	memory: {limit: 33554432, swap: 67108864, reservation: 16777216},
	cpu: {shares: 512, quota: 33333, period: 100000, cpus: "0"}, pids: {limit: 20}}'

@test "a scope has the container's first process, is delegated, and knows the limits" {
	config "$limits"
	run_detached box
	[ "$(<$IN/cgroup.procs)" = "$(runtime state box | jq .pid)" ]
	[ "$(property Slice) $(property Delegate) $(property DefaultDependencies)" = "system.slice yes no" ]
	[ "$(property Description)" = "coffer container box" ]
	[ "$(property MemoryMax) $(property MemorySwapMax) $(property MemoryLow)" = "33554432 33554432 16777216" ]
	[ "$(property TasksMax) $(property CPUWeight) $(property AllowedCPUs)" = "20 59 0" ]
	[ "$(property CPUQuotaPerSecUSec) $(property CPUQuotaPeriodUSec)" = "340ms 100ms" ]
	for what in Memory CPU IO Tasks; do [ "$(property ${what}Accounting)" = yes ]; done
}

# systemd knows hundredths of a processor only, and rounding up leaves a container no less than it was given.
@test "the files say exactly what config.json does; systemd writes the same when it has read its units again" {
	config "$limits | .linux.resources.unified = {\"memory.high\": \"30000000\", \"hugetlb.2MB.max\": \"0\"}"
	run_detached box
	local files='memory.max memory.swap.max memory.low memory.high pids.max cpu.weight cpuset.cpus hugetlb.2MB.max'
	local expected=$'33554432\n33554432\n16777216\n29999104\n20\n59\n0\n0'
	cd "$IN"
	# shellcheck disable=SC2086 # words
	[ "$(cat $files cpu.max)" = "$expected"$'\n33333 100000' ]
	systemctl daemon-reload
	# shellcheck disable=SC2086
	[ "$(cat $files cpu.max)" = "$expected"$'\n34000 100000' ]
	[ "$(property MemoryHigh)" = 30000000 ]
}

@test "runc and crun have the same properties, but for the conversion of shares and crun's own cgroup below" {
	config "$limits"
	local names=(Slice Delegate DefaultDependencies MemoryMax MemorySwapMax MemoryLow TasksMax AllowedCPUs
		CPUQuotaPerSecUSec CPUQuotaPeriodUSec MemoryAccounting CPUAccounting IOAccounting TasksAccounting DevicePolicy)
	local arguments=() name
	for name in "${names[@]}"; do arguments+=(-p "$name"); done
	run_detached box
	systemctl show "${arguments[@]}" $SCOPE | sort >ours
	runtime delete --force box
	runc --root "$PWD/runc" --systemd-cgroup run -d other </dev/null >output 2>&1 3>&-
	systemctl show "${arguments[@]}" $SCOPE | sort >theirs
	runc --root "$PWD/runc" delete --force other
	diff theirs ours
}

@test "device rules reach systemd, and hold" {
	config '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "b", major: 8, access: "r"}] |
		.process.args = ["sh", "-c", "cat /dev/zero | dd bs=1 count=1 2>&1; echo >/dev/kmsg; sleep 1000"] |
		.mounts += [{destination: "/dev/kmsg", source: "/dev/kmsg", type: "bind", options: ["bind"]}]'
	run_detached box
	[ "$(property DevicePolicy)" = strict ]
	[[ $(property DeviceAllow) == *block-8\ r* && $(property DeviceAllow) == */dev/char/1:3\ rwm* ]]
	until_true grep -q 'Operation not permitted' output
	grep -q '1+0 records out\|1 bytes' output
}

@test "annotations become properties" {
	config '.annotations = {"org.systemd.property.TimeoutStopSec": "7", "org.systemd.property.CollectMode":
		"\u0027inactive-or-failed\u0027", "org.systemd.property.After": "[\u0027a.service\u0027]"}'
	run_detached box
	[ "$(property TimeoutStopUSec) $(property CollectMode)" = "7s inactive-or-failed" ]
	[[ $(property After) == *a.service* ]]
}

@test "annotations that make no sense are refused, by us or by systemd" {
	config '.annotations = {"org.systemd.property.TimeoutStopUSec": "soon"}'
	run -1 runtime create box
	[[ $output == *'annotation "org.systemd.property.TimeoutStopUSec": "soon" is no value of a systemd property'* ]]
	config '.annotations = {"org.systemd.property.NoSuchThing": "5"}'
	run -1 runtime create box
	[[ $output == *"start systemd unit '$SCOPE': "*NoSuchThing* ]]
	[[ $output == *E-SYSTEMD* ]]
	gone
}

@test "names: the default, a slice of slices, and what is none" {
	config 'del(.linux.cgroupsPath)'
	run_detached box
	[ "$(property ActiveState coffer-runtime-box.scope)" = active ]
	runtime delete --force box
	config '.linux.cgroupsPath = "sub-one.slice:box:2"'
	run_detached box
	[ -d /sys/fs/cgroup/sub.slice/sub-one.slice/box-2.scope ]
	runtime delete --force box
	systemctl stop sub.slice sub-one.slice
	local path
	for path in /a/b a.slice:b a.slice:b:c:d; do
		config ".linux.cgroupsPath = \"$path\""
		run -1 runtime create box
		[[ $output == *"expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \"$path\""* ]]
	done
	config '.linux.cgroupsPath = "a/b.slice:box:1"'
	run -1 runtime create box
	[[ $output == *'invalid slice name: "a/b.slice"'* ]]
}

@test "a scope that is there already is somebody's, and stays" {
	systemd-run --quiet --scope --unit=$SCOPE sleep 1000 3>&- &
	until_true test -e $IN/cgroup.procs
	run -1 runtime create box
	[[ $output == *"start systemd unit '$SCOPE': "*exists* ]] || [[ $output == *already* ]]
	[ "$(property ActiveState)" = active ]
	systemctl stop $SCOPE
	wait
}

@test "a failed scope of the name is no obstacle" {
	config '.annotations = {"org.systemd.property.RuntimeMaxSec": "1", "org.systemd.property.TimeoutStopSec": "1"}'
	run_detached box
	until_status box stopped
	until_true test ! -e $IN
	rm -r "$STATE/box"
	config 'del(.annotations)'
	run_detached box
	[ "$(property ActiveState)" = active ]
}

@test "a sub-cgroup of the scope for the container" {
	config "$limits | .annotations = {\"run.oci.systemd.subgroup\": \"container\"}"
	run_detached box
	[ -z "$(<$IN/cgroup.procs)" ]
	[ "$(<$IN/container/cgroup.procs)" = "$(runtime state box | jq .pid)" ]
	[ "$(<$IN/container/memory.max)" = 33554432 ]
	run -0 runtime exec box cat /proc/self/cgroup
	[ "$output" = 0::/ ]
}

@test "created, started, killed, deleted" {
	runtime create box </dev/null >output 2>&1 3>&-
	status_is box created
	[ "$(property ActiveState)" = active ]
	runtime start box
	run -0 runtime exec box cat /proc/self/cgroup
	[ "$output" = 0::/ ]
	runtime kill box KILL
	until_status box stopped
	runtime delete box
	gone
}

@test "deleted by force while it runs, with children, and while it is paused" {
	config '.process.args = ["sh", "-c", "sleep 1001 & sleep 1002 & sleep 1003"]'
	run_detached box
	runtime delete --force box
	gone
	run_detached box
	runtime pause box
	status_is box paused
	runtime delete --force box
	gone
}

@test "a container that ends by itself leaves no unit" {
	config '.process.args = ["true"]'
	run -0 runtime run box
	gone
	config '.process.args = ["false"]'
	run -1 runtime run box
	gone
}

@test "a container that cannot start leaves no unit" {
	config '.process.args = ["/no/such/program"]'
	run -1 runtime run box
	gone
	config '.linux.resources.unified = {"no.such.file": "1"}'
	run -1 runtime create box
	gone
}

@test "the runtime is killed while it creates: delete by force cleans up" {
	# shellcheck disable=SC2016 # the hook's own parent
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "kill -9 $PPID"]}]'
	run -137 runtime create box
	[ -e "$STATE/box/state.json" ]
	runtime delete --force box
	gone
}

@test "update tells systemd, and the files" {
	config "$limits"
	run_detached box
	runtime update --memory 40000000 --pids-limit 30 --cpu-share 2048 --cpu-quota 20000 box
	[ "$(property MemoryMax) $(property MemorySwapMax) $(property TasksMax)" = "40000000 27108864 30" ]
	[ "$(property CPUWeight) $(property CPUQuotaPerSecUSec)" = "174 200ms" ]
	systemctl daemon-reload
	[ "$(cat $IN/memory.max $IN/memory.swap.max $IN/pids.max)" = $'39997440\n27107328\n30' ]
	[ "$(cat $IN/cpu.weight $IN/cpu.max)" = $'174\n20000 100000' ]
	runtime update -r - box <<<'{"memory": {"swap": 80000000}, "cpu": {"cpus": "1"}, "pids": {"limit": -1}}'
	[ "$(property MemorySwapMax) $(property AllowedCPUs) $(property TasksMax)" = "40002560 1 infinity" ]
	[ "$(cat $IN/cpuset.cpus $IN/pids.max)" = $'1\nmax' ]
}

@test "an update that is refused changes nothing, neither here nor there" {
	config "$limits"
	run_detached box
	run -1 runtime update -r - box <<<'{"memory": {"limit": 4096, "checkBeforeUpdate": true}, "pids": {"limit": 5}}'
	[[ $output == *'more is in use'* ]]
	run -1 runtime update --pids-limit 6 --cpu-period 5 box
	[ "$(property TasksMax) $(property MemoryMax)" = "20 33554432" ]
	[ "$(cat $IN/pids.max $IN/memory.max)" = $'20\n33554432' ]
}

@test "pause, resume, events, ps" {
	run_detached box
	runtime pause box
	status_is box paused
	[ "$(<$IN/cgroup.freeze)" = 1 ]
	runtime resume box
	status_is box running
	[ "$(runtime events --stats box | jq -r '.data.pids.current')" = 1 ]
	has_processes box 1
}
