#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# inspect --security: what the kernel says of a container that runs, and what the configuration asks for of any other.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

# The row of PROTECTION, of container NAME: "yes 14 of 41, ...": row NAME PROTECTION
row() {
	coffer inspect --security --format json "$1" |
		jq -r --arg name "$2" '.[0].Protections[] | select(.Name == $name) | "\(.InForce) \(.Detail)"'
}

@test "a container as it is without a flag: what runs and what does not tell the same" {
	coffer run -d --network none --name plain box:1 sleep 1000
	coffer create --network none --name asleep box:1
	for name in plain asleep; do
		[ "$(row $name namespaces)" = "yes not the host's: mount pid network ipc uts cgroup" ]
		[[ $(row $name capabilities) == "yes 14 of "*", the default set" ]]
		[[ $(row $name seccomp) == "yes "*" on its system calls" ]]
		[[ $(row $name 'read-only root') == 'no '*'--read-only forbids that' ]]
		[[ $(row $name 'no new privileges') == 'no '*'--security-opt no-new-privileges forbids that' ]]
		if [ "$(id -u)" -eq 0 ]; then
			[[ $(row $name 'user namespace') == 'no root in it is root of the host;'* ]]
		else
			[ "$(row $name 'user namespace')" = "yes root in it is user $(id -u) of the host" ]
		fi
	done
	[ "$(coffer inspect --security -f '{{.Running}} {{len .Protections}}' plain)" = 'true 7' ]
	[ "$(coffer inspect --security -f '{{.Running}} {{.Pid}}' asleep)" = 'false 0' ]
	coffer rm -f plain asleep
}

@test "more of them" {
	coffer run -d --network none --name tight --read-only --cap-drop all --cap-add chown \
		--security-opt no-new-privileges box:1 sleep 1000
	[[ $(row tight capabilities) == 'yes 1 of '*': CAP_CHOWN' ]]
	[ "$(row tight 'read-only root')" = 'yes its root filesystem cannot be written to' ]
	[[ $(row tight 'no new privileges') == 'yes '* ]]
	coffer rm -f tight
}

@test "less of them, also where that was done behind our back" {
	coffer run -d --network none --name loose --ipc host --cap-add net_admin --security-opt seccomp=unconfined \
		box:1 sleep 1000
	[ "$(row loose namespaces)" = "partly not the host's: mount pid network uts cgroup; the host's: ipc" ]
	[[ $(row loose capabilities) == 'partly 15 of '*', beyond the default set: CAP_NET_ADMIN' ]]
	[ "$(row loose seccomp)" = 'no it can make every system call' ]
	coffer rm -f loose
	coffer run -d --network none --name remount --cap-add sys_admin --security-opt seccomp=unconfined --read-only \
		box:1 sh -c 'mount -o remount,rw / && exec sleep 1000'
	writable() { [[ $(row remount 'read-only root') == no* ]]; }
	eventually writable
	coffer rm -f remount
}

@test "--privileged" {
	coffer run -d --network none --name wide --privileged box:1 sleep 1000
	[ "$(row wide capabilities)" = 'no it can have every one that coffer itself has' ]
	[[ $(row wide seccomp) == no* ]]
	coffer rm -f wide
}

@test "a user namespace of its own" {
	[ "$(id -u)" -eq 0 ] || skip "an ordinary user's ids are given to him by the machine"
	coffer run -d --network none --name mapped --uidmap 0:100000:65536 box:1 sleep 1000
	coffer create --network none --name unborn --uidmap 0:100000:65536 box:1
	for name in mapped unborn; do
		[ "$(row $name 'user namespace')" = 'yes root in it is user 100000 of the host' ]
	done
	coffer rm -f mapped unborn
}

@test "the table, one for each container; what does not go together" {
	coffer run -d --network none --name first box:1 sleep 1000
	coffer create --network none --name second box:1
	run -0 coffer inspect --security first second
	[[ ${lines[0]} =~ ^Container\ first,\ as\ the\ kernel\ has\ its\ process\ [0-9]+:$ ]]
	[[ ${lines[1]} =~ ^PROTECTION\ +IN\ FORCE\ +HOW$ ]]
	[[ $output == *'Container second does not run; this is what its configuration asks for:'* ]]
	[ "${#lines[@]}" = 18 ]
	run -0 coffer container inspect --security --latest
	[[ ${lines[0]} == 'Container second '* ]]
	run -125 coffer inspect --security --size first
	[[ $output == *'--security is about what confines containers that are there'* ]]
	run -1 coffer inspect --security nosuch
	[[ $output == *'No such container: nosuch'* ]]
	coffer rm -f first second
}
