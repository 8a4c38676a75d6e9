#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Memory that is not to be reclaimed, in a real shortage: who keeps it and who gives it. It takes much of the machine's: only
# for the guest.

bats_require_minimum_version 1.5.0
load ../e2e/lib/coffer

setup_file() {
	[ "$(</proc/1/comm)" = init ] || skip "takes all memory: run this with tests/vm/run"
	coffer_file_setup
	export PARENT=/sys/fs/cgroup/coffer
}

teardown_file() {
	coffer_file_teardown
}

teardown() {
	local id
	for id in $(coffer ps --all --quiet); do coffer rm --force "$id" >/dev/null; done
	umount "$BATS_TEST_TMPDIR/fill" 2>/dev/null || true
}

# start NAME FLAG...
start() {
	local name=$1
	shift
	coffer run -d --network none --stop-signal KILL --name "$name" "$@" box:1 sleep 1000
}

# What the parent is protected with: memory.min and memory.low in MB
promised() {
	echo "$(($(<"$PARENT/memory.min") >> 20)) $(($(<"$PARENT/memory.low") >> 20))"
}

# A container that has MEGABYTES of a file of its own in memory: keeper NAME MEGABYTES FLAG...
keeper() {
	local name=$1 size=$2
	shift 2
	coffer run -d --network none --stop-signal KILL --name "$name" "$@" box:1 sh -c \
		"dd if=/dev/zero of=/data bs=1M count=$size 2>/dev/null; sync; echo ready; exec sleep 1000" >/dev/null
	is_ready() { [ "$(coffer logs "$name")" = ready ]; }
	eventually is_ready
}

# The MB of files that container ID has in memory
cached() {
	echo $(($(sed -n 's/^file //p' "$PARENT/$1/memory.stat") >> 20))
}

# fill MEGABYTES: with what cannot be reclaimed; if that is one too many, the kernel is to kill who writes it
fill() {
	(echo 1000 >/proc/self/oom_score_adj
	exec dd if=/dev/zero of="$BATS_TEST_TMPDIR/fill/it" bs=1M count="$1" oflag=append conv=notrunc 2>/dev/null)
}

# Until container ID has less than MEGABYTES of its files in memory: squeeze ID MEGABYTES
squeeze() {
	mkdir "$BATS_TEST_TMPDIR/fill"
	mount -t tmpfs -o size=2g tmpfs "$BATS_TEST_TMPDIR/fill"
	fill $(($(sed -n 's/^MemFree: *\([0-9]*\) kB/\1/p' /proc/meminfo) >> 10))
	for _ in {1..100}; do
		[ "$(cached "$1")" -ge "$2" ] || return 0
		fill 4
	done
	return 1
}

@test "the parent is promised what its containers are together, as long as they are there" {
	start one --memory-min 16m
	[ "$(promised)" = "16 0" ]
	start two --memory-reservation 32m
	start three --memory-min 8m --memory-low 8m
	[ "$(promised)" = "24 40" ]
	start four
	[ "$(promised)" = "24 40" ]
	coffer update --memory-min 20m one
	[ "$(promised)" = "28 40" ]
	coffer kill two
	coffer wait two
	[ "$(promised)" = "28 8" ]
	coffer rm -f one three four
	[ "$(promised)" = "0 0" ]
}

@test "many that come and go at a time leave the right sum" {
	start stays --memory-min 8m
	for _ in 1 2; do
		local jobs=()
		for i in {1..6}; do
			coffer_exec run --rm --network none --memory-min "${i}m" --memory-low "$((i * 2))m" box:1 true 3>&- &
			jobs+=($!)
		done
		wait "${jobs[@]}"
	done
	eventually eval '[ "$(promised)" = "8 0" ]'
	coffer rm -f stays
	[ "$(promised)" = "0 0" ]
}

@test "a monitor that was killed: the next command takes its promise back" {
	id=$(start lost --memory-min 16m)
	[ "$(promised)" = "16 0" ]
	pkill -KILL -f "coffer-monitor.* /.*/containers/$id"
	eventually eval '[ "$(coffer ps -a --filter name=lost --format "{{.State}}")" = exited ]'
	[ "$(promised)" = "0 0" ]
	coffer rm lost
}

@test "a start that fails takes its promise back" {
	run -127 coffer run --rm --network none --memory-min 16m box:1 no-such-program
	[ "$(promised)" = "0 0" ]
}

@test "somebody else's parent is left alone, and what it takes away is said" {
	run -0 coffer run --rm --network none --memory-min 16m --cgroup-parent /somebody box:1 true
	[[ $output == *"limit without effect: of memory.min (16777216) counts only what '/sys/fs/cgroup/somebody' has of it: 0"* ]]
	[ "$(</sys/fs/cgroup/somebody/memory.min)" = 0 ]
	echo 4m >/sys/fs/cgroup/somebody/memory.low
	run -0 coffer run --rm --network none --memory-low 16m --cgroup-parent /somebody box:1 true
	[[ $output == *'of memory.low (16777216) counts only'*'has of it: 4194304'* ]]
	echo 16m >/sys/fs/cgroup/somebody/memory.low
	run -0 coffer run --rm --network none --memory-low 16m --cgroup-parent /somebody box:1 true
	[ -z "$output" ]
	rmdir /sys/fs/cgroup/somebody
}

# Each uses more than it is promised: the kernel lends what is promised and not used to those beside it.
@test "who is promised memory keeps it, while the other's is reclaimed: guaranteed, burstable, best effort" {
	keeper safe 60 --qos guaranteed -m 48m --cpus 1
	keeper middle 60 --qos burstable --memory-reservation 40m
	keeper loose 60 --qos besteffort
	local safe middle loose
	for name in safe middle loose; do
		declare "$name=$(coffer inspect --format '{{.Id}}' "$name")"
	done
	[ "$(cached "$middle") $(cached "$loose")" = "60 60" ]
	squeeze "$loose" 20
	[ "$(cached "$safe")" -ge 36 ]
	[ "$(cached "$middle")" -ge 36 ]
}
