#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What somebody takes away from under containers that run: the next command makes it again. And what is missing is said.

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

bridge_of() {
	echo "cf-$(coffer network inspect "$1" | jq -r '.[0].Id[:10]')"
}

table() {
	nft list tables | sed -n 's/^table inet \(coffer-[0-9a-f]*\)$/\1/p'
}

# repaired_after DAMAGE...: a published port and the way out are lost by it, and there again after `ps`
repaired_after() {
	web web -p 8080:80
	is_led 8080
	"$@"
	run ! is_led 8080
	coffer ps >/dev/null
	is_led 8080
	coffer exec web ping -c 1 -W 3 198.51.100.2
}

@test "a ruleset that was flushed" {
	repaired_after nft flush ruleset
}

flush_our_rules() {
	nft flush table inet "$(table)"
}

@test "rules that were flushed, with the sets still there" {
	repaired_after flush_our_rules
}

flush_one_chain() {
	nft flush chain inet "$(table)" publish
}

@test "one chain that was flushed" {
	repaired_after flush_one_chain
}

# elements FAMILY SET: what is in it, on one line
elements() {
	nft -s list set "$1" "$(table)" "$2" 2>/dev/null || nft -s list map "$1" "$(table)" "$2"
}

remove_port() {
	nft delete element inet "$(table)" publish4 '{ tcp . 8080 }'
}

@test "one element: a port that somebody has removed" {
	repaired_after remove_port
}

@test "elements that are gone are found by system check, and made again by the next command that looks" {
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	sleeper one --network front --ip 10.89.1.10
	coffer ps >/dev/null
	run -0 coffer system check
	[ -z "$output" ]
	nft delete element bridge "$(table)" owned4 '{ 10.89.1.10 }'
	nft delete element inet "$(table)" masquerade4 '{ 10.89.1.0/24 }'
	run -1 coffer system check
	[[ $output == *N2*broken*'something is missing in the set "owned4"'* ]]
	[[ $output == *'something is missing in the set "masquerade4"'* ]]
	coffer network ls >/dev/null
	[[ $(elements bridge owned4) == *10.89.1.10* && $(elements inet masquerade4) == *10.89.1.0/24* ]]
	coffer system check
	# Nothing is missing of a network that nobody has been on yet.
	coffer network create --subnet 10.89.9.0/24 unused >/dev/null
	coffer system check
	coffer network rm unused
	nft flush set bridge "$(table)" places4
	run -0 coffer system check --repair
	[[ $output == *N2*repaired*places4* ]]
	[[ $(elements bridge places4) == *10.89.1.10* ]]
	# One that leads elsewhere.
	web web --network front -p 8080:80
	nft delete element inet "$(table)" publish4 '{ tcp . 8080 }'
	nft add element inet "$(table)" publish4 '{ tcp . 8080 : 10.89.1.10 . 81 }'
	run ! fetch --max-time 1 http://127.0.0.1:8080/
	coffer ps >/dev/null
	fetch http://127.0.0.1:8080/
}

@test "members of policies' sets" {
	sleeper one -l app=one
	coffer network policy apply - >/dev/null <<-'EOF'
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: closed}
		spec: {podSelector: {matchLabels: {app: one}}}
	EOF
	members() { nft list set inet "$(table)-policy" ingress_4; }
	[[ $(members) == *"$(address one)"* ]]
	nft flush set inet "$(table)-policy" ingress_4
	run -1 coffer system check
	[[ $output == *policy*'something is missing in the set "ingress_4"'* ]]
	coffer ps >/dev/null
	[[ $(members) == *"$(address one)"* ]]
	nft flush chain inet "$(table)-policy" ingress
	run -1 coffer system check
	[[ $output == *policy*'it has not all of its rules'* ]]
	coffer ps >/dev/null
	coffer system check
	coffer network policy rm closed
}

remove_bridge() {
	ip link del "$(bridge_of bridge)"
}

@test "a bridge that somebody removed: what was plugged in is so again" {
	repaired_after remove_bridge
}

shut_bridge() {
	ip link set "$(bridge_of bridge)" down
}

@test "a bridge that somebody has shut down" {
	repaired_after shut_bridge
}

unplug() {
	ip link set "$(ip -o link show type veth | sed -n 's/^[0-9]*: \(veth[0-9a-f]*\)@.*/\1/p')" nomaster
}

@test "a container that somebody has unplugged" {
	repaired_after unplug
}

@test "a bridge that is made again by the next start has the others, too" {
	web web
	remove_bridge
	coffer run --rm box:1 wget -q -O - "http://$(address web)/"
}

@test "iptables -F, and what other tables say, is nothing to us" {
	command -v iptables-nft >/dev/null || skip "needs iptables-nft"
	web web -p 8080:80
	iptables-nft -t nat -A OUTPUT -j ACCEPT
	iptables-nft -F
	iptables-nft -t nat -F
	fetch http://127.0.0.1:8080/
	nft delete table ip nat 2>/dev/null || true
	nft delete table ip filter 2>/dev/null || true
}

@test "a name server that was killed" {
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	sleeper one --network front
	name_server() { pgrep -f "^dnsmasq of $COFFER_TEST_ROOT/run/networks"; }
	first=$(name_server)
	kill -KILL "$first"
	is_gone() { [ ! -e "/proc/$first" ]; }
	eventually is_gone
	coffer ps >/dev/null
	name_server
	answers() { coffer exec one nslookup one 2>/dev/null | grep -q 10.89.1.2; }
	eventually answers
	coffer rm -f one
	run ! name_server
}

@test "places of a container that does not run are given back" {
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	coffer create --name one --network front box:1 true
	id=$(coffer inspect one | jq -r '.[0].Id')
	sqlite3 "$COFFER_TEST_ROOT/root/coffer.db" "INSERT INTO endpoints VALUES ('$id', 'front', 'vethxyz', 'eth0', '02:42:00:00:00:01', '10.89.1.77/24', NULL, '[]')" ||
		skip "needs sqlite3"
	coffer ps >/dev/null
	coffer network rm front
}

@test "no address is left" {
	coffer network create --subnet 10.89.9.0/30 tiny >/dev/null
	sleeper one --network tiny
	run -125 coffer run --rm --network tiny box:1 true
	[[ $output == *'no address is left on the network "tiny" (10.89.9.0/30)'*E-ADDRESS* ]]
	coffer rm -f one
	coffer run --rm --network tiny box:1 true
}

# without PROGRAM COMMAND...: where it is not installed
without() {
	local program
	program=$(command -v "$1")
	shift
	# shellcheck disable=SC2016 # for the shell inside
	unshare --mount bash -c 'mount --bind /dev/null "$0" && exec "$@"' "$program" \
		"$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" "$@"
}

@test "without nft" {
	nft flush ruleset
	run -125 without nft run --rm box:1 true
	[[ $output == *"make the packet filter's table \"coffer-"*'": there is no nft'*'hint:  install the package nftables'*E-UNSUPPORTED* ]]
	[ -z "$(coffer ps -aq)" ]
	coffer run --rm box:1 true
}

@test "without dnsmasq: no names, and the container runs" {
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	run -0 without dnsmasq run --rm --network front box:1 echo runs
	[[ $output == *'no names on the network'*'start the name server: there is no dnsmasq'*runs ]]
}

@test "a program that holds the port already is named, and so is a container" {
	web web -p 8080:80
	run -125 coffer run --rm -p 8080:80 box:1 true
	[[ $output == *'cause: container web has published it'* ]]
}
