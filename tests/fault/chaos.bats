#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Many at once: random verbs on a few containers, from several processes, while commands, monitors and what runs in
# containers are killed at random. Whatever happens to whom, the next command finds a state that makes sense.
#
# VERBS_SEED repeats a run's choices (not its timing), VERBS_ROUNDS makes it longer.

bats_require_minimum_version 1.5.0

WORKERS=4
NAMES=(one two three four)
LISTENING='trap "exit 3" TERM; while :; do echo x; sleep 0.05; done'
VERBS=(run run create start stop kill restart pause unpause exec rename wait logs inspect ps rm rm)

setup_file() {
	load ../e2e/lib/coffer
	coffer_file_setup
}

teardown_file() {
	load ../e2e/lib/coffer
	coffer_file_teardown
}

setup() {
	load ../e2e/lib/coffer
}

# --- What is done ---------------------------------------------------------------------------------------------------

# One of the words, in $picked: without a subshell, in which $RANDOM would begin anew.
pick() {
	shift $((RANDOM % $#))
	picked=$1
}

# A command, in $arguments.
choose_command() {
	local name verb
	pick "${NAMES[@]}"
	name=$picked
	pick "${VERBS[@]}"
	verb=$picked
	arguments=("$verb" "$name")
	case $verb in
	run) arguments=(run -d --network none --name "$name" box:1 sh -c "$LISTENING") ;;
	create) arguments=(create --network none --name "$name" box:1 sleep 1000) ;;
	stop | restart) arguments=("$verb" -t 1 "$name") ;;
	exec) arguments+=(sh -c 'sleep 0.1; echo done') ;;
	logs) arguments=(logs --tail 5 "$name") ;;
	ps) arguments=(ps -a) ;;
	rm) arguments=(rm -f "$name") ;;
	kill)
		pick KILL TERM USR1
		arguments=(kill -s "$picked" "$name")
		;;
	rename)
		pick "${NAMES[@]}"
		arguments+=("$picked")
		;;
	esac
}

# One command in the background, which is killed in one of four cases, and in any case does not take for ever.
one_command() {
	local arguments pid
	choose_command
	coffer_exec "${arguments[@]}" >/dev/null 2>>"$BATS_TEST_TMPDIR/said" &
	pid=$!
	if [ $((RANDOM % 4)) -eq 0 ]; then
		sleep "0.0$((RANDOM % 10))"
		kill -KILL "$pid" 2>/dev/null || true
	else
		for _ in {1..30}; do
			alive "$pid" || break
			sleep 0.1
		done
		kill -KILL "$pid" 2>/dev/null || true
	fi
	wait "$pid" 2>/dev/null || true
}

worker() {
	RANDOM=$1
	for ((round = 0; round < ROUNDS; round++)); do
		one_command
	done
}

# Monitors, and the processes of exec, which have their name.
killer() {
	local pids
	RANDOM=$1
	while [ ! -e "$BATS_TEST_TMPDIR/over" ]; do
		sleep "0.$((RANDOM % 5 + 1))"
		mapfile -t pids < <(pgrep -f "^coffer-monitor .* $COFFER_TEST_ROOT/run/containers/")
		if [ ${#pids[@]} -gt 0 ]; then
			pick "${pids[@]}"
			kill -KILL "$picked" 2>/dev/null || true
		fi
	done
}

# --- What must be true afterwards -----------------------------------------------------------------------------------

ids() {
	coffer ps --quiet --no-trunc "$@" | sort
}

below() {
	find "$COFFER_TEST_ROOT/$1" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort
}

# Nobody works any more: what runs has a run directory, a monitor, runtime state and a cgroup, and what does not has none.
state_is_clean() {
	coffer ps -a >/dev/null || return
	local running all id
	running=$(ids)
	all=$(ids --all)
	[ "$(below run/containers)" = "$running" ] || return
	[ "$(below run/runtime)" = "$running" ] || return
	[ "$(below root/snapshots)" = "$all" ] || return
	[ "$(below root/logs | cut -d. -f1 | sort -u | comm -13 <(echo "$all") - | grep -c .)" -eq 0 ] || return
	for id in $all; do
		case $running in
		*"$id"*) [ -n "$(find /sys/fs/cgroup -type d -path "*/coffer/$id" -print -quit)" ] || return ;;
		*) [ -z "$(find /sys/fs/cgroup -type d -path "*/coffer/$id*" -print -quit)" ] || return ;;
		esac
	done
}

@test "random verbs and SIGKILLs leave a clean state" {
	local seed=${VERBS_SEED:-$((RANDOM % 32768))} workers=()
	ROUNDS=${VERBS_ROUNDS:-12}
	echo "# VERBS_SEED=$seed VERBS_ROUNDS=$ROUNDS" >&3
	for ((i = 1; i <= WORKERS; i++)); do
		worker $((seed + i)) &
		workers+=($!)
	done
	killer "$seed" &
	wait "${workers[@]}"
	touch "$BATS_TEST_TMPDIR/over"
	wait
	eventually state_is_clean
	run ! grep -E 'E-INTERNAL|E-DB|E-SYSTEM' "$BATS_TEST_TMPDIR/said"
}

@test "and from there everything can be removed" {
	coffer rm --force --all >/dev/null
	[ -z "$(ids --all)" ]
	[ -z "$(below root/snapshots)$(below root/logs)$(below run/containers)$(below run/runtime)" ]
}
