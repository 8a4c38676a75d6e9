#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# state and list: what is said of containers, in the forms that runc has.

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

# --- state ---

@test "state has the specification's fields, one on each line" {
	config '.annotations = {"com.example.key": "value"}'
	run_detached box
	run -0 runtime state box
	[ "${lines[0]}" = '{' ]
	[[ ${lines[1]} =~ ^'  "ociVersion": "1.' ]]
	jq -e --arg bundle "$PWD" '
		keys == ["annotations", "bundle", "created", "id", "ociVersion", "pid", "rootfs", "status"] and
		.id == "box" and .status == "running" and .pid > 1 and .bundle == $bundle and
		.annotations == {"com.example.key": "value"}' <<<"$output"
	[ -d "/proc/$(jq .pid <<<"$output")" ]
}

@test "state goes through created, running, paused and stopped; then the pid is 0" {
	runtime create box </dev/null >output 2>&1
	status_is box created
	runtime start box
	status_is box running
	runtime pause box
	status_is box paused
	runtime resume box
	status_is box running
	runtime kill box KILL
	until_status box stopped
	[ "$(runtime state box | jq .pid)" = 0 ]
}

@test "a container that does not exist is an error, and 1" {
	run -1 runtime state nosuch
	[[ $output == *'container does not exist: nosuch'* ]]
	run -1 runtime state ../box
	[[ $output == *'invalid container id format'* ]]
	run -1 runtime state
	[[ $output == *'"state" takes ID: 0 given'* ]]
	run -1 runtime state a b
}

# --- list ---

@test "list has a table with columns as wide as they need to be" {
	run_detached box
	run -0 runtime list
	[ ${#lines[@]} -eq 2 ]
	[[ ${lines[0]} =~ ^'ID          PID         STATUS      BUNDLE ' ]]
	[[ ${lines[0]} =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER$ ]]
	[[ ${lines[1]} =~ ^box\ +[0-9]+\ +running\ +"$PWD"\ {3}20[0-9T:.Z-]+\ {3}root$ ]]
	# What begins a column stands below its header.
	local header=${lines[0]%%OWNER*} row=${lines[1]%root}
	[ ${#header} -eq ${#row} ]
}

@test "list as JSON has runc's members in runc's order" {
	config '.annotations = {"com.example.key": "value"}'
	run_detached box
	run -0 runtime list --format json
	[ ${#lines[@]} -eq 1 ]
	jq -e --arg bundle "$PWD" --arg rootfs "$ROOTFS" '
		length == 1 and (.[0] |
		keys_unsorted == ["ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "annotations", "owner"] and
		.bundle == $bundle and .rootfs == $rootfs and .owner == "root" and (.created | test("^20.*Z$")))' <<<"$output"
}

@test "list -q has ids alone, sorted" {
	for id in b c a; do
		run_beside $id
	done
	run -0 runtime list -q
	[ "$output" = $'a\nb\nc' ]
	run -0 runtime list
	[[ ${lines[1]} == a* && ${lines[2]} == b* && ${lines[3]} == c* ]]
}

@test "list of nothing is a header, null or silence; a state root that is not there is an error if it was named" {
	mkdir "$STATE"
	run -0 runtime list
	[ "$output" = 'ID          PID         STATUS      BUNDLE      CREATED     OWNER' ]
	run -0 runtime list -f json
	[ "$output" = null ]
	run -0 runtime list -q
	[ -z "$output" ]
	rmdir "$STATE"
	run -1 runtime list
	[[ $output == *"state root '$STATE'"* ]]
	run -1 runtime list --format yaml
	[[ $output == *'it is one of table, json'* ]]
}

@test "list shows the others when the state of one cannot be read" {
	run_detached box
	mkdir "$STATE/bad"
	echo '{"pid": ' >"$STATE/bad/state.json"
	run -0 --separate-stderr runtime list -q
	[ "$output" = $'bad\nbox' ]
	run -0 --separate-stderr runtime list
	[[ ${#lines[@]} -eq 2 && ${lines[1]} == box* ]]
	# shellcheck disable=SC2154
	[[ $stderr == *level=warning*bad* ]]
	rm -r "$STATE/bad"
}
