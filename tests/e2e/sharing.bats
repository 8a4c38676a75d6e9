#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Namespaces of other containers: --pid, --ipc, --uts, --cgroupns container:NAME, and ns:PATH.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	coffer run -d --network none --name donor --ipc shareable --hostname donor-host box:1 sleep 10000 >/dev/null
}

teardown_file() {
	coffer_file_teardown
}

flags() {
	coffer run --rm --network none "$@"
}

# namespace_of CONTAINER TYPE: of its first process
namespace_of() {
	readlink "/proc/$(coffer inspect -f '{{.State.Pid}}' "$1")/ns/$2"
}

# refused TEXT FLAG...: create fails with TEXT, and leaves nothing
refused() {
	run -125 coffer create --network none --name refused "${@:2}" box:1 true
	[[ $output == *"$1"* ]]
	run -1 coffer inspect refused
}

flag_of() {
	[ "$1" = cgroup ] && echo cgroupns || echo "$1"
}

@test "each of them is the other container's, and kept by its id" {
	local type id
	id=$(coffer inspect -f '{{.Id}}' donor)
	for type in pid ipc uts cgroup; do
		[ "$(flags "--$(flag_of $type)" container:donor box:1 readlink /proc/self/ns/$type)" = "$(namespace_of donor $type)" ]
	done
	coffer create --network none --name kept --pid container:donor --ipc "container:${id:0:12}" box:1 true >/dev/null
	[ "$(coffer inspect -f '{{.HostConfig.PidMode}} {{.HostConfig.IpcMode}}' kept)" = "container:$id container:$id" ]
	coffer rename donor other
	coffer start -a kept
	coffer rename other donor
	coffer rm kept
}

@test "at a path" {
	local type
	for type in pid ipc uts cgroup; do
		[ "$(flags "--$(flag_of $type)" "ns:/proc/$(coffer inspect -f '{{.State.Pid}}' donor)/ns/$type" box:1 \
			readlink /proc/self/ns/$type)" = "$(namespace_of donor $type)" ]
	done
	refused 'the path of a namespace is absolute' --pid ns:relative
	run -125 flags --ipc ns:/nosuch box:1 true
	[[ $output == *"open ipc namespace '/nosuch'"* ]]
	run -125 flags --ipc "ns:/proc/self/ns/uts" box:1 true
	[[ $output == *'is a uts namespace, a ipc namespace is wanted'* ]]
}

@test "--pid container: its processes are seen, and all of ours end with our first" {
	[[ $(flags --pid container:donor box:1 ps -o args) == *'sleep 10000'* ]]
	local seconds=4$BASHPID
	flags --pid container:donor box:1 sh -c "sleep $seconds & exit 0"
	gone() { [ -z "$(pgrep -f "^sleep $seconds")" ]; }
	eventually gone
	[ "$(coffer inspect -f '{{.State.Running}}' donor)" = true ]
}

@test "--ipc container: shared memory goes both ways, and only to what is shareable" {
	coffer exec donor sh -c 'echo from-donor >/dev/shm/a'
	[ "$(flags --ipc container:donor box:1 sh -c 'cat /dev/shm/a; echo from-guest >/dev/shm/b')" = from-donor ]
	[ "$(coffer exec donor cat /dev/shm/b)" = from-guest ]
	[[ $(flags --ipc container:donor box:1 grep ' /dev/shm ' /proc/self/mounts) == *nosuid,nodev,noexec* ]]

	coffer run -d --network none --name closed box:1 sleep 1000 >/dev/null
	refused 'cannot join IPC of container closed: non-shareable IPC' --ipc container:closed
	coffer rm -f closed

	# A guest's guest has the same.
	coffer run -d --network none --name guest --ipc container:donor box:1 sleep 1000 >/dev/null
	[ "$(flags --ipc container:guest box:1 cat /dev/shm/a)" = from-donor ]
	coffer rm -f guest
}

@test "--ipc container: what is no tmpfs is not taken for shared memory" {
	coffer run -d --network none --name odd --ipc shareable --privileged box:1 \
		sh -c 'mount -t proc proc /dev/shm; sleep 1000' >/dev/null
	mounted() { coffer exec odd grep -q 'proc /dev/shm' /proc/mounts; }
	eventually mounted
	run -125 flags --ipc container:odd box:1 true
	[[ $output == *'there is no tmpfs on its /dev/shm'* ]]
	coffer rm -f odd
}

@test "--ipc none: a namespace of its own without /dev/shm; host: the host's" {
	run -1 flags --ipc none box:1 grep ' /dev/shm ' /proc/self/mounts
	[ "$(flags --ipc host box:1 readlink /proc/self/ns/ipc)" = "$(readlink /proc/self/ns/ipc)" ]
}

@test "--uts container: its name, which is not to be changed" {
	[ "$(flags --uts container:donor box:1 hostname)" = donor-host ]
	refused 'conflicting options: hostname and the UTS mode' --uts container:donor --hostname other
}

@test "a container that does not run, or is not there" {
	refused 'No such container: nosuch' --pid container:nosuch
	refused 'invalid PID mode: "container:"' --pid container:
	coffer create --network none --name asleep --ipc shareable box:1 sleep 1000 >/dev/null
	for type in pid ipc uts cgroup; do
		run -125 flags "--$(flag_of $type)" container:asleep box:1 true
		[[ $output == *"cannot join the $type namespace of a non running container: container asleep is created"* ]]
		[[ $output == *'coffer start asleep'* ]]
	done
	coffer create --network none --name widow --pid container:asleep box:1 true >/dev/null
	coffer rm asleep >/dev/null
	run -1 coffer start widow
	[[ $output == *'cannot join the pid namespace of a container: No such container'* ]]
	coffer rm widow
}

@test "--pid ns: of a namespace that has ended" {
	local pid
	pid=$(coffer run -d --network none --name ended box:1 sleep 1000 >/dev/null; coffer inspect -f '{{.State.Pid}}' ended)
	exec 7<"/proc/$pid/ns/pid"
	coffer rm -f ended
	run -125 flags --pid "ns:/proc/$$/fd/7" box:1 true
	exec 7<&-
	[[ $output == *'the pid namespace that is to be joined has ended with its first process'* ]]
}

@test "a restart policy finds the other one again" {
	coffer run -d --network none --name again --ipc shareable --uts private box:1 sleep 1000 >/dev/null
	coffer run -d --network none --name follower --restart always --ipc container:again box:1 sleep 1000 >/dev/null
	follows() { [ "$(namespace_of follower ipc)" = "$(namespace_of again ipc)" ]; }
	follows
	local before
	before=$(namespace_of again ipc)
	coffer restart -t 0 again
	[ "$(namespace_of again ipc)" != "$before" ]
	kill -KILL "$(coffer inspect -f '{{.State.Pid}}' follower)"
	eventually follows
	coffer rm -f follower again
}

@test "--time-offset: clocks of its own, in exec as well, and the host's time of day" {
	[ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
	coffer run -d --network none --name ahead --time-offset boottime=864000.5 --time-offset monotonic=-0.25 box:1 sleep 1000 \
		>/dev/null
	up() { cut -d. -f1 /proc/uptime; }
	before=$(up)
	inside=$(coffer exec ahead cut -d. -f1 /proc/uptime)
	[ "$inside" -ge $((before + 864000)) ] && [ "$inside" -le $(($(up) + 864001)) ]
	[ "$(coffer exec ahead cat /proc/self/timens_offsets | awk '{ print $1, $2, $3 }' | sort | xargs)" = \
		'boottime 864000 500000000 monotonic -1 750000000' ]
	before=$(date +%s)
	inside=$(coffer exec ahead date +%s)
	[ "$inside" -ge "$before" ] && [ "$inside" -le "$(date +%s)" ]
	[ "$(coffer exec ahead readlink /proc/self/ns/time)" != "$(readlink /proc/self/ns/time)" ]
	coffer rm -f ahead
}
