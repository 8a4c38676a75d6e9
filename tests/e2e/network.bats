#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Networks of containers: the network namespace that this file runs in plays the host, another one the outside.
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

@test "without a word a container is on the network bridge, reaches the host, and the world by its address" {
	run -0 coffer run --rm box:1 sh -c 'ip -o -4 addr show eth0; ip route; ping -c 1 -W 3 198.51.100.2'
	[[ $output == *'inet 172.17.0.'*'/16'* && $output == *'default via 172.17.0.1 dev eth0'* && $output == *' 0% packet loss'* ]]
}

@test "the host believes no container that says it is a router" {
	coffer run --rm box:1 true
	[ -e /proc/sys/net/ipv6/conf ] || skip "no IPv6 here"
	local bridge
	for bridge in $(ip -o link show type bridge | sed 's/^[0-9]*: \([^:@]*\).*/\1/'); do
		[ "$(<"/proc/sys/net/ipv6/conf/$bridge/accept_ra")" = 0 ]
	done
	[ -n "$bridge" ]
}

@test "what stands in a bridge has no address and no routes of its own" {
	sleeper one
	local link
	link=$(ip -o link show type veth | sed -n 's/^[0-9]*: \(veth[^@]*\)@.*/\1/p')
	[ -n "$link" ]
	[ -z "$(ip -o address show dev "$link")" ]
	[ -z "$(ip -6 route show dev "$link")" ]
}

@test "who is asked from a container sees the host" {
	outside timeout 10 socat -u TCP-LISTEN:7000,bind=198.51.100.2,reuseaddr SYSTEM:'echo $SOCAT_PEERADDR; cat >/dev/null' >"$BATS_TEST_TMPDIR/seen" &
	eventually listens 7000
	coffer run --rm box:1 sh -c 'echo x | nc -w 3 198.51.100.2 7000'
	wait $!
	[ "$(<"$BATS_TEST_TMPDIR/seen")" = 198.51.100.1 ]
}

listens() {
	outside ss -Hltn "sport = :$1" | grep -q .
}

@test "a published port is reached from the host's loopback, its addresses, outside, and other containers" {
	web web -p 8080:80
	run -0 fetch http://127.0.0.1:8080/
	[ "$output" = 'from the container' ]
	run -0 fetch http://198.51.100.1:8080/
	run -0 outside curl -sf --max-time 3 http://198.51.100.1:8080/
	[ "$output" = 'from the container' ]
	run -0 coffer run --rm box:1 wget -q -O - http://198.51.100.1:8080/
	[ "$output" = 'from the container' ]
	run -0 coffer run --rm --network container:web box:1 wget -q -O - http://198.51.100.1:8080/
	[ "$output" = 'from the container' ]
	run -0 coffer port web
	[ "$output" = '80/tcp -> 0.0.0.0:8080' ]
	run -0 coffer port web 80
	[ "$output" = 0.0.0.0:8080 ]
	run -1 coffer port web 81/udp
	[[ $output == *"no public port '81/udp' published for web"* ]]
	run -0 coffer ps
	[[ $output == *'0.0.0.0:8080->80/tcp'* ]]
	coffer rm -f web
	run ! fetch http://127.0.0.1:8080/
}

@test "ps finds containers by their ports" {
	coffer run -d --name web -p 8080:80 --expose 90 box:1 sleep 1000 >/dev/null
	local yes no
	for yes in publish=8080 publish=8080/tcp publish=8000-9000/tcp expose=80 expose=80/tcp expose=70-85; do
		[ "$(coffer ps --format '{{.Names}}' --filter "$yes")" = web ] || { echo "$yes" && return 1; }
	done
	for no in publish=80 publish=8080/udp publish=8081 expose=8080 expose=81-89; do
		[ -z "$(coffer ps -q --filter "$no")" ] || { echo "$no" && return 1; }
	done
	coffer rm -f web
}

@test "a port at one address of the host is not at others" {
	web web -p 127.0.0.1:8081:80
	fetch http://127.0.0.1:8081/
	run ! fetch http://198.51.100.1:8081/
	run ! outside curl -sf --max-time 1 http://198.51.100.1:8081/
}

@test "what is not published is not reached from outside, not even with a route" {
	web web
	outside ip route add 172.17.0.0/16 via 198.51.100.1
	run ! outside curl -sf --max-time 1 "http://$(address web):80/"
	outside ip route del 172.17.0.0/16
}

@test "ports for datagrams, ranges, and any that is free" {
	coffer run -d --name echo -p 7001:7/udp -p 9000-9002:9000-9002 -p 80 box:1 sleep 60 >/dev/null
	nsenter --net="/proc/$(coffer inspect echo | jq .[0].State.Pid)/ns/net" -- socat -T 2 UDP-LISTEN:7,fork PIPE 3>&- &
	local server=$!
	run -0 coffer port echo
	[ "${#lines[@]}" -eq 5 ]
	[[ $output == *'7/udp -> 0.0.0.0:7001'* && $output == *'9002/tcp -> 0.0.0.0:9002'* ]]
	free=$(coffer port echo 80)
	[ "${free##*:}" -ge 1024 ]
	said_back() { [ "$(echo hello | outside timeout 2 socat -t 1 - UDP:198.51.100.1:7001 2>/dev/null)" = hello ]; }
	eventually said_back
	kill $server
}

@test "of a range in front of one port the first that is free is taken" {
	sleeper one -p 127.0.0.1:7100-7102:80
	socat TCP-LISTEN:7101,bind=127.0.0.1,reuseaddr PIPE 3>&- &
	local holder=$!
	host_has() { ss -Hltn "sport = :7101" | grep -q .; }
	eventually host_has
	sleeper two -p 127.0.0.1:7100-7102:80
	run -0 coffer port one
	[ "$output" = '80/tcp -> 127.0.0.1:7100' ]
	run -0 coffer port two
	[ "$output" = '80/tcp -> 127.0.0.1:7102' ]
	[ "$(coffer inspect -f '{{(index .HostConfig.PortBindings "80/tcp" 0).HostPort}}' two)" = 7100-7102 ]
	run -125 coffer run --rm -p 127.0.0.1:7100-7102:80 box:1 true
	kill $holder
	[[ $output == *'no port from 7100 to 7102/tcp is free'*E-PORT-ALLOCATED* ]]
}

@test "-P publishes what the image and --expose name" {
	run -0 coffer run -d --name many -P --expose 81 --expose 5000-5001/udp box:1 sleep 60
	run -0 coffer port many
	[ "${#lines[@]}" -eq 3 ]
	[[ $output == *'81/tcp -> 0.0.0.0:'* && $output == *'5001/udp -> 0.0.0.0:'* ]]
}

@test "-P leaves alone what -p has published" {
	coffer run -d --name once -P -p 8282:80 --expose 80 --expose 90 box:1 sleep 60
	run -0 coffer port once
	[ "${#lines[@]}" -eq 2 ]
	[ "${lines[0]}" = '80/tcp -> 0.0.0.0:8282' ]
	[[ ${lines[1]} == '90/tcp -> 0.0.0.0:'* ]]
}

@test "a container's ports in inspect: bound, or null; none while it does not run" {
	coffer run -d --name ports -p 8282:80 --expose 90 box:1 sleep 60
	ports() { coffer inspect ports | jq -c '.[0].NetworkSettings.Ports | [."80/tcp"[0].HostPort, has("90/tcp"), ."90/tcp"]'; }
	[ "$(ports)" = '["8282",true,null]' ]
	coffer stop -t 0 ports
	[ "$(coffer inspect -f '{{json .NetworkSettings.Ports}}' ports)" = '{}' ]
}

@test "a port that is taken is refused, and by whom it is" {
	web web -p 8080:80
	run -125 coffer run --rm -p 8080:80 box:1 true
	[[ $output == *'port 8080/tcp is already allocated'*'cause: container web has published it'* ]]
	run -125 coffer run --rm -p 127.0.0.1:8080:81 box:1 true
	[[ $output == *'E-PORT-ALLOCATED'* ]]
	socat TCP-LISTEN:9090,reuseaddr PIPE 3>&- &
	local holder=$!
	eventually host_listens 9090
	run -125 coffer run --rm -p 9090:80 box:1 true
	kill $holder
	[[ $output == *'port 9090/tcp: address already in use'*"cause: pid $holder (socat"*'E-PORT-HOST'* ]]
	run -125 coffer run --rm -p 9091:80 -p 9091:81 box:1 true
	[[ $output == *'port 9091/tcp is already allocated'*'cause: it is published twice here'* ]]
	run -0 coffer ps -aq
	[ "${#lines[@]}" -eq 1 ]
	coffer run --rm -p 9090:80 box:1 true
}

@test "who has a port at addresses of IPv6 alone, or at one address, is found, too" {
	coffer network create --ipv6 --subnet 10.89.1.0/24 --subnet fd00:89:1::/64 front >/dev/null
	socat TCP6-LISTEN:9090,ipv6only=1,reuseaddr PIPE 3>&- &
	local holder=$!
	socat TCP4-LISTEN:9091,bind=127.0.0.1,reuseaddr PIPE 3>&- &
	local other=$!
	eventually host_listens 9090
	eventually host_listens 9091
	run -125 coffer run --rm --network front -p 9090:80 box:1 true
	[[ $output == *'port 9090/tcp: address already in use'*"cause: pid $holder (socat) has [::]:9090"* ]]
	run -125 coffer run --rm --network front -p 9091:80 box:1 true
	[[ $output == *"cause: pid $other (socat) has 127.0.0.1:9091"* ]]
	coffer run --rm -p 198.51.100.1:9091:80 box:1 true
	coffer run -d --name free --network front -p 9090-9092:80 box:1 sleep 600 >/dev/null
	[ "$(coffer port free 80 | sort -u | head -n 1)" = 0.0.0.0:9092 ]
	kill "$holder" "$other"
}

host_listens() {
	ss -Hltn "sport = :$1" | grep -q .
}

@test "nonsense of ports and networks is refused with its words" {
	while IFS='|' read -r arguments words; do
		# shellcheck disable=SC2086 # several arguments in one
		run -125 coffer run --rm $arguments box:1 true
		[[ $output == *"$words"* ]] || { echo "$arguments: $output"; false; }
	done <<-'ROWS'
		-p 0|invalid containerPort: 0
		-p 80:x|invalid containerPort: x
		-p 99999:80|invalid hostPort: 99999
		-p 80:80/icmp|invalid proto: icmp
		-p 1.2.3:80:80|invalid IP address: 1.2.3
		-p 80-81:80-82|invalid ranges specified for container and host Ports
		-p 203.0.113.9:80:80|this host does not have the address 203.0.113.9
		--network nosuch|network nosuch not found
		--network container:nosuch|No such container: nosuch
		--network none --network front|conflicting options
		--network host --ip 10.1.2.3|not available with --network host
		--ip 172.17.0.9|user specified IP address is supported on user defined networks only
		--mac-address 00:00|00:00 is not a valid mac address
		--mac-address 01:02:03:04:05:06|is the address of a group
		--add-host nocolon|bad format for add-host
		--dns example.org|invalid argument "example.org" for "--dns" flag: example.org is not an ip address
	ROWS
	[ -z "$(coffer ps -aq)" ]
}

@test "networks of one's own: subnet, fixed address, and no way from one to the other" {
	coffer network create --subnet 10.89.1.0/24 front
	coffer network create --subnet 10.89.2.0/24 --gateway 10.89.2.254 back
	web web --network front --ip 10.89.1.80
	[ "$(address web)" = 10.89.1.80 ]
	run -0 coffer run --rm --network front box:1 wget -q -O - http://10.89.1.80/
	run -0 coffer run --rm --network back box:1 ip route
	[[ $output == *'default via 10.89.2.254'* ]]
	run ! coffer run --rm --network back box:1 sh -c 'echo | nc -w 1 10.89.1.80 80'
	run ! coffer run --rm box:1 sh -c 'echo | nc -w 1 10.89.1.80 80'
	run -125 coffer run --rm --network front --ip 10.89.1.80 box:1 true
	[[ $output == *'address 10.89.1.80 of the network "front" is in use already'* ]]
	run -125 coffer run --rm --network front --ip 10.89.2.5 box:1 true
	[[ $output == *'address 10.89.2.5 is none that the network "front" (10.89.1.0/24) can give'* ]]
	run -1 coffer network rm front
	[[ $output == *'network front is in use'*'running containers are on it: web'* ]]
}

@test "several networks at once" {
	coffer network create --subnet 10.89.1.0/24 front
	coffer network create --subnet 10.89.2.0/24 --internal back
	run -0 coffer run --rm --network front --network back box:1 sh -c 'ip -o -4 addr; ip route'
	[[ $output == *'eth0'*'10.89.1.2/24'*'eth1'*'10.89.2.2/24'*'default via 10.89.1.1 dev eth0'* ]]
}

@test "an internal network leads nowhere" {
	coffer network create --internal --subnet 10.89.3.0/24 closed
	web web --network closed
	run ! coffer run --rm --network closed box:1 ping -c 1 -W 1 198.51.100.2
	run -0 coffer run --rm --network closed box:1 wget -q -O - "http://$(address web)/"
}

@test "IPv6: addresses, the world, and published ports" {
	coffer network create --subnet 10.89.4.0/24 --subnet fd00:89::/64 six
	web web --network six -p 8086:80
	run -0 coffer run --rm --network six box:1 sh -c 'ip -o -6 addr show eth0; ping -6 -c 1 -W 3 2001:db8::2'
	[[ $output == *'fd00:89::'*'/64'* && $output == *' 0% packet loss'* ]]
	run -0 outside curl -sf --max-time 3 'http://[2001:db8::1]:8086/'
	[ "$output" = 'from the container' ]
	run -0 coffer port web
	[[ $output == *'[::]:8086'* ]]
	run -0 coffer run --rm --network six --ip6 fd00:89::99 box:1 sh -c 'ip -o -6 addr show eth0; ping -6 -c 1 -W 3 2001:db8::2'
	[[ $output == *'fd00:89::99/64'* && $output == *' 0% packet loss'* ]]
	run -125 coffer run --rm --network six --ip6 fd00:90::99 box:1 true
	[[ $output == *'address fd00:90::99 is none that the network "six" (fd00:89::/64) can give'* ]]
	coffer network create --subnet 10.89.5.0/24 four
	run -125 coffer run --rm --network four --ip6 fd00:90::99 box:1 true
	[[ $output == *'address fd00:90::99: the network "four" has no IPv6'* ]]
}

@test "another container's network: its addresses, its loopback, its names" {
	web web --hostname webhost
	run -0 coffer run --rm --network container:web box:1 sh -c 'wget -q -O - http://127.0.0.1/; cat /etc/hostname'
	[ "$output" = $'from the container\nwebhost' ]
	run -125 coffer run --rm --network container:web -p 80:80 box:1 true
	[[ $output == *'conflicting options: port publishing and the container type network mode'* ]]
	coffer create --name still --network none box:1 true
	run -125 coffer run --rm --network container:still box:1 true
	[[ $output == *'cannot join network namespace of a non running container: container still is created'* ]]
}

@test "who has joined a container that ends has no way out any more" {
	sleeper owner
	sleeper joined --network container:owner
	coffer exec joined ip -o link show eth0
	coffer stop -t 0 owner
	run ! coffer exec joined ip -o link show eth0
	no_links_left
	coffer start owner
	[ -n "$(address owner)" ]
	run ! coffer exec joined ip -o link show eth0
}

# holds NAME: somebody who has nothing to do with us has the container's network; his pid
holds() {
	nsenter --net="/proc/$(coffer inspect -f '{{.State.Pid}}' "$1")/ns/net" -- sleep 600 3>&- >/dev/null &
	echo $!
}

is_in_there() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

@test "no link is left of a container whose network a stranger holds: stop, restart, a killed monitor" {
	local -a holders=()
	local of='s/^[0-9]*: \(veth[0-9a-f]*\)@.*/\1/p' before
	sleeper one
	holders+=("$(holds one)")
	eventually is_in_there "${holders[-1]}"
	before=$(ip -o link show type veth | sed -n "$of")
	coffer restart -t 0 one
	is_gone() { ! ip link show "$before" 2>/dev/null; }
	eventually is_gone
	holders+=("$(holds one)")
	eventually is_in_there "${holders[-1]}"
	coffer stop -t 0 one
	eventually no_links_left
	coffer start one
	holders+=("$(holds one)")
	eventually is_in_there "${holders[-1]}"
	kill -KILL "$(pgrep -f "^coffer-monitor one $COFFER_TEST_ROOT/")"
	is_over() { [ "$(coffer inspect -f '{{.State.Running}}' one)" = false ]; }
	eventually is_over
	eventually no_links_left
	kill "${holders[@]}"
}

@test "whose network is joined is found out once: another of that name is another" {
	sleeper owner
	coffer create --name joined --network container:owner box:1 ip -o -4 addr show eth0 >/dev/null
	[ "$(coffer inspect -f '{{.HostConfig.NetworkMode}}' joined)" = "container:$(coffer inspect -f '{{.Id}}' owner)" ]
	coffer rename owner former
	sleeper owner
	run -0 coffer start -a joined
	[[ $output == *" $(address former)/"* ]]
}

@test "on the host's network ports are not published, and that is said" {
	run -0 coffer run --rm --network host -p 8080:80 box:1 echo runs
	[[ $output == *'Published ports are discarded when using host network mode'*runs ]]
}

@test "a network namespace by its path" {
	run -0 coffer run --rm --network "ns:/proc/$OUTSIDE/ns/net" box:1 ip -o -4 addr show eth0
	[[ $output == *198.51.100.2* ]]
	run -125 coffer run --rm --network ns:/nosuch box:1 true
	[[ $output == *"open network namespace '/nosuch': no such file or directory"* ]]
	run -125 coffer run --rm --network ns:/proc/self/ns/uts box:1 true
	[[ $output == *"'/proc/self/ns/uts' is a uts namespace, a network namespace is wanted"* ]]
}

@test "hosts and resolv.conf say what was asked for" {
	run -0 coffer run --rm --hostname me --add-host db:10.1.2.3 --dns 198.51.100.53 --dns-search example.org \
		--dns-option ndots:2 box:1 cat /etc/hosts /etc/resolv.conf
	[[ $output == *$'172.17.0.'*$'\tme'* && $output == *$'10.1.2.3\tdb'* ]]
	[[ $output == *'nameserver 198.51.100.53'* && $output == *'search example.org'* && $output == *'options ndots:2'* ]]
	[ "$(grep -c ^nameserver <<<"$output")" -eq 1 ]
}

@test "a container in a domain knows its whole name and its short one" {
	run -0 coffer run --rm --hostname me --domainname example.org box:1 sh -c 'cat /etc/hosts; hostname -f'
	[[ $output == *$'172.17.0.'*$'\tme.example.org me'* && ${lines[-1]} == me.example.org ]]
	run -0 coffer run --rm --hostname you.example.org box:1 cat /etc/hosts
	[[ $output == *$'\tyou.example.org you'* ]]
	sleeper me --hostname me --domainname example.org
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	coffer network connect front me
	coffer network disconnect bridge me
	[ "$(coffer exec me grep -c me.example.org /etc/hosts)" -eq 1 ]
	coffer exec me grep -qx $'10.89.1.2\tme.example.org me' /etc/hosts
}

@test "host-gateway is the address by which a container reaches the host" {
	run -0 coffer run --rm --add-host me:host-gateway --add-host=you=10.1.2.3 box:1 cat /etc/hosts
	[[ $output == *$'172.17.0.1\tme'* && $output == *$'10.1.2.3\tyou'* ]]
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	run -0 coffer run --rm --network front --add-host me:host-gateway box:1 ping -c 1 -W 3 me
	[[ $output == *10.89.1.1* ]]
	run -0 coffer run --rm --network host --add-host me:host-gateway box:1 cat /etc/hosts
	[[ $output == *$'127.0.0.1\tme'* ]]
	run -125 coffer run --rm --network none --add-host me:host-gateway box:1 true
	[[ $output == *'unable to derive the IP value for host-gateway'* ]]
}

@test "subnets are chosen so that nothing is in the way" {
	ip link add other type bridge
	ip addr add 172.18.5.1/24 dev other
	ip link set other up
	coffer network create one >/dev/null
	run -0 coffer network inspect one
	[ "$(jq -r '.[0].IPAM.Config[0].Subnet' <<<"$output")" = 172.19.0.0/16 ]
	run -1 coffer network create --subnet 172.18.0.0/16 two
	[[ $output == *'subnet 172.18.0.0/16 overlaps what this host routes already'* ]]
	run -1 coffer network create --subnet 172.19.128.0/24 two
	[[ $output == *'overlaps that of the network "one"'* ]]
	ip link del other
}

@test "network create, ls, inspect, rm: what they print and refuse" {
	run -0 coffer network create --label a=b --opt com.docker.network.driver.mtu=1400 front
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	run -1 coffer network create front
	[[ $output == *'network with name front already exists'* ]]
	run -1 coffer network create host
	run -1 coffer network create --driver overlay x
	[[ $output == *'network driver "overlay" is not available'* ]]
	run -1 coffer network create --subnet 10.1.2.3/24 x
	[[ $output == *'invalid subnet 10.1.2.3/24: it should be 10.1.2.0/24'* ]]
	run -1 coffer network create --subnet 10.1.2.0/24 --gateway 10.9.9.9 x
	[[ $output == *'no matching subnet for gateway 10.9.9.9'* ]]
	run -0 coffer network ls
	[[ ${lines[0]} =~ ^'NETWORK ID'\ +NAME\ +DRIVER\ +SCOPE$ ]]
	[[ $output == *bridge*front*host*none* ]]
	run -0 coffer run --rm --network front box:1 cat /sys/class/net/eth0/mtu
	[ "$output" -eq 1400 ]
	run -0 coffer network inspect front
	[ "$(jq -r '.[0].Labels.a' <<<"$output")" = b ]
	run -1 coffer network rm bridge
	[[ $output == *'bridge is a pre-defined network and cannot be removed'* ]]
	run -0 coffer network rm front
	[ "$output" = front ]
	run -1 coffer network rm front
	[[ $output == *'network front not found'* ]]
}

@test "a flushed table, and a bridge that somebody removed, are there again with the next start" {
	web web -p 8080:80
	nft flush ruleset
	run ! is_led 8080
	web other -p 8082:80
	is_led 8080
	is_led 8082
	coffer rm -f web other
	ip link del "$(bridge_of bridge)"
	web web -p 8080:80
	fetch http://127.0.0.1:8080/
}

bridge_of() {
	ip -o link show type bridge | sed -n "s/^[0-9]*: \(cf-$(coffer network inspect "$1" | jq -r '.[0].Id[:10]')\):.*/\1/p"
}

@test "after SIGKILL of the monitor nothing of the network is left" {
	coffer run -d --name web -p 8080:80 box:1 sleep 600 >/dev/null
	kill -9 "$(pgrep -f "coffer-monitor.*$(coffer inspect web | jq -r '.[0].Id')")"
	eventually has_exited web
	[ "$(nft list ruleset | grep -c 'tcp . 8080')" -eq 0 ]
	coffer run --rm -p 8080:80 box:1 true
}

@test "other tables are left alone" {
	nft add table inet mine
	nft add chain inet mine c
	web web -p 8080:80
	coffer rm -f web
	run -0 nft list table inet mine
	nft delete table inet mine
}

# --- names ---

# ask CONTAINER NAME: the addresses that the container's name server knows, one a line; for as long as it takes it to
# have read what is new
ask() {
	coffer exec "$1" nslookup "$2" 2>&1 | sed -n '/^Name:/,$ s/^Address[ 0-9]*: *//p'
}

knows() {
	[ "$(ask "$1" "$2")" = "$3" ]
}

name_servers() {
	pgrep -f "^dnsmasq of $COFFER_TEST_ROOT/run/networks"
}

is_gone() {
	[ ! -e "/proc/$1" ]
}

# As a list of containers has it, which finds out what became of their monitors.
has_exited() {
	coffer ps -a --filter name="$1" | grep -q Exited
}

# At the end of each test on names, when all containers are gone.
no_names_left() {
	! name_servers && [ -z "$(find "$COFFER_TEST_ROOT/run/networks" -mindepth 1)" ]
}

@test "containers of one network find each other by name, alias and short id, and others' do not" {
	coffer network create --subnet 10.89.1.0/24 --subnet fd00:89:1::/64 front
	coffer network create --subnet 10.89.2.0/24 back
	sleeper one --network front --hostname stage --ip 10.89.1.11 --ip6 fd00:89:1::11 --network-alias db --network-alias db.example.net
	sleeper two --network front
	sleeper far --network back
	run -0 coffer exec two cat /etc/resolv.conf
	[[ $output == *'nameserver 10.89.1.1'*'options ndots:0'* && $(grep -c nameserver <<<"$output") -eq 1 ]]
	local name
	for name in one db db.example.net "$(coffer inspect one | jq -r '.[0].Id[:12]')"; do
		eventually knows two "$name" $'10.89.1.11\nfd00:89:1::11' || { coffer exec two nslookup "$name"; false; }
	done
	run -0 coffer exec two ping -c 1 -W 3 one
	run ! coffer exec far nslookup one
	run ! coffer exec two nslookup far
	[ "$(coffer exec one cat /etc/hostname)" = stage ] # which is for itself alone
	run ! coffer exec two nslookup stage
	[ "$(name_servers | wc -l)" -eq 2 ]
	coffer rename one uno
	eventually knows two uno $'10.89.1.11\nfd00:89:1::11'
	eventually knows two one ''
	coffer rm -f uno
	eventually knows two uno ''
	coffer rm -f two far
	no_names_left
}

@test "on the network bridge there are no names" {
	sleeper one
	run -0 coffer exec one cat /etc/resolv.conf
	[[ $output != *172.17.0.1* ]]
	run ! name_servers
}

@test "a name server that was killed is there again with the next container, and goes with the last" {
	coffer network create --subnet 10.89.1.0/24 front
	sleeper one --network front
	eventually knows one one 10.89.1.2
	local first
	first=$(name_servers)
	kill -9 "$first"
	eventually is_gone "$first"
	sleeper two --network front
	eventually knows two one 10.89.1.2
	[ "$(name_servers)" != "$first" ]
	kill -9 "$(pgrep -f "coffer-monitor.*$(coffer inspect two | jq -r '.[0].Id')")"
	eventually has_exited two
	eventually knows one two ''
	coffer rm -f one two
	no_names_left
}

@test "names of the world come from --dns, and on an internal network from nobody" {
	# Not by outside(), for $! is to be the program itself.
	nsenter --net="/proc/$OUTSIDE/ns/net" -- dnsmasq --keep-in-foreground --no-hosts --no-resolv \
		--conf-file=/dev/null --pid-file= --bind-interfaces --listen-address=198.51.100.2 --user=root --address=/world.example/203.0.113.7 3>&- &
	local world=$!
	coffer network create --subnet 10.89.1.0/24 front
	coffer network create --internal --subnet 10.89.2.0/24 closed
	sleeper one --network front --dns 198.51.100.2
	sleeper two --network closed --dns 198.51.100.2
	eventually knows one world.example 203.0.113.7 || { kill $world; coffer exec one nslookup world.example; false; }
	eventually knows two two 10.89.2.2
	run ! coffer exec two nslookup world.example
	kill $world
	[[ $output == *NXDOMAIN* ]]
	coffer rm -f one two
	no_names_left
}

# with_servers TEXT COMMAND...: a coffer command, where TEXT is in the host's resolv.conf
with_servers() {
	echo "$1" >"$BATS_TEST_TMPDIR/resolv.conf"
	shift
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount -- sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$BATS_TEST_TMPDIR/resolv.conf" \
		"$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" "$@"
}

@test "name servers on the host's loopback: asked by that of a network, and in place of those Docker's elsewhere" {
	dnsmasq --keep-in-foreground --no-hosts --no-resolv --conf-file=/dev/null --pid-file= --bind-interfaces \
		--listen-address=127.0.0.53 --user=root --address=/world.example/203.0.113.7 3>&- &
	local world=$!
	coffer network create --subnet 10.89.1.0/24 front
	with_servers 'nameserver 127.0.0.53' run -d --name one --network front box:1 sleep 600
	eventually knows one world.example 203.0.113.7 || { kill $world; coffer exec one nslookup world.example; false; }
	kill $world
	run -0 with_servers 'nameserver 127.0.0.53' run --rm box:1 cat /etc/resolv.conf
	[[ $output == *"the host's name servers cannot be asked by a container: it asks 8.8.8.8 and 8.8.4.4"* ]]
	[[ ${lines[*]: -2} == 'nameserver 8.8.8.8 nameserver 8.8.4.4' ]]
	run -0 with_servers 'nameserver ::1' run --rm --dns 198.51.100.53 box:1 cat /etc/resolv.conf
	[ "$output" = 'nameserver 198.51.100.53' ]
	run -0 with_servers 'nameserver 192.0.2.53' run --rm box:1 cat /etc/resolv.conf
	[ "$output" = 'nameserver 192.0.2.53' ]
	run -0 with_servers 'nameserver 127.0.0.53' run --rm --network none box:1 cat /etc/resolv.conf
	[ -z "$output" ]
	coffer rm -f one
	no_names_left
}

@test "where the name server cannot start, that is said, and the container runs without names" {
	coffer network create --subnet 10.89.1.0/24 front
	socat -u UDP-RECV:53 OPEN:/dev/null 3>&- &
	local holder=$!
	eventually holds_datagrams 53
	run -0 coffer run --rm --network front --dns 198.51.100.2 box:1 cat /etc/resolv.conf
	kill $holder
	[[ $output == *'no names on the network'*'start the name server: dnsmasq failed'*'Address already in use'* ]]
	[[ $output == *'nameserver 198.51.100.2'* ]]
	no_names_left
}

holds_datagrams() {
	ss -Hlun "sport = :$1" | grep -q .
}
