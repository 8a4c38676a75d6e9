#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Networks that stand on an interface of the host (macvlan). What lies beyond "out" is the network namespace that
# `outside` is in.
# shellcheck disable=SC2030,SC2031 # bats runs every test in a subshell

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/network

setup_file() {
	network_file_setup
	ip link add probe type veth peer name other
	local macvlan=0
	ip link add link probe name try type macvlan || macvlan=$?
	ip link del probe
	[ "$macvlan" -eq 0 ] || skip "this kernel has no macvlan"
}

teardown_file() {
	network_file_teardown
}

teardown() {
	network_teardown
}

# lan ARGUMENT...: the network "lan" where the outside is
lan() {
	coffer network create -d macvlan -o parent=out --subnet 198.51.100.0/24 --gateway 198.51.100.2 \
		--ip-range 198.51.100.64/27 "$@" lan
}

mode_of() {
	coffer exec "$1" true
	nsenter --net="/proc/$(coffer inspect -f '{{.State.Pid}}' "$1")/ns/net" -- ip -d link show eth0
}

@test "a container is a machine of its own on the network of the parent interface" {
	lan
	sleeper one --network lan
	run -0 coffer exec one sh -c 'ip -o -4 addr show eth0; ip route'
	[[ $output == *'inet 198.51.100.64/24'* && $output == *'default via 198.51.100.2 dev eth0'* ]]
	run -0 mode_of one
	[[ $output == *'macvlan mode bridge'* && $output == *'02:42:c6:33:64:40'* ]]
	run -0 outside busybox ping -c 1 -W 3 198.51.100.64
	run -0 coffer exec one ping -c 1 -W 3 198.51.100.2
	run -0 coffer inspect -f '{{with .NetworkSettings.Networks.lan}}{{.IPAddress}} {{.Gateway}} {{.MacAddress}}{{end}}' one
	[ "$output" = '198.51.100.64 198.51.100.2 02:42:c6:33:64:40' ]
	run -0 coffer network inspect -f '{{.Driver}} {{.Options}} {{(index .IPAM.Config 0).IPRange}}' lan
	[ "$output" = 'macvlan map[parent:out] 198.51.100.64/27' ]
	run -0 coffer network ls --filter driver=macvlan --format '{{.Name}}'
	[ "$output" = lan ]
	run -1 coffer network rm lan
	[[ $output == *'network lan is in use'* ]]
	coffer rm -f one
	coffer network rm lan
	ip link show out
}

@test "an address and a MAC of one's own choice, and IPv6" {
	lan --subnet 2001:db8::/64 --gateway 2001:db8::2
	run -0 coffer run --rm --network lan --ip 198.51.100.80 --ip6 2001:db8::80 --mac-address 02:00:00:00:00:80 box:1 \
		sh -c 'ip addr show eth0; ip -6 route; ping -c 1 -W 3 2001:db8::2'
	[[ $output == *'inet 198.51.100.80/24'* && $output == *'2001:db8::80/64'* && $output == *'02:00:00:00:00:80'* ]]
	[[ $output == *'default via 2001:db8::2'* && $output == *' 0% packet loss'* ]]
}

@test "containers find each other by name, and the names of the world by the host's servers" {
	lan
	sleeper one --network lan --network-alias uno
	sleeper two --network lan
	run -0 coffer exec two cat /etc/resolv.conf
	[[ $output == *'nameserver 127.0.0.11'* ]]
	local name
	for name in one uno; do
		run -0 coffer exec two ping -c 1 -W 3 "$name"
		[[ $output == *198.51.100.64* ]]
	done
	run -0 coffer exec one ping -c 1 -W 3 two
	coffer rm -f two
	gone() { ! coffer exec one nslookup two >/dev/null 2>&1; }
	eventually gone
	[ -e "$COFFER_TEST_ROOT/run/networks/.$(coffer inspect -f '{{.Id}}' one)" ]
	[ ! -e "$COFFER_TEST_ROOT/run/networks/lan" ]
}

@test "with a bridge besides: each has its place, ports go by the way out, and who has none is told" {
	lan
	coffer network create --subnet 10.89.1.0/24 front
	web both --network name=front,gw-priority=1 --network lan -p 8080:80
	fetch http://127.0.0.1:8080/
	outside curl -sf --max-time 3 http://198.51.100.64/
	sleeper peer --network front
	run -0 coffer exec peer ping -c 1 -W 3 both
	coffer rm -f both
	run -0 coffer run --rm --network front --network name=lan,gw-priority=1 -p 8080:80 box:1 ip route
	[[ $output == *"ports are not published: the container's way out is the network"* ]]
	[[ $output == *'default via 198.51.100.2'* ]]
	run -0 coffer run -d --name only --network lan -p 8080:80 box:1 sleep 600
	[[ $output == *'ports are not published'* ]]
	run -0 coffer port only
	[ -z "$output" ]
}

@test "connect and disconnect move a container that runs, its way out and its ports" {
	lan
	coffer network create --subnet 10.89.1.0/24 front
	web one --network front -p 8080:80
	coffer network connect --gw-priority 5 lan one
	run -0 coffer exec one ip route
	[[ $output == *'default via 198.51.100.2 dev eth1'* ]]
	outside curl -sf --max-time 3 http://198.51.100.64/
	run ! fetch http://127.0.0.1:8080/
	coffer network disconnect lan one
	run -0 coffer exec one ip -o link
	[[ $output != *eth1* ]]
	run -0 coffer exec one ip route
	[[ $output == *'default via 10.89.1.1 dev eth0'* ]]
	fetch http://127.0.0.1:8080/
	coffer network connect lan one
	coffer restart -t 0 one
	run -0 coffer exec one ip -o -4 addr
	[[ $output == *10.89.1.* && $output == *198.51.100.* ]]
}

@test "modes: private and vepa keep containers apart, passthru has the parent for itself" {
	coffer network create -d macvlan -o parent=out -o macvlan_mode=private --subnet 198.51.100.0/24 lan
	sleeper one --network lan --ip 198.51.100.20
	run -0 mode_of one
	[[ $output == *'macvlan mode private'* ]]
	run ! coffer run --rm --network lan box:1 ping -c 1 -W 1 198.51.100.20
	coffer rm -f one
	coffer network rm lan
	coffer network create -d macvlan -o parent=out -o mode=vepa --subnet 198.51.100.0/24 lan
	sleeper one --network lan --ip 198.51.100.20
	run -0 mode_of one
	[[ $output == *'macvlan mode vepa'* ]]
	run -125 coffer run --rm --network lan --mac-address 02:42:c6:33:64:14 box:1 true
	[[ $output == *'MAC address 02:42:c6:33:64:14: another interface on "out" has it'* ]]
	run -1 coffer network create -d macvlan -o parent=out -o macvlan_mode=passthru --subnet 10.9.0.0/24 alone
	[[ $output == *'"out" is the parent of the network "lan", and passthru shares it with no other network'*E-BUSY* ]]
	coffer network create -d macvlan -o parent=out --subnet 10.9.0.0/24 beside
	run -0 coffer run --rm --network beside box:1 ip -o -4 addr show eth0
	[[ $output == *10.9.0.2/24* ]]
}

@test "what cannot be is refused with its words" {
	lan
	local arguments words
	while IFS='|' read -r arguments words; do
		# shellcheck disable=SC2086 # several arguments in one
		run -1 coffer network create $arguments nonsense
		[[ $output == *"$words"* ]] || { echo "$arguments: $output"; false; }
	done <<-'ROWS'
		-d overlay|network driver "overlay" is not available
		-d macvlan -o parent=nosuch|there is no network interface "nosuch"
		-d macvlan -o parent=nosuch.7|there is no network interface "nosuch"
		-d macvlan -o parent=out.4095|there is no network interface "out.4095"
		-d macvlan -o parent=lo|the loopback interface cannot be the parent of a macvlan network
		-d macvlan -o parent=out -o macvlan_mode=fast|unknown mode of a macvlan network "fast": there are bridge, private, vepa, passthru
		-d macvlan -o ipvlan_mode=l2|network option "ipvlan_mode": not one of the driver macvlan
		-d macvlan -o com.docker.network.bridge.name=x|network option "com.docker.network.bridge.name": not one of the driver macvlan
		-o parent=out|network option "parent": not one of the driver bridge
		-d ipvlan -o parent=out -o ipvlan_mode=l4|unknown mode of an ipvlan network "l4": there are l2, l3, l3s
		-d ipvlan -o parent=out|"out" is the parent of the network "lan", of the driver macvlan
		-d macvlan --subnet 198.51.100.128/25|overlaps that of the network "lan"
	ROWS
	run -125 coffer run --rm --network lan --network-opt rate=10mbit box:1 true
	[[ $output == *'limit the rate on the network "lan": this host sees nothing of what a macvlan network sends'* ]]
	[ -z "$(coffer ps -aq)" ]
}

@test "a parent that is down, gone, or part of a bridge" {
	ip link add low type veth peer name lower
	coffer network create -d macvlan -o parent=low --subnet 10.9.1.0/24 low
	run -125 coffer run --rm --network low box:1 true
	[[ $output == *'bring up the network "low": the parent interface "low" is down'*'ip link set low up'* ]]
	ip link set low up
	ip link set lower up
	coffer run --rm --network low box:1 true
	ip link add span type bridge
	eventually ip link set low master span # what stood on it goes with the container's namespace, a moment later
	run -125 coffer run --rm --network low box:1 true
	[[ $output == *'make a macvlan interface on "low": it is used in another way'*E-BUSY* ]]
	ip link del span
	ip link del low
	run -125 coffer run --rm --network low box:1 true
	[[ $output == *'there is no network interface "low"'* ]]
	[ -z "$(coffer ps -aq)" ]
}

@test "a network policy that selects who is on such a network is refused, and so is the container" {
	lan
	printf '%s\n' 'apiVersion: networking.k8s.io/v1' 'kind: NetworkPolicy' 'metadata: {name: shut, namespace: lan}' \
		'spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}' >"$BATS_TEST_TMPDIR/policy.yaml"
	sleeper db --network lan --label app=db
	run -1 coffer network policy apply "$BATS_TEST_TMPDIR/policy.yaml"
	[[ $output == *'it selects container db, which is on the network "lan" (macvlan)'*E-UNSUPPORTED* ]]
	coffer rm -f db
	coffer network policy apply "$BATS_TEST_TMPDIR/policy.yaml"
	sleeper other --network lan
	run -125 coffer run --rm --network lan --label app=db box:1 true
	[[ $output == *'which is on the network "lan" (macvlan) and does not pass by this host'* ]]
	coffer network policy rm lan/shut
}
