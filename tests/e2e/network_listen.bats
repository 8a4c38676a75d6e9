#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Who listens at published ports: nobody else can, and at the host's ::1, and at IPv6 addresses in front of a container without
# IPv6, a relay leads to it.
# shellcheck disable=SC2030,SC2031 # bats runs every test in a subshell

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/network

setup_file() {
	network_file_setup
	[ -e /proc/net/if_inet6 ] || skip "no IPv6 here"
}

teardown_file() {
	network_file_teardown
}

teardown() {
	network_teardown
	! relays
}

# The port that is published, at both addresses of the loopback interface.
both() {
	fetch http://127.0.0.1:8080/ && fetch 'http://[::1]:8080/'
}

# inside NAME COMMAND...: with the container's network
inside() {
	nsenter --net="/proc/$(coffer inspect -f '{{.State.Pid}}' "$1")/ns/net" -- "${@:2}"
}

@test "IPv6 addresses of the host lead to what is published, on containers with and without IPv6" {
	web one -p 8080:80
	run -0 both
	[ "$output" = $'from the container\nfrom the container' ]
	run -0 outside curl -sf --max-time 3 'http://[2001:db8::1]:8080/'
	[ "$output" = 'from the container' ]
	coffer rm -f one
	web one -p 0.0.0.0:8080:80
	run ! outside curl -sf --max-time 1 'http://[2001:db8::1]:8080/'
	run ! fetch 'http://[::1]:8080/'
	coffer rm -f one
	run ! fetch 'http://[::1]:8080/'
	coffer network create --subnet 10.89.1.0/24 --subnet fd00:89::/64 front
	web one --network front -p 8080:80
	run -0 both
	run -0 outside curl -sf --max-time 3 'http://[2001:db8::1]:8080/'
	[ "$output" = 'from the container' ]
}

# listeners PORT: what ss says of it
listeners() {
	ss -Hltun "sport = :$1" | awk '{ print $1, $2, $5 }'
}

@test "a published port is held: nobody else can listen there, and ss shows it" {
	web one -p 8080:80 -p 127.0.0.1:8081:81 -p 8082:82/udp
	[ "$(listeners 8080)" = 'tcp LISTEN *:8080' ]
	[ "$(listeners 8081)" = 'tcp LISTEN 127.0.0.1:8081' ]
	[ "$(listeners 8082)" = 'udp UNCONN *:8082' ]
	local at
	for at in TCP4-LISTEN:8080 TCP4-LISTEN:8080,bind=198.51.100.1 'TCP6-LISTEN:8080,bind=[2001:db8::1]' TCP4-LISTEN:8081 \
		UDP4-RECV:8082 UDP6-RECV:8082; do
		run -1 socat "$at,reuseaddr" - </dev/null
		[[ $output == *'Address already in use'* ]]
	done
	run -125 coffer run --rm -p '[::]:8080:80' box:1 true
	[[ $output == *'port 8080/tcp is already allocated'*'container one has published it'* ]]
	coffer restart -t 0 one
	[ "$(listeners 8080)" = 'tcp LISTEN *:8080' ]
	coffer stop -t 0 one
	[ -z "$(listeners 8080)$(listeners 8081)$(listeners 8082)" ]
}

@test "a monitor and a relay that were killed do not keep the port from the next one" {
	web one -p 8080:80
	fetch 'http://[::1]:8080/'
	local monitor
	monitor=$(pgrep -f "^coffer-monitor one $COFFER_TEST_ROOT/")
	kill -KILL "$monitor"
	is_gone() { ! alive "$monitor"; }
	eventually is_gone
	coffer start one
	eventually both
}

@test "policies: what a relay would let in from other machines they cannot know, and so refuse" {
	web one -p 8080:80 -l app=web
	web two -p 8081:80
	printf '%s\n' 'apiVersion: networking.k8s.io/v1' 'kind: NetworkPolicy' 'metadata: {name: closed}' \
		'spec: {podSelector: {matchLabels: {app: web}}, ingress: []}' >"$BATS_TEST_TMPDIR/closed.yaml"
	coffer network policy apply "$BATS_TEST_TMPDIR/closed.yaml"
	run ! outside curl -sf --max-time 1 'http://[2001:db8::1]:8080/'
	run ! outside curl -sf --max-time 1 http://198.51.100.1:8080/
	outside curl -sf --max-time 3 'http://[2001:db8::1]:8081/'
	both
	# Another one, that comes later; and one whose ports begin to lead there.
	web three -p 8082:80 -l app=web
	run ! outside curl -sf --max-time 1 'http://[2001:db8::1]:8082/'
	coffer network policy rm closed
	outside curl -sf --max-time 3 'http://[2001:db8::1]:8080/'
	outside curl -sf --max-time 3 'http://[2001:db8::1]:8082/'
}

@test "datagrams are answered from the address that they were sent to" {
	ip addr add 2001:db8::3/64 dev out nodad
	ip addr add 198.51.100.3/24 dev out
	coffer run -d --name one -p 7001:7/udp box:1 sleep 600 >/dev/null
	inside one socat -T 5 UDP-LISTEN:7,fork PIPE 3>&- &
	local udp=$! at
	says_back() { [ "$(echo hello | outside timeout 2 socat -t 1 - "$1" 2>/dev/null)" = hello ]; }
	for at in 'UDP6:[2001:db8::1]:7001' 'UDP6:[2001:db8::3]:7001' UDP4:198.51.100.1:7001 UDP4:198.51.100.3:7001; do
		eventually says_back "$at"
	done
	kill $udp
	ip addr del 2001:db8::3/64 dev out
	ip addr del 198.51.100.3/24 dev out
}

@test "what the packet filter does not lead to the container, its listener does" {
	web one -p 8080:80
	nft flush chain inet "$(nft list tables | sed -n 's/^table inet \(coffer[^ ]*\)$/\1/p' | grep -v policy)" publish
	fetch http://127.0.0.1:8080/
	outside curl -sf --max-time 3 http://198.51.100.1:8080/
}

@test "there is no relay where none is needed" {
	web one
	run ! relays
	web two -p 127.0.0.1:8080:80 -p 198.51.100.1:8080:80
	run ! relays
	fetch http://127.0.0.1:8080/
	run ! fetch 'http://[::1]:8080/'
}

@test "an IPv6 address of the host in front of a container that has none" {
	web one -p '[2001:db8::1]:8080:80' -p '[::1]:8081:80' -p '0.0.0.0:8082:80' -p '[::]:8082:80'
	outside curl -sf --max-time 3 'http://[2001:db8::1]:8080/'
	run ! fetch 'http://[::1]:8080/'
	run ! fetch 'http://127.0.0.1:8081/'
	fetch 'http://[::1]:8081/'
	outside curl -sf --max-time 3 'http://[2001:db8::1]:8082/'
	fetch 'http://[::1]:8082/'
	fetch 'http://127.0.0.1:8082/'
	run -0 coffer port one
	[[ $output == *'80/tcp -> [::1]:8081'* && $output == *'80/tcp -> [::]:8082'* && $output == *'80/tcp -> 0.0.0.0:8082'* ]]
	run -125 coffer run --rm -p '[::1]:8081:81' box:1 true
	[[ $output == *'port 8081/tcp is already allocated'*'container one has published it'* ]]
}

@test "datagrams, and much at once" {
	coffer run -d --name one -p 7001:7/udp -p 7002:8 box:1 sleep 600 >/dev/null
	nsenter --net="/proc/$(coffer inspect -f '{{.State.Pid}}' one)/ns/net" -- socat -T 5 UDP-LISTEN:7,fork PIPE 3>&- &
	local udp=$!
	head -c 20000000 /dev/urandom >"$BATS_TEST_TMPDIR/much"
	inside one socat -u "FILE:$BATS_TEST_TMPDIR/much" TCP-LISTEN:8,reuseaddr 3>&- &
	local tcp=$!
	said_back() { [ "$(echo hello | timeout 2 socat -t 1 - 'UDP6:[::1]:7001' 2>/dev/null)" = hello ]; }
	eventually said_back
	kill $udp
	arrives() { timeout 20 socat -u 'TCP6:[::1]:7002' - 2>/dev/null | cmp - "$BATS_TEST_TMPDIR/much"; }
	eventually listens_inside
	arrives
	wait $tcp
}

listens_inside() {
	inside one ss -Hltn 'sport = :8' | grep -q .
}

@test "it follows the container: start, restart, networks, and the end" {
	coffer network create --subnet 10.89.1.0/24 front
	coffer network create --subnet 10.89.2.0/24 back
	web one --network front -p 8080:80
	both
	coffer restart -t 0 one
	eventually both
	coffer network connect --gw-priority 1 back one
	inside one ip link set eth0 down
	both
	coffer network disconnect back one
	inside one ip link set eth0 up
	both
	# As if the command that moved the ports had been killed before it was done.
	kill -KILL "$(<"$COFFER_TEST_ROOT/run/containers/$(coffer inspect -f '{{.Id}}' one)/relay.pid")"
	none() { ! relays; }
	eventually none
	coffer network create --subnet 10.89.3.0/24 last
	coffer network connect last one
	both
	coffer stop -t 0 one
	run ! relays
	coffer start one
	eventually both
	# Whoever kills the monitor has ended it when the next command has looked.
	kill -KILL "$(coffer inspect -f '{{.State.Pid}}' one)"
	ended() { [ "$(coffer inspect -f '{{.State.Running}}' one)" = false ] && ! relays; }
	eventually ended
	coffer rm -f one
	coffer run --rm -p 8080:80 box:1 true
}

@test "a port that nobody uses has no process; one whose relay was killed gets another" {
	web one -p 8080:80
	run ! relays
	fetch 'http://[::1]:8080/'
	kill -KILL "$(relays)"
	eventually fetch 'http://[::1]:8080/'
	coffer rm -f one
	run ! relays
	# The port is free at once.
	web one -p 8080:80
	fetch 'http://[::1]:8080/'
}

@test "more ports than a monitor listens on" {
	web one -p 8080-8099:80-99
	fetch 'http://[::1]:8080/'
}

@test "it has no right that it does not need" {
	web one -p 8080:80
	local pid
	fetch 'http://[::1]:8080/'
	pid=$(relays)
	grep -q '^CapEff:[[:space:]]*0000000000000000$' "/proc/$pid/status"
	grep -q '^NoNewPrivs:[[:space:]]*1$' "/proc/$pid/status"
	coffer rm -f one
	run ! alive "$pid"
}

# waits PID: it is asleep, as often as one looks
waits() {
	local _
	for _ in {1..10}; do
		[ "$(ps -o state= -p "$1")" = S ] || return 1
		sleep 0.05
	done
}

@test "with no file descriptor left it waits, and does not spin" {
	web one -p 8080:80
	local pid fd most
	local -a open=()
	fetch 'http://[::1]:8080/'
	pid=$(relays)
	most=$(($(find "/proc/$pid/fd" -type l | wc -l) + 4)) # two connections
	prlimit --pid "$pid" --nofile="$most:$most"
	for _ in {1..12}; do
		exec {fd}<>/dev/tcp/::1/8080
		open+=("$fd")
	done
	eventually waits "$pid"
	for fd in "${open[@]}"; do
		exec {fd}>&-
	done
	fetch 'http://[::1]:8080/'
}

@test "a host whose loopback interface has no ::1 does without" {
	ip addr del ::1/128 dev lo
	local failed=0
	web one -p 8080:80 || failed=1
	run relays
	ip addr add ::1/128 dev lo
	[ "$failed" -eq 0 ] && [ "$status" -ne 0 ]
	fetch http://127.0.0.1:8080/
}

@test "a port of ::1 that somebody of the host has, who comes first" {
	socat 'TCP6-LISTEN:8080,bind=[::1],reuseaddr' PIPE 3>&- &
	local holder=$!
	host_listens() { ss -Hltn "sport = :8080" | grep -q .; }
	eventually host_listens
	run -0 coffer run -d --name one -v "$BATS_FILE_TMPDIR/www:/www:ro" -p 8080:80 box:1 httpd -f -h /www
	[[ $output == *'port 8080/tcp is not published at IPv6 addresses: somebody else has it at one of them'* ]]
	kill $holder
	eventually fetch http://127.0.0.1:8080/
}
