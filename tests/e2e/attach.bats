#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Staying with a container: our terminal, our streams, our signals.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	export COFFER_ROOT=$COFFER_TEST_ROOT/root COFFER_RUNROOT=$COFFER_TEST_ROOT/run
}

# on_terminal STEP... -- ARGUMENT...: `coffer run --network none` with ARGUMENTs on a terminal.
on_terminal() {
	local steps=()
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	python3 "$BATS_TEST_DIRNAME/lib/on-terminal.py" "${steps[@]}" -- \
		"$COFFER_BIN/coffer" run --network none "$@"
}

# --- The terminal ---------------------------------------------------------------------------------------------------

@test "a terminal is raw while the container has it, and cooked again at its end" {
	run -0 on_terminal expect:ready modes 'send:go\r' 'expect:got go' wait modes -- \
		--rm -it box:1 sh -c 'echo ready; read x; echo got $x; exit 6'
	[[ $output == *'[raw]'*'[exit 6]'*'[cooked]'* ]]
}

@test "the container's terminal follows the size of ours" {
	run -0 on_terminal 'expect:31 97' resize:50x120 'expect:50 120' wait -- \
		--rm -it box:1 sh -c 'stty size; until stty size | grep 50; do sleep 0.1; done'
}

@test "ctrl-c is a key of the container's" {
	run -0 on_terminal expect:ready 'send:\x03' expect:interrupted wait -- \
		--rm -it box:1 sh -c 'trap "echo interrupted; exit 3" INT; echo ready; while :; do sleep 0.1; done'
	[[ $output == *'[exit 3]'* ]]
}

@test "ctrl-p ctrl-q leaves it running; ctrl-p with something else goes through" {
	run -0 on_terminal expect:ready 'send:a\x10' 'send:b' 'expect:b' 'send:\x10' 'send:\x11' wait modes -- \
		--name left -it box:1 sh -c 'stty raw -echo; echo ready; cat'
	[[ $output == *$'a\x10b'*'[exit 0]'*'[cooked]'* ]]
	[ "$(coffer ps -q --filter name=left | wc -l)" -eq 1 ]
	coffer rm -f left
}

@test "--detach-keys" {
	run -0 on_terminal expect:ready 'send:x' 'send:y' wait -- \
		--name left --detach-keys x,y -it box:1 sh -c 'echo ready; sleep 60'
	[[ $output == *'[exit 0]'* ]]
	coffer rm -f left
}

@test "the terminal is given back when we die of a signal" {
	for signal in SYS XCPU; do
		run -0 on_terminal expect:ready modes signal:$signal wait modes -- \
			--name crashed -it box:1 sh -c 'echo ready; sleep 60'
		[[ $output == *'[raw]'*'[cooked]'* ]]
		coffer rm -f crashed
	done
	run -0 on_terminal expect:ready signal:TERM wait modes -- \
		--name crashed --sig-proxy=false -it box:1 sh -c 'echo ready; sleep 60'
	[[ $output == *'[exit -15]'*'[cooked]'* ]]
	coffer rm -f crashed
}

@test "a terminal that is gone ends us, and the container is told" {
	run -0 on_terminal expect:ready hangup wait -- \
		--name gone -it box:1 sh -c 'trap "exit 0" HUP; echo ready; while :; do sleep 0.1; done'
	[[ $output == *'[exit 129]'* ]]
	eventually sh -c '[ -z "$("$COFFER_BIN/coffer" ps -q --filter name=gone)" ]'
	coffer rm gone
}

@test "a terminal that nobody has had open for a while is still there, for output and input" {
	# shellcheck disable=SC2016
	run -0 on_terminal expect:again 'send:word\r' 'expect:got word' wait -- --rm -it box:1 sh -c '
		exec </dev/null >/dev/null 2>&1; sleep 1; echo again >/dev/console; read line </dev/console; echo "got $line" >/dev/console'
	[[ $output == *'[exit 0]'* ]]
}

@test "a terminal without -i prints, and reads nothing" {
	run -0 on_terminal 'expect:31 97' wait -- --rm -t box:1 stty size
	[[ $output == *'[exit 0]'* ]]
}

@test "errors are in colour on a terminal, and not with NO_COLOR" {
	run -0 on_terminal expect:E-MNT-REL wait -- -v a/b:/x box:1
	[[ $output == *$'\033[1;31mcoffer:\033[0m'* ]]
	NO_COLOR=1 run -0 on_terminal expect:E-MNT-REL wait -- -v a/b:/x box:1
	[[ $output != *$'\033'* ]]
}

# --- Streams --------------------------------------------------------------------------------------------------------

@test "megabytes of anything go through unharmed, the keys to detach among them" {
	in=$BATS_TEST_TMPDIR/in out=$BATS_TEST_TMPDIR/out
	head -c 3000000 /dev/urandom >"$in"
	printf '\x10\x11' >>"$in"
	coffer run --rm -i --network none box:1 cat <"$in" >"$out"
	cmp "$in" "$out"
	sum=$(sha256sum <"$in")
	[ "$(coffer run --rm -i --network none box:1 cat <"$in" | sha256sum)" = "$sum" ]
}

@test "when whoever reads our output leaves, so do we, and the container goes on" {
	coffer run --name talker --network none box:1 sh -c 'yes | head -c 3000000; exit 3' | head -n 1
	[ "${PIPESTATUS[0]}" -eq 141 ]
	ended() { [ "$(coffer inspect --format '{{.State.Status}} {{.State.ExitCode}}' talker)" = "exited 3" ]; }
	eventually ended
	coffer rm talker
	coffer run -d --network none --name talker box:1 sleep 1000 >/dev/null
	coffer exec talker yes | head -n 1
	[ "${PIPESTATUS[0]}" -eq 141 ]
	nobody_says_yes() { [ "$(coffer exec talker ps | grep -c yes)" = 0 ]; }
	eventually nobody_says_yes
	coffer rm -f talker
	run -4 bash -c '"$COFFER_BIN/coffer" run --rm --network none box:1 sh -c "echo x; exit 4" >&-'
	run -4 bash -c '"$COFFER_BIN/coffer" run --rm --network none box:1 sh -c "echo x; exit 4" >/dev/full'
	[[ $output == *"cannot write the container's output: no space left on device"* ]]
}

@test "a slow reader gets everything" {
	box sh -c 'yes | head -c 400000' >"$BATS_TEST_TMPDIR/all"
	box sh -c 'yes | head -c 400000' | (
		sleep 2
		cat
	) | cmp "$BATS_TEST_TMPDIR/all" -
}

@test "our standard output stays as it was for others" {
	flags=$({
		box true
		grep ^flags: /proc/self/fdinfo/1
	} | cat)
	[ $((8#${flags##*[[:space:]]} & 8#4000)) -eq 0 ] # O_NONBLOCK
}

@test "start -ai: input and output of a container that was made before" {
	coffer create --name later -i --network none box:1 sh -c 'read x; echo "got $x"; exit 5' >/dev/null
	run -5 coffer start -ai later <<<hello
	[ "$output" = 'got hello' ]
	coffer rm later
}

# --- Signals --------------------------------------------------------------------------------------------------------

@test "a window that changes is nothing to a container without a terminal; a signal that was sent is" {
	coffer_exec run --rm --network none box:1 \
		sh -c 'trap "echo WINCH; exit 9" WINCH; echo ready; while :; do sleep 0.1; done' >"$BATS_TEST_TMPDIR/out" &
	pid=$!
	eventually grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -WINCH $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 9 ]

	run -0 on_terminal expect:ready resize:40x100 'send:x\r' 'expect:got x' wait -- --rm -i box:1 \
		sh -c 'trap "echo WINCH; exit 9" WINCH; echo ready; read x; echo got $x'
	[[ $output == *'[exit 0]'* ]]
}

@test "--sig-proxy=false: the signal is ours alone" {
	coffer_exec run --name proxy --sig-proxy=false --network none box:1 sh -c 'echo ready; sleep 60' \
		>"$BATS_TEST_TMPDIR/out" &
	pid=$!
	eventually grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 143 ]
	[ "$(coffer ps -q --filter name=proxy | wc -l)" -eq 1 ]
	coffer rm -f proxy
}

# --- Ends -----------------------------------------------------------------------------------------------------------

@test "a monitor that is killed: said so, and cleaned up" {
	coffer_exec run --name orphan --network none box:1 sh -c 'echo ready; sleep 60' >"$BATS_TEST_TMPDIR/out" 2>&1 &
	pid=$!
	eventually grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -KILL "$(pgrep -f "coffer-monitor orphan $COFFER_TEST_ROOT")"
	status=0
	wait $pid || status=$?
	[ "$status" -eq 125 ]
	grep -q "lost container \"orphan\": the container's monitor died" "$BATS_TEST_TMPDIR/out"
	[ "$(coffer ps -a --filter name=orphan --filter status=exited -q | wc -l)" -eq 1 ]
	coffer rm orphan
}

@test "death for want of memory is explained, unless -q" {
	run -137 coffer run --rm --name hungry -m 20m --network none box:1 tail /dev/zero
	[[ $output == 'coffer: container "hungry" was killed by the kernel: out of memory (limit 20 MiB, peak '* ]]
	[[ $output == *'hint:  -m 40m'*'[E-OOM, stage app, exit 137]' ]]
	run -137 coffer run --rm -q -m 20m --network none box:1 tail /dev/zero
	[ -z "$output" ]
}

@test "a run that cannot start leaves no container and no --cidfile" {
	run -127 coffer run --name stillborn --cidfile "$BATS_TEST_TMPDIR/cid" --network none box:1 nosuch
	[ -z "$(coffer ps -aq --filter name=stillborn)" ]
	[ ! -e "$BATS_TEST_TMPDIR/cid" ]
	run -0 coffer run -d --rm --cidfile "$BATS_TEST_TMPDIR/cid" --network none box:1 true
	[ "$(cat "$BATS_TEST_TMPDIR/cid")" = "$output" ]
}

