#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Every verb on containers that end and are started again all the time: it does what it is for, or says in few words that
# there is nothing that runs; and what was asked to end has ended.
#
#   FLAPPING_SECONDS=60
# shellcheck disable=SC2030,SC2031 # bats runs every test in a subshell

bats_require_minimum_version 1.5.0

load ../e2e/lib/coffer
load ../e2e/lib/network

DURATION=${FLAPPING_SECONDS:-5}

setup_file() {
	network_file_setup
	coffer network create flap >/dev/null
	coffer network create other >/dev/null
}

teardown_file() {
	network_file_teardown
}

# A new one of the name, whose pauses are short still. Its runs take up to a tenth of a second.
flap() {
	coffer rm --force "$1" >/dev/null 2>&1 || true
	coffer run -d --restart always --network flap --stop-timeout 1 --name "$1" box:1 \
		sh -c "sleep 0.0$((RANDOM % 10)); exit 1" >/dev/null
}

a_moment() {
	sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
}

# verb WORDS ARGUMENT...: again and again on the container $name, with status 0, or one that WORDS match with what was said.
verb() {
	local words=$1 said status
	shift
	while ((SECONDS < DURATION)); do
		flap "$name" || echo "run $name failed"
		for _ in {1..4}; do
			a_moment
			status=0
			said=$(coffer "$@" 2>&1 </dev/null) || status=$?
			[ "$status" -eq 0 ] || [[ "$status $said" =~ $words ]] || echo "$*: $status: $said"
		done
	done
}

# ends STATUS ARGUMENT...: after which the container does not run, or has STATUS.
ends() {
	local expected=$1 said status
	shift
	while ((SECONDS < DURATION)); do
		flap "$name" || echo "run $name failed"
		a_moment
		said=$(coffer "$@" 2>&1 >/dev/null) || echo "$*: $said"
		status=$(coffer inspect -f '{{.State.Status}}' "$name" 2>/dev/null) || status=gone
		[ "$status" = "$expected" ] || echo "$*: $name is $status"
	done
}

# One process each: name WHAT ARGUMENT...
beside() {
	name=$1
	shift
	"$@" >>"$BATS_TEST_TMPDIR/wrong" &
	working+=($!)
}

finish() {
	wait "${working[@]}"
	cat "$BATS_TEST_TMPDIR/wrong"
	[ ! -s "$BATS_TEST_TMPDIR/wrong" ]
	coffer rm --force --all >/dev/null
	run -0 coffer system check
}

@test "what acts on one that runs" {
	local name working=() ended='E-STATE' # whatever its words are, they say that it does not run, or what it is instead
	SECONDS=0
	beside exec verb "$ended|^137 \$" exec exec true
	beside detached verb "$ended" exec -d detached true
	beside top verb "$ended" top top
	beside usr1 verb "$ended" kill -s USR1 usr1
	beside paused verb "$ended" pause paused
	beside attached verb '^[0-9]+ $|E-STATE' attach --no-stdin attached
	beside stats verb '^$' stats --no-stream stats
	beside update verb '^$' update -m 80m update
	finish
}

@test "what acts on any" {
	local name working=()
	SECONDS=0
	beside in verb 'E-STATE' cp /etc/passwd in:/tmp/passwd
	beside out verb '^$' cp out:/etc/passwd "$BATS_TEST_TMPDIR/passwd"
	beside commit verb '^$' commit commit
	beside logs verb '^$' logs --tail 3 logs
	beside inspect verb '^$' inspect inspect
	beside wait verb '^$' wait wait
	beside connect verb 'already exists in network|E-STATE' network connect other connect
	beside leave verb 'is not connected to network|E-STATE' network disconnect flap leave
	finish
}

@test "what ends it" {
	local name working=()
	SECONDS=0
	beside stopped ends exited stop stopped
	beside killed ends exited kill killed
	beside gone ends gone rm --force gone
	beside again verb '^$' restart again
	beside policy verb '^$' update --restart on-failure:1000 policy
	beside rename verb 'has this name already' rename rename rename
	finish
}
