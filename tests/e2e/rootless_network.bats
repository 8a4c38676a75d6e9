#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Networks of ordinary users: the network namespace that this file runs in plays the host, another one the outside.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/network
load lib/rootless

setup_file() {
	[ "$(ip -o link show | grep -cv ': lo')" -eq 0 ] || skip "needs a network namespace of its own (tests/run makes one)"
	rootless_file_setup
	[ -e "$ROOTLESS/tun" ] || skip "this kernel has no /dev/net/tun"
	make_outside
	ip route add default via 198.51.100.2
	mkdir "$BATS_FILE_TMPDIR/www"
	echo hello >"$BATS_FILE_TMPDIR/www/index.html"
	nsenter --net="/proc/$OUTSIDE/ns/net" busybox httpd -f -p 198.51.100.2:7000 -h "$BATS_FILE_TMPDIR/www" 3>&- &
	export OUTSIDE_SERVER=$!
	ann import --change 'CMD ["/bin/sh"]' "$ROOTLESS/box.tar" box:1 >/dev/null
}

teardown_file() {
	[ -z "${OUTSIDE_SERVER:-}" ] || kill "$OUTSIDE_SERVER" "$OUTSIDE"
	rootless_file_teardown
}

teardown() {
	local id
	chmod 666 "$ROOTLESS/tun"
	for id in $(ann ps --all --quiet); do
		ann rm --force "$id" >/dev/null
	done
}

# server NAME ARGUMENT...: "hello" to whoever connects to its port 80
server() {
	local name=$1
	shift
	ann run --detach --name "$name" "$@" box:1 \
		sh -c 'mkdir /www; echo hello >/www/index.html; exec httpd -f -h /www' >/dev/null
}

gets_hello() {
	[ "$("$@")" = hello ]
}

# Processes of a program of ann's that live.
count_of() {
	pgrep --count --runstates DRST --uid "$(uid_of ann)" "$1" || true
}

has_no_pasta() {
	[ "$(count_of passt)" -eq 0 ]
}

@test "a container has a network namespace of its own, with a way out" {
	from_container() { ann run --rm box:1 wget -q -O - http://198.51.100.2:7000/; }
	eventually gets_hello from_container
	run -0 ann run --rm box:1 readlink /proc/self/ns/net
	[ "$output" != "$(readlink /proc/self/ns/net)" ]
	run -0 ann run --rm box:1 ip -o -4 addr show eth0
	[[ $output == *"inet 198.51.100.1/24"* ]]
}

@test "published ports are reached from the host and from outside" {
	server web --publish 8080:80 --publish 127.0.0.1:8081:80
	eventually gets_hello fetch http://127.0.0.1:8080/
	gets_hello fetch http://198.51.100.1:8080/
	gets_hello outside curl -sf --max-time 3 http://198.51.100.1:8080/
	gets_hello fetch http://127.0.0.1:8081/
	run ! outside curl -sf --max-time 3 http://198.51.100.1:8081/
	run -0 ann port web
	[[ $output == *"80/tcp -> 0.0.0.0:8080"* && $output == *"80/tcp -> 127.0.0.1:8081"* ]]
}

@test "a published port is free again when the container has ended, and leads to it when it runs again" {
	server web --publish 8080:80
	eventually gets_hello fetch http://127.0.0.1:8080/
	ann stop --time 0 web
	run ! fetch http://127.0.0.1:8080/
	eventually has_no_pasta
	ann start web
	eventually gets_hello fetch http://127.0.0.1:8080/
	ann rm --force web
	ann run --rm --publish 8080:80 box:1 true
}

@test "a port of udp can be published" {
	ann run --detach --name udp --publish 8053:53/udp --volume /usr:/usr:ro --volume /lib:/lib:ro \
		--volume /lib64:/lib64:ro box:1 /usr/bin/socat -u UDP-RECV:53 - >/dev/null
	arrives() {
		socat -u - UDP:127.0.0.1:8053 <<<question
		[[ $(ann logs udp) == *question* ]]
	}
	eventually arrives
}

@test "a free port is chosen where none is named" {
	server web --publish 80
	port=$(ann port web 80 | head -n 1)
	eventually gets_hello fetch "http://127.0.0.1:${port##*:}/"
}

@test "a port that another container has published is refused with its name, and one of another process" {
	server web --publish 8080:80
	run -125 ann run --rm --publish 8080:80 box:1 true
	[ "${lines[0]}" = "coffer: port 8080/tcp is already allocated" ]
	[ "${lines[1]}" = "  cause: container web has published it" ]
	as ann socat TCP-LISTEN:8082,reuseaddr,fork SYSTEM:true 3>&- &
	eventually listens_here 8082
	run -125 ann run --rm --publish 8082:80 box:1 true
	pkill --uid "$(uid_of ann)" socat
	[ "${lines[0]}" = "coffer: port 8082/tcp: address already in use" ]
	[ "${lines[1]}" = "  cause: by a process that cannot be seen from here" ] # from a user namespace
}

listens_here() {
	ss -Hltn "sport = :$1" | grep -q .
}

@test "a port below those that everybody may have names the setting" {
	run -125 ann run --rm --publish 80:80 box:1 true
	[ "${lines[0]}" = "coffer: reserve port 80/tcp: permission denied" ]
	[ "${lines[1]}" = "  cause: '/proc/sys/net/ipv4/ip_unprivileged_port_start' is 1024" ]
	[ "${lines[2]}" = "  hint:  publish a port from 1024 up; or, as root, sysctl net.ipv4.ip_unprivileged_port_start=PORT" ]
	sysctl -qw net.ipv4.ip_unprivileged_port_start=80
	server web --publish 80:80
	eventually gets_hello fetch http://127.0.0.1:80/
	sysctl -qw net.ipv4.ip_unprivileged_port_start=1024
}

@test "the host's own loopback interface is not reached from a container" {
	busybox httpd -f -p 127.0.0.1:7001 -h "$BATS_FILE_TMPDIR/www" 3>&- &
	server=$!
	eventually gets_hello fetch http://127.0.0.1:7001/
	run ann run --rm box:1 sh -c 'for at in 127.0.0.1 198.51.100.1 198.51.100.2; do
		timeout 2 wget -q -O - http://$at:7001/
	done'
	kill "$server"
	[[ $output != *hello* ]]
}

@test "a policy that selects who is on this network is refused, and so is the container" {
	policy() {
		jq -n --arg app "$1" '{apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: {name: "deny"},
			spec: {podSelector: {matchLabels: {app: $app}}}}' >"$ROOTLESS/policy.json"
	}
	ann run -d --name db -l app=db box:1 sleep 1000
	policy db
	run -1 ann network policy apply "$ROOTLESS/policy.json"
	[[ $output == *"it selects container db, which is on a user's default network, where nothing is filtered"* ]]
	policy web
	ann network policy apply "$ROOTLESS/policy.json"
	run -125 ann run --rm -l app=web box:1 true
	[[ $output == *"which is on a user's default network, where nothing is filtered"* ]]
	ann run --rm -l app=other box:1 true
	ann network policy rm deny
	ann rm -f db
}

@test "a container that shares the network of another sees its servers" {
	server web
	answers() { ann run --rm --network container:web box:1 wget -q -O - http://127.0.0.1/; }
	eventually gets_hello answers
}

@test "when the monitor is killed, the way out goes with what is left of the container" {
	server web
	one_is_left() { [ "$(count_of passt)" -eq 1 ]; }
	eventually one_is_left
	pkill -KILL --uid "$(uid_of ann)" coffer-monitor
	run -0 ann ps --all --format '{{.State}}'
	[ "$output" = exited ]
	eventually has_no_pasta
}

@test "a device that the user may not open is named, with what makes it open" {
	chmod 600 "$ROOTLESS/tun"
	run -125 ann run --rm box:1 true
	[ "${lines[0]}" = "coffer: connect the container: open '/dev/net/tun': permission denied" ]
	[ "${lines[1]}" = "  hint:  chmod 666 /dev/net/tun, as root; or --network none" ]
}

@test "slirp4netns leads out, and brings a name server; ports are published" {
	server web --network slirp4netns:mtu=1400 --publish 8080:80
	eventually gets_hello fetch http://127.0.0.1:8080/
	eventually gets_hello outside wget -q -O - http://198.51.100.1:8080/
	[ "$(ann exec web wget -q -O - http://198.51.100.2:7000/)" = hello ]
	run -0 ann exec web ip address show eth0
	[[ $output == *' mtu 1400 '* && $output == *' 10.0.2.100/24 '* ]]
	[[ $(ann exec web cat /etc/resolv.conf) == 'nameserver 10.0.2.3'* ]]
	ann rm --force web
	eventually has_no_slirp
}

has_no_slirp() {
	[ "$(count_of slirp4netns)" -eq 0 ] && [ "$(count_of coffer-relay)" -eq 0 ]
}

@test "slirp4netns: the host's own loopback interface only for who asks" {
	busybox httpd -f -p 127.0.0.1:7001 -h "$BATS_FILE_TMPDIR/www" 3>&- &
	server=$!
	eventually gets_hello fetch http://127.0.0.1:7001/
	run ann run --rm --network slirp4netns box:1 timeout 2 wget -q -O - http://10.0.2.2:7001/
	[[ $output != *hello* ]]
	run -0 ann run --rm --network slirp4netns:allow_host_loopback=true box:1 wget -q -O - http://10.0.2.2:7001/
	kill "$server"
	[ "$output" = hello ]
}

@test "slirp4netns goes with what is left of the container when the monitor is killed" {
	server web --network slirp4netns
	[ "$(count_of slirp4netns)" -eq 1 ]
	pkill -KILL --uid "$(uid_of ann)" coffer-monitor
	run -0 ann ps --all --format '{{.State}}'
	[ "$output" = exited ]
	eventually has_no_slirp
}

@test "options of slirp4netns and pasta that are none" {
	run -125 ann run --rm --network slirp4netns:nope=1 box:1 true
	[ "${lines[0]}" = 'coffer: network slirp4netns: unknown option "nope"' ]
	run -125 ann run --rm --network slirp4netns:port_handler=slirp4netns box:1 true
	[ "${lines[0]}" = 'coffer: network slirp4netns, option port_handler: ports are published by a relay only' ]
	run -125 ann run --rm --network pasta:--mtu,1400 box:1 true
	[ "${lines[0]}" = 'coffer: network pasta:--mtu,1400: coffer has no options of it' ]
	run -125 ann run --rm --network pasta --network slirp4netns box:1 true
	ann run --rm --network pasta box:1 true
}

@test "without pasta slirp4netns is taken, for networks that people make, too" {
	end_holder ann
	export ROOTLESS_HIDDEN
	ROOTLESS_HIDDEN=$(command -v pasta)
	[ "$(ann run --rm box:1 wget -q -O - http://198.51.100.2:7000/)" = hello ]
	ann network create one >/dev/null
	[ "$(ann run --rm --network one box:1 wget -q -O - http://198.51.100.2:7000/)" = hello ]
	ann network rm one >/dev/null
	end_holder ann
}

@test "without both the package that has the first is named" {
	end_holder ann
	ROOTLESS_HIDDEN="$(command -v pasta) $(command -v slirp4netns)" run -125 ann run --rm box:1 true
	end_holder ann
	[ "${lines[0]}" = "coffer: connect the container: there is no pasta" ]
	[ "${lines[1]}" = "  hint:  install the package passt" ]
}

@test "networks of plugins need root" {
	run -125 ann run --rm --network cni:other box:1 true
	[ "${lines[0]}" = 'coffer: network cni:other: plugins of CNI need root' ]
}
