#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# ps, kill, pause, resume, delete: what is done to the processes of a container.

bats_require_minimum_version 1.5.0
load lib/verbs

setup_file() {
	verbs_file_setup
}

setup() {
	verbs_setup
}

teardown() {
	verbs_teardown
}

pid_of() {
	runtime state "$1" | jq .pid
}

# --- ps ---

@test "ps has the host's table, of the container's processes alone" {
	run_detached box
	run -0 runtime ps box
	[[ ${lines[0]} =~ UID\ +PID\ +PPID ]]
	[ ${#lines[@]} -eq 2 ]
	[[ ${lines[1]} == *" $(pid_of box) "*'sleep 1000'* ]]
}

@test "ps --format json has the pids" {
	run_detached box
	runtime exec --detach box sleep 1001 </dev/null >output 2>&1
	run -0 runtime ps --format json box
	jq -e --argjson pid "$(pid_of box)" 'length == 2 and .[0] == $pid and .[1] > .[0]' <<<"$output"
}

@test "ps hands options behind the id to ps, which must print pids" {
	run_detached box
	run -0 runtime ps box -o args,pid
	[[ ${lines[0]} =~ ^COMMAND\ +PID$ && ${#lines[@]} -le 2 ]]
	run -0 runtime ps box -e -x
	[[ ${lines[0]} =~ PID\ +TTY\ +STAT\ +TIME\ +COMMAND && ${#lines[@]} -eq 2 ]]
	run -1 runtime ps box -o args
	[[ $output == *'no column PID'* ]]
	run -1 runtime ps box --no-such-option
	[[ $output == *'ps failed with exit status 1'* ]]
}

@test "ps of a stopped container is empty" {
	run_detached box
	runtime kill box KILL
	until_status box stopped
	run -0 runtime ps box
	[ ${#lines[@]} -eq 1 ]
	run -0 runtime ps -f json box
	[ "$output" = null ]
}

# --- kill ---

@test "kill takes signals by name and number, in any case, with and without SIG" {
	config '.process.args = ["sh", "-c", "trap \"echo got USR1\" USR1; trap \"echo got WINCH\" WINCH; echo ready; while :; do sleep 0.1; done"]'
	runtime run --detach box </dev/null >signals 2>errors
	until_true grep -q ready signals
	for word in USR1 SIGUSR1 usr1 sigusr1 10; do
		: >signals
		runtime kill box $word
		until_true grep -q 'got USR1' signals
		grep -q 'got USR1' signals
	done
	run -0 runtime kill box 0
	for word in NOSUCH 65 -1 1x ''; do
		run -1 runtime kill -- box "$word"
		[[ $output == *'invalid signal'* ]]
	done
}

@test "kill without a signal is TERM" {
	config '.process.args = ["sh", "-c", "trap \"exit 0\" TERM; echo ready; while :; do sleep 0.1; done"]'
	runtime run --detach box </dev/null >signals 2>errors
	until_true grep -q ready signals
	runtime kill box
	until_status box stopped
}

@test "kill of a stopped container says so; with --all that is no error" {
	run_detached box
	runtime kill box 9
	until_status box stopped
	run -1 runtime kill box TERM
	[[ $output == *'container not running'* ]]
	run -0 runtime kill --all box TERM
	run -1 runtime kill nosuch
	[[ $output == *'container does not exist'* ]]
}

@test "kill --all reaches every process" {
	run_detached box
	runtime exec --detach box sleep 1001 </dev/null >output 2>&1
	has_processes box 2
	runtime kill --all box KILL
	until_status box stopped
	until_true has_processes box 0
}

@test "in the host's pid namespace, KILL ends all of it" {
	config '.linux.namespaces -= [{"type": "pid"}]'
	run_detached box
	runtime exec --detach box sleep 1001 </dev/null >output 2>&1
	runtime kill box KILL
	until_status box stopped
	until_true has_processes box 0
	runtime delete box
}

@test "kill and delete with --regex act on all that match" {
	for id in web-1 web-2 db; do
		run_beside $id
	done
	run -0 runtime kill --regex '^web-[0-9]$' KILL
	until_status web-1 stopped
	until_status web-2 stopped
	status_is db running
	run -0 runtime delete --regex '^web'
	[ "$(runtime list -q)" = db ]
	run -0 runtime delete --regex nothing-has-this
	run -1 runtime delete --regex 'd['
	[[ $output == *'not a regular expression'* ]]
	run -1 runtime delete --regex '.'
	[[ $output == *"cannot delete container 'db'"* ]]
	run -0 runtime delete --force --regex '.'
	[ -z "$(runtime list -q)" ]
}

# --- pause and resume ---

@test "a paused container does nothing until it is resumed" {
	config '.process.args = ["sh", "-c", "while :; do echo .; sleep 0.02; done"]'
	runtime run --detach box </dev/null >dots 2>errors
	until_true [ -s dots ]
	runtime pause box
	status_is box paused
	before=$(wc -l <dots)
	sleep 0.3
	[ "$(wc -l <dots)" -eq "$before" ]
	runtime resume box
	status_is box running
	until_true has_lines dots $((before + 1))
}

@test "pause and resume want the state that they change" {
	run_detached box
	run -1 runtime resume box
	[[ $output == *'container not paused'* ]]
	runtime pause box
	run -1 runtime pause box
	[[ $output == *'container not running'* ]]
	runtime kill box KILL
	until_status box stopped
	run -1 runtime pause box
	[[ $output == *'container not running'* ]]
	run -1 runtime resume box
	[[ $output == *'container not paused'* ]]
}

@test "a created container can be paused too" {
	runtime create box </dev/null >output 2>&1
	runtime pause box
	status_is box paused
	runtime resume box
	status_is box created
}

@test "exec in a paused container is refused, or with --ignore-paused waits" {
	run_detached box
	runtime pause box
	run -255 runtime exec box true
	[[ $output == *'container that is paused'* ]]
	(sleep 0.5 && runtime resume box) 3>&- &
	run -0 runtime exec --ignore-paused box echo here
	[[ $output == *here ]]
	wait
}

# --- delete ---

@test "delete wants a container that has stopped, or was never started" {
	run_detached box
	run -1 runtime delete box
	[[ $output == *'cannot delete container'*'not stopped'* ]]
	runtime kill box KILL
	until_status box stopped
	run -0 runtime delete box
	run -1 runtime state box
	runtime create box </dev/null >output 2>&1
	run -0 runtime delete box
	[ -z "$(runtime list -q)" ]
}

@test "delete --force takes one that runs, is paused, or is not there" {
	run_detached box
	run -0 runtime delete --force box
	run_detached box
	runtime pause box
	run -0 runtime delete -f box
	run -0 runtime delete -f box
	run -1 runtime delete box
}

# --- HOME ---

@test "HOME is what the container's passwd says, or the root, unless the environment has one" {
	mkdir -p "$ROOTFS/etc"
	printf 'root:x:0:0::/root:/bin/sh\nbroken:x:7\nuser:x:1000:1000:a user:/home/user:\nother:x:1001:1:::\n' >"$ROOTFS/etc/passwd"
	config '.process.args = ["sh", "-c", "echo $HOME"]'
	[ "$(runtime run box)" = /root ]
	config '.process.user.uid = 1000'
	[ "$(runtime run box)" = /home/user ]
	config '.process.env += ["HOME="]'
	[ "$(runtime run box)" = /home/user ]
	config '.process.env += ["HOME=/elsewhere"]'
	[ "$(runtime run box)" = /elsewhere ]
	config '.process.env -= ["HOME=", "HOME=/elsewhere"] | .process.user.uid = 0 | .process.args = ["sleep", "1000"]'
	run_detached box
	for expected in 0=/root 1000=/home/user 7=/ 1001=/ 1002=/; do
		# shellcheck disable=SC2016
		[ "$(runtime exec --user "${expected%%=*}" box sh -c 'echo $HOME')" = "${expected#*=}" ]
	done
	[ "$(runtime exec --env HOME=/mine box sh -c 'echo $HOME')" = /mine ]
	rm "$ROOTFS/etc/passwd"
	mkfifo "$ROOTFS/etc/passwd"
	# shellcheck disable=SC2016
	[ "$(runtime exec box sh -c 'echo $HOME')" = / ]
	rm "$ROOTFS/etc/passwd"
}
