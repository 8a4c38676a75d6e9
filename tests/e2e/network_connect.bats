#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Containers that come to networks and leave them while they run.

bats_require_minimum_version 1.5.0
load lib/coffer
load lib/network

setup_file() {
	network_file_setup
}

teardown_file() {
	network_file_teardown
}

setup() {
	coffer network create --subnet 10.89.1.0/24 front >/dev/null
	coffer network create --subnet 10.89.2.0/24 --subnet fd00:89:2::/64 back >/dev/null
}

teardown() {
	network_teardown
}

networks_of() {
	coffer inspect "$1" | jq -r '.[0].NetworkSettings.Networks | to_entries | sort_by(.key) | map("\(.key)=\(.value.IPAddress)") | join(" ")'
}

default_route() {
	coffer exec "$1" ip route show default
}

@test "a container that runs comes to a second network, and leaves it" {
	sleeper one --network front
	sleeper far --network back --ip 10.89.2.99
	run ! coffer exec one ping -c 1 -W 1 10.89.2.99
	coffer network connect --ip 10.89.2.50 --ip6 fd00:89:2::50 --alias uno back one
	[ "$(networks_of one)" = 'back=10.89.2.50 front=10.89.1.2' ]
	coffer exec one ping -c 1 -W 3 10.89.2.99
	run -0 coffer exec one ip -o addr show eth1
	[[ $output == *'10.89.2.50/24'* && $output == *'fd00:89:2::50/64'* ]]
	run -0 coffer exec one cat /etc/hosts
	[[ $output == *$'10.89.1.2\t'* && $output == *$'10.89.2.50\t'* ]]
	run -1 coffer network connect back one
	[[ $output == *'endpoint with name one already exists in network back'*'E-EXISTS'* ]]
	coffer network disconnect back one
	[ "$(networks_of one)" = 'front=10.89.1.2' ]
	run ! coffer exec one ip link show eth1
	run -0 coffer exec one cat /etc/hosts
	[[ $output == *$'10.89.1.2\t'* && $output != *$'10.89.2.50\t'* ]]
	run -1 coffer network disconnect back one
	[[ $output == *'container one is not connected to network back'* ]]
	coffer network disconnect --force back one
}

@test "a container that has made its hosts too large to read leaves a network all the same" {
	sleeper one --network front --add-host other:10.1.2.3
	enlarge() { coffer exec one sh -c 'yes "# no host" | head -n 200000 >/etc/hosts'; }
	enlarge
	coffer network connect --ip 10.89.2.50 back one
	run -0 coffer exec one cat /etc/hosts
	[[ $output == *localhost*$'10.1.2.3\tother'* && $output == *$'10.89.2.50\t'* ]]
	enlarge
	coffer network disconnect back one
	run -0 coffer exec one cat /etc/hosts
	[[ $output == *$'10.89.1.2\t'* && $output != *$'10.89.2.50\t'* ]]
}

@test "what is said of one that does not run holds when it is started" {
	coffer create --name one --network front box:1 sleep 600
	coffer network connect --ip 10.89.2.50 back one
	coffer start one
	[ "$(networks_of one)" = 'back=10.89.2.50 front=10.89.1.2' ]
	coffer restart -t 0 one
	coffer exec one ip -o -4 addr show eth1
	coffer stop -t 0 one
	coffer network disconnect front one
	coffer start one
	[ "$(networks_of one)" = 'back=10.89.2.50' ]
}

@test "a connection that was made while it ran is there when it runs again" {
	sleeper one --network front
	coffer network connect back one
	coffer restart -t 0 one
	[[ $(networks_of one) == *back=10.89.2.*front=10.89.1.* ]]
}

@test "the way out is the highest priority, then the first by name; published ports follow" {
	web one --network name=front,gw-priority=1 -p 8080:80
	[[ $(default_route one) == *'via 10.89.1.1 dev eth0'* ]]
	coffer network connect back one
	[[ $(default_route one) == *'via 10.89.1.1 dev eth0'* ]]
	coffer network disconnect back one
	coffer network connect --gw-priority 7 back one
	[[ $(default_route one) == *'via 10.89.2.1 dev eth1'* ]]
	run -0 fetch http://127.0.0.1:8080/
	run -0 outside curl -sf --max-time 3 http://198.51.100.1:8080/
	coffer exec one ping -c 1 -W 3 198.51.100.2
	coffer network disconnect back one
	[[ $(default_route one) == *'via 10.89.1.1 dev eth0'* ]]
	run -0 outside curl -sf --max-time 3 http://198.51.100.1:8080/
	sleeper two --network front --network back
	[[ $(default_route two) == *'via 10.89.2.1 dev eth1'* ]]
}

@test "one that left its last network has its ports again with the next one" {
	web one --network front -p 8080:80
	coffer network disconnect front one
	[ "$(networks_of one)" = '' ]
	run ! fetch http://127.0.0.1:8080/
	run -0 coffer exec one ip -o link
	[[ $output != *eth0* ]]
	coffer network connect back one
	fetch http://127.0.0.1:8080/
	coffer network disconnect back one
	coffer restart -t 0 one
	[ "$(networks_of one)" = '' ]
}

@test "an interface gets the name that was asked for" {
	sleeper one --network name=front,driver-opt=com.docker.network.endpoint.ifname=lan0
	coffer network connect --driver-opt com.docker.network.endpoint.ifname=lan1 back one
	coffer exec one ip link show lan0
	coffer exec one ip link show lan1
}

@test "what is refused, and its words" {
	sleeper none --network none
	sleeper host --network host
	sleeper shared --network container:none
	sleeper one --network front
	while IFS='|' read -r arguments words; do
		# shellcheck disable=SC2086 # several arguments in one
		run ! coffer network connect $arguments
		[[ $output == *"$words"* ]] || { echo "$arguments: $output"; false; }
	done <<-'ROWS'
		front none|one of the networks in private (none) mode
		front host|connected to host network
		front shared|sharing network namespace with another container
		front nosuch|No such container: nosuch
		nosuch one|network nosuch not found
		host one|container cannot be disconnected from host network or connected to host network
		none one|container cannot be disconnected from none network or connected to none network
		--ip 10.89.3.3 back one|connect container "one" to the network "back": address 10.89.3.3 is none that
		--ip 172.17.0.3 bridge one|supported on user defined networks only
		--ip nonsense back one|invalid IPv4 address: nonsense
		--driver-opt a=b back one|unknown option of a place on a network: "a=b"
		--link-local-ip 169.254.1.1 back one|link-local
	ROWS
	run -1 coffer network disconnect host host
	[[ $output == *'cannot be disconnected from host network'*'cause: who is on it is said when the container is made: --network host'* ]]
	[ "$(networks_of one)" = 'front=10.89.1.2' ]
	run -125 coffer run --rm --network front --network front box:1 true
	[[ $output == *'network "front" is specified multiple times'* ]]
}

@test "events tell of networks, and of containers that come and go" {
	coffer network create mine >/dev/null
	sleeper one --network mine
	coffer network connect back one
	coffer network disconnect back one
	coffer rm -f one
	coffer network rm mine
	run -0 coffer events --since 10m --until "$(($(date +%s) + 1))" --filter type=network \
		--format '{{.Action}} {{.Actor.Attributes.name}}'
	[ "${output##*create back$'\n'}" = $'create mine\nconnect mine\nconnect back\ndisconnect back\ndisconnect mine\ndestroy mine' ]
}

# ask CONTAINER NAME: the addresses that its name server knows, one a line
ask() {
	coffer exec "$1" nslookup "$2" 2>&1 | sed -n '/^Name:/,$ s/^Address[ 0-9]*: *//p' | sort
}

knows() {
	[ "$(ask "$1" "$2")" = "$3" ]
}

@test "names on several networks: who is on both knows all, who is on one knows that one" {
	sleeper both --network front --network back
	sleeper fred --network front --ip 10.89.1.70
	sleeper ben --network back --ip 10.89.2.70 --ip6 fd00:89:2::70 --network-alias benny
	eventually knows both fred 10.89.1.70
	eventually knows both benny $'10.89.2.70\nfd00:89:2::70'
	run -0 coffer exec both cat /etc/resolv.conf
	[[ $output == *'nameserver 127.0.0.11'* ]]
	eventually knows fred both 10.89.1.2
	run ! coffer exec fred nslookup ben
	run ! coffer exec ben nslookup fred
	coffer network connect back fred
	eventually knows fred ben $'10.89.2.70\nfd00:89:2::70'
	run -0 coffer exec fred cat /etc/resolv.conf
	[[ $output == *'nameserver 127.0.0.11'* ]]
	eventually knows fred both "$(coffer inspect both | jq -r '.[0].NetworkSettings.Networks[] | .IPAddress, .GlobalIPv6Address | select(. != "")' | sort)"
	coffer rename ben benjamin
	eventually knows fred benjamin $'10.89.2.70\nfd00:89:2::70'
	coffer network disconnect back fred
	eventually knows fred both 10.89.1.2
	run ! coffer exec fred nslookup benjamin
	coffer rm -f both fred benjamin
	run ! pgrep -f "^dnsmasq of $COFFER_TEST_ROOT/run/networks"
	[ -z "$(find "$COFFER_TEST_ROOT/run/networks" -mindepth 1)" ]
}
