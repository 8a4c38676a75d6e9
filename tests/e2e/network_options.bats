#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What can be chosen of a network: which addresses it gives, and the options of the driver bridge.
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
}

addresses() {
	coffer inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}' "$1"
}

@test "ranges of both families, and addresses that are somebody else's" {
	coffer network create --subnet 10.89.1.0/24 --ip-range 10.89.1.8/30 --aux-address router=10.89.1.9 --aux-address "nas=fd00:89::5" \
		--subnet fd00:89::/64 --ip-range fd00:89::4/126 front
	coffer network create --subnet 10.89.2.0/24 --aux-address a=10.89.2.2 --aux-address b=10.89.2.3 back
	local i
	for i in 1 2 3; do
		sleeper "box$i" --network front
	done
	run -0 eval 'for i in 1 2 3; do addresses box$i; done'
	# The fourth of four is the router's, and of the others the NAS has one.
	[ "$(cut -d' ' -f1 <<<"$output" | sort | paste -sd' ')" = '10.89.1.10 10.89.1.11 10.89.1.8' ]
	[ "$(cut -d' ' -f2 <<<"$output" | sort | paste -sd' ')" = 'fd00:89::4 fd00:89::6 fd00:89::7' ]
	run -125 coffer run --rm --network front box:1 true
	[[ $output == *'no '*'address is left on the network "front"'* ]]
	run -125 coffer run --rm --network front --ip 10.89.1.9 box:1 true
	[[ $output == *'address 10.89.1.9 is none that the network "front" (10.89.1.0/24) can give'* ]]
	run -125 coffer run --rm --network front --ip6 fd00:89::5 --ip 10.89.1.77 box:1 true
	[[ $output == *'address fd00:89::5 is none that'* ]]
	run -125 coffer run --rm --network front --ip6 fd00:89::6 --ip 10.89.1.77 box:1 true
	[[ $output == *'address fd00:89::6 of the network "front" is in use already'* ]]
	run -0 coffer run --rm --network back box:1 ip -o -4 addr show eth0
	[[ $output == *10.89.2.4/24* ]]
	run -0 coffer network inspect front
	[ "$(jq -c '.[0].IPAM.Config[1] | [.IPRange, .AuxiliaryAddresses.nas]' <<<"$output")" = '["fd00:89::4/126","fd00:89::5"]' ]
	[ "$(jq -c '.[0].IPAM.Config[0].AuxiliaryAddresses' <<<"$output")" = '{"router":"10.89.1.9"}' ]
}

@test "an address that was chosen does not stand in the way of those that follow" {
	coffer network create --subnet 10.89.1.0/24 --subnet fd00:89::/64 front
	sleeper chosen --network front --ip 10.89.1.3 --ip6 fd00:89::4
	local i
	for i in 1 2 3; do
		sleeper "box$i" --network front
	done
	[ "$(for i in 1 2 3; do addresses "box$i"; done | paste -sd,)" = '10.89.1.2 fd00:89::2,10.89.1.4 fd00:89::5,10.89.1.5 fd00:89::6' ]
}

@test "enable_icc=false: containers reach the world, and not each other" {
	coffer network create --subnet 10.89.1.0/24 -o com.docker.network.bridge.enable_icc=false front
	web one --network front -p 8080:80
	sleeper two --network front
	run ! coffer exec two sh -c "echo | nc -w 1 $(address one) 80"
	run -0 coffer exec two ping -c 1 -W 3 198.51.100.2
	fetch http://127.0.0.1:8080/
	# Not by way of the host either.
	coffer run --rm --network front --cap-add NET_ADMIN box:1 sh -c "ip route del 10.89.1.0/24; ip route add 10.89.1.1 dev eth0;
		ip route add default via 10.89.1.1; ! echo | nc -w 1 $(address one) 80"
	# Plugged in again, they are apart again.
	ip link del "$(coffer network inspect -f 'cf-{{slice .Id 0 10}}' front)"
	coffer ps -a >/dev/null
	coffer run --rm --network front box:1 true
	eventually fetch http://127.0.0.1:8080/
	run ! coffer exec two sh -c "echo | nc -w 1 $(address one) 80"
}

@test "enable_ip_masquerade=false: who is asked sees the container's address" {
	coffer network create --subnet 10.89.1.0/24 -o com.docker.network.bridge.enable_ip_masquerade=false plain
	outside ip route add 10.89.1.0/24 via 198.51.100.1
	outside timeout 20 socat -u TCP-LISTEN:7000,bind=198.51.100.2,reuseaddr SYSTEM:'echo $SOCAT_PEERADDR; cat >/dev/null' \
		>"$BATS_TEST_TMPDIR/seen" 3>&- &
	listens() { outside ss -Hltn "sport = :7000" | grep -q .; }
	eventually listens
	coffer run --rm --network plain --ip 10.89.1.9 box:1 sh -c 'echo x | nc -w 3 198.51.100.2 7000'
	wait $!
	outside ip route del 10.89.1.0/24
	[ "$(<"$BATS_TEST_TMPDIR/seen")" = 10.89.1.9 ]
}

@test "host_binding_ipv4 is where ports without an address are published" {
	coffer network create --subnet 10.89.1.0/24 -o com.docker.network.bridge.host_binding_ipv4=127.0.0.1 front
	web one --network front -p 8080:80 -p 198.51.100.1:8081:80
	fetch http://127.0.0.1:8080/
	run ! outside curl -sf --max-time 1 http://198.51.100.1:8080/
	outside curl -sf --max-time 3 http://198.51.100.1:8081/
	run -0 coffer port one 80
	[[ $output == *127.0.0.1:8080* ]]
}

@test "names of bridges and interfaces, the MTU, and podman's isolate" {
	coffer network create -o com.docker.network.bridge.name=br-own -o mtu=1400 -o isolate=strict \
		-o com.docker.network.container_iface_prefix=net --subnet 10.89.1.0/24 front
	coffer network create --subnet 10.89.2.0/24 back
	sleeper one --network front
	run -0 coffer exec one ip link
	[[ $output == *'net0@'*'mtu 1400'* ]]
	ip link show br-own
	coffer network connect back one
	run -0 coffer exec one ip -o -4 addr show eth0
	[[ $output == *10.89.2.* ]]
	coffer rm -f one
	coffer network rm front
	run ! ip link show br-own
}

@test "what cannot be is refused with its words" {
	local arguments words
	while IFS='|' read -r arguments words; do
		# shellcheck disable=SC2086 # several arguments in one
		run -1 coffer network create --subnet 10.89.1.0/24 $arguments nonsense
		[[ $output == *"$words"* ]] || { echo "$arguments: $output"; false; }
	done <<-'ROWS'
		-o com.docker.network.bridge.nosuch=1|unknown network option "com.docker.network.bridge.nosuch=1"
		-o com.docker.network.bridge.enable_ic=false|hint:  --opt com.docker.network.bridge.enable_icc=VALUE
		-o com.docker.network.bridge.enable_icc=perhaps|invalid network option "enable_icc=perhaps": it is true or false
		-o com.docker.network.bridge.host_binding_ipv4=::1|invalid IPv4 address for published ports: "::1"
		-o com.docker.network.bridge.gateway_mode_ipv4=bent|unknown gateway mode "bent": there are nat, routed, nat-unprotected
		-o com.docker.network.bridge.inhibit_ipv4=true|network option "com.docker.network.bridge.inhibit_ipv4": a bridge always has
		-o isolate=false|networks are always isolated from each other
		-o mtu=10|invalid MTU "10"
		-o com.docker.network.bridge.name=a/b|invalid name for a network interface: "a/b"
		--aux-address 10.89.1.5|invalid auxiliary address "10.89.1.5": it is NAME=ADDRESS
		--aux-address a=10.90.1.5|no matching subnet for aux-address 10.90.1.5
		--ip-range fd00::/80|no matching subnet for range fd00::/80
		--ip-range 10.89.1.0/25 --ip-range 10.89.1.128/25|several ranges of one family are not supported
	ROWS
}

@test "flags of others: each is had, or refused with its reason" {
	local arguments words
	while IFS='|' read -r arguments words; do
		# shellcheck disable=SC2086 # several arguments in one
		run coffer network create $arguments front
		if [ "$words" = ok ]; then
			[ "$status" -eq 0 ] || { echo "$arguments: $output"; false; }
			coffer network rm front >/dev/null
		else
			[ "$status" -ne 0 ] && [[ $output == *"$words"* ]] || { echo "$arguments: $output"; false; }
		fi
	done <<-'ROWS'
		--attachable|ok
		--ipv4|ok
		--ipv4=true|ok
		--ipv4=false|networks without IPv4 are not available
		--ipam-driver default|ok
		--ipam-driver host-local|ok
		--ipam-driver dhcp|IPAM driver "dhcp" is not available: addresses are given by coffer itself
		--ipam-opt a=b|addresses are given by coffer itself
		--scope local|ok
		--scope swarm|scope "swarm" is not available: there is no swarm
		--ingress|there is no swarm
		--config-only|there are no networks of options alone
		--config-from x|there are no networks of options alone
		--disable-dns|names are served on each network
		--dns 192.0.2.1|names of the world are asked of
		--route 192.0.2.0/24,198.51.100.1|containers have one way out
		--interface-name br-own|ok
		--interface-name a/b|invalid name for a network interface: "a/b"
	ROWS
	coffer network create --interface-name br-own front >/dev/null
	[ "$(coffer network inspect front | jq -r '.[0].Options["com.docker.network.bridge.name"]')" = br-own ]
	coffer network create -d macvlan --interface-name out lan >/dev/null
	[ "$(coffer network inspect lan | jq -r '.[0].Options.parent')" = out ]
	coffer network rm lan >/dev/null
}

@test "whether there is a network, and what it needs made again" {
	run -1 coffer network exists front
	[ -z "$output" ]
	coffer network create front >/dev/null
	run -0 coffer network exists front
	[ -z "$output" ]
	coffer network exists bridge
	coffer network exists host
	web one --network front -p 8080:80
	nft flush ruleset
	run ! is_led 8080
	coffer network reload
	is_led 8080
}
