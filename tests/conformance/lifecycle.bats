#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The life of a container, and every step that does not fit to where it stands. runtime.md, "Lifecycle", "Operations".

bats_require_minimum_version 1.5.0
load lib/bundle

setup_file() {
	bundle_file_setup
}

setup() {
	bundle_setup
}

teardown() {
	bundle_teardown
}

@test "create, start, kill, delete" {
	program 'echo started; exec sleep 1000'
	create
	equals "$(state_of box)" created
	equals "$(cat output)" ''
	[ -d "/proc/$(init_pid)" ]
	runtime start box
	equals "$(state_of box)" running
	until_true grep -qx started output
	runtime kill box KILL
	until_stopped box
	runtime delete box
	run -1 runtime state box
	contains "$output" 'container does not exist: box'
}

@test "the program starts with start, not before" {
	program 'echo here >/tmp/file'
	create
	[ ! -e rootfs/tmp/file ]
	runtime start box
	until_stopped box
	equals "$(cat rootfs/tmp/file)" here
}

@test "a container that ends by itself is stopped" {
	program 'exit 3'
	create
	runtime start box
	until_stopped box
	runtime delete box
}

@test "list has all of them" {
	create
	config '.linux.cgroupsPath = $cgroup + "-2"'
	runtime create other </dev/null >/dev/null 2>&1
	equals "$(runtime list --quiet | sort)" $'box\nother'
	runtime start other
	run -0 runtime list --format json
	equals "$(jq -r 'sort_by(.id)[] | "\(.id) \(.status)"' <<<"$output")" $'box created\nother running'
	equals "$(jq -r '.[0].bundle' <<<"$output")" "$PWD"
}

# --- steps out of order ---

@test "start a second time" {
	create
	runtime start box
	run -1 runtime start box
	contains "$output" "cannot start a container that is running: 'box'"
	contains "$output" '[E-STATE, exit 1]'
}

@test "start one that has stopped" {
	program true
	create
	runtime start box
	until_stopped box
	run -1 runtime start box
	contains "$output" "cannot start a container that is stopped: 'box'"
}

@test "start one whose process was killed before" {
	create
	runtime kill box KILL
	until_stopped box
	run -1 runtime start box
	contains "$output" "cannot start a container that is stopped: 'box'"
}

@test "create with an id that is taken" {
	create
	run -1 runtime create box
	contains "$output" 'container with id exists: box'
	contains "$output" '[E-EXISTS, stage create, exit 1]'
	equals "$(state_of box)" created
}

@test "two creates at one time: one gets the id" {
	for _ in 1 2 3 4; do
		(runtime create box </dev/null >/dev/null 2>&1 && echo made) 3>&- &
	done >made
	wait
	equals "$(cat made)" made
	equals "$(state_of box)" created
}

@test "delete one that runs" {
	create
	runtime start box
	run -1 runtime delete box
	contains "$output" "cannot delete container 'box' that is not stopped: it is running"
	contains "$output" 'coffer-runtime delete --force box'
	equals "$(state_of box)" running
	runtime delete --force box
	equals "$(runtime list --quiet)" ''
}

@test "delete one that was never started" {
	create
	runtime delete box
	equals "$(runtime list --quiet)" ''
}

@test "kill one that has stopped" {
	program true
	create
	runtime start box
	until_stopped box
	run -1 runtime kill box TERM
	contains "$output" "container not running: 'box' is stopped"
}

@test "what does not exist" {
	for verb in start state kill delete; do
		run -1 runtime $verb nosuch
		contains "$output" 'container does not exist: nosuch'
		contains "$output" '[E-NO-CONTAINER, exit 1]'
	done
	run -0 runtime delete --force nosuch
	equals "$output" ''
}

@test "signals by name and number" {
	spawn 'trap "echo usr1" USR1; trap "echo term; exit" TERM; echo ready; while :; do sleep 0.05; done'
	until_true grep -qx ready output
	runtime kill box USR1
	until_true grep -qx usr1 output
	runtime kill box SIGTERM
	until_true grep -qx term output
	until_stopped box
	run -1 runtime kill box NOSUCH
	contains "$output" 'invalid signal: NOSUCH'
}

@test "kill sends TERM where no signal is named" {
	spawn 'trap "echo term; exit" TERM; echo ready; while :; do sleep 0.05; done'
	until_true grep -qx ready output
	runtime kill box
	until_stopped box
	equals "$(tail -n 1 output)" term
}

# --- ids ---

@test "ids that are none" {
	for id in '' . .. ../box a/b /a .hidden 'a b' $'a\nb' 'a;b' '$(id)' 'ä' 'a*' "$(printf 'a%.0s' {1..1025})"; do
		for verb in state start kill delete 'delete --force' create; do
			# shellcheck disable=SC2086
			run -1 runtime $verb -- "$id"
			[[ $output == *'container id'* ]]
		done
	done
	equals "$(ls "$BATS_TEST_TMPDIR")" bundle
}

@test "ids that are fine" {
	program true
	for id in a A-b_c.d+e 0 _ + -x "$(printf 'a%.0s' {1..255})"; do
		run -0 runtime run -- "$id"
	done
}

# --- bundles ---

@test "a bundle without a configuration" {
	rm config.json
	refused "configuration 'config.json' in bundle '$PWD': no such file or directory"
	contains "$output" "coffer-runtime spec --bundle $PWD"
	contains "$output" '[E-SPEC, exit 1]'
}

@test "a bundle that is not there" {
	refused "open bundle '/no/such/bundle': no such file or directory" --bundle /no/such/bundle
}

@test "a bundle by its path, and a configuration by its name" {
	program 'exec sleep 1000'
	mv config.json other.json
	cd /
	runtime create --bundle "$BATS_TEST_TMPDIR/bundle" --config other.json box </dev/null >/dev/null 2>&1
	runtime start box
	equals "$(runtime state box | jq -r .bundle)" "$BATS_TEST_TMPDIR/bundle"
}

@test "a bundle that goes before the start" {
	create
	mv config.json "$BATS_TEST_TMPDIR"
	runtime start box
	equals "$(state_of box)" running
}

@test "JSON that is none, with line and column" {
	printf '{' >config.json
	refused 'config.json:1:2: unexpected end of file'
	printf '{\n  "ociVersion": "1.0.2",\n  nonsense\n}' >config.json
	refused "config.json:3:3: expected '\"' before 'n'"
	printf '{"a": 1,}' >config.json
	refused "config.json:1:9: expected '\"' before '}'"
	printf '' >config.json
	refused 'config.json:1:1: unexpected end of file'
	printf '{"a": "\xff"}' >config.json
	refused 'config.json:1:8: not valid UTF-8'
}

@test "a configuration that makes no sense, with line, column and pointer" {
	config '.process.cwd = 7'
	refused ': /process/cwd: expected a string, found a number'
	[[ $output =~ config.json:[0-9]+:[0-9]+: ]]
	config '.process.cwd = "relative"'
	refused ': /process/cwd: cwd must be an absolute path'
	config '.process.cwd = "/" | .linux.namespaces += [{"type": "pid"}]'
	refused ': duplicate namespace type "pid" (first at /linux/namespaces/0)'
	config 'del(.process)'
	config '.linux.namespaces |= unique_by(.type)'
	refused '"process" is required to create a container'
	config 'del(.root)'
	refused '"root" with a "path" is required, but missing'
	config '.ociVersion = "2.0.0"'
	refused ': /ociVersion: version "2.0.0" is not supported, 1.x is'
}

@test "a root filesystem that is not there, or no directory" {
	config '.root.path = "nosuch"'
	refused "open root filesystem 'nosuch': no such file or directory"
	config '.root.path = "config.json"'
	refused "open root filesystem 'config.json': not a directory"
	config '.root.path = "/no/such/root"'
	refused "open root filesystem '/no/such/root': no such file or directory"
}

@test "a root filesystem by its absolute path" {
	program 'echo fine'
	config '.root.path = $path' --arg path "$PWD/rootfs"
	cd /
	run -0 runtime run --bundle "$BATS_TEST_TMPDIR/bundle" box
	equals "$output" fine
}

@test "annotations come back in the state" {
	config '.annotations = {"com.example.a": "1", "with=equals": "x=y", "empty": "", "quote\"d": "ä"}'
	create
	equals "$(runtime state box | jq -Sc .annotations)" '{"com.example.a":"1","empty":"","quote\"d":"ä","with=equals":"x=y"}'
}

@test "unknown properties are ignored" {
	config '.unknown = {"a": [1]} | .process.unknown = 1 | .linux.unknown = "x" | .linux.resources.unknown = 7 | .windows = {}'
	box 'echo fine'
	equals "$output" fine
}
