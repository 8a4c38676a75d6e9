#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The order of the layers, and the checker that guards it.

setup() {
	root=$BATS_TEST_DIRNAME/../..
	fixture=$BATS_TEST_DIRNAME/fixtures/layers
}

# finds FILE WORDS: the checker complains of FILE of the fixture with WORDS, and of nothing else in it.
finds() {
	run "$root/scripts/check-layers" "$fixture"
	[ "$status" -eq 1 ]
	[ "$(grep -c "^$1:" <<<"$output")" -eq 1 ]
	grep "^$1:" <<<"$output" | grep -qF "$2"
}

@test "no layer includes one above it" {
	run "$root/scripts/check-layers" "$root/src"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "the checker finds an include of a layer above" {
	finds middle/upward.c 'a layer above it'
}

@test "the checker finds it in the other spelling too" {
	finds bottom/upward-in-brackets.c 'a layer above it'
}

@test "the checker finds an include of an unknown folder" {
	finds bottom/unknown.c 'no such layer'
}

@test "the checker finds includes that are not named from src/" {
	finds bottom/bare.c 'has no folder'
	finds bottom/relative.c 'no such layer'
}

@test "the checker finds a layer that includes a program's header" {
	finds bottom/program.c 'programs are no library'
}

@test "the checker finds a folder outside the order" {
	finds stray/ 'neither programs/ nor a layer'
}

@test "the checker finds a circle" {
	run "$root/scripts/check-layers" "$fixture"
	[[ $output == *"in a circle: "* ]]
}

@test "the checker lets downward includes pass" {
	run "$root/scripts/check-layers" "$fixture"
	[[ $output != *fine.c* ]]
}
