#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# coffer-init as process 1: it forwards signals, reaps, and ends as its child does.

bats_require_minimum_version 1.5.0 # run -N

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	init=$BATS_FILE_TMPDIR/coffer-init # by a name that only this file's processes have
	ln -sf "$COFFER_BIN/coffer-init" "$init"
	cd "$BATS_TEST_TMPDIR" || return
}

# In a pid namespace of its own, with a /proc that shows it.
as_first() {
	timeout 120 unshare --pid --fork --mount-proc --kill-child "$init" "$@"
}

# wait_for FILE: until somebody has written it.
wait_for() {
	for _ in {1..1200}; do
		[ ! -s "$1" ] || return 0
		sleep 0.05
	done
	echo "nobody wrote $1"
	return 1
}

@test "the program is a child of process 1" {
	run as_first sh -c 'echo $$ $PPID; cat /proc/1/comm'
	[ "$status" -eq 0 ]
	[ "$output" = $'2 1\ncoffer-init' ]
}

@test "its exit code is the program's" {
	for code in 0 1 7 255; do
		run as_first sh -c "exit $code"
		[ "$status" -eq "$code" ]
	done
}

@test "a program that a signal killed gives 128 and the signal" {
	for sig in 9 15 6 11; do
		run as_first sh -c "kill -$sig \$\$"
		[ "$status" -eq $((128 + sig)) ]
	done
}

@test "arguments come through as they are, with and without --" {
	run as_first printf '%s|' a '' 'b c' --pause
	[ "$output" = 'a||b c|--pause|' ]
	run as_first -- printf '%s|' -- x
	[ "$output" = '--|x|' ]
}

@test "a program that is not there: 127" {
	run -127 as_first nosuchprogram
	[[ $output == *'exec "nosuchprogram": executable file not found in $PATH'* ]]
	run -127 as_first /no/such/program
	[[ $output == *'exec "/no/such/program": no such file or directory'* ]]
}

@test "an interpreter that is not there: 127" {
	printf '#!/no/such/interpreter\n' >script
	chmod +x script
	run -127 as_first ./script
	[[ $output == *'exec "./script": its interpreter or loader is not in the container'* ]]
	PATH=$PWD:$PATH run -127 as_first script
}

@test "a program that cannot be executed: 126" {
	echo 'echo no first line' >text
	run as_first ./text
	[ "$status" -eq 126 ]
	[[ $output == *'exec "./text": permission denied'* ]]
	chmod +x text
	run as_first ./text
	[ "$status" -eq 126 ]
	[[ $output == *'exec "./text": exec format error'* ]]
	run as_first /tmp
	[ "$status" -eq 126 ]
}

@test "PATH is searched in order, past what cannot be executed" {
	mkdir first second
	echo nothing >first/tool
	printf '#!/bin/sh\necho second\n' >second/tool
	chmod +x second/tool
	PATH=$PWD/nowhere:$PWD/first:$PWD/second:$PATH run as_first tool
	[ "$output" = second ]
	PATH=$PWD/first:$PWD/nowhere run "$init" tool
	[ "$status" -eq 126 ]
}

@test "no program at all: usage, 125" {
	run "$init"
	[ "$status" -eq 125 ]
	[[ $output == usage:* ]]
	run "$init" --
	[ "$status" -eq 125 ]
}

@test "signals to process 1 reach the program" {
	cat >program <<-'END'
		for sig in HUP INT QUIT USR1 USR2 TERM WINCH CONT ABRT; do
			trap "echo $sig; heard=$sig" $sig
		done
		for sig in HUP INT QUIT USR1 USR2 TERM WINCH CONT ABRT; do
			kill -$sig 1
			until [ "$heard" = $sig ]; do sleep 0.02; done
		done
	END
	run as_first bash ./program
	[ "$status" -eq 0 ]
	[ "$output" = $'HUP\nINT\nQUIT\nUSR1\nUSR2\nTERM\nWINCH\nCONT\nABRT' ]
}

@test "signals from outside reach the program" {
	"$init" sh -c 'trap "exit 9" TERM; echo ready >ready; while :; do sleep 0.05; done' 3>&- &
	pid=$!
	wait_for ready
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 9 ]
}

@test "orphans are reaped while the program runs" {
	cat >program <<-'END'
		for i in 1 2 3 4 5 6 7 8 9 10; do
			sh -c 'sleep 0.1 & exec true'
		done
		dead() { grep -l '^State:.*Z' /proc/[0-9]*/status 2>/dev/null | wc -l; }
		alive() { grep -hs -A 2 '^Name:.sleep' /proc/[0-9]*/status | grep -q '^State:.[^ZX]'; }
		for _ in $(seq 600); do
			alive || [ "$(dead)" != "$1" ] || break
			sleep 0.1
		done
		dead
	END
	run as_first sh ./program 0
	[ "$output" = 0 ]
	# Without it they stay, or the test proves nothing.
	run unshare --pid --fork --mount-proc --kill-child python3 -c 'import os; os.system("sh ./program 10")'
	[ "$output" = 10 ]
}

@test "the program gets the signal mask that we got" {
	run as_first grep -E 'SigBlk|SigIgn' /proc/self/status
	[ "$output" = "$(grep -E 'SigBlk|SigIgn' /proc/self/status)" ]
}

@test "a caller that ignores SIGCHLD does not cost the exit code" {
	run python3 -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], [sys.argv[1], "sh", "-c", "sleep 0.2; exit 5"])' "$init"
	[ "$status" -eq 5 ]
}

@test "the end of the program is the end of all" {
	run as_first sh -c 'sleep 60 & exit 3'
	[ "$status" -eq 3 ]
}

@test "a terminal's interrupt reaches the program once" {
	cat >program <<-'END'
		count=0
		trap 'count=$((count + 1))' INT
		echo ready
		while [ $count -eq 0 ]; do sleep 0.1; done
		sleep 0.3
		echo count=$count
	END
	run python3 - "$init" <<-'END'
		import os, pty, sys
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[1], [sys.argv[1], "bash", "./program"])
		text = b""
		while b"ready" not in text:
		    text += os.read(fd, 1000)
		os.write(fd, b"\x03")
		try:
		    while chunk := os.read(fd, 1000):
		        text += chunk
		except OSError:
		    pass
		print(text.decode())
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	[ "$status" -eq 0 ]
	[[ $output == *count=1* ]]
}

@test "--pause reaps until it is told to stop" {
	for sig in TERM INT; do
		"$init" --pause 3>&- &
		pid=$!
		for _ in {1..1500}; do
			grep -q coffer-init /proc/$pid/comm && grep -q '^State:.S' /proc/$pid/status && break
			sleep 0.02
		done
		kill -USR1 $pid
		kill -HUP $pid
		sleep 0.1
		kill -0 $pid
		kill -"$sig" $pid
		wait $pid
	done
}

@test "--pause reaps orphans of its namespace" {
	unshare --pid --fork --mount-proc --kill-child "$init" --pause 3>&- &
	for _ in {1..1500}; do
		pause=$(pgrep -P $! -x coffer-init) && break
		sleep 0.02
	done
	run nsenter --target "$pause" --pid --mount sh -c '
		for i in 1 2 3 4 5; do
			sh -c "sleep 0.1 & exec true"
		done
		dead() { grep -l "^State:.*Z" /proc/[0-9]*/status 2>/dev/null | wc -l; }
		alive() { grep -hs -A 2 "^Name:.sleep" /proc/[0-9]*/status | grep -q "^State:.[^ZX]"; }
		for _ in $(seq 600); do
			alive || [ "$(dead)" != 0 ] || break
			sleep 0.1
		done
		dead'
	kill -TERM "$pause"
	wait $!
	[ "$output" = 0 ]
}

@test "nothing is left" {
	[ -z "$(pgrep -f "^$init" || true)" ]
}
