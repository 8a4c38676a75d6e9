#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# coffer-runtime when things go wrong: SIGKILL at every system call, several at the same id, full and read-only disks,
# what a reboot leaves, documents made to hurt; and that many containers leave no more than one does.
#
#   COFFER_KILL_STEP=1    kill at every system call, not at some
#   COFFER_CYCLES=10000   so many containers, one after the other

bats_require_minimum_version 1.5.0
load ../conformance/lib/bundle

setup_file() {
	bundle_file_setup
	# Leaks are not looked for in a process that is traced.
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	# With sanitizers each step takes longer, and most of the system calls are theirs.
	local step=13
	if [ "${COFFER_SANITIZED:-no}" = yes ]; then
		step=37
	fi
	export COFFER_KILL_STEP=${COFFER_KILL_STEP:-$step}
	helper kill-at
}

setup() {
	bundle_setup
	# With a path to the root: a bundle is as good as another here, and copying takes time.
	rm -r rootfs
	config '.root.path = $root' --arg root "$TEMPLATE"
}

teardown() {
	bundle_teardown
}

# --- death ---

# killed_at WHO N VERB...: sets $status as kill-at has it.
killed_at() {
	local who=$1 when=$2
	shift 2
	status=0
	"$(helper kill-at)" "$who" "$when" "$COFFER_BIN/coffer-runtime" --root "$STATE" "$@" </dev/null >seen 2>errors 3>&- ||
		status=$?
}

nothing_left() {
	left=$(left_mounts && left_cgroups && left_processes && left_state && left_seen)
	[ -z "$left" ]
}

# Of the processes that kill-at saw: who lives still.
left_seen() {
	local pid _
	while read -r pid; do
		for _ in {1..1500}; do
			grep -qs '^State:\s[^ZX]' "/proc/$pid/status" || continue 2
			sleep 0.02
		done
		echo "process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
	done < <(grep -x '[0-9]*' seen)
}

# walk WHO CHECK VERB...: kill it at one system call after the other, until it is done before it gets there.
walk() {
	local who=$1 check=$2 n step=$COFFER_KILL_STEP
	shift 2
	for ((n = 1; n < 5000; n += step)); do
		before
		killed_at "$who" "$n" "$@"
		[ "$status" -ne 3 ] || break
		if ! "$check" || ! nothing_left; then
			echo "killed at system call $n: status $status, left: ${left:-}"
			cat errors
			return 1
		fi
	done
	[ "$n" -gt 50 ]
	"$check"
}

before() {
	:
}

delete_by_force() {
	runtime delete --force box
}

# Somebody is there to clean up; no system call is after the last word.
gave_up() {
	[ "$status" -eq 3 ] || [ "$status" -eq 2 ] || [ ! -e "$STATE/box" ]
	delete_by_force
}

@test "create is killed" {
	walk 0 delete_by_force create box
}

@test "create is killed, with a user namespace and without a cgroup" {
	chmod o+x "$BATS_RUN_TMPDIR" "${BATS_FILE_TMPDIR%/*}" "$BATS_FILE_TMPDIR"
	config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	COFFER_KILL_STEP=$((COFFER_KILL_STEP * 3)) walk 0 delete_by_force create box
	COFFER_KILL_STEP=$((COFFER_KILL_STEP * 3)) walk 0 delete_by_force --cgroup-manager disabled create box
}

@test "the init process is killed while its creator lives" {
	walk 1 gave_up create box
}

@test "delete is killed" {
	before() {
		[ -e "$STATE/box" ] || create
	}
	walk 0 delete_by_force delete --force box
}

@test "run is killed, and its container goes with it or can be deleted" {
	config '.process.args = ["true"]'
	COFFER_KILL_STEP=$((COFFER_KILL_STEP * 2)) walk 0 delete_by_force run box
}

@test "exec is killed: the container does not mind" {
	still_runs() {
		[ "$(state_of box)" = running ] && left=$(left_seen) && [ -z "$left" ]
	}
	nothing_left() {
		:
	}
	spawn 'sleep 1000'
	walk 0 still_runs exec box true
	walk 1 still_runs exec box true
	runtime delete --force box
}

# --- several at once ---

# together COMMAND... -- COMMAND...: both at the same time; sets $first and $second to their statuses.
together() {
	local commands=()
	while [ "$1" != -- ]; do
		commands+=("$1")
		shift
	done
	shift
	first=0 second=0
	runtime "${commands[@]}" </dev/null >first 2>&1 &
	runtime "$@" </dev/null >second 2>&1 || second=$?
	wait $! || first=$?
}

@test "two create the same id: one gets it" {
	local _
	for _ in {1..10}; do
		together create box -- create box
		[ $((first + second)) -eq 1 ]
		grep -h 'container with id exists: box' first second
		[ "$(state_of box)" = created ]
		runtime start box
		[ "$(state_of box)" = running ]
		runtime delete --force box
		[ -z "$(left_cgroups)" ]
	done
}

# What is created while others delete is whole, or not there.
@test "create against delete, again and again" {
	deleter() {
		while [ ! -e stop ]; do
			runtime delete --force box || echo "delete failed"
		done
	}
	deleter >deleter1 2>&1 3>&- &
	deleter >deleter2 2>&1 3>&- &
	local _
	for _ in {1..60}; do
		runtime create box </dev/null >>creator 2>&1 || echo "create failed" >>creator
	done
	touch stop
	wait
	cat creator deleter1 deleter2
	[ ! -s deleter1 ] && [ ! -s deleter2 ]
	[ "$(grep -c 'create failed' creator)" -eq "$(grep -c 'container with id exists: box' creator)" ]
	[ "$(grep -c 'create failed' creator)" -lt 60 ]
	runtime delete --force box
}

@test "start against delete, kill against delete, start against start" {
	local _
	for _ in {1..8}; do
		create
		together start box -- delete --force box
		[ "$second" -eq 0 ] && { [ "$first" -eq 0 ] || grep -E 'does not exist|is gone' first; }
		[ ! -e "$STATE/box" ]
		create
		together kill box KILL -- delete --force box
		[ "$second" -eq 0 ] && { [ "$first" -eq 0 ] || grep -E 'does not exist|not running' first; }
		[ ! -e "$STATE/box" ]
		create
		together start box -- start box
		[ $((first + second)) -eq 1 ]
		[ "$(state_of box)" = running ]
		runtime delete --force box
	done
}

# --- disks ---

@test "the disk is full when state is written: words, and nothing is left" {
	mkdir small
	mount -t tmpfs -o size=16k,nr_inodes=16 tmpfs small
	STATE=$PWD/small
	head -c 1m /dev/zero >small/filler 2>/dev/null || true
	run -1 runtime create box
	[[ $output == *"write 'state.json': no space left on device"* ]]
	rm small/filler
	touch small/{1..20} 2>/dev/null || true
	run -1 runtime create box
	[[ $output == *'no space left on device'* ]]
	[ ! -e small/box ] && [ -z "$(left_cgroups)" ]
	rm small/*
	create
	head -c 1m /dev/zero >small/filler 2>/dev/null || true
	runtime start box
	runtime delete --force box
	umount small
}

@test "a state root that cannot be written to" {
	mkdir state
	STATE=$PWD/state
	mount -t tmpfs tmpfs state
	create
	mount -o remount,ro state
	run -1 runtime create other
	[[ $output == *"make '$STATE/other': read-only file system"* ]]
	[ "$(state_of box)" = created ]
	[ "$(runtime list --quiet)" = box ]
	run -1 runtime delete --force box
	[[ $output == *'read-only file system'* ]]
	mount -o remount,rw state
	runtime delete --force box
	umount state
	STATE=/proc/no-such-place
	run -1 runtime create box
	[[ $output == *"/proc/no-such-place"* ]]
	STATE=$PWD/config.json
	run -1 runtime create box
	[[ $output == *'not a directory'* ]]
}

# --- what a reboot leaves ---

@test "a state directory whose process is another one now" {
	sleep 1000 3>&- &
	local other=$!
	mkdir -p "$STATE/box"
	jq -n --arg bundle "$PWD" --arg cgroup "$CGROUP" --argjson pid "$other" '{ociVersion: "1.0.2", bundle: $bundle,
		rootfs: "/", config: "config.json", cgroupPath: $cgroup, pid: $pid, startTime: 17, createdAt: 1, owner: 0}' \
		>"$STATE/box/state.json"
	[ "$(state_of box)" = stopped ]
	[ "$(runtime state box | jq .pid)" = 0 ]
	run -1 runtime kill box KILL
	[[ $output == *'container not running'* ]]
	run -255 runtime exec box true
	run -1 runtime start box
	[[ $output == *'stopped'* ]]
	runtime delete box
	[ ! -e "$STATE/box" ]
	kill -0 "$other"
	kill "$other"
}

@test "state that is empty, cut off, or no document at all" {
	local content
	for content in '' '{' '[]' '{"pid": "x"}' 'null' "$(head -c 100000 /dev/zero | tr '\0' '[')"; do
		mkdir -p "$STATE/box"
		printf %s "$content" >"$STATE/box/state.json"
		run runtime state box
		[[ $status -eq 0 || $output == *"state of container 'box'"* ]]
		run -0 runtime list --quiet
		[ "$output" = box ]
		run runtime delete --force box
		[ ! -e "$STATE/box" ] || {
			echo "'${content:0:20}' cannot be deleted: $output"
			return 1
		}
	done
}

# --- documents made to hurt ---

# refuses_soon TEXT: within the patience of people, and without eating the machine.
refuses_soon() {
	local text=$1 status=0
	(
		[ "$COFFER_SANITIZED" = yes ] || ulimit -v 2000000
		exec timeout 120 "$COFFER_BIN/coffer-runtime" --root "$STATE" create box
	) >output 2>&1 </dev/null || status=$?
	[ "$status" -eq 1 ] && contains "$(head -c 2000 output)" "$text"
}

@test "huge, deep and endless documents are refused with words" {
	cp config.json good.json
	{
		printf '{"ociVersion": "1.0.2", "annotations": {"a": "'
		head -c 100000000 /dev/zero | tr '\0' x
		printf '"}}'
	} >config.json
	refuses_soon 'config.json'
	head -c 1000000 /dev/zero | tr '\0' '[' >config.json
	refuses_soon 'config.json'
	{
		printf '{"mounts": ['
		yes '{},' | head -n 999999
		printf '{}]}'
	} >config.json
	refuses_soon 'config.json'
	jq -c '.mounts += [range(20000) | {destination: "/tmp/\(.)", type: "tmpfs", source: "tmpfs", options: ["nosuch=1"]}]' \
		good.json >config.json
	refuses_soon '/mounts/'
	jq -c '.process.args = ["x" * 200000]' good.json >config.json
	refuses_soon 'box'
	rm config.json
	ln -s /dev/zero config.json
	refuses_soon 'config.json'
	rm config.json
	mkdir config.json
	refuses_soon 'config.json'
	rmdir config.json
	cp good.json config.json
}

# --- many ---

@test "many containers, one after the other, leave nothing" {
	local cycles=${COFFER_CYCLES:-300}
	config '.process.args = ["true"]'
	# In a pid namespace with a first process that reaps, for the host's may take its time.
	cat >cycles <<-'END'
		set -e
		mounts=$(cat /proc/self/mountinfo | wc -l)
		for ((i = 0; i < CYCLES; i++)); do
			"$RUNTIME" --root "$STATE" create box </dev/null >output 2>&1
			"$RUNTIME" --root "$STATE" start box
			until [ "$("$RUNTIME" --root "$STATE" state box | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p')" = stopped ]; do
				sleep 0.001
			done
			"$RUNTIME" --root "$STATE" delete box
		done
		[ "$(cat /proc/self/mountinfo | wc -l)" -eq "$mounts" ]
		for _ in {1..600}; do
			left=(/proc/[0-9]*) # the first process and we; no other one has to look
			[ ${#left[@]} -gt 2 ] || exit 0
			sleep 0.05
		done
		ps ax
		exit 1
	END
	RUNTIME=$COFFER_BIN/coffer-runtime STATE=$STATE CYCLES=$cycles unshare --mount --pid --fork --kill-child --mount-proc \
		"$COFFER_BIN/coffer-init" bash cycles 3>&-
	[ -z "$(left_cgroups)" ] && [ -z "$(left_state)" ]
}
