#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# update: other limits for containers that run, and for their next start.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

# The memory limit in force: memory ID
memory() {
	cgroup_file "$1" memory memory.limit_in_bytes memory.max
}

# What inspect says of the limits: configured NAME KEY
configured() {
	coffer inspect "$1" | jq -r --arg key "$2" '.[0].HostConfig[$key]'
}

@test "one that runs has them at once, and keeps them over a new start" {
	id=$(coffer run -d --network none --name web -m 64m --stop-signal KILL box:1 sleep 1000)
	[ "$(memory "$id")" = $((64 << 20)) ]
	[ "$(coffer update -m 128m --pids-limit 50 web)" = web ]
	[ "$(memory "$id")" = $((128 << 20)) ]
	[ "$(cgroup_file "$id" pids pids.max pids.max)" = 50 ]
	coffer update --cpus 0.5 web
	[ "$(memory "$id")" = $((128 << 20)) ]
	coffer restart web
	[ "$(memory "$id")" = $((128 << 20)) ]
	[ "$(cgroup_file "$id" pids pids.max pids.max)" = 50 ]
	[ "$(configured web Memory) $(configured web NanoCpus)" = "$((128 << 20)) 500000000" ]
	coffer events --until 0s -f event=update --format '{{.Actor.Attributes.name}}' | grep -qx web
	coffer rm -f web
}

@test "how willingly memory is swapped out, which only v1 knows of a container" {
	id=$(coffer run -d --network none --name swapped -m 64m --stop-signal KILL box:1 sleep 1000)
	if cgroup_v1_has memory; then
		coffer update --memory-swappiness 10 swapped
		[ "$(cgroup_file "$id" memory memory.swappiness -)" = 10 ]
		[ "$(configured swapped MemorySwappiness)" = 10 ]
	else
		run -1 coffer update --memory-swappiness 10 swapped
		[[ $output == *swappiness* ]]
	fi
	coffer rm -f swapped
}

@test "its restart policy starts it again with them" {
	id=$(coffer run -d --network none --name tough -m 64m --restart always box:1 sleep 1000)
	coffer update -m 96m tough
	kill -KILL "$(coffer inspect tough | jq '.[0].State.Pid')"
	again() {
		[ "$(coffer inspect tough | jq -r '.[0] | "\(.RestartCount) \(.State.Running)"')" = '1 true' ] &&
			[ "$(memory "$id" 2>/dev/null)" = $((96 << 20)) ]
	}
	eventually again
	coffer rm -f tough
}

@test "one that does not run has them when it is started" {
	id=$(coffer create --network none --name later box:1 sleep 1000)
	coffer update -m 32m --restart unless-stopped later
	[ "$(configured later RestartPolicy | jq -r .Name)" = unless-stopped ]
	coffer start later
	[ "$(memory "$id")" = $((32 << 20)) ]
	coffer rm -f later
}

# kill_first NAME: its first process dies by a signal that nobody has asked coffer for
kill_first() {
	kill -KILL "$(coffer inspect "$1" | jq '.[0].State.Pid')"
}

state_is() {
	[ "$(coffer inspect "$1" | jq -r '.[0] | "\(.State.Status) \(.RestartCount)"')" = "$2" ]
}

@test "another restart policy holds at once" {
	coffer run -d --network none --name fickle box:1 sleep 1000 >/dev/null
	run -0 --separate-stderr coffer update --restart on-failure:1 fickle
	[ "$output" = fickle ]
	[ -z "${stderr:-}" ]
	kill_first fickle
	eventually state_is fickle 'running 1'
	kill_first fickle
	eventually state_is fickle 'exited 1'
	coffer start fickle
	coffer update --restart always fickle
	coffer update --restart no fickle
	kill_first fickle
	eventually state_is fickle 'exited 0'
	coffer rm -f fickle
}

@test "no more restarts: also for one that waits for the next" {
	coffer run -d --network none --name flapping --restart always box:1 false >/dev/null
	pausing() { coffer inspect flapping | jq -e '.[0] | .State.Status == "restarting" and .RestartCount > 3' >/dev/null; }
	eventually pausing
	coffer update --restart no flapping
	is_over() { coffer inspect flapping | jq -e '.[0].State.Status == "exited"' >/dev/null; }
	eventually is_over
	[ "$(coffer inspect flapping | jq '.[0].State.ExitCode')" = 1 ]
	coffer rm flapping
}

@test "less memory than is in use is refused" {
	id=$(coffer run -d --network none --name full -m 64m --tmpfs /fill box:1 sh -c 'head -c 20m /dev/zero >/fill/it; exec sleep 1000')
	filled() { [ "$(coffer exec full stat -c %s /fill/it)" = $((20 << 20)) ]; }
	eventually filled
	run -1 coffer update -m 8m full
	[[ $output == *'cannot update container "full": it uses more memory now than the new limit allows'* ]]
	[[ $output == *'KiB are in use, and 8192 KiB are to be allowed'* ]]
	[[ $output == *'hint:  --force lets'* ]]
	[ "$(memory "$id")" = $((64 << 20)) ]
	[ "$(configured full Memory)" = $((64 << 20)) ]
	coffer rm -f full
}

@test "what cannot be" {
	coffer create --network none --name rigid --cpus 1 --rm box:1 true
	run -125 coffer update rigid
	[[ $output == *'You must provide one or more flags'* ]]
	run -1 coffer update -m 1m rigid
	[[ $output == *'Minimum memory limit allowed is 6MB'* ]]
	run -1 coffer update --cpu-period 50000 rigid
	[[ $output == *'Nano CPUs and CPU Period cannot both be set'* ]]
	run -1 coffer update --restart always rigid
	[[ $output == *'cannot specify both --restart and --rm'* ]]
	run -1 coffer update --restart sometimes rigid
	[[ $output == *"unknown policy 'sometimes'"* ]]
	run -1 coffer update -m 64m nosuch
	[[ $output == *'No such container: nosuch'* ]]
	[ "$(configured rigid Memory)" = 0 ]
	coffer rm rigid
}
