#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Networks that ordinary users make. The network namespace that this file runs in plays the host, another one the outside.

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
	bob import --change 'CMD ["/bin/sh"]' "$ROOTLESS/box.tar" box:1 >/dev/null
	ann network create one >/dev/null
}

teardown_file() {
	[ -z "${OUTSIDE_SERVER:-}" ] || kill "$OUTSIDE_SERVER" "$OUTSIDE"
	rootless_file_teardown
}

teardown() {
	local id
	for id in $(ann ps --all --quiet); do
		ann rm --force "$id" >/dev/null
	done
	ann network prune --force >/dev/null
	ann network inspect one >/dev/null 2>&1 || ann network create one >/dev/null
}

# server NAME ARGUMENT...: "hello" to whoever connects to its port 80, on the network "one"
server() {
	local name=$1
	shift
	ann run --detach --name "$name" --network one "$@" box:1 \
		sh -c 'mkdir /www; echo hello >/www/index.html; exec httpd -f -h /www' >/dev/null
}

# on NETWORK COMMAND...: in a container there
on() {
	local network=$1
	shift
	ann run --rm --network "$network" box:1 "$@"
}

gets_hello() {
	[ "$("$@")" = hello ]
}

# Processes of ann's that live and are called so.
count_of() {
	pgrep --count --runstates DRST --uid "$(uid_of ann)" "$1" || true
}

none_is_left() {
	[ "$(count_of 'passt|pasta')" -eq 0 ] && [ "$(count_of coffer-relay)" -eq 0 ]
}

@test "containers on a network find each other by their names, and the world" {
	server web
	eventually gets_hello on one wget -q -O - http://web/
	on one wget -q -O - http://198.51.100.2:7000/ | grep -qx hello
	run -0 ann network inspect one --format '{{range .Containers}}{{.Name}} {{end}}'
	[ "$output" = 'web ' ]
}

@test "what is on the way is looked for where the bridges are, and so is what is missing there" {
	server web
	ann run --detach --name client --network one box:1 sleep 600 >/dev/null
	connects() { run -0 ann network trace --connect client web:80; }
	eventually connects
	[[ $output == *'both are on "one"'*'something listens'*'reachable: tcp/80 at web'* ]]
	run -1 ann network trace client web:81
	[[ ${lines[-1]} == 'not reachable: nothing listens in web to tcp/81' ]]
	run -0 ann system check
	[[ $output != *'packet filter'* && $output != *N2* ]]
}

@test "what one network has is not reached from another, nor anything from an internal one" {
	ann network create two >/dev/null
	ann network create --internal closed >/dev/null
	server web
	address=$(ann inspect --format '{{.NetworkSettings.Networks.one.IPAddress}}' web)
	eventually gets_hello on one wget -q -O - "http://$address/"
	run ! on two wget -q -T 2 -O - "http://$address/"
	run ! on closed wget -q -T 2 -O - http://198.51.100.2:7000/
}

@test "the host's interfaces and packet filter are left alone" {
	before=$(ip -o link show; nft list ruleset)
	server web
	[ "$(ip -o link show; nft list ruleset)" = "$before" ]
}

@test "the host's own loopback interface is not reached from a network" {
	busybox httpd -f -p 127.0.0.1:7001 -h "$BATS_FILE_TMPDIR/www" 3>&- &
	server=$!
	eventually gets_hello fetch http://127.0.0.1:7001/
	run on one sh -c 'for at in 127.0.0.1 $(ip route | sed -n "s/default via \([^ ]*\).*/\1/p") 198.51.100.1 198.51.100.2; do
		timeout 2 wget -q -O - http://$at:7001/
	done'
	kill "$server"
	[[ $output != *hello* ]]
}

@test "a published port is reached from the host and from outside, until the container ends" {
	server web --publish 8080:80
	eventually gets_hello fetch http://127.0.0.1:8080/
	eventually gets_hello outside wget -q -O - http://198.51.100.1:8080/
	[ "$(ann port web)" = '80/tcp -> 0.0.0.0:8080' ]
	ann stop --time 0 web
	run ! fetch http://127.0.0.1:8080/
	ann start web
	eventually gets_hello fetch http://127.0.0.1:8080/
}

@test "who has sent everything over a published port can still receive" {
	ann run --detach --name sum --network one --publish 8080:9 box:1 nc -l -p 9 -e md5sum >/dev/null
	head -c 3000000 /dev/zero >"$BATS_TEST_TMPDIR/zeroes"
	sums() { socat -t 30 - TCP:127.0.0.1:8080 <"$BATS_TEST_TMPDIR/zeroes" >"$BATS_TEST_TMPDIR/sum" 2>/dev/null && [ -s "$BATS_TEST_TMPDIR/sum" ]; }
	eventually sums
	[ "$(cut -d ' ' -f 1 "$BATS_TEST_TMPDIR/sum")" = "$(md5sum <"$BATS_TEST_TMPDIR/zeroes" | cut -d ' ' -f 1)" ]
}

@test "a port of udp is published, and answers find back" {
	ann run --detach --name echo --network one --publish 8053:53/udp --volume /usr:/usr:ro --volume /lib:/lib:ro \
		--volume /lib64:/lib64:ro box:1 /usr/bin/socat UDP-RECVFROM:53,fork EXEC:/bin/cat >/dev/null
	answers() { [ "$(socat -t 2 - UDP:127.0.0.1:8053 <<<question)" = question ]; }
	eventually answers
}

@test "nobody behind a published port: the connection is reset" {
	ann run --detach --name web --network one --publish 8080:80 box:1 sleep 1000 >/dev/null
	run fetch http://127.0.0.1:8080/
	[ "$status" -ne 0 ]
	[ "$(count_of coffer-relay)" -eq 1 ]
}

@test "a port that is taken, or not for everybody, or of another protocol" {
	server web --publish 8080:80
	run -125 ann run --rm --network one --publish 8080:80 box:1 true
	[ "${lines[0]}" = "coffer: port 8080/tcp is already allocated" ]
	run -125 ann run --rm --network one --publish 80:80 box:1 true
	[ "${lines[0]}" = "coffer: reserve port 80/tcp: permission denied" ]
	[ "${lines[1]}" = "  cause: '/proc/sys/net/ipv4/ip_unprivileged_port_start' is 1024" ]
	run -125 ann run --rm --network one --publish 8081:80/sctp box:1 true
	[ "${lines[0]}" = "coffer: port 8081/sctp: only tcp and udp can be published without root" ]
	run -0 ann ps --all --format '{{.Names}}'
	[ "$output" = web ]
}

@test "the relay of a published port has no rights" {
	server web --publish 8080:80
	relay=$(pgrep --runstates DRS --uid "$(uid_of ann)" coffer-relay)
	grep -qE '^CapPrm:\s0+$' "/proc/$relay/status"
	grep -qE '^NoNewPrivs:\s1$' "/proc/$relay/status"
}

@test "a network is connected while a container runs, and disconnected" {
	ann network create two >/dev/null
	server web
	ann network connect --alias other two web
	eventually gets_hello on two wget -q -O - http://other/
	ann network disconnect one web
	run ! on one wget -q -T 2 -O - http://web/
	eventually gets_hello on two wget -q -O - http://web/
	ann network disconnect two web
	run -0 ann exec web ip -o link show
	[ "${#lines[@]}" -eq 1 ]
}

@test "a published port goes with the container from network to network" {
	ann network create two >/dev/null
	server web --publish 8080:80
	ann network connect two web
	ann network disconnect one web
	eventually gets_hello fetch http://127.0.0.1:8080/
}

@test "one that runs on the default network stays there; one that does not run is connected" {
	ann run --detach --name web box:1 sleep 1000 >/dev/null
	run -1 ann network connect one web
	[ "${lines[0]}" = 'coffer: connect container "web" to the network "one": without root, a container that runs on the default network can have no other one' ]
	[ "${lines[1]}" = '  hint:  coffer stop web, and do it again before the next start' ]
	ann stop --time 0 web
	ann network connect one web
	ann start web
	run -0 ann exec web ip -o -4 address show
	[[ $output == *' eth0 '* && $output == *' eth1 '* ]]
}

@test "what stands on the host's own links needs root" {
	run -1 ann network create --driver macvlan other
	[ "${lines[0]}" = 'coffer: networks of the driver "macvlan" need root' ]
}

@test "a policy says who may connect to whom" {
	server web
	eventually gets_hello on one wget -q -O - http://web/
	cat >"$ROOTLESS/policy.yaml" <<-POLICY
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: closed, namespace: one}
		spec: {podSelector: {}, policyTypes: [Ingress]}
	POLICY
	ann network policy apply "$ROOTLESS/policy.yaml"
	run ! on one wget -q -T 2 -O - http://web/
	ann network policy rm closed
	eventually gets_hello on one wget -q -O - http://web/
}

@test "with the last container its namespace goes, and what was in it" {
	server web --publish 8080:80
	[ "$(count_of 'passt|pasta')" -eq 1 ]
	ann rm --force web
	eventually none_is_left
	[ ! -e "$ROOTLESS/ann/run/coffer/own-network/bridges" ]
}

@test "the way out and the relay are there again when somebody has ended them" {
	server web --publish 8080:80
	pkill -KILL --uid "$(uid_of ann)" 'passt|coffer-relay'
	eventually none_is_left
	ann ps >/dev/null
	eventually gets_hello fetch http://127.0.0.1:8080/
	on one wget -q -O - http://198.51.100.2:7000/ | grep -qx hello
}

@test "when the monitor is killed, all goes that was the container's" {
	server web --publish 8080:80
	pkill -KILL --uid "$(uid_of ann)" coffer-monitor
	run -0 ann ps --all --format '{{.State}}'
	[ "$output" = exited ]
	eventually none_is_left
}

@test "when all of a user's processes are killed, the next command starts afresh" {
	server web --publish 8080:80
	pkill -KILL --uid "$(uid_of ann)" 'coffer-|httpd'
	pkill -KILL --full "^dnsmasq of $ROOTLESS/ann/" # has one of her subordinate ids
	eventually gets_hello on one echo hello
	ann rm --force web
	eventually none_is_left
}

@test "what has an id of its own outlives the killing of all that is the user's, and is ended by what cleans up" {
	server web --publish 8080:80
	ann run --detach --name other --network one --user 1000 box:1 sleep 424247 >/dev/null
	pkill -KILL --uid "$(uid_of ann)"
	servers() { pgrep --runstates DRST --full "^dnsmasq of $ROOTLESS/ann/|^sleep 424247"; }
	run -0 ann ps --all --format '{{.State}}'
	[ "$output" = $'exited\nexited' ]
	eventually gets_hello on one echo hello
	ann rm --force web other
	none_serves() { [ -z "$(servers)" ]; }
	eventually none_serves
	eventually none_is_left
}

@test "several containers that are the first at once share one namespace" {
	for i in 1 2 3 4; do
		server "web$i"
	done
	for i in 1 2 3 4; do
		ann rm --force "web$i" &
	done
	wait
	for i in 1 2 3; do
		on one true &
	done
	wait
	eventually none_is_left
	for i in 1 2 3; do
		server "web$i" &
	done
	wait
	[ "$(count_of 'passt|pasta')" -eq 1 ]
	eventually gets_hello ann exec web1 wget -q -O - http://web3/
}

@test "two users have networks of the same name and addresses, and nothing of each other's" {
	bob network create one >/dev/null
	server web
	bob run --detach --name web --network one box:1 sleep 1000 >/dev/null
	address() { "$1" inspect --format '{{.NetworkSettings.Networks.one.IPAddress}}' web; }
	[ "$(address ann)" = "$(address bob)" ]
	eventually gets_hello on one wget -q -O - http://web/
	run ! bob exec web wget -q -T 2 -O - "http://web/"
	bob rm --force web
	bob network rm one
}

@test "a user with one id has networks, too" {
	rootless_grant bob 0
	end_holder bob
	bob network create solo 2>/dev/null >&2
	bob run --detach --name web --network solo box:1 sleep 1000 >/dev/null
	run -0 bob run --rm --network solo box:1 nslookup web
	bob rm --force web
	bob network rm solo
	rootless_grant bob 65536
	end_holder bob
}
