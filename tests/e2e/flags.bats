#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Flags of run and create: each one's effect, seen from inside or in the cgroup; and what is refused.

bats_require_minimum_version 1.5.0

setup_file() {
	load lib/coffer
	coffer_file_setup
}

teardown_file() {
	load lib/coffer
	coffer_file_teardown
}

setup() {
	load lib/coffer
}

# refused TEXT FLAG...: create fails with TEXT, and leaves nothing
refused() {
	run -125 coffer create --network none "${@:2}" box:1 true
	[[ $output == *"$1"* ]]
	[ -z "$(coffer ps -aq)" ]
}

flags() {
	coffer run --rm --network none "$@"
}

# --- Processes ------------------------------------------------------------------------------------------------------

@test "--init: a first process that reaps, and the program is its child" {
	[ "$(flags --init box:1 sh -c 'cat /proc/1/comm; echo $PPID' | xargs)" = 'coffer-init 1' ]
	run -9 flags --init box:1 sh -c 'exit 9'
}

@test "--group-add: by name and by number" {
	[ "$(flags -u user --group-add extra --group-add 4711 box:1 id -G)" = '1000 2000 4711' ]
	refused 'no such group "nosuch"' --group-add nosuch
}

@test "--oom-score-adj" {
	[ "$(flags --oom-score-adj 300 box:1 cat /proc/self/oom_score_adj)" = 300 ]
	refused 'range for oom score adj is [-1000, 1000]' --oom-score-adj 1001
}

@test "--stop-timeout is what stop waits" {
	coffer run -d --network none --name deaf --stop-timeout 0 box:1 sleep 1000
	run -0 --separate-stderr coffer stop deaf
	[ -z "${stderr:-}" ]
	coffer rm deaf
	refused 'invalid argument "-2" for "--stop-timeout" flag' --stop-timeout -2
}

@test "--label-file: before --label, which counts more" {
	printf '# comment\na=file\nb=file\nempty\n' >"$BATS_TEST_TMPDIR/labels"
	coffer create --network none --name labelled --label-file "$BATS_TEST_TMPDIR/labels" -l b=flag box:1 true
	[ "$(coffer inspect labelled | jq -c '.[0].Config.Labels')" = '{"a":"file","b":"flag","empty":""}' ]
	coffer rm labelled
	refused 'no such file' --label-file /nosuch
}

# --- Sharing with the host ------------------------------------------------------------------------------------------

@test "--pid, --ipc, --uts, --cgroupns: the host's namespace, or one of its own" {
	for type in pid ipc uts cgroup; do
		flag=$type
		[ $type != cgroup ] || flag=cgroupns
		[ "$(flags --$flag host box:1 readlink /proc/self/ns/$type)" = "$(readlink /proc/self/ns/$type)" ]
		[ "$(flags --$flag private box:1 readlink /proc/self/ns/$type)" != "$(readlink /proc/self/ns/$type)" ]
		refused 'mode: "nonsense"' --$flag nonsense
	done
	flags --userns host box:1 true
	refused 'user namespaces are not available yet' --userns auto
}

@test "--pid host sees the host's processes, and all of the container's end with its first" {
	[ "$(flags --pid host box:1 sh -c 'echo $$')" -gt 1 ]
	flags --pid host box:1 sh -c 'sleep 4242 & exit 0'
	gone() { [ -z "$(pgrep -f '^sleep 4242')" ]; }
	eventually gone
}

@test "--uts host: the host's name, which is not to be changed" {
	[ "$(flags --uts host box:1 hostname)" = "$(hostname)" ]
	refused 'conflicting options: hostname and the UTS mode' --uts host --hostname other
}

@test "--ipc host: its shared memory" {
	echo shared >"/dev/shm/coffer-test-$$"
	run flags --ipc host box:1 cat "/dev/shm/coffer-test-$$"
	rm "/dev/shm/coffer-test-$$"
	[ "$output" = shared ]
}

# --- Limits ---------------------------------------------------------------------------------------------------------

@test "CPU: sets of them, periods and quotas" {
	id=$(coffer run -d --network none --name cpu --cpuset-cpus 0 --cpuset-mems 0 --cpu-period 50000 --cpu-quota 25000 \
		box:1 sleep 1000)
	[ "$(coffer exec cpu awk '/^Cpus_allowed_list/ {print $2}' /proc/self/status)" = 0 ]
	if cgroup_v1_has cpu; then
		[ "$(cgroup_file "$id" cpu cpu.cfs_quota_us -)" = 25000 ]
		[ "$(cgroup_file "$id" cpu cpu.cfs_period_us -)" = 50000 ]
	else
		[ "$(cgroup_file "$id" - - cpu.max)" = '25000 50000' ]
	fi
	coffer rm -f cpu
	refused 'Nano CPUs and CPU Period cannot both be set' --cpus 1 --cpu-period 50000
	refused 'CPU cfs period can not be less than 1ms' --cpu-period 10
	refused 'CPU cfs quota can not be less than 1ms' --cpu-quota 10
}

@test "memory: reservation, swappiness, no killing" {
	id=$(coffer run -d --network none --name memory -m 64m --memory-reservation 32m box:1 sleep 1000)
	[ "$(cgroup_file "$id" memory memory.soft_limit_in_bytes memory.low)" = 33554432 ]
	coffer rm -f memory
	refused 'can not be less than memory reservation limit' -m 32m --memory-reservation 64m
	refused 'valid memory swappiness range is 0-100' --memory-swappiness 101
	cgroup_v1_has memory || skip "swappiness and the OOM killer are cgroup v1's"
	id=$(coffer run -d --network none --name memory -m 64m --memory-swappiness 7 --oom-kill-disable box:1 sleep 1000)
	[ "$(cgroup_file "$id" memory memory.swappiness -)" = 7 ]
	grep -q 'oom_kill_disable 1' <<<"$(cgroup_file "$id" memory memory.oom_control -)"
	coffer rm -f memory
}

@test "what is asked for is kept for the next start" {
	coffer create --network none --name again --pid host --group-add 4711 --oom-score-adj 200 --cpuset-cpus 0 box:1 \
		sh -c 'id -G; cat /proc/self/oom_score_adj; readlink /proc/self/ns/pid; awk "/^Cpus_allowed_list/ {print \$2}" /proc/self/status'
	expected="0 4711 200 $(readlink /proc/self/ns/pid) 0"
	[ "$(coffer start -a again | xargs)" = "$expected" ]
	[ "$(coffer start -a again | xargs)" = "$expected" ]
	coffer rm again
}

@test "-t without -i needs no terminal of ours" {
	[[ $(flags -t box:1 tty </dev/null) == /dev/pts/* ]]
}
