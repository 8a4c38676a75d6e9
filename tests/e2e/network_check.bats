#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Whether a container's network is sound, and what was counted on its ways: what is said is compared with what was done to
# it.
# shellcheck disable=SC2154 # run assigns stderr

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

# inside NAME COMMAND...: with the container's network
inside() {
	nsenter --net="/proc/$(coffer inspect -f '{{.State.Pid}}' "$1")/ns/net" -- "${@:2}"
}

# count NAME WHERE COUNTER: its value
count() {
	coffer network stats -a --format json "$1" |
		jq -rs --arg where "$2" --arg counter "$3" \
			'map(select((.Where | startswith($where)) and .Counter == $counter))[0].Value'
}

# note NAME WHERE COUNTER: whether it is one to look at
noted() {
	coffer network stats --format json "$1" |
		jq -se --arg where "$2" --arg counter "$3" \
			'any(.[]; (.Where | startswith($where)) and .Counter == $counter and .Result == "note")' >/dev/null
}

# step STAGE RESULT PATTERN: one of the lines
step() {
	grep -qE "^$1 +$2 +.*$3" <<<"$output" || { echo "no $1 $2 $3 in: $output" && return 1; }
}

@test "all of them: those that are sound have a line, and of others what is wrong" {
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	sleeper one --network front
	sleeper two --network front
	sleeper apart --network none
	run -0 coffer network check
	[[ $output =~ one' '+conclusion' '+ok' '+'sound: ' && $output =~ two' '+conclusion' '+ok' '+'sound: ' && $output != *apart* ]]
	nsenter --net="/proc/$(coffer inspect -f '{{.State.Pid}}' two)/ns/net" -- ip link set eth0 down
	run -1 coffer network check
	[[ $output =~ two' '+address' '+stop' '+'eth0 is down' && $output =~ two' '+conclusion' '+stop && $output =~ one' '+conclusion' '+ok ]]
	run -1 coffer network check --format '{{.Container}} {{.Stage}} {{.Result}}'
	[[ $output == *'one address ok'* && $output == *'two address stop'* ]]
}

@test "that packets are sent on was coffer's doing is written down, and not undone" {
	sysctl -qw net.ipv4.ip_forward=0
	sleeper one
	run -0 coffer info --format '{{json .HostSettings}}'
	[[ $output == *'"net.ipv4.ip_forward = 1 (was 0)"'* ]]
	run -0 coffer info
	[[ $output == *'Host Settings:'*'net.ipv4.ip_forward = 1 (was 0)'* ]]
	run coffer network check one
	step forwarding ok 'this host sends packets on; coffer has set it to'
	sysctl -qw net.ipv4.ip_forward=0
	run -1 coffer network check one
	step forwarding stop 'this host sends nothing on'
	sysctl -qw net.ipv4.ip_forward=1
	coffer rm -f one
	[ "$(</proc/sys/net/ipv4/ip_forward)" = 1 ]
}

@test "check: a network that is sound, and the way to somebody" {
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	web db --network front --ip 10.89.1.10 -p 8080:80
	sleeper one --network front --ip 10.89.1.20
	run -0 coffer network check one
	step address ok 'eth0 is up with 10\.89\.1\.20/24, mtu [0-9]+ .*rtnetlink in one'
	step route ok 'default via 10\.89\.1\.1 dev eth0'
	step gateway ok '10\.89\.1\.1 (answers|has answered before)'
	step name ok 'it has answered after [0-9]+ ms +asked 10\.89\.1\.1 from inside of one'
	step mtu ok '[0-9]+ at eth0'
	[ "${lines[-1]}" = 'sound: nothing keeps it from its network' ]
	run -0 coffer network check one db:80
	step listener ok 'something listens'
	step connect ok '10\.89\.1\.10:80: connected'
	[[ ${lines[-1]} == 'reachable: tcp/80 at db' ]]
	run -1 coffer network check one db:81
	[[ ${lines[-1]} == *'nothing listens in db to tcp/81' ]]
	coffer network check --format json db | jq -se '.[-1].Found | startswith("sound")'
	run -0 coffer network check db
	step published ok 'something listens to 10\.89\.1\.10 port 80/tcp'
}

@test "check: what is broken inside is said" {
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	sleeper one --network front --ip 10.89.1.20
	inside one ip route del default
	run -1 coffer network check one
	step route stop 'none leads out'
	[ "${lines[-1]}" = 'not sound: it has no route that leads out' ]
	inside one ip addr del 10.89.1.20/24 dev eth0
	run -1 coffer network check one
	step address stop 'eth0 has not its address 10\.89\.1\.20/24'
	[ "${lines[-1]}" = 'not sound: it has lost its address 10.89.1.20/24' ]
	inside one ip link set eth0 down
	run -1 coffer network check one
	[ "${lines[-1]}" = 'not sound: its interface eth0 is down' ]
}

@test "check: a gateway that is gone, a name server that is silent, a smaller link on the way" {
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	sleeper one --network front --ip 10.89.1.20 -p 8080:80
	bridge=cf-$(coffer network inspect -f '{{.Id}}' front | cut -c 1-10)
	run -0 coffer network check one
	step published note 'nothing listens to 10\.89\.1\.20 port 80/tcp'
	ip link set "$bridge" mtu 1280
	run -0 coffer network check one
	step mtu note "1280 at $bridge, which is less than in the container"
	# Nobody has the gateway's address any more, so nobody answers there.
	ip addr del 10.89.1.1/24 dev "$bridge"
	inside one ip neigh flush dev eth0
	run -1 coffer network check one
	step gateway stop '10\.89\.1\.1 does not answer'
	step name note 'asked 10\.89\.1\.1 from inside of one'
	[ "${lines[-1]}" = 'not sound: its gateway 10.89.1.1 does not answer' ]
	ip addr add 10.89.1.1/24 dev "$bridge"
}

@test "check: networks that lead nowhere are no fault, and who does not run is not looked at" {
	coffer network create --internal shut >/dev/null
	sleeper one --network shut
	run -0 coffer network check one
	step route note 'none leads out, for no network of it does'
	coffer create --name idle box:1 true >/dev/null
	run -1 --separate-stderr coffer network check idle
	[[ $stderr == *'cannot check the network of container "idle"'*'is not running'* ]]
	run -1 --separate-stderr coffer network stats idle
	[[ $stderr == *'cannot count what goes to container "idle"'*'is not running'* ]]
}

@test "stats: what comes and goes is counted at both ends of a link" {
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	web one --network front --ip 10.89.1.20
	before=$(count one eth0 'sent bytes')
	head -c 100000 /dev/zero >"$BATS_FILE_TMPDIR/www/zeroes"
	fetch -o /dev/null http://10.89.1.20/zeroes
	[ "$(count one eth0 'sent bytes')" -ge $((before + 100000)) ]
	[ "$(count one veth 'received bytes')" -ge $((before + 100000)) ]
	[ "$(count one tcp 'received segments')" -gt 0 ]
	[ "$(count one conntrack entries)" -ge 0 ]
	coffer network stats one | grep -qE '^eth0 +sent bytes +[0-9]+ +ok +/proc/[0-9]+/net/dev$'
	coffer network stats one | grep -qE '^listener \[::\]:80 +connections that wait +0 +[0-9]+ +ok +sock_diag in one$'
	# What was never lost is shown on request.
	run ! grep -q 'sent dropped' <<<"$(coffer network stats one)"
	coffer network stats -a one | grep -qE '^eth0 +sent dropped +0'
}

@test "stats: what was lost, and where" {
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	coffer network create --subnet 10.89.2.0/24 side >/dev/null
	sleeper one --network front --ip 10.89.1.20
	sleeper other --network side --ip 10.89.2.20
	# A datagram for nobody.
	echo x >/dev/udp/10.89.1.20/4000
	has_counted() { noted one "$@"; }
	eventually has_counted udp 'datagrams for which nobody listened'
	# From one network into another one.
	inside other bash -c 'echo x >/dev/udp/10.89.1.20/4000'
	eventually has_counted filter 'dropped, on the way into a network'
	# Who listens, and does not accept: two have room where one was asked for.
	nsenter --net="/proc/$(coffer inspect -f '{{.State.Pid}}' one)/ns/net" -- python3 -c '
import socket, time
s = socket.socket(); s.bind(("10.89.1.20", 5000)); s.listen(1)
time.sleep(600)' 3>&- &
	listener=$!
	is_there() { coffer network stats one | grep -q '^listener 10.89.1.20:5000'; }
	eventually is_there
	python3 -c '
import socket, time
held = []
for i in range(4):
    s = socket.socket(); s.setblocking(False); s.connect_ex(("10.89.1.20", 5000)); held.append(s)
time.sleep(600)' 3>&- &
	callers=$!
	eventually has_counted 'listener 10.89.1.20:5000' 'connections that wait'
	eventually has_counted tcp 'connections for which a listener had no room'
	run -0 coffer network check one
	step loss note 'listener 10\.89\.1\.20:5000: [0-9]+ of 1 connections that wait +sock_diag in one'
	step loss note 'tcp: [0-9]+ connections for which a listener had no room +/proc/[0-9]+/net/netstat TcpExt ListenOverflows'
	kill "$callers" "$listener"
}

@test "stats and check of containers without a network of their own" {
	sleeper alone --network none
	run -0 coffer network stats alone
	run -1 coffer network check alone
	step address note 'it is on no network that coffer gives addresses of'
	web one
	sleeper second --network container:one
	[ "$(count second eth0 'received packets')" -gt 0 ]
}
