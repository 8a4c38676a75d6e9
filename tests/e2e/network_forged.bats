#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Packets that a container sends in another's name. What was dropped is known by what was sent behind it and has come.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/network

setup_file() {
	command -v python3 >/dev/null || skip "needs python3"
	network_file_setup
}

teardown_file() {
	network_file_teardown
}

setup() {
	coffer network create --ipv6 --subnet 10.89.1.0/24 --subnet fd01::/64 front >/dev/null
}

teardown() {
	local name
	[ -z "${LISTENER:-}" ] || kill "$LISTENER" 2>/dev/null || true
	for name in $(coffer network policy ls -q); do
		coffer network policy rm "$name" >/dev/null
	done
	network_teardown
}

# within CONTAINER COMMAND...: in its network namespace
within() {
	local pid
	pid=$(coffer inspect -f '{{.State.Pid}}' "$1")
	shift
	nsenter --net="/proc/$pid/ns/net" -- "$@"
}

forge() {
	local name=$1
	shift
	within "$name" python3 "$BATS_TEST_DIRNAME/lib/forge.py" "$@"
}

# three: the victim 10.89.1.10, the friend 10.89.1.20 and the liar 10.89.1.30
three() {
	sleeper victim --network front --ip 10.89.1.10 --ip6 fd01::10 "$@"
	sleeper friend --network front --ip 10.89.1.20 --ip6 fd01::20 -l app=friend
	sleeper liar --network front --ip 10.89.1.30 --ip6 fd01::30 -l app=liar
}

# hears ADDRESS: the victim listens there
hears() {
	: >"$BATS_TEST_TMPDIR/heard"
	forge victim listen "$1" >"$BATS_TEST_TMPDIR/heard" 3>&- &
	LISTENER=$!
	eventually grep -qx ready "$BATS_TEST_TMPDIR/heard"
}

# heard WORD...: these, and no others, have come; "end" is sent by the friend until it has come, too.
heard() {
	ended() {
		forge friend datagram "$1" "$2" end
		grep -qx end "$BATS_TEST_TMPDIR/heard"
	}
	eventually ended "$FRIEND" "$VICTIM"
	[ "$(grep -vx -e ready -e end "$BATS_TEST_TMPDIR/heard" | xargs)" = "$*" ] || {
		cat "$BATS_TEST_TMPDIR/heard"
		return 1
	}
}

# known FROM TO: who sends is a neighbour already, so that nothing has to wait for an answer
known() {
	coffer exec "$1" ping -c 1 -W 5 "$2" >/dev/null
}

dropped() {
	nft list table bridge "$(nft list tables | sed -n 's/^table bridge //p')" |
		sed -n "s/.*counter packets \([0-9]*\) .*\"$1\".*/\1/p" | awk '{ n += $1 } END { print n }'
}

@test "in the name of another container, or of the host: dropped, and counted" {
	three
	coffer network create --subnet 10.89.2.0/24 back >/dev/null
	sleeper far --network back --ip 10.89.2.10
	VICTIM=10.89.1.10 FRIEND=10.89.1.20
	known liar 10.89.1.10
	hears 10.89.1.10
	forge liar datagram 10.89.1.20 10.89.1.10 as-friend
	forge liar datagram 10.89.1.1 10.89.1.10 as-gateway
	forge liar datagram 10.89.2.10 10.89.1.10 as-far
	forge liar datagram 10.89.1.30 10.89.1.10 honest
	forge liar datagram 10.244.0.1 10.89.1.10 routed
	heard honest routed
	[ "$(dropped "an address that is another's")" -eq 3 ]
}

@test "the same over IPv6" {
	three
	VICTIM=fd01::10 FRIEND=fd01::20
	known liar fd01::10
	hears fd01::10
	forge liar datagram fd01::20 fd01::10 as-friend
	forge liar datagram fd01::1 fd01::10 as-gateway
	forge liar datagram fd01::30 fd01::10 honest
	heard honest
}

# mac_of ADDRESS: whom the victim thinks to be there
mac_of() {
	within victim ip neigh show "$1" | grep -o 'lladdr [0-9a-f:]*'
}

@test "who says to have another's address is not believed" {
	three
	local address
	for address in 10.89.1.20 10.89.1.1 fd01::20 fd01::1; do
		known victim "$address"
		before=$(mac_of "$address")
		case $address in
		*:*) forge liar neighbour eth0 "$address" ;;
		*) forge liar arp eth0 "$address" ;;
		esac
		known liar 10.89.1.10 # behind it
		[ "$(mac_of "$address")" = "$before" ]
	done
	forge liar router eth0
	known liar 10.89.1.10
	[ "$(within victim ip -6 route show default | wc -l)" -eq 1 ]
	[ "$(dropped "no router")" -eq 1 ]
	# One that nobody has is anybody's.
	within liar ip address add 10.89.1.99/24 dev eth0
	forge liar arp eth0 10.89.1.99
	known victim 10.89.1.99
}

@test "who sends from another's MAC address does not get what is for that one" {
	three
	VICTIM=10.89.1.10 FRIEND=10.89.1.20
	known friend 10.89.1.10
	hears 10.89.1.10
	forge liar frame eth0 "$(coffer inspect victim | jq -r '.[0].NetworkSettings.Networks.front.MacAddress')"
	forge friend datagram 10.89.1.20 10.89.1.10 for-victim
	heard for-victim
	# Nor after the bridge has been made again.
	ip link del "cf-$(coffer network inspect front | jq -r '.[0].Id[:10]')"
	coffer ps >/dev/null
	known friend 10.89.1.10
	hears 10.89.1.10
	forge liar frame eth0 "$(coffer inspect victim | jq -r '.[0].NetworkSettings.Networks.front.MacAddress')"
	forge friend datagram 10.89.1.20 10.89.1.10 for-victim
	heard for-victim
}

closed() {
	coffer network policy apply - >/dev/null <<-'EOF'
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: friends}
		spec:
		  podSelector: {matchLabels: {app: victim}}
		  ingress:
		  - from: [{podSelector: {matchLabels: {app: friend}}}, {ipBlock: {cidr: 10.244.0.0/16}}]
	EOF
}

@test "a tag of no VLAN is no way around" {
	three
	local mac tag
	VICTIM=10.89.1.10 FRIEND=10.89.1.20
	mac=$(coffer inspect victim | jq -r '.[0].NetworkSettings.Networks[].MacAddress')
	known liar 10.89.1.10
	hears 10.89.1.10
	for tag in 8100:0 88a8:0 '8100:0 8100:0' '88a8:0 8100:0'; do
		# shellcheck disable=SC2086 # two tags are two words
		forge liar tagged eth0 "$mac" 10.89.1.30 10.89.1.10 tagged $tag
	done
	forge liar datagram 10.89.1.30 10.89.1.10 honest
	heard honest
	[ "$(dropped "a tag of no VLAN")" -eq 4 ]
}

@test "where there is a policy, with no address but its own" {
	three -l app=victim
	known liar 10.89.1.10
	closed
	VICTIM=10.89.1.10 FRIEND=10.89.1.20
	hears 10.89.1.10
	forge liar datagram 10.89.1.20 10.89.1.10 as-friend
	forge liar datagram 10.244.0.1 10.89.1.10 from-block
	heard
	[ "$(dropped "no address of its own")" -ge 1 ]
	# What IPv6 needs to work is not in the way, nor are groups.
	within friend ip -6 neigh flush dev eth0
	known friend fd01::30
	forge friend datagram 10.89.1.20 224.0.0.251 x
	sleeper late --network front --ip6 fd01::40
	known late fd01::30
	coffer network policy rm friends
	hears 10.89.1.10
	forge liar datagram 10.244.0.1 10.89.1.10 from-block
	heard from-block
}

@test "a network can be told to allow it, or to deny it always" {
	coffer network create --subnet 10.89.3.0/24 --opt com.coffer.spoof=allow free >/dev/null
	coffer network create --subnet 10.89.4.0/24 --opt com.coffer.spoof=deny strict >/dev/null
	sleeper victim --network free --ip 10.89.3.10
	sleeper friend --network free --ip 10.89.3.20
	sleeper liar --network free --ip 10.89.3.30
	VICTIM=10.89.3.10 FRIEND=10.89.3.20
	closed
	known liar 10.89.3.10
	hears 10.89.3.10
	forge liar datagram 10.89.3.20 10.89.3.10 as-friend
	forge liar datagram 10.244.0.1 10.89.3.10 routed
	heard as-friend routed
	coffer rm -f victim friend liar >/dev/null
	coffer network policy rm friends

	sleeper victim --network strict --ip 10.89.4.10
	sleeper friend --network strict --ip 10.89.4.20
	sleeper liar --network strict --ip 10.89.4.30
	VICTIM=10.89.4.10 FRIEND=10.89.4.20
	known liar 10.89.4.10
	hears 10.89.4.10
	forge liar datagram 10.244.0.1 10.89.4.10 routed
	heard
	run -1 coffer network create --opt com.coffer.spoof=perhaps no
	[[ $output == *'unknown word for forged addresses "perhaps": there are allow, deny'* ]]
}

@test "a container that comes later, and one that is gone" {
	three
	coffer network create --subnet 10.89.2.0/24 back >/dev/null
	sleeper other --network back
	coffer network connect --ip 10.89.1.40 front other
	VICTIM=10.89.1.10 FRIEND=10.89.1.20
	known liar 10.89.1.10
	hears 10.89.1.10
	forge liar datagram 10.89.1.40 10.89.1.10 as-other
	coffer network disconnect front other
	forge liar datagram 10.89.1.40 10.89.1.10 nobody
	heard nobody
	coffer rm -f victim friend liar other >/dev/null
	run -0 nft list table bridge "$(nft list tables | sed -n 's/^table bridge //p')"
	[[ $output != *10.89.1.20* && $output != *veth*10.89* ]]
}

@test "where the kernel filters nothing on bridges, containers run, and it is said" {
	local nft
	nft=$(command -v nft)
	cp "$nft" "$BATS_TEST_TMPDIR/nft.real"
	cat >"$BATS_TEST_TMPDIR/nft" <<-EOF
		#!/bin/sh
		text=\$(cat)
		case \$text in *"table bridge"*) echo 'Error: Could not process rule: Operation not supported' >&2; exit 1 ;; esac
		printf '%s\n' "\$text" | "$BATS_TEST_TMPDIR/nft.real" "\$@"
	EOF
	chmod +x "$BATS_TEST_TMPDIR/nft"
	without() {
		# shellcheck disable=SC2016 # for the shell inside
		unshare --mount bash -c 'mount --bind "$1" "$0" && shift && exec "$@"' "$nft" "$BATS_TEST_TMPDIR/nft" \
			"$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" "$@"
	}
	nft flush ruleset
	run -0 without run -d --name one --network front -p 8080:80 box:1 sleep 600
	[[ $output == *"containers can send with each other's addresses"*'Operation not supported'* ]]
	run -0 without run --rm --network front box:1 ping -c 1 -W 5 one
	[[ $output != *"each other's addresses"* ]]
	without rm -f one
	nft list ruleset | grep -q '8080' && return 1
	nft flush ruleset
}
