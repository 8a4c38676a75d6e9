#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Whatever is killed, and whenever: the next command finds a consistent state, and finishes what was begun.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	db=$COFFER_TEST_ROOT/root/coffer.db
}

# Neither what containers wrote, nor what belongs to running ones, nor anything unfinished.
nothing_left() {
	coffer ps --all --quiet >/dev/null
	[ -z "$(find "$COFFER_TEST_ROOT"/root/{snapshots,logs,tmp} "$COFFER_TEST_ROOT"/run/{containers,runtime} -mindepth 1)" ]
}

# The monitor is the parent of the container's first process: monitor_of CONTAINER
monitor_of() {
	local pid
	pid=$(coffer inspect "$1" | jq -er '.[0].State.Pid')
	[ "$pid" -gt 0 ] && awk '/^PPid:/ { print $2 }' "/proc/$pid/status"
}

# Dead when this returns, and not only about to be.
kill_monitor_of() {
	local monitor
	monitor=$(monitor_of "$1")
	kill -KILL "$monitor"
	eventually dead "$monitor"
}

dead() {
	! alive "$1"
}

first_process_of() {
	coffer inspect "$1" | jq -er '.[0].State.Pid'
}

# Milliseconds, up to MAX, in a form that sleep takes.
random_ms() {
	printf '0.%03d' $((RANDOM % $1))
}

is_running() {
	[ "$(state_of "$1" 2>/dev/null)" = "running 0" ]
}

state_of() {
	coffer inspect "$1" | jq -r '.[0].State | "\(.Status) \(.ExitCode)"'
}

# --- Monitors -------------------------------------------------------------------------------------------------------

@test "the monitor dies at any moment of a container's life: nothing is left" {
	local command monitor
	for _ in {1..25}; do
		coffer_exec run --rm --network none box:1 sleep 0.02 >/dev/null 2>&1 &
		command=$!
		# It is the command's only child.
		monitor=
		while [ -z "$monitor" ] && alive "$command"; do
			monitor=$(pgrep -P "$command" || true)
		done
		sleep "$(random_ms 40)"
		[ -z "$monitor" ] || kill -KILL "$monitor" 2>/dev/null || true
		wait "$command" || true
	done
	nothing_left
}

@test "a monitor dies, and its container goes on: the next command ends it" {
	local pid
	coffer run -d --network none --name orphan box:1 sleep 1000 >/dev/null
	pid=$(first_process_of orphan)
	kill_monitor_of orphan
	alive "$pid"
	[ "$(state_of orphan)" = "exited 137" ]
	eventually dead "$pid"
	coffer rm orphan
	nothing_left
}

@test "a container whose monitor died can be started again, with all that it wrote" {
	coffer run -d --network none --name again box:1 sh -c 'cat /kept 2>/dev/null; echo kept >>/kept; sleep 1000' >/dev/null
	eventually test -s "$COFFER_TEST_ROOT/root/snapshots/$(coffer inspect again | jq -r '.[0].Id')/upper/kept"
	kill_monitor_of again
	coffer start again
	[ "$(state_of again)" = "running 0" ]
	coffer rm -f again
	nothing_left
}

# --- Commands -------------------------------------------------------------------------------------------------------

@test "the command dies while it removes what it ran: nothing is left" {
	local command
	for _ in {1..25}; do
		coffer_exec run --rm --network none box:1 sh -c 'touch /a /b /c; echo x' >/dev/null 2>&1 &
		command=$!
		sleep "$(random_ms 60)"
		kill -KILL "$command" 2>/dev/null || true
		wait "$command" 2>/dev/null || true
	done
	eventually nothing_left
}

@test "rm dies at any moment: the next one finishes it" {
	local command
	for _ in {1..15}; do
		coffer create --name victim box:1 true >/dev/null
		coffer_exec rm victim >/dev/null 2>&1 &
		command=$!
		sleep "$(random_ms 20)"
		kill -KILL "$command" 2>/dev/null || true
		wait "$command" 2>/dev/null || true
		coffer rm --force victim >/dev/null 2>&1
	done
	nothing_left
}

@test "rm --force of a container that a command is attached to" {
	local command status=0
	coffer_exec run --rm --network none --name attached box:1 sleep 1000 &
	command=$!
	eventually is_running attached
	coffer rm --force attached
	wait "$command" || status=$?
	[ "$status" -eq 137 ]
	nothing_left
}

# --- The machine ----------------------------------------------------------------------------------------------------

@test "after a restart of the machine: what ran has exited, what was created can be started" {
	coffer run -d --network none --name kept box:1 sleep 1000 >/dev/null
	coffer run -d --rm --network none --name removed box:1 sleep 1000 >/dev/null
	coffer create --network none --name created box:1 cat /etc/hostname >/dev/null
	# All processes are gone, and so is what lay in memory: kill the monitors, let their containers be cleared away
	# behind the database's back, and empty the run directory.
	cp "$db" "$db-wal" "$BATS_TEST_TMPDIR"
	kill_monitor_of kept
	kill_monitor_of removed
	coffer ps --all --quiet >/dev/null
	rm -f "$db-shm"
	cp "$BATS_TEST_TMPDIR/coffer.db" "$BATS_TEST_TMPDIR/coffer.db-wal" "$COFFER_TEST_ROOT/root"
	rm -rf "$COFFER_TEST_ROOT/run"

	[ "$(state_of kept)" = "exited 255" ]
	coffer inspect kept | jq -e '.[0].State.Error == "the machine or its monitor stopped"'
	run -1 coffer inspect removed
	[ "$(state_of created)" = "created 0" ]
	run -0 coffer start --attach created
	[ "$output" = "$(coffer inspect created | jq -r '.[0].Config.Hostname')" ]
	coffer rm kept created
	nothing_left
}

# --- Several at once ------------------------------------------------------------------------------------------------

@test "one name for many at once: one gets it, the others are told" {
	local pids=() won=0 lost=0 status
	for i in {1..8}; do
		coffer_exec run -d --network none --name contended box:1 sleep 1000 >/dev/null 2>"$BATS_TEST_TMPDIR/$i" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		status=0
		wait "$pid" || status=$?
		case $status in
			0) won=$((won + 1)) ;;
			125) lost=$((lost + 1)) ;;
		esac
	done
	[ "$won" -eq 1 ]
	[ "$lost" -eq 7 ]
	[ "$(grep -l 'is already in use by container' "$BATS_TEST_TMPDIR"/[1-8] | grep -c .)" -eq 7 ]
	coffer rm -f contended
	nothing_left
}

@test "starting, listing and removing at the same time" {
	local pids=()
	for i in {1..6}; do
		(
			for _ in {1..5}; do
				coffer run --rm --network none box:1 true || exit
				coffer ps --all >/dev/null || exit
				coffer run -d --network none --name "busy$i" box:1 true >/dev/null || exit
				coffer rm --force "busy$i" >/dev/null || exit
			done
		) &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	eventually nothing_left
}

# --- Images and the database ----------------------------------------------------------------------------------------

@test "an import dies at any moment: the next one works, and no rubbish stays" {
	local command
	box_tar "$BATS_TEST_TMPDIR/rootfs" >"$BATS_TEST_TMPDIR/box.tar"
	for _ in {1..10}; do
		coffer_exec import "$BATS_TEST_TMPDIR/box.tar" other:1 >/dev/null 2>&1 &
		command=$!
		sleep "$(random_ms 80)"
		kill -KILL "$command" 2>/dev/null || true
		wait "$command" 2>/dev/null || true
	done
	coffer import "$BATS_TEST_TMPDIR/box.tar" other:1
	coffer run --rm --network none other:1 /bin/true
	coffer rmi other:1
	eventually nothing_left
	box true
}

@test "a database that is damaged is reported, with what to type" {
	local broken=$BATS_TEST_TMPDIR/broken
	mkdir -p "$broken"
	echo 'this was never a database' >"$broken/coffer.db"
	run -1 "$COFFER_BIN/coffer" --root "$broken" --runroot "$BATS_TEST_TMPDIR/run" ps
	[[ $output == *'is damaged'*'hint:  mv '*'[E-DB'* ]]
}

@test "what runs below another run directory is not taken for dead" {
	coffer run -d --network none --name elsewhere box:1 sleep 1000 >/dev/null
	run -1 "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$BATS_TEST_TMPDIR/run" rm --force elsewhere
	[[ $output == *'runs below another run directory'*"--runroot $COFFER_TEST_ROOT/run rm -f elsewhere"* ]]
	[ "$(state_of elsewhere)" = "running 0" ]
	coffer rm --force elsewhere
	nothing_left
}

@test "an image that is removed while a container is made of it" {
	command -v strace >/dev/null || skip "needs strace"
	coffer tag box:1 fleeting:1
	coffer commit "$(coffer create --network none --name mould box:1 true)" fleeting:1 >/dev/null
	coffer rm mould
	# It stops before it makes the container's directories, and goes on when the image is gone. Who is traced cannot look
	# for leaks.
	ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" strace -qq -o /dev/null -e trace=mkdirat -e inject=mkdirat:signal=SIGSTOP:when=1 \
		"$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" \
		create --pull never --network none fleeting:1 true >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	tracer=$!
	stopped() { grep -qE '^State:\s[tT]' "/proc/$(pgrep -P "$tracer")/status" 2>/dev/null; }
	eventually stopped
	coffer rmi -f fleeting:1
	kill -CONT "$(pgrep -P "$tracer")"
	ends_with 125 "$tracer"
	grep -q 'No such image: fleeting:1' "$BATS_TEST_TMPDIR/out"
	grep -q 'it was removed while the container was made of it' "$BATS_TEST_TMPDIR/out"
	nothing_left
}
