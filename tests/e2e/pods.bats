#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Pods: containers that share namespaces. The network namespace that this file runs in plays the host.
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
	coffer pod rm --all --force >/dev/null
	network_teardown
}

# member POD NAME ARGUMENT...: a container of the pod that does nothing
member() {
	coffer run -d --init --pod "$1" --name "$2" "${@:3}" box:1 sleep 1000 >/dev/null
}

# serve POD NAME PORT TEXT: one that serves a page
serve() {
	coffer run -d --init --pod "$1" --name "$2" box:1 sh -c \
		"mkdir /www; echo '$4' >/www/index.html; exec httpd -f -p $3 -h /www" >/dev/null
}

state() {
	coffer pod ls --filter "name=$1" --format '{{.Status}}'
}

namespace_of() {
	readlink "/proc/$(coffer inspect -f '{{.State.Pid}}' "$1")/ns/$2"
}

infra() {
	coffer pod inspect -f '{{.InfraContainerID}}' "$1"
}

@test "containers of a pod are at one address, find each other at localhost, and share a name" {
	coffer pod create --publish 8080:80 web
	serve web server 80 hello
	member web client
	says_hello() { [ "$(coffer exec client wget -qO- http://127.0.0.1/)" = hello ]; }
	eventually says_hello
	[ "$(coffer exec client hostname)" = web ]
	[ "$(curl -sf --max-time 5 http://198.51.100.1:8080/)" = hello ]
	local type
	for type in net ipc uts; do
		[ "$(namespace_of server $type)" = "$(namespace_of client $type)" ]
		[ "$(namespace_of server $type)" = "$(namespace_of "$(infra web)" $type)" ]
	done
	for type in pid mnt; do
		[ "$(namespace_of server $type)" != "$(namespace_of client $type)" ]
	done
}

@test "what is shared can be chosen" {
	coffer pod create --share +pid seen
	member seen one
	member seen two
	[[ $(coffer exec one ps -o args) == *'coffer-init --pause'*'sleep 1000'*'sleep 1000'* ]]
	coffer pod create --share none apart
	member apart three --network none
	[ "$(namespace_of three uts)" != "$(namespace_of "$(infra apart)" uts)" ]
	run -1 coffer pod create --share net,nosuch wrong
	[[ $output == *'--share: invalid kernel namespace to share: "nosuch"'*'--share ipc,net,pid,uts,cgroup, or none'* ]]
	run -1 coffer pod create --share ipc -p 80:80 wrong
	[[ $output == *'ports, hosts and name servers of a pod need its network: --share net'* ]]
	run -1 coffer pod create --share net --hostname x wrong
	[[ $output == *'the host name of a pod needs its UTS namespace: --share uts'* ]]
	run -1 coffer pod exists wrong
}

@test "its state is that of its containers" {
	coffer pod create life
	[ "$(state life)" = Created ]
	member life one
	coffer create --pod life --name two --init box:1 sleep 1000
	[ "$(state life)" = Degraded ]
	coffer pod start life
	[ "$(state life)" = Running ]
	coffer pod pause life
	[ "$(state life)" = Paused ]
	coffer pod unpause life
	[ "$(state life)" = Running ]
	coffer kill one
	[ "$(state life)" = Degraded ]
	coffer pod stop life
	[ "$(state life)" = Exited ]
	coffer pod restart life
	[ "$(state life)" = Running ]
	coffer pod kill life
	[ "$(state life)" = Exited ]
	[ "$(coffer inspect -f '{{.State.ExitCode}}' one)" = 137 ]
}

@test "the first of its containers that starts brings the infra container up" {
	coffer pod create lazy
	coffer create --pod lazy --name one --init box:1 sleep 1000
	coffer create --pod lazy --name two --init box:1 sleep 1000
	coffer start one & # both at once
	coffer start two
	wait $!
	[ "$(state lazy)" = Running ]
	[ "$(namespace_of one net)" = "$(namespace_of two net)" ]
	coffer pod stop lazy
	coffer start one
	[ "$(coffer inspect -f '{{.State.Running}}' "$(infra lazy)")" = true ]
}

@test "what is said of the namespaces is the pod's to say" {
	coffer pod create front
	refused() { # FLAG VALUE WHAT
		run -125 coffer create --pod front "$1" "$2" box:1 true
		[[ $output == *"$1 cannot be set for a container of pod \"front\": $3 of the pod"*"coffer pod create $1 ..."* ]]
	}
	refused --publish 80:80 'the network is that'
	refused --network bridge 'the network is that'
	refused --dns 192.0.2.1 'the name servers are those'
	refused --add-host 'x:192.0.2.1' 'the hosts are those'
	refused --hostname x 'the host name is that'
	run -125 coffer run --pod nosuch box:1 true
	[[ $output == *'No such pod: nosuch'*'[E-NO-POD, exit 125]'* ]]
	[ "$(coffer pod inspect -f '{{.NumContainers}}' front)" = 1 ]
}

@test "run --pod new: makes the pod, which gets what is the pod's" {
	run -0 coffer run --rm --pod new:fresh --hostname fresh-host -p 8085:80 box:1 hostname
	[ "$output" = fresh-host ]
	[ "$(coffer ps --filter pod=fresh --format '{{.Ports}}')" = '0.0.0.0:8085->80/tcp' ]
	run -125 coffer run --pull never --pod new:gone nosuch:1
	run -1 coffer pod exists gone
}

@test "an infra container goes with its pod only, and a pod that runs by force only" {
	coffer pod create kept
	local infra
	infra=$(infra kept)
	run -1 coffer rm -f "$infra"
	[[ $output == *"cannot remove container \"${infra_name:=$(coffer inspect -f '{{.Name}}' "$infra" | tr -d /)}\": it is the infra container of pod \"kept\", and goes with that"*'coffer pod rm kept'* ]]
	coffer container prune -f
	coffer pod exists kept
	member kept one
	run -1 coffer pod rm kept
	[[ $output == *'cannot remove pod "kept": container "one" is running'*'coffer pod rm -f kept'* ]]
	[ "$(coffer pod rm -f kept)" = kept ]
	run -1 coffer pod exists kept
	run -1 coffer inspect one
	run -1 coffer pod rm kept
	[[ $output == *'No such pod: kept'* ]]
	coffer pod rm --ignore kept
}

@test "names, ids and the beginnings of these; a name is one pod's" {
	local id
	id=$(coffer pod create --name same)
	[[ $id =~ ^[0-9a-f]{64}$ ]]
	[ "$(coffer pod inspect -f '{{.Name}}' "${id:0:10}")" = same ]
	run -1 coffer pod create same
	[[ $output == *'name "same" is already in use by a pod'*'coffer pod rm -f same'* ]]
	[ "$(coffer pod create --replace --name same)" != "$id" ]
	run -1 coffer pod create 'no name'
	[[ $output == *'Invalid container name (no name)'* ]]
	coffer pod create >/dev/null
	[ "$(coffer pod ls -q | wc -l)" = 2 ]
	run -125 coffer pod start
	[[ $output == *'name a pod, or say --all'* ]]
}

@test "lists: columns, filters, containers" {
	coffer pod create --label team=a --label x one
	coffer pod create two
	member two first
	run -0 coffer pod ls
	[[ ${lines[0]} =~ ^POD\ ID\ +NAME\ +STATUS\ +CREATED\ +INFRA\ ID\ +'# OF CONTAINERS'$ ]]
	[[ ${lines[1]} == *two*Running*2* && ${lines[2]} == *one*Created*1* ]]
	[ "$(coffer pod ps --filter label=team=a --format '{{.Name}} {{.Label "team"}}')" = 'one a' ]
	[ "$(coffer pod ls --filter ctr-names=first --format '{{.Name}}')" = two ]
	[ "$(coffer pod ls --filter ctr-number=1 --filter status=created --format '{{.Name}}')" = one ]
	[[ $(coffer pod ls --ctr-names --ctr-status --filter name=two) == *-infra,first*running,running* ]]
	run -125 coffer pod ls --filter nosuch=1
	[[ $(coffer ps --pod --filter pod=two --no-trunc) == *'POD ID'*PODNAME*"$(coffer pod inspect -f '{{.Id}}' two)"*two* ]]
	[ "$(coffer ps -q --filter pod=two | wc -l)" = 2 ]
	[ -z "$(coffer ps -aq --filter pod=nosuch)" ]
	[ "$(coffer inspect -f '{{.Pod}} {{.IsInfra}}' first)" = "$(coffer pod inspect -f '{{.Id}}' two) false" ]
}

@test "prune takes pods of which nothing runs, system prune as well" {
	coffer pod create fresh
	coffer pod create runs
	member runs one
	coffer pod create ended
	coffer run --pod ended --name two box:1 true
	coffer pod stop ended
	[[ $(coffer pod prune -f) == 'Deleted Pods:'* ]]
	[ "$(coffer pod ls --format '{{.Name}}' | sort | xargs)" = 'fresh runs' ]
	coffer pod stop runs
	[[ $(coffer system prune -f) == *'Deleted Pods:'* ]]
	[ "$(coffer pod ls --format '{{.Name}}')" = fresh ]
}

@test "on a network with names a pod is found by its own" {
	coffer network create --subnet 10.77.0.0/24 lan
	coffer pod create --network lan --ip 10.77.0.9 named
	member named one
	[[ $(coffer run --rm --network lan box:1 ping -c 1 -W 5 named) == *'(10.77.0.9)'*' 0% packet loss'* ]]
	coffer pod rm -f named
	coffer network rm lan
}
