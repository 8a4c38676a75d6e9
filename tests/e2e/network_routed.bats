#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Networks whose containers are reached by their own addresses: what is opened, and what is not, from a host that routes to
# them, from other networks and from the host itself.
# shellcheck disable=SC2154 # run assigns stderr

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/network

MODE=com.docker.network.bridge.gateway_mode

setup_file() {
	network_file_setup
	outside ip route add 10.89.0.0/16 via 198.51.100.1
	outside ip -6 route add fd00:89::/32 via 2001:db8::1
}

teardown_file() {
	network_file_teardown
}

teardown() {
	network_teardown
}

# site NAME ARGUMENT...: a web server at 80, and another one at 81
site() {
	local name=$1
	shift
	web "$name" "$@"
	coffer exec -d "$name" httpd -f -h /www -p 81
	eventually fetch -o /dev/null "http://$(address "$name"):81/"
}

far() {
	outside curl -sf --max-time 3 -o /dev/null "$1"
}

# Nobody answers: what is dropped is waited for.
never() {
	run -28 outside curl -sf --max-time 1 -o /dev/null "$1"
}

# inside NAME COMMAND...: with the container's network
inside() {
	nsenter --net="/proc/$(coffer inspect -f '{{.State.Pid}}' "$1")/ns/net" -- "${@:2}"
}

# heard NAME: as whom the outside sees it
heard() {
	outside timeout 20 nc -l -p 7000 -n -v >/dev/null 2>"$BATS_TEST_TMPDIR/peer" 3>&- &
	local listener=$!
	sent() { coffer exec "$1" sh -c 'echo hello | nc -w 3 198.51.100.2 7000'; }
	eventually sent "$1"
	wait "$listener" || true
	cat "$BATS_TEST_TMPDIR/peer"
}

@test "routed: published ports are opened at the container's address, and nothing else is" {
	coffer network create --subnet 10.89.1.0/24 --opt ${MODE}_ipv4=routed open >/dev/null
	site one --network open --ip 10.89.1.10 -p 8080:80
	site two --network open --ip 10.89.1.11 -p 8080:80
	far http://10.89.1.10/
	far http://10.89.1.11/
	never http://10.89.1.10:81/
	outside ping -c 1 -W 3 10.89.1.10
	# The host has no such port, and reaches its containers anyway.
	run ! fetch http://127.0.0.1:8080/
	run ! outside curl -sf --max-time 1 http://198.51.100.1:8080/
	fetch http://10.89.1.10:81/
	[ "$(coffer port one)" = '80/tcp -> 10.89.1.10:80' ]
	[[ $(heard one) == *10.89.1.10* ]]
	coffer rm -f one >/dev/null
	sleeper other --network open --ip 10.89.1.10
	coffer exec -d other httpd -f -p 80
	eventually curl -s -o /dev/null --max-time 2 http://10.89.1.10/
	never http://10.89.1.10/
	far http://10.89.1.11/
	coffer system check
}

@test "routed: other networks of the host come by what is opened only" {
	coffer network create --subnet 10.89.1.0/24 --opt ${MODE}_ipv4=routed open >/dev/null
	coffer network create --subnet 10.89.2.0/24 side >/dev/null
	site one --network open --ip 10.89.1.10 -p 80
	sleeper near --network side
	inside near curl -sf --max-time 3 -o /dev/null http://10.89.1.10/
	run ! inside near curl -sf --max-time 1 -o /dev/null http://10.89.1.10:81/
	run -0 coffer network trace --connect near 10.89.1.10:80
	[[ $output == *'"open" is routed, and tcp/80 is open'* ]]
	run -1 coffer network trace near 10.89.1.10:81
	[[ $output == *'"side" and "open" are kept apart'* ]]
	# And the way back is no way in.
	site two --network side --ip 10.89.2.10 -p 9090:80
	run ! inside one curl -sf --max-time 1 -o /dev/null http://10.89.2.10/
	inside one curl -sf --max-time 3 -o /dev/null http://10.89.1.1:9090/
}

@test "routed: IPv6 by its own address, IPv4 by the host's" {
	coffer network create --subnet 10.89.1.0/24 --subnet fd00:89:1::/64 --opt ${MODE}_ipv6=routed mixed >/dev/null
	site one --network mixed --ip 10.89.1.10 --ip6 fd00:89:1::10 -p 8080:80
	far http://198.51.100.1:8080/
	never http://10.89.1.10/
	far 'http://[fd00:89:1::10]/'
	never 'http://[fd00:89:1::10]:81/'
	outside ping -6 -c 1 -W 3 fd00:89:1::10
	run ! outside ping -c 1 -W 1 10.89.1.10
	[ "$(coffer port one | sort)" = $'80/tcp -> 0.0.0.0:8080\n80/tcp -> [fd00:89:1::10]:80' ]
	coffer exec one ping -6 -c 1 -W 3 2001:db8::2
	[[ $(heard one) == *198.51.100.1* ]]
}

@test "nat-unprotected: all ports are reached from outside, and not from other networks" {
	coffer network create --subnet 10.89.1.0/24 --opt ${MODE}_ipv4=nat-unprotected bare >/dev/null
	coffer network create --subnet 10.89.2.0/24 side >/dev/null
	site one --network bare --ip 10.89.1.10 -p 8080:80
	sleeper near --network side
	far http://10.89.1.10/
	far http://10.89.1.10:81/
	far http://198.51.100.1:8080/
	outside ping -c 1 -W 3 10.89.1.10
	run ! inside near curl -sf --max-time 1 -o /dev/null http://10.89.1.10:81/
	[[ $(heard one) == *198.51.100.1* ]]
	# What is protected is so still.
	site two --network side --ip 10.89.2.10
	never http://10.89.2.10/
}

@test "openings follow a container from network to network, and a flush of the packet filter" {
	coffer network create --subnet 10.89.1.0/24 --opt ${MODE}_ipv4=routed aopen >/dev/null
	coffer network create --subnet 10.89.2.0/24 side >/dev/null
	site one --network side --ip 10.89.2.10 -p 8080:80
	fetch http://127.0.0.1:8080/
	coffer network connect --ip 10.89.1.10 --gw-priority 1 aopen one
	[ "$(coffer port one)" = '80/tcp -> 10.89.1.10:80' ]
	far http://10.89.1.10/
	run ! fetch --max-time 1 http://127.0.0.1:8080/
	nft flush ruleset
	coffer ps >/dev/null
	far http://10.89.1.10/
	never http://10.89.1.10:81/
	coffer network disconnect aopen one
	[ "$(coffer port one)" = '80/tcp -> 0.0.0.0:8080' ]
	fetch http://127.0.0.1:8080/
}

@test "what is published to this host alone is not opened, and internal stays internal" {
	coffer network create --subnet 10.89.1.0/24 --opt ${MODE}_ipv4=routed open >/dev/null
	run -0 --separate-stderr coffer run -d --name one --network open --ip 10.89.1.10 -p 127.0.0.1:8080:80 box:1 httpd -f -p 80
	[[ $stderr == *"port 80/tcp is not published at the host's loopback address"* ]]
	eventually curl -s -o /dev/null --max-time 2 http://10.89.1.10/
	never http://10.89.1.10/
	[ -z "$(coffer port one)" ]
	coffer network create --subnet 10.89.3.0/24 --internal --opt ${MODE}_ipv4=routed shut >/dev/null
	site two --network shut --ip 10.89.3.10 -p 80
	never http://10.89.3.10/
	run -1 --separate-stderr coffer network create --opt ${MODE}_ipv4=isolated nosuch
	[[ $stderr == *'gateway mode "isolated": a bridge always has its gateway'*'--internal lets nothing in or out'* ]]
}
