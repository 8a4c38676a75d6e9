#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Networks that need what not every kernel has: VLANs, ipvlan, interfaces that lead nowhere, SCTP. The guest of tests/vm has
# all of it.
# shellcheck disable=SC2030,SC2031 # bats runs every test in a subshell

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/network

setup_file() {
	network_file_setup
}

teardown_file() {
	network_file_teardown
}

teardown() {
	network_teardown
	[ -z "${HELPER:-}" ] || kill "$HELPER" 2>/dev/null || true
}

# serve CONTAINER COMMAND...: in its network namespace, in the background
serve() {
	local pid
	pid=$(coffer inspect -f '{{.State.Pid}}' "$1")
	shift
	nsenter --net="/proc/$pid/ns/net" -- "$@" 3>&- &
	HELPER=$!
}

mode_of() {
	coffer exec "$1" true
	nsenter --net="/proc/$(coffer inspect -f '{{.State.Pid}}' "$1")/ns/net" -- ip -d link show eth0
}

# needs KIND ARGUMENT...: skip where this kernel has no such interfaces
needs() {
	ip link add link out name try type "$@" 2>/dev/null || skip "this kernel has no interfaces of the kind $1"
	ip link del try
}

@test "a VLAN of the parent is made when it is needed, and goes with the last network on it" {
	needs vlan id 7
	outside ip link add link eth0 name eth0.7 type vlan id 7
	outside ip addr add 10.7.0.1/24 dev eth0.7
	outside ip link set eth0.7 up
	coffer network create -d macvlan -o parent=out.7 --subnet 10.7.0.0/24 seven
	coffer network create -d macvlan -o parent=out.7 --subnet 10.8.0.0/24 eight
	run -0 coffer run --rm --network seven --ip 10.7.0.9 box:1 ping -c 1 -W 3 10.7.0.1
	ip -d link show out.7 | grep -q 'vlan protocol 802.1Q id 7'
	coffer network rm seven
	ip link show out.7
	coffer network rm eight
	run ! ip link show out.7
	ip link add link out name out.9 type vlan id 9
	ip link set out.9 up
	coffer network create -d macvlan -o parent=out.9 --subnet 10.9.0.0/24 nine
	coffer run --rm --network nine box:1 true
	coffer network rm nine
	ip link del out.9
	outside ip link del eth0.7
}

@test "without a parent containers are among themselves" {
	needs dummy
	coffer network create -d macvlan --subnet 10.9.0.0/24 inside
	sleeper one --network inside
	run -0 coffer run --rm --network inside box:1 ping -c 1 -W 3 one
	run ! coffer run --rm --network inside box:1 ping -c 1 -W 1 198.51.100.2
	coffer rm -f one
	coffer network rm inside
	[ -z "$(ip -o link show type dummy)" ]
}

@test "ipvlan: one MAC for all, modes l2 and l3" {
	needs ipvlan mode l2
	coffer network create -d ipvlan -o parent=out --subnet 198.51.100.0/24 --gateway 198.51.100.2 lan
	sleeper one --network lan --ip 198.51.100.20
	run -0 mode_of one
	[[ $output == *'ipvlan  mode l2'* && $output == *"$(ip -j link show out | jq -r '.[0].address')"* ]]
	outside busybox ping -c 1 -W 3 198.51.100.20
	coffer run --rm --network lan box:1 ping -c 1 -W 3 one
	run -125 coffer run --rm --network lan --mac-address 02:00:00:00:00:80 box:1 true
	[[ $output == *'containers have that of the parent interface'* ]]
	run -1 coffer network create -d ipvlan -o parent=out -o ipvlan_mode=l3 --subnet 10.9.0.0/24 other
	[[ $output == *'is the parent of the network "lan", of another mode of ipvlan'* ]]
	coffer rm -f one
	coffer network rm lan
	coffer network create -d ipvlan -o parent=out -o ipvlan_mode=l3 --subnet 10.9.0.0/24 lan
	outside ip route add 10.9.0.0/24 via 198.51.100.1
	run -0 coffer run --rm --network lan box:1 sh -c 'ip route; ping -c 1 -W 3 198.51.100.2'
	[[ $output == *'default dev eth0'* && $output == *' 0% packet loss'* ]]
	outside ip route del 10.9.0.0/24
}

@test "what speaks SCTP is published as well" {
	sleeper one -p 7001:7/sctp
	run -0 coffer port one
	[ "$output" = '7/sctp -> 0.0.0.0:7001' ]
	nft list ruleset | grep -qE '(sctp|132) \. 7001 : 172\.17\.[0-9.]* \. 7'
	run socat -u /dev/null SCTP-CONNECT:127.0.0.1:1
	[[ $output != *'not supported'* ]] || skip "this kernel has no SCTP: only the rule was looked at"
	serve one socat SCTP-LISTEN:7,fork PIPE
	said_back() { [ "$(echo hello | outside timeout 2 socat -t 1 - SCTP:198.51.100.1:7001 2>/dev/null)" = hello ]; }
	eventually said_back
}
