#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What flows through networks: how fast, and where it goes when a port gets another container.

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

# As from one program that goes on sending: always by the same port.
ask() {
	echo x | timeout 2 socat -t 0.3 - UDP:198.51.100.1:7001,sourceport=40001,reuseaddr 2>/dev/null
}

says() {
	[ "$(outside bash -c "$(declare -f ask); ask")" = "$1" ]
}

@test "datagrams to a published port go to the container that has it now" {
	sleeper one -p 7001:7/udp
	serve one socat UDP-LISTEN:7,fork SYSTEM:'read x; echo first'
	eventually says first
	sleeper two
	kill "$HELPER"
	coffer rm -f one
	sleeper three -p 7001:7/udp
	serve three socat UDP-LISTEN:7,fork SYSTEM:'read x; echo second'
	eventually says second
}

@test "datagrams that the host got before a port was published go to the container" {
	socat -T 1 UDP-LISTEN:7001,fork SYSTEM:'read x; echo host' 3>&- &
	local server=$!
	eventually says host
	kill "$server"
	wait "$server" || true
	port_is_free() { ! ss -Hlun "sport = :7001" | grep -q . && ! ss -Hun "sport = :7001" | grep -q .; }
	eventually port_is_free
	sleeper one -p 7001:7/udp
	serve one socat UDP-LISTEN:7,fork SYSTEM:'read x; echo container'
	eventually says container
}

# seconds_for COMMAND...: how long it takes, in tenths
tenths_for() {
	local begin
	begin=$(date +%s%N)
	"$@" >/dev/null
	echo $((($(date +%s%N) - begin) / 100000000))
}

@test "a rate holds both ways" {
	head -c 1000000 /dev/zero >"$BATS_FILE_TMPDIR/www/big"
	web one --network-opt rate=4mbit
	# A megabyte takes two seconds, less what may go at once.
	[ "$(tenths_for curl -sf -o /dev/null "http://$(address one)/big")" -ge 15 ]
	coffer network create front >/dev/null
	coffer network connect --driver-opt rate=4mbit front one
	in=$(coffer inspect -f '{{.NetworkSettings.Networks.front.IPAddress}}' one)
	[ "$(tenths_for curl -sf -o /dev/null "http://$in/big")" -ge 15 ]
	sleeper two --network-opt rate=4mbit
	tc qdisc show | grep -q 'tbf.*rate 4Mbit'
	web fast
	[ "$(tenths_for curl -sf -o /dev/null "http://$(address fast)/big")" -lt 15 ]
	for rate in 1 x 4mbps 99999999999gbit; do
		run -125 coffer run --rm --network-opt "rate=$rate" box:1 true
		[[ $output == *"invalid rate \"$rate\""* ]]
	done
	run -125 coffer run --rm --network none --network-opt rate=4mbit box:1 true
	[[ $output == *'need a network'* ]]
}
