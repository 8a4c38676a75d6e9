#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What is said of networks: ls, inspect, prune.

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
	coffer network create --label team=blue --label keep front >/dev/null
	coffer network create --internal --ipv6 back >/dev/null
}

teardown() {
	network_teardown
}

names() {
	coffer network ls --format '{{.Name}}' "$@" | tr '\n' ' '
}

@test "coffer.conf has the bridge and the subnets of the default network" {
	run -1 coffer network rm bridge
	[[ $output == *'bridge is a pre-defined network and cannot be removed'* ]]
	export COFFER_CONF=$BATS_TEST_TMPDIR/coffer.conf
	printf '[networks]\ndefault-bridge = "cbr7"\ndefault-subnets = ["10.77.0.0/24", "fd00:77::/64"]\n' >"$COFFER_CONF"
	[ "$(coffer network rm bridge)" = bridge ]
	sleeper one
	[[ "$(address one)" == 10.77.0.* ]]
	[ "$(ip -o -4 addr show dev cbr7 | awk '{ print $4 }')" = 10.77.0.1/24 ]
	ip -o -6 addr show dev cbr7 | grep -q 'fd00:77::1/64'
	coffer rm -f one
	run -1 coffer network rm bridge
	[[ $output == *'bridge is a pre-defined network and cannot be removed'* ]]
	printf '[networks]\ndefault-subnets = ["10.77.0.1/24"]\n' >"$COFFER_CONF"
	coffer network rm bridge
	run -125 coffer run --rm box:1 true
	[[ $output == *'make the default network as coffer.conf says: invalid subnet 10.77.0.1/24: it should be 10.77.0.0/24'* ]]
	printf '[networks]\ndefault-subnet = "10.77.0.1/24"\n' >"$COFFER_CONF"
	run -125 coffer run --rm box:1 true
	[[ $output == *'unknown key "default-subnet" in [networks]'*'did you mean default-subnets?'* ]]
	unset COFFER_CONF
	coffer run --rm box:1 true
}

@test "veth: which link leads into which container, and its name beside it" {
	run -0 coffer network veth
	[[ $output =~ LINK' '+INDEX' '+'PEER INDEX' && ${#lines[@]} -eq 1 ]]
	coffer network create side >/dev/null
	sleeper one --network side
	sleeper two
	local pid link index
	pid=$(coffer inspect -f '{{.State.Pid}}' one)
	index=$(nsenter --net="/proc/$pid/ns/net" -- ip -o link show eth0 | sed 's/.*eth0@if\([0-9]*\):.*/\1/')
	link=$(ip -o link | sed -n "s/^$index: \([^@]*\)@.*/\1/p")
	run -0 coffer network veth --format '{{.Link}} {{.Index}} {{.Container}} {{.Network}} {{.Interface}}' "$index"
	[ "$output" = "$link $index one side eth0" ]
	[ "$(coffer network veth --format '{{.Container}}' "$link")" = one ]
	[ "$(coffer network veth --format json one | jq -r .PeerIndex)" = "$(nsenter --net="/proc/$pid/ns/net" -- ip -o link show eth0 | cut -d: -f1)" ]
	[ "$(coffer network veth --format '{{.Container}}' | sort | tr '\n' ' ')" = 'one two ' ]
	run -1 coffer network veth nosuch
	[[ $output == *'"nosuch" is no link, index or container on a bridge of coffer'\''s'* ]]
	ip link show "$link" | grep -q 'alias one$'
	coffer rename one three
	ip link show "$link" | grep -q 'alias three$'
	bridge link show dev "$link" | grep -q "master $(coffer network veth --format '{{.Bridge}}' three)"
}

@test "ls: a table, templates, JSON, ids" {
	run -0 coffer network ls
	[[ ${lines[0]} =~ ^'NETWORK ID'\ +NAME\ +DRIVER\ +SCOPE$ ]]
	[ "${#lines[@]}" -eq 6 ]
	[ "$(names)" = 'back bridge front host none ' ]
	run -0 coffer network ls --format '{{.Name}} {{.Driver}} {{.Internal}} {{.IPv6}} {{.Label "team"}} {{.Scope}}' -f name=a -f name=fro
	[ "$output" = $'back bridge true true  local\nfront bridge false false blue local' ]
	run -0 coffer network ls --format 'table {{.Name}}\t{{.IPv6}}' -f name=back
	[[ ${lines[0]} =~ ^NAME\ +IPV6$ && ${lines[1]} =~ ^back\ +true$ ]]
	run -0 coffer network ls --format json -f name=front
	[ "$(jq -r '.Labels + " " + .ID' <<<"$output")" = "team=blue,keep $(coffer network ls -q -f name=front)" ]
	[[ $(coffer network ls -q -f name=front) =~ ^[0-9a-f]{12}$ ]]
	[[ $(coffer network ls -q --no-trunc -f name=front) =~ ^[0-9a-f]{64}$ ]]
}

@test "ls --filter" {
	sleeper one --network front
	[ "$(names -f type=custom)" = 'back front ' ]
	[ "$(names -f type=builtin)" = 'bridge host none ' ]
	[ "$(names -f driver=host -f driver=null)" = 'host none ' ]
	[ "$(names -f dangling=true)" = 'back ' ]
	[ "$(names -f dangling=false -f type=custom)" = 'front ' ]
	[ "$(names -f label=keep)" = 'front ' ]
	[ "$(names -f label=team=red)" = '' ]
	[ "$(names -f label!=keep -f type=custom)" = 'back ' ]
	[ "$(names -f "id=$(coffer network ls -q -f name=back)")" = 'back ' ]
	[ "$(names -f scope=swarm)" = '' ]
	run -125 coffer network ls -f nonsense=1
	[[ $output == *"invalid filter 'nonsense'"* ]]
	run -125 coffer network ls -f type=own
	[[ $output == *"invalid filter 'type=own': it is custom or builtin"* ]]
	run -125 coffer network ls -f dangling=perhaps
	[[ $output == *'true or false'* ]]
}

@test "inspect: by template, of several, of those that nobody made" {
	sleeper one --network name=front,alias=uno,gw-priority=3 --network back
	run -0 coffer network inspect -f '{{range .Containers}}{{.Name}}{{end}} {{.Labels.team}} {{.Driver}}' front
	[ "$output" = 'one blue bridge' ]
	run -0 coffer network inspect -v -f '{{.Name}} {{.Internal}}' back host none
	[ "$output" = $'back true\nhost false\nnone false' ]
	run -0 coffer inspect --type network -f '{{(index .IPAM.Config 0).Subnet}}' back
	[[ $output == 172.* ]]
	run -0 coffer inspect -f '{{.Name}}' front
	[ "$output" = front ]
	run -1 coffer network inspect front nosuch
	[[ $output == *'network nosuch not found'* ]]
	run -0 coffer inspect -f '{{with .NetworkSettings.Networks.front}}{{.GwPriority}} {{.Aliases}} {{.DNSNames}}{{end}}' one
	[[ $output == "3 [uno] [one uno "*"]" ]]
	run -0 coffer inspect -f '{{len .NetworkSettings.Networks}}' one
	[ "$output" -eq 2 ]
}

@test "prune: those that are not in use, and that the filters mean" {
	sleeper one --network front
	coffer network create third >/dev/null
	run -1 coffer network prune <<<n
	[[ $output == *'WARNING! This will remove all custom networks'*'nothing was removed'* ]]
	run -0 coffer network prune -f --filter until=1h
	[ -z "$output" ]
	run -0 coffer network prune -f --filter label=keep
	[ -z "$output" ]
	run -0 coffer network prune -f --filter label!=keep
	[ "$output" = $'Deleted Networks:\nback\nthird' ]
	[ "$(names)" = 'bridge front host none ' ]
	run -1 coffer network rm host
	[[ $output == *'host is a pre-defined network and cannot be removed'* ]]
}
