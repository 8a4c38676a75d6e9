#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Pods on networks. The network namespace that this file runs in plays the host.
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

# serve POD TEXT: a container of it that serves a page at port 80
serve() {
	coffer run -d --init --pod "$1" box:1 sh -c "mkdir /www; echo '$2' >/www/index.html; exec httpd -f -p 80 -h /www" >/dev/null
}

# serves URL TEXT
serves() {
	[ "$(fetch "$1")" = "$2" ]
}

@test "a port of the pod leads to whichever of its containers listens, after a restart as well" {
	coffer pod create --publish 8080:80 web
	serve web hello
	eventually serves http://198.51.100.1:8080/ hello
	[ "$(coffer ps --filter pod=web --filter publish=8080 --format '{{.Names}}')" = "$(coffer pod inspect -f '{{(index .Containers 0).Name}}' web)" ]
	[ "$(coffer pod inspect -f '{{(index (index .InfraConfig.PortBindings "80/tcp") 0).HostPort}}' web)" = 8080 ]
	coffer pod restart web
	eventually serves http://198.51.100.1:8080/ hello
	run -125 coffer run --rm -p 8080:80 box:1 true
	[[ $output == *'port 8080/tcp is already allocated'*'-infra has published it'* ]]
	coffer pod stop web
	coffer run --rm -p 8080:80 box:1 true
}

@test "run --pod new: takes ports to the pod" {
	coffer run --rm --pod new:fresh -p 8085:80 box:1 true
	[ "$(coffer ps --filter pod=fresh --format '{{.Ports}}')" = '0.0.0.0:8085->80/tcp' ]
}

@test "on a network with names a pod is found by its own" {
	coffer network create --subnet 10.77.0.0/24 lan
	coffer pod create --network lan --ip 10.77.0.9 named
	coffer run -d --init --pod named box:1 sleep 1000
	[[ $(coffer run --rm --network lan box:1 ping -c 1 -W 5 named) == *'(10.77.0.9)'*' 0% packet loss'* ]]
	coffer pod rm -f named
	coffer network rm lan
}
