#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# No limit is dropped in silence: each flag without its controller is an error that says at which level of the tree it is
# missing, and why; or a warning, with --cgroups-best-effort. And weights of disks, which nothing may follow.

bats_require_minimum_version 1.5.0
load ../e2e/lib/coffer

setup_file() {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || skip "needs pure cgroup v2: run this with tests/vm/run"
	[ "$(</proc/1/comm)" = init ] || skip "changes what the host's disks do: run this with tests/vm/run"
	coffer_file_setup
	# it holds a process itself, so it cannot hand controllers down
	mkdir /sys/fs/cgroup/narrow
	sleep 10000 3>&- &
	echo $! | tee /sys/fs/cgroup/narrow/cgroup.procs >"$BATS_FILE_TMPDIR/pid"
	DISK=$(findmnt -n -o SOURCE --target /var)
	export DISK
}

teardown_file() {
	kill "$(<"$BATS_FILE_TMPDIR/pid")"
	gone() { rmdir /sys/fs/cgroup/narrow 2>/dev/null; }
	eventually gone
	coffer_file_teardown
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# The controller, and the flags that need it.
FLAGS='
memory -m 64m
memory --memory-reservation 16m
memory --memory-min 16m
memory --memory-low 16m
memory --memory-high 64m
memory --oom-group
memory --qos burstable --memory-reservation 16m
cpu --cpus 0.5
cpu --cpu-quota 50000 --cpu-period 100000
cpu --cpu-shares 512
cpu --cpu-weight 50
cpu --cpu-idle 1
cpuset --cpuset-cpus 0
cpuset --cpuset-mems 0
pids --pids-limit 50
io --blkio-weight 500
io --device-read-bps DISK:1mb
io --device-write-iops DISK:50
io --cgroup-conf io.weight=50
memory --cgroup-conf memory.high=67108864
'

@test "each flag without its controller: which one, at which level, and why" {
	local controller flags failed=0
	while read -r controller flags; do
		[ -n "$controller" ] || continue
		# shellcheck disable=SC2086 # words
		run coffer run --rm --network none --cgroup-parent /narrow ${flags//DISK/$DISK} box:1 true
		[[ $status -eq 125 && $output == *"controller \"$controller\" is not available in '/sys/fs/cgroup/narrow/"* &&
			$output == *"missing from cgroup.subtree_control of '/sys/fs/cgroup/narrow', which cannot have it as it holds processes itself: $(<"$BATS_FILE_TMPDIR/pid") (sleep)"* &&
			$output == *E-CG-CTRL* ]] || { echo "$flags: $status: $output"; failed=1; }
	done <<<"$FLAGS"
	[ "$failed" -eq 0 ]
	[ -z "$(coffer ps -aq)" ]
}

@test "with --cgroups-best-effort each is left out, and said" {
	run -0 coffer run --rm --network none --cgroup-parent /narrow --cgroups-best-effort -m 64m --memory-high 48m --cpus 0.5 \
		--cpuset-cpus 0 --pids-limit 50 --device-read-bps "$DISK:1mb" box:1 echo runs
	[ "${lines[-1]}" = runs ]
	for controller in memory cpu cpuset pids io; do
		[[ $output == *"limit left out: apply "*"controller \\\"$controller\\\" is not available"* ||
			$output == *"limit left out: apply "*"controller \"$controller\" is not available"* ]]
	done
	[ "$(grep -c 'limit left out' <<<"$output")" -eq 6 ]
}

@test "what nobody counts is no 0: stats say --, and metrics nothing" {
	coffer run -d --network none --name plain --stop-signal KILL --cgroup-parent /narrow box:1 sleep 1000 >/dev/null
	[ "$(coffer stats --no-stream --format '{{.MemUsage}} {{.MemPerc}} {{.BlockIO}} {{.PIDs}} {{.Periods}}' plain)" = '-- / -- -- -- -- --' ]
	[[ "$(coffer stats --no-stream --format '{{.CPUPerc}}' plain)" =~ ^[0-9.]+%$ ]]
	coffer metrics >samples
	grep -q '^container_cpu_usage_seconds_total{.*name="plain"' samples
	run ! grep -E '^container_(memory|spec_memory|threads|fs|oom)[a-z_]*{.*name="plain"' samples
	coffer rm -f plain >/dev/null
}

@test "a weight of disks: said where none follows it, and nothing said where one does" {
	local disk=${DISK#/dev/} number
	number=$(<"/sys/block/$disk/dev")
	run -0 coffer run --rm --network none --blkio-weight 500 box:1 true
	[[ $output == *"limit without effect: no disk follows the weight of block I/O: $disk has scheduler none and iocost disabled"* ]]
	run -125 coffer run --rm --network none --blkio-weight-device "$DISK:300" box:1 true
	[[ $output == *"write '$number "* && $output == *E-CGROUP* ]]
	echo "$number enable=1" >/sys/fs/cgroup/io.cost.qos
	run -0 coffer run --rm --network none --blkio-weight 500 --blkio-weight-device "$DISK:300" box:1 true
	echo "$number enable=0" >/sys/fs/cgroup/io.cost.qos
	[ -z "$output" ]
	run -0 coffer run --rm --network none --blkio-weight-device "$DISK:300" box:1 true
	[[ $output == *"limit without effect: no disk follows"* ]]
}
