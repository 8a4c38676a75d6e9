#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Network namespaces of containers under names in /run/netns, which is the machine's own: the names are the test's.

# shellcheck disable=SC2154 # run assigns stderr
bats_require_minimum_version 1.5.0
load lib/coffer
load lib/network

setup_file() {
	network_file_setup
	export NAME=cf-test-$$-$RANDOM
}

teardown_file() {
	rm -f "/run/netns/$NAME" "/run/netns/$NAME.2"
	network_file_teardown
}

teardown() {
	network_teardown
	[ ! -L "/run/netns/$NAME" ]
}

@test "ip netns sees a container's namespace until the container ends" {
	sleeper web
	[ "$(coffer network netns web "$NAME")" = "/run/netns/$NAME" ]
	ip netns list | grep -q "^$NAME"
	[ "$(ip netns exec "$NAME" readlink /proc/self/ns/net)" = "$(coffer exec web readlink /proc/self/ns/net)" ]
	ip netns exec "$NAME" ip -o addr show eth0 | grep -q "$(address web)/"
	coffer network netns web "$NAME" # once more is no mistake
	coffer network netns web "$NAME.2" >/dev/null
	coffer kill web >/dev/null
	coffer wait web >/dev/null
	coffer ps >/dev/null
	[ ! -L "/run/netns/$NAME" ]
	[ ! -L "/run/netns/$NAME.2" ]
}

@test "names are taken away on request, and are others' if we have not made them" {
	sleeper web
	sleeper db
	coffer network netns web "$NAME" >/dev/null
	run -1 --separate-stderr coffer network netns db "$NAME"
	[[ $stderr == *"'/run/netns/$NAME' is there already"*"coffer network netns db NAME"* ]]
	coffer rm -f db >/dev/null
	[ -L "/run/netns/$NAME" ]
	coffer network netns --rm web
	[ ! -L "/run/netns/$NAME" ]
	touch "/run/netns/$NAME"
	run -1 --separate-stderr coffer network netns web "$NAME"
	[[ $stderr == *"is there already"* ]]
	coffer rm -f web >/dev/null
	[ -f "/run/netns/$NAME" ]
	rm "/run/netns/$NAME"
}

@test "a name stays while the restart policy starts the container again" {
	coffer run -d --name web --restart always box:1 sleep 600 >/dev/null
	coffer network netns web "$NAME" >/dev/null
	before=$(coffer inspect -f '{{.State.Pid}}' web)
	kill -KILL "$before"
	again() {
		local pid
		pid=$(coffer inspect -f '{{.State.Pid}}' web)
		[ "$pid" -gt 0 ] && [ "$pid" != "$before" ]
	}
	eventually again
	ip netns exec "$NAME" ip -o addr show eth0 | grep -q "$(address web)/"
}

@test "a container without a network can be given one from outside" {
	sleeper alone --network none
	coffer network netns alone "$NAME" >/dev/null
	ip netns exec "$NAME" ip link add tap0 type veth peer name tap1
	coffer exec alone ip link show tap0
}

@test "what was left behind is found and repaired" {
	sleeper web
	coffer network netns web "$NAME" >/dev/null
	ln -s "$COFFER_TEST_ROOT/run/containers/nobody/netns" "/run/netns/$NAME.2"
	run -0 coffer system check # a leftover is no damage
	[[ $output == *"N4"*"/run/netns/$NAME.2"*"it leads to no network namespace any more"* ]] || { echo "$output" && return 1; }
	[[ $output != *"/run/netns/$NAME "* ]]
	coffer system check --repair
	[ ! -L "/run/netns/$NAME.2" ]
	[ -L "/run/netns/$NAME" ]
	# A monitor that is killed takes its container along; the next command takes the name.
	kill -KILL "$(ps -o ppid= -p "$(coffer inspect -f '{{.State.Pid}}' web)")"
	gone() { coffer ps >/dev/null && [ ! -L "/run/netns/$NAME" ]; }
	eventually gone
}

@test "what has no name to give" {
	sleeper shared --network host
	run -1 --separate-stderr coffer network netns shared "$NAME"
	[[ $stderr == *'container "shared" has the network of the host, which needs no name'* ]]
	coffer create --name idle box:1 true >/dev/null
	run -1 --separate-stderr coffer network netns idle "$NAME"
	[[ $stderr == *'cannot name the network namespace of container "idle"'*'is not running'* ]]
	sleeper web
	run -1 --separate-stderr coffer network netns web a/b
	[[ $stderr == *'invalid name for a network namespace: "a/b"'* ]]
	run -125 --separate-stderr coffer network netns --rm web "$NAME"
	[[ $stderr == *'--rm takes all names of the container away'* ]]
}
