#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# stats: what containers use, in Docker's columns.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	coffer run -d --network none --name busy -m 64m box:1 sh -c 'while :; do :; done' >/dev/null
	coffer run -d --network none --name quiet box:1 sh -c 'sleep 1000 & exec sleep 1000' >/dev/null
	coffer create --network none --name idle box:1 true >/dev/null
}

teardown_file() {
	coffer_file_teardown
}

# Its fields as JSON: of NAME
of() {
	coffer stats --no-stream --format json "$1"
}

@test "a table of those that run; of all with -a, and what is not known is --" {
	run -0 coffer stats --no-stream
	[[ ${lines[0]} =~ ^CONTAINER\ ID\ +NAME\ +CPU\ %\ +MEM\ USAGE\ /\ LIMIT\ +MEM\ %\ +NET\ I/O\ +BLOCK\ I/O\ +PIDS\ +THROTTLED\ %\ +PSI\ CPU\ +PSI\ MEM\ +PSI\ I/O\ +OOM\ +PIDS\ HITS$ ]]
	[ "${#lines[@]}" = 3 ]
	id=$(coffer inspect busy | jq -r '.[0].Id')
	[[ $output =~ ${id:0:12}\ +busy\ +[0-9]+\.[0-9]{2}%\ +[0-9.]+[KM]?i?B\ /\ 64MiB\ +[0-9.]+%\ +0B\ /\ 0B\ +[0-9.]+[kM]?B\ /\ [0-9.]+[kM]?B\ +1 ]]
	run -0 coffer stats --no-stream -a
	[ "${#lines[@]}" = 4 ]
	[[ $output =~ idle\ +--\ +--\ /\ --\ +--\ +--\ +--\ +-- ]]
}

@test "as JSON; a CPU that is busy, one that is not, memory, processes" {
	of busy | jq -e '(.CPUPerc | rtrimstr("%") | tonumber) > 1 and .PIDs == "1" and .Container == "busy" and .Name == "busy"'
	of quiet | jq -e '(.CPUPerc | rtrimstr("%") | tonumber) < 50 and .PIDs == "2" and (.MemUsage | test(" / [0-9.]+[MGT]iB$"))'
}

@test "by a template, with the whole id" {
	id=$(coffer inspect quiet | jq -r '.[0].Id')
	[ "$(coffer stats --no-stream --no-trunc --format '{{.ID}} {{.PIDs}}' quiet)" = "$id 2" ]
	[ "$(coffer stats --no-stream --format 'table {{.Name}}' quiet busy | paste -sd ' ')" = 'NAME quiet busy' ]
	run -1 coffer stats --no-stream --format '{{.Nothing}}'
	[[ $output == *'the fields are .Container .ID .Name'* ]]
}

@test "one that is not there" {
	run -1 coffer stats nosuch
	[[ $output == *'No such container: nosuch'* ]]
}

@test "again and again, until those that were named are gone" {
	coffer run -d --rm --network none --name brief box:1 sleep 1000
	coffer_exec stats --format '{{.Name}}' brief >"$BATS_TEST_TMPDIR/out" &
	watcher=$!
	twice() { [ "$(grep -cx brief "$BATS_TEST_TMPDIR/out")" -ge 2 ]; }
	eventually twice
	coffer rm -f brief
	ends_with 0 "$watcher"
}

@test "on a terminal each table is in the place of the one before" {
	coffer run -d --rm --network none --name brief box:1 sleep 1000
	script -qfec "$COFFER_BIN/coffer --root $COFFER_TEST_ROOT/root --runroot $COFFER_TEST_ROOT/run stats brief" \
		"$BATS_TEST_TMPDIR/out" >/dev/null </dev/null &
	watcher=$!
	twice() { [ "$(grep -c $'\e\\[2J\e\\[H' "$BATS_TEST_TMPDIR/out")" -ge 2 ]; }
	eventually twice
	coffer rm -f brief
	ends_with 0 "$watcher"
}

# --- Whether limits hurt ---

@test "throttling, and how often the limit of processes was met" {
	# shellcheck disable=SC2016 # for the shell inside
	coffer run -d --network none --name tight --cpus 0.1 --pids-limit 5 box:1 \
		sh -c 'while :; do sh -c "sleep 0 | sleep 0 | sleep 0 | sleep 0 | sleep 0 | sleep 0" 2>/dev/null; done'
	hurts() {
		of tight | jq -e '(.ThrottledPerc != "--" and (.ThrottledPerc | rtrimstr("%") | tonumber) > 20) and
			(.PidsLimitHits | tonumber) > 0 and .OOMKills == "0"'
	}
	eventually hurts
	of quiet | jq -e '.ThrottledPerc == "--" and .PidsLimitHits == "0"'
	coffer rm -f tight
}

@test "throttling as the kernel counts it: periods, how many of them were throttled, for how long" {
	coffer run -d --network none --name narrow --cpus 0.05 box:1 sh -c 'while :; do :; done'
	throttled() {
		coffer stats --no-stream --format json narrow | jq -e '(.Periods | tonumber) >= (.ThrottledPeriods | tonumber) and
			(.ThrottledPeriods | tonumber) > 1 and (.ThrottledUSec | tonumber) > 1000'
	}
	eventually throttled
	coffer rm -f narrow
}

@test "pressure, where the kernel watches it for a container" {
	if [ -e /sys/fs/cgroup/cgroup.controllers ] || [ -e /sys/fs/cgroup/unified/coffer/cpu.pressure ]; then
		of busy | jq -e '.PressureCPU | test("^[0-9]+\\.[0-9]{2} / [0-9]+\\.[0-9]{2}$")'
	else
		of busy | jq -e '.PressureCPU == "--" and .PressureMem == "--" and .PressureIO == "--"'
	fi
}

@test "--mem: what memory is used for" {
	coffer run -d --network none --name filler -m 64m --tmpfs /fill box:1 sh -c 'head -c 12m /dev/zero >/fill/it; exec sleep 1000'
	filled() {
		coffer stats --no-stream --mem --format json filler |
			jq -e '(.Shmem | startswith("12")) and (.Shmem | endswith("MiB")) and .Anon != "--" and .Usage != "--"'
	}
	eventually filled
	coffer stats --no-stream --mem -a --format '{{.Name}} {{.Shmem}} {{.Peak}}' | grep -qx 'idle -- --'
	coffer rm -f filler
}

@test "--events: the kernel's counters since its start, and in the last second" {
	# the program that is killed is not the first one
	coffer run -d --network none --name greedy -m 16m --memory-swap 16m box:1 \
		sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1; exec sleep 1000'
	killed() {
		[ "$(coffer stats --no-stream --events --format '{{.Event}} {{.Count}}' greedy | grep '^memory.oom_kill ')" = 'memory.oom_kill 1' ]
	}
	eventually killed
	coffer stats --no-stream --events greedy | grep -qE '^greedy +memory\.max +[0-9]+ +\+[0-9]+$'
	coffer stats --no-stream --events greedy | grep -qE '^greedy +memory\.workingset_refault_file +[0-9]+ +\+[0-9]+$'
	coffer stats --no-stream --format '{{.OOMKills}}' greedy | grep -qx 1
	coffer rm -f greedy
}

@test "--per-cpu: where it was used" {
	run -0 coffer stats --no-stream --per-cpu --format '{{.CPU}} {{.CPUPerc}} {{.Source}}' busy
	[ "${#lines[@]}" -ge 1 ]
	[[ ${lines[0]} =~ ^0\ [0-9.]+%\ (counted|sampled)$ ]]
	# one busy loop on all of them together
	awk '{ sum += $2 } END { exit !(sum > 1) }' <<<"$output"
	run -125 coffer stats --no-stream --per-cpu --mem
	[[ $output == *'one at a time'* ]]
}
