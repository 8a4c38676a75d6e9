#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What ran and what is left: ps, inspect, create, start, kill, rm, names; and what happens when something dies.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

# Neither writable layers nor what belongs to running containers.
nothing_left() {
	[ -z "$(find "$COFFER_TEST_ROOT"/root/snapshots "$COFFER_TEST_ROOT"/run/{containers,runtime} -mindepth 1)" ]
}

@test "ps shows what runs, ps -a also what ended" {
	coffer run --network none --name ended box:1 sh -c 'exit 3' || true
	coffer run -d --network none --name runs box:1 sleep 100
	run -0 coffer ps
	[[ ${lines[0]} =~ ^CONTAINER\ ID\ +IMAGE\ +COMMAND\ +CREATED\ +STATUS\ +PORTS\ +NAMES$ ]]
	[[ $output == *runs* && $output == *Up* && $output != *ended* ]]
	run -0 coffer ps -a
	[[ $output == *'Exited (3)'* && $output == *ended* ]]
	coffer rm -f runs ended
}

@test "-d prints the id alone; a failed -d prints none" {
	run -0 --separate-stderr coffer run -d --network none --name dd box:1 sleep 100
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	coffer rm -f dd
	run -127 --separate-stderr coffer run -d --network none --name dd box:1 nosuch
	[ -z "$output" ]
}

@test "a name in use is refused, and by whom is said" {
	coffer run -d --network none --name taken box:1 sleep 100
	run -125 coffer run --rm --network none --name taken box:1 true
	[[ $output == *'is already in use by container'* && $output == *E-NAME* ]]
	coffer rm -f taken
	coffer run --rm --network none --name taken box:1 true
}

@test "rm refuses a running container without --force; unknown names are named" {
	coffer run -d --network none --name alive box:1 sleep 100
	run -1 coffer rm alive
	[[ $output == *'coffer rm -f'* || $output == *'--force'* ]]
	coffer rm -f alive
	run -1 coffer rm nosuch
	[[ $output == *'No such container: nosuch'* ]]
}

@test "create, start, and start again: what it wrote is still there" {
	id=$(coffer create --network none --name again box:1 sh -c 'echo x >>/file; wc -l </file')
	[ "$(coffer ps -a --no-trunc | grep -c "$id")" = 1 ]
	[ "$(coffer start -a again)" = 1 ]
	[ "$(coffer start -a again)" = 2 ]
	coffer rm again
}

@test "kill sends signals; the exit code says which" {
	coffer run -d --network none --name victim box:1 sleep 100
	coffer kill victim
	ended() { coffer ps -a | grep -q 'Exited (137)'; }
	eventually ended
	coffer rm victim
}

@test "inspect: Docker's fields" {
	coffer run -d --network none --name seen -e A=b -m 64m box:1 sleep 100
	run -0 coffer inspect seen
	[ "$(jq -r '.[0].State.Status' <<<"$output")" = running ]
	[ "$(jq -r '.[0].Name' <<<"$output")" = /seen ]
	[ "$(jq -r '.[0].HostConfig.Memory' <<<"$output")" = 67108864 ]
	pid=$(jq -r '.[0].State.Pid' <<<"$output")
	grep -q "^NSpid:.*$pid.*1$" "/proc/$pid/status"
	for dir in LowerDir UpperDir WorkDir MergedDir; do
		[ -d "$(jq -r ".[0].GraphDriver.Data.$dir" <<<"$output" | cut -d: -f1)" ]
	done
	[ -e "$(jq -r '.[0].GraphDriver.Data.MergedDir' <<<"$output")/bin/busybox" ]
	coffer rm -f seen
}

@test "the host sees the monitor by the container's name, and the process as its child" {
	id=$(coffer run -d --network none --name family box:1 sleep 100)
	pid=$(coffer inspect family | jq '.[0].State.Pid')
	parent=$(awk '/^PPid/ {print $2}' "/proc/$pid/status")
	tr '\0' ' ' <"/proc/$parent/cmdline" | grep -q family
	[ "$(cat "/proc/$parent/comm")" = coffer-monitor ]
	[ -n "$id" ]
	coffer rm -f family
}

# --- Death ----------------------------------------------------------------------------------------------------------

@test "SIGKILL of the command: the container goes on, and --rm still removes it at its end" {
	coffer_exec run --rm --network none --name orphan box:1 sh -c 'until [ -e /go ]; do sleep 0.1; done; exit 5' &
	client=$!
	running() { coffer ps | grep -q orphan; }
	eventually running
	kill -KILL "$client"
	wait "$client" || true
	coffer ps | grep -q orphan
	coffer exec orphan touch /go
	gone() { ! coffer ps -a | grep -q orphan; }
	eventually gone
}

@test "SIGKILL of the monitor: the next command takes down what is left" {
	id=$(coffer run -d --network none --name bereft box:1 sh -c 'sleep 1000 & sleep 1000')
	pid=$(coffer inspect bereft | jq '.[0].State.Pid')
	monitor=$(awk '/^PPid/ {print $2}' "/proc/$pid/status")
	kill -KILL "$monitor"
	has_exited() { coffer ps -a --filter name=bereft | grep -q Exited; }
	eventually has_exited
	run ! alive "$pid"
	[ -z "$(find /sys/fs/cgroup -type d -path "*/coffer/$id")" ]
	coffer rm bereft
}

@test "SIGKILL of command and monitor of a --rm container: nothing is left" {
	coffer_exec run --rm --network none --name both box:1 sleep 1000 &
	client=$!
	running() { coffer ps | grep -q both; }
	eventually running
	pid=$(coffer inspect both | jq '.[0].State.Pid')
	monitor=$(awk '/^PPid/ {print $2}' "/proc/$pid/status")
	kill -KILL "$client" "$monitor"
	wait "$client" || true
	run -0 coffer ps -a
	[[ $output != *both* ]]
	run ! alive "$pid"
	nothing_left
}

@test "SIGKILL of the command at a random moment of its start, again and again: nothing is left" {
	for _ in {1..25}; do
		coffer_exec run --rm --network none box:1 true &
		client=$!
		sleep "0.00$((RANDOM % 10))"
		kill -KILL "$client" 2>/dev/null || true
		wait "$client" 2>/dev/null || true
	done
	clean() {
		[ -z "$(coffer ps -aq)" ] &&
			nothing_left
	}
	eventually clean
}

@test "twenty at once" {
	for _ in {1..20}; do
		coffer_exec run --rm --network none box:1 sh -c 'exit 0' &
	done
	for job in $(jobs -p); do
		wait "$job"
	done
	[ -z "$(coffer ps -aq)" ]
}
