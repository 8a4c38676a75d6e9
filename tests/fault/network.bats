#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# SIGKILL at one system call after the other of commands that plug containers in: the next command finds a state that makes
# sense, and nothing is left - no links, addresses, elements of the packet filter, name servers, relays.
#
#   COFFER_KILL_STEP=1    kill at every system call, not at some
# shellcheck disable=SC2030,SC2031 # bats runs every test in a subshell

bats_require_minimum_version 1.5.0
load ../e2e/lib/coffer
load ../e2e/lib/network

setup_file() {
	network_file_setup
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	local step=41
	if [ "${COFFER_SANITIZED:-no}" = yes ]; then
		step=211
	fi
	export COFFER_KILL_STEP=${COFFER_KILL_STEP:-$step}
	cc -O1 -o "$BATS_FILE_TMPDIR/kill-at" "$BATS_TEST_DIRNAME/lib/kill-at.c" >&2
	coffer network create --subnet 10.89.1.0/24 --subnet fd00:89:1::/64 front >/dev/null
	coffer network create --subnet 10.89.2.0/24 back >/dev/null
	coffer network create -d macvlan -o parent=out --subnet 10.89.3.0/24 --subnet fd00:89:3::/64 lan >/dev/null
	coffer run --rm --network front -p 8079:80 box:1 true # the table is there
}

teardown_file() {
	network_file_teardown
}

# killed_at N ARGUMENT...: a coffer command, killed at its Nth system call; sets $status as kill-at has it.
killed_at() {
	local when=$1
	shift
	status=0
	"$BATS_FILE_TMPDIR/kill-at" 0 "$when" "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" \
		--runroot "$COFFER_TEST_ROOT/run" "$@" </dev/null >"$BATS_TEST_TMPDIR/seen" 2>"$BATS_TEST_TMPDIR/errors" 3>&- ||
		status=$?
}

no_containers() {
	local id
	for id in $(coffer ps -aq); do
		coffer rm -f "$id" >/dev/null
	done
	[ -z "$(coffer ps -aq)" ]
}

no_links() {
	! ip -o link show type veth | grep -v ': out@' | grep -q .
}

published() {
	nft list ruleset | grep -c ' : 10\.89\.[0-9.]* \. 80' || true
}

nothing_left() {
	eventually no_containers && eventually no_links || return
	[ "$(published)" -eq 0 ] || { nft list ruleset; return 1; }
	[ -z "$(find "$COFFER_TEST_ROOT/run/networks" -mindepth 1 2>/dev/null)" ] || return
	! pgrep -f "^(dnsmasq of|coffer-relay) $COFFER_TEST_ROOT/run/"
}

# walk CHECK ARGUMENT...: kill it at one system call after the other, until it is done before it gets there.
walk() {
	local check=$1 n
	shift
	for ((n = 1; n < 5000; n += COFFER_KILL_STEP)); do
		before
		killed_at "$n" "$@"
		[ "$status" -ne 3 ] || break
		if ! "$check"; then
			echo "killed at system call $n: status $status"
			cat "$BATS_TEST_TMPDIR/errors"
			return 1
		fi
	done
	[ "$n" -gt 50 ]
	"$check"
	no_containers
}

before() {
	:
}

@test "run is killed" {
	walk nothing_left run -d --network front --network back -p 8080:80 box:1 sleep 600
}

@test "rm is killed" {
	before() {
		sleeper one --network front -p 8080:80
	}
	walk nothing_left rm -f one
}

# Done again, it succeeds, and the container is where it was asked to be.
connected() {
	coffer network connect back one 2>/dev/null || coffer network connect back one 2>&1 | grep -q 'already exists in network back' || return
	coffer exec one ping -c 1 -W 3 10.89.2.1 >/dev/null && fetch http://127.0.0.1:8080/ && fetch 'http://[::1]:8080/' || return
	nothing_left
}

@test "network connect is killed" {
	before() {
		web one --network front -p 8080:80
	}
	walk connected network connect back one
}

disconnected() {
	coffer network disconnect back one 2>/dev/null || coffer network disconnect back one 2>&1 | grep -q 'is not connected' || return
	[ "$(coffer exec one ip -o link | grep -c eth)" -eq 1 ] && fetch http://127.0.0.1:8080/ && fetch 'http://[::1]:8080/' || return
	nothing_left
}

@test "network disconnect is killed" {
	before() {
		web one --network front --network back -p 8080:80
	}
	walk disconnected network disconnect back one
}

@test "run on a macvlan network is killed" {
	walk nothing_left run -d --network lan --network front -p 8080:80 box:1 sleep 600
}

on_lan() {
	coffer network connect lan one 2>/dev/null || coffer network connect lan one 2>&1 | grep -q 'already exists in network lan' || return
	coffer exec one ip -o -4 addr | grep -qF 10.89.3. && fetch http://127.0.0.1:8080/ || return
	nothing_left
}

@test "network connect to a macvlan network is killed" {
	before() {
		web one --network front -p 8080:80
	}
	walk on_lan network connect lan one
}

off_lan() {
	coffer network disconnect lan one 2>/dev/null || coffer network disconnect lan one 2>&1 | grep -q 'is not connected' || return
	[ "$(coffer exec one ip -o link | grep -c eth)" -eq 1 ] && fetch http://127.0.0.1:8080/ || return
	nothing_left
}

@test "network disconnect from a macvlan network is killed" {
	before() {
		web one --network front --network lan -p 8080:80
	}
	walk off_lan network disconnect lan one
}
