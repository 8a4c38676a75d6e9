#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Pods: containers that share namespaces. What of them is the network's is in pods_network.bats.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

teardown() {
	coffer pod rm --all --force >/dev/null
}

# pod ARGUMENT...: make one
pod() {
	coffer pod create --network none "$@" >/dev/null
}

# member POD NAME ARGUMENT...: a container of the pod that does nothing
member() {
	coffer run -d --init --pod "$1" --name "$2" "${@:3}" box:1 sleep 1000 >/dev/null
}

state() {
	coffer pod ls --filter "name=$1" --format '{{.Status}}'
}

is_in_state() { # POD STATE
	[ "$(state "$1")" = "$2" ]
}

# monitor_of CONTAINER
monitor_of() {
	pgrep -f "run/containers/$(coffer inspect -f '{{.Id}}' "$1")"
}

namespace_of() {
	readlink "/proc/$(coffer inspect -f '{{.State.Pid}}' "$1")/ns/$2"
}

infra() {
	coffer pod inspect -f '{{.InfraContainerID}}' "$1"
}

@test "containers of a pod are at one address, find each other at localhost, and share a name" {
	pod web
	coffer run -d --init --pod web --name server box:1 sh -c \
		'mkdir /www; echo hello >/www/index.html; exec httpd -f -p 80 -h /www' >/dev/null
	member web client
	says_hello() { [ "$(coffer exec client wget -qO- http://127.0.0.1/)" = hello ]; }
	eventually says_hello
	[ "$(coffer exec client hostname)" = web ]
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
	pod --share +pid seen
	member seen one
	member seen two
	[[ $(coffer exec one ps -o args) == *'coffer-init --pause'*'sleep 1000'*'sleep 1000'* ]]
	coffer pod create --share none apart
	member apart three --network none
	[ "$(namespace_of three uts)" != "$(namespace_of "$(infra apart)" uts)" ]
	run -1 coffer pod create --share net,nosuch wrong
	[[ $output == *'--share: invalid kernel namespace to share: "nosuch"'*'--share ipc,net,pid,uts,cgroup, or none'* ]]
	run -1 coffer pod create --share ipc -p 80:80 wrong
	[[ $output == *'network, ports, hosts and name servers of a pod need that it shares its network: --share net'* ]]
	run -1 coffer pod create --share net --hostname x wrong
	[[ $output == *'the host name of a pod needs that it shares this: --share uts'* ]]
	run -1 coffer pod exists wrong
}

@test "containers of a pod are in the control group that this names" {
	pod --cgroup-parent coffer/of-a-pod grouped
	coffer create --pod grouped --name one box:1 true
	[ "$(coffer inspect -f '{{.HostConfig.CgroupParent}}' one "$(infra grouped)" | sort -u)" = coffer/of-a-pod ]
	run -125 coffer pod create --memory 64m limited
	[[ $output == *'limit each container, or all of them by that of the slice which --cgroup-parent names'* ]]
}

@test "its state is that of its containers" {
	pod life
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
	pod lazy
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
	pod front
	refused() { # FLAG VALUE WHAT
		run -125 coffer create --pod front "$1" "$2" box:1 true
		[[ $output == *"$1 cannot be set for a container of pod \"front\": $3 of the pod"*"coffer pod create $1 ..."* ]]
	}
	refused --publish 80:80 'the network is that'
	refused --network bridge 'the network is that'
	refused --dns 192.0.2.1 'the name servers are those'
	refused --add-host 'x:192.0.2.1' 'the hosts are those'
	refused --hostname x 'the host name is that'
	refused --cgroup-parent x 'the control group is in that'
	run -125 coffer run --pod nosuch box:1 true
	[[ $output == *'No such pod: nosuch'*'[E-NO-POD, exit 125]'* ]]
	[ "$(coffer pod inspect -f '{{.NumContainers}}' front)" = 1 ]
}

@test "run --pod new: makes the pod, which gets what is the pod's" {
	run -0 coffer run --rm --pod new:fresh --network none --hostname fresh-host box:1 hostname
	[ "$output" = fresh-host ]
	coffer pod exists fresh
	run -125 coffer run --pull never --network none --pod new:gone nosuch:1
	run -1 coffer pod exists gone
}

@test "an infra container goes with its pod only, and a pod that runs by force only" {
	pod kept
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
	id=$(coffer pod create --network none --name same)
	[[ $id =~ ^[0-9a-f]{64}$ ]]
	[ "$(coffer pod inspect -f '{{.Name}}' "${id:0:10}")" = same ]
	run -1 coffer pod create same
	[[ $output == *'name "same" is already in use by a pod'*'coffer pod rm -f same'* ]]
	[ "$(coffer pod create --network none --replace --name same)" != "$id" ]
	run -1 coffer pod create 'no name'
	[[ $output == *'Invalid container name (no name)'* ]]
	pod
	[ "$(coffer pod ls -q | wc -l)" = 2 ]
	run -125 coffer pod start
	[[ $output == *'name a pod, or say --all'* ]]
}

@test "lists: columns, filters, containers" {
	pod --label team=a --label x one
	pod two
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

@test "top and stats show all of a pod" {
	pod busy
	member busy one
	member busy two
	run -0 coffer pod top busy -o pid,args
	[ "${#lines[@]}" -ge 4 ]
	[[ ${lines[0]} == PID* && $output == *'coffer-init --pause'*'sleep 1000'*'sleep 1000'* ]]
	[ "$(coffer pod stats --no-stream --format '{{.Name}}' busy | grep -cx 'one\|two')" = 2 ]
	coffer pod stop busy
	run -1 coffer pod top busy
	[[ $output == *'no container of pod "busy" is running'* ]]
	run -1 coffer pod stats --no-stream nosuch
}

@test "prune takes pods of which nothing runs, system prune as well" {
	pod fresh
	pod runs
	member runs one
	pod ended
	coffer run --pod ended --name two box:1 true
	coffer pod stop ended
	[[ $(coffer pod prune -f) == 'Deleted Pods:'* ]]
	[ "$(coffer pod ls --format '{{.Name}}' | sort | xargs)" = 'fresh runs' ]
	coffer pod stop runs
	[[ $(coffer system prune -f) == *'Deleted Pods:'* ]]
	[ "$(coffer pod ls --format '{{.Name}}')" = fresh ]
}

@test "a pod with the exit policy stop ends with the last of its containers, but not over their restart" {
	pod --exit-policy stop ends
	[ "$(coffer pod inspect -f '{{.ExitPolicy}}' ends)" = stop ]
	member ends one
	member ends two
	coffer stop one
	[ "$(state ends)" = Degraded ]
	local infra
	infra=$(coffer inspect -f '{{.State.StartedAt}}' "$(infra ends)")
	coffer restart two
	coffer exec two true
	[ "$(coffer inspect -f '{{.State.StartedAt}}' "$(infra ends)")" = "$infra" ]
	coffer kill two
	eventually is_in_state ends Exited
	coffer pod start ends
	coffer pod restart ends
	[ "$(state ends)" = Running ]
	pod stays
	coffer run --rm --pod stays box:1 true
	[ "$(state stays)" = Running ]
	run -125 coffer pod create --exit-policy sometimes
}

@test "a monitor that is killed ends the pod like any other end" {
	pod --exit-policy stop lost
	member lost one
	kill -KILL "$(monitor_of one)"
	eventually is_in_state lost Exited
	coffer pod start lost
	kill -KILL "$(monitor_of "$(infra lost)")"
	eventually is_in_state lost Degraded
	coffer exec one true
	coffer pod start lost
	[ "$(state lost)" = Running ]
}
