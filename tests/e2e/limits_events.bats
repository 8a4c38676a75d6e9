#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Events that say that a container runs against its limits.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

need_v2() {
	! cgroup_v1_has "$1" || skip "controller $1 is bound to cgroup v1 here"
}

# Its events of a kind as JSON: events_of NAME EVENT
events_of() {
	coffer events --since 1h --until 0s --filter "container=$1" --filter "event=$2" --format json
}

has_event() {
	[ -n "$(events_of "$1" "$2")" ]
}

@test "pids-limit: a process was not made, and once for many of them" {
	# shellcheck disable=SC2016 # for the shell inside
	coffer run -d --network none --name crowd --pids-limit 5 box:1 \
		sh -c 'while :; do sh -c "sleep 0 | sleep 0 | sleep 0 | sleep 0 | sleep 0 | sleep 0" 2>/dev/null; done'
	eventually has_event crowd pids-limit
	events_of crowd pids-limit | jq -se '.[0] | .Type == "container" and (.Actor.Attributes.times | tonumber) > 0 and .Actor.Attributes.name == "crowd"'
	coffer rm -f crowd
	# one when it began, and one at its end
	[ "$(coffer events --since 1h --until 0s --filter event=pids-limit --format '{{.Actor.Attributes.name}}' | grep -c crowd)" -le 3 ]
}

@test "oom: a process was killed for memory" {
	run -137 coffer run --rm --network none --name hog -m 16m --memory-swap 16m box:1 dd if=/dev/zero of=/dev/null bs=64M count=1
	[ "$(coffer events --since 1h --until 0s --filter event=oom --format '{{.Actor.Attributes.name}}')" = hog ]
}

@test "v2: memory-high: it is slowed down, and nothing is killed" {
	need_v2 memory
	coffer run -d --network none --name high --memory-high 16m --tmpfs /fill:size=40m box:1 \
		sh -c 'dd if=/dev/zero of=/fill/it bs=1M count=24 2>/dev/null; exec sleep 1000'
	eventually has_event high memory-high
	events_of high memory-high | jq -se '(.[0].Actor.Attributes.times | tonumber) > 0'
	[ "$(coffer inspect --format '{{.State.Running}} {{.State.OOMKilled}}' high)" = "true false" ]
	[ -z "$(events_of high oom)" ]
	coffer rm -f high
}

watches_pressure() {
	[ -e /sys/fs/cgroup/cgroup.controllers ] || [ -e /sys/fs/cgroup/unified/coffer/cpu.pressure ]
}

@test "pressure: what was asked for, and only that" {
	coffer run --rm --network none box:1 true # makes the parent, in which it is seen
	watches_pressure || skip "the kernel watches no pressure here"
	local loop='while :; do :; done'
	# two loops on a tenth of a CPU wait for each other
	coffer run -d --network none --name pressed --cpus 0.1 --pressure-notify cpu:some:100ms/2s box:1 sh -c "($loop) & $loop"
	coffer run -d --network none --name other --cpus 0.1 box:1 sh -c "($loop) & $loop"
	eventually has_event pressed pressure
	events_of pressed pressure | jq -se '.[0].Actor.Attributes | .resource == "cpu" and .trigger == "some 100000 2000000"'
	[ -z "$(events_of other pressure)" ]
	coffer rm -f pressed other
}

@test "--pressure-notify: what cannot be" {
	run -125 coffer create --pressure-notify disk box:1
	[[ $output == *'--pressure-notify disk: it is cpu, memory or io'* ]]
	run -125 coffer create --pressure-notify cpu:most box:1
	[[ $output == *'"most" is neither some nor full'* ]]
	run -125 coffer create --pressure-notify cpu:some:3s/2s box:1
	[[ $output == *'the stall has to be more than 0, and at most the window'* ]]
	run -125 coffer create --pressure-notify cpu:some:1s/1m box:1
	[[ $output == *'the window is out of range: 500ms to 10s'* ]]
	coffer run --rm --network none box:1 true
	if ! watches_pressure; then
		run -125 coffer run --rm --network none --pressure-notify cpu box:1 true
		[[ $output == *'--pressure-notify: pressure is not watched here'* ]]
		[[ $output == *cause:* ]]
	fi
	[ -z "$(coffer ps -aq)" ]
}
