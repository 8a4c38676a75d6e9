#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Many at once: random verbs on a few containers and a network, from many processes, while commands, monitors and what runs
# in containers are killed at random. Whatever happens to whom, the next command finds a state that makes sense, and in the
# end `system check` has nothing to say.
#
#   CHAOS_SEED=N          repeats a run's choices (not its timing)
#   CHAOS_WORKERS=50 CHAOS_CONTAINERS=20 CHAOS_SECONDS=60
# shellcheck disable=SC2030,SC2031 # bats runs every test in a subshell

bats_require_minimum_version 1.5.0
load ../e2e/lib/coffer
load ../e2e/lib/network

WORKERS=${CHAOS_WORKERS:-6}
CONTAINERS=${CHAOS_CONTAINERS:-4}
DURATION=${CHAOS_SECONDS:-8}
LISTENING='trap "exit 3" TERM; while :; do echo x; sleep 0.05; done'
VERBS=(run run run run create start start stop kill restart pause unpause exec exec rename wait logs inspect ps top stats update
	diff cp commit network prune rm rm)

setup_file() {
	network_file_setup
	coffer network create chaos >/dev/null
}

teardown_file() {
	network_file_teardown
}

# --- What is done ---------------------------------------------------------------------------------------------------

# One of the words, in $picked: without a subshell, in which $RANDOM would begin anew.
pick() {
	shift $((RANDOM % $#))
	picked=$1
}

pick_name() {
	picked=c$((RANDOM % CONTAINERS))
}

# How a container is run, behind its name: words in $flags, and what it does in $program.
choose_container() {
	flags=()
	program=(sh -c "$LISTENING")
	case $((RANDOM % 8)) in
	0) flags=(--network none --restart always) program=(sh -c 'sleep 0.2; exit 1') ;;
	1) flags=(--network none --rm) program=(sleep 0.3) ;;
	2) flags=(--network chaos -P --expose 80) ;;
	3) flags=(--network chaos --network-alias friend --health-cmd true --health-interval 1s) ;;
	4)
		pick_name
		flags=(--network none --ipc shareable --pid "container:$picked")
		;;
	5)
		pick_name
		flags=(--network "container:$picked" -m 64m)
		;;
	6) flags=(--network none --log-driver local -v data:/data) ;;
	7) flags=(--network none --ipc shareable) ;;
	esac
}

# A command, in $arguments.
choose_command() {
	local name verb flags program
	pick_name
	name=$picked
	pick "${VERBS[@]}"
	verb=$picked
	arguments=("$verb" "$name")
	choose_container
	case $verb in
	run) arguments=(run -d "${flags[@]}" --name "$name" box:1 "${program[@]}") ;;
	create) arguments=(create "${flags[@]}" --name "$name" box:1 "${program[@]}") ;;
	stop | restart) arguments=("$verb" -t 1 "$name") ;;
	exec) arguments+=(sh -c 'sleep 0.1; echo done') ;;
	logs) arguments=(logs --tail 5 "$name") ;;
	ps) arguments=(ps -a) ;;
	stats) arguments=(stats --no-stream) ;;
	update) arguments=(update -m 80m "$name") ;;
	cp) arguments=(cp "$name:/etc/passwd" "$BATS_TEST_TMPDIR/copied-$BASHPID") ;;
	commit) arguments=(commit "$name" "kept:$name") ;;
	prune)
		pick container image volume
		arguments=("$picked" prune -f)
		;;
	network)
		pick connect disconnect
		arguments=(network "$picked" chaos "$name")
		;;
	rm) arguments=(rm -f "$name") ;;
	kill)
		pick KILL TERM USR1
		arguments=(kill -s "$picked" "$name")
		;;
	rename)
		pick_name
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
	while ((SECONDS < DURATION)); do
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

# Nobody works any more: what runs has a run directory, a monitor, runtime state and a cgroup, and what does not has none. What
# waits to be started again has its run directory only.
state_is_clean() {
	coffer ps -a >/dev/null || return
	local running restarting all id
	restarting=$(ids --all --filter status=restarting)
	running=$(ids --all --filter status=running --filter status=paused)
	all=$(ids --all)
	[ "$(below run/containers)" = "$(sort <<<"$running"$'\n'"$restarting" | grep .)" ] || return
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

# What is wrong after a while, in words; nothing: nothing.
findings() {
	for _ in {1..60}; do
		coffer ps -a >/dev/null
		state_is_clean >/dev/null && coffer system check >"$BATS_TEST_TMPDIR/findings" && return
		sleep 0.5
	done
	coffer ps -a --no-trunc
	echo "run directories: $(below run/containers | xargs)"
	echo "runtime state: $(below run/runtime | xargs)"
	echo "snapshots: $(below root/snapshots | xargs)"
	echo "logs: $(below root/logs | xargs)"
	cat "$BATS_TEST_TMPDIR/findings"
	find /sys/fs/cgroup -type d -path '*/coffer/*' -newer "$BATS_FILE_TMPDIR/started" | head -40
}

# The errors that nobody should see. That what was watched has been killed with its watcher is one that they should.
unexplained() {
	awk '/^coffer: / { text = "" }
		{ text = text $0 "\n" }
		/\[E-(INTERNAL|DB|SYSTEM)[],]/ && text !~ /^coffer: lost / && text !~ /killed by signal 9|ended without a word/ { printf "%s", text }' "$1"
}

@test "random verbs and SIGKILLs leave a clean state" {
	local seed=${CHAOS_SEED:-$((RANDOM % 32768))} workers=() i
	echo "# CHAOS_SEED=$seed CHAOS_WORKERS=$WORKERS CHAOS_CONTAINERS=$CONTAINERS CHAOS_SECONDS=$DURATION" >&3
	SECONDS=0
	for ((i = 1; i <= WORKERS; i++)); do
		worker $((seed + i)) &
		workers+=($!)
	done
	killer "$seed" &
	wait "${workers[@]}"
	touch "$BATS_TEST_TMPDIR/over"
	wait
	run findings
	[ -z "$output" ] || { echo "$output"; false; }
	run -0 unexplained "$BATS_TEST_TMPDIR/said"
	[ -z "$output" ]
}

@test "and from there everything can be removed" {
	coffer rm --force --all >/dev/null
	[ -z "$(ids --all)" ]
	[ -z "$(below root/snapshots)$(below root/logs)$(below run/containers)$(below run/runtime)" ]
	coffer network rm chaos >/dev/null
	coffer system check
}
