#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What is said to a config.json that is none, or that cannot be meant: the place, what was expected, what was found.

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

# says TEXT WORDS: of a config.json that is TEXT.
says() {
	printf '%s' "$1" >config.json
	refused "$2"
}

@test "what is no JSON is refused with line and column" {
	says '' 'config.json:1:1: unexpected end of file'
	says $'{\n "ociVersion": "1.0.0",\n}' "config.json:3:1: expected '\"' before '}'"
	says '{"a": 1} {"b": 2}' "config.json:1:10: expected end of file before '{'"
	says "{'a': 1}" 'config.json:1:2: expected'
	says '{"a": 01}' 'config.json:1:8: '
	says '{"a": NaN}' 'config.json:1:7: '
	says $'{"a": "\xff"}' 'config.json:1:8: '
	says "$(printf '[%.0s' {1..200})" 'config.json:1:65: '
}

@test "wrong types, numbers out of range and NUL are refused with their place" {
	local line words
	while IFS=$'\t' read -r line words; do
		config "$line"
		cp config.json config.keep
		refused "$words"
		runtime spec --file fresh.json
		jq --slurpfile old config.keep '.linux.cgroupsPath = $old[0].linux.cgroupsPath' fresh.json >config.json
		rm fresh.json
	done <<-'END'
		.process = []	/process: expected an object, found an array
		.process.args = "sh"	/process/args: expected an array, found a string
		.process.args = ["sh", 1]	/process/args/1: expected a string, found a number
		.process.user.uid = "0"	/process/user/uid: expected an integer, found a string
		.process.user.uid = 0.5	/process/user/uid: expected an integer, found a number
		.process.user.uid = 4294967295	/process/user/uid: 4294967295 is out of range, 0 to 4294967294
		.process.terminal = "true"	/process/terminal: expected a boolean, found a string
		.linux.resources.memory.limit = 1e30	/linux/resources/memory/limit: expected an integer, found a number
		.linux.seccomp = {defaultAction: 1}	/linux/seccomp/defaultAction: expected a string, found a number
		.hostname = "a\u0000b"	/hostname: holds a NUL character
		.root = "rootfs"	/root: expected an object, found a string
		.mounts = {}	/mounts: expected an array, found an object
		.annotations = {"a": 1}	/annotations/a: expected a string, found a number
		.annotations = {"": "x"}	/annotations: a key is empty
	END
}

@test "unknown properties are ignored, everywhere; names count as they are written" {
	config '.windows = 7 | .process.unknown = {} | .process.user.username = 5 | .linux.unknown = [] | .linux.resources.unknown = null |
		.mounts[0].unknown = 1 | .Process = "no" | .LINUX = "no" | .process.Args = ["false"]'
	box 'echo ran'
	equals "$output" ran
	equals "$status" 0
}

@test "of a property that stands twice the last one counts" {
	program 'echo first'
	sed -i 's/"ociVersion"/"hostname": 5, "ociVersion"/' config.json
	run -0 runtime run box
	equals "$output" first
	sed -i '$ s/}$/, "hostname": 6}/' config.json
	refused '/hostname: expected a string, found a number'
}

@test "a version of another major release is refused, of this one none" {
	local version
	for version in 1.0.0 1.2.1 1.3.0 1.99.0-rc.1+build; do
		config ".ociVersion = \"$version\""
		box 'echo ran'
		equals "$output" ran
	done
	config '.ociVersion = "2.0.0"'
	refused '/ociVersion: version "2.0.0" is not supported, 1.x is'
	config '.ociVersion = "1"'
	refused '/ociVersion: "1" is not a version'
}

@test "what is required and missing is named" {
	config 'del(.root)'
	refused '"root" with a "path" is required, but missing'
	config '.root.path = "rootfs" | del(.process)'
	refused '"process" is required to create a container'
	rm config.json
	run -1 runtime create box
	contains "$output" "configuration 'config.json' in bundle '$PWD': no such file or directory"
}
