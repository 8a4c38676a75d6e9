#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Memory limits: how small they may be, and what is said of those that are too small.

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

limit() {
	config ".linux.resources.memory = {limit: $1}"
}

@test "a limit under which nothing can start is named" {
	[ "$COFFER_SANITIZED" != yes ] || skip "a program with sanitizers in it needs more for everything"
	limit 16384
	run -1 runtime run box
	[[ $output == *"run container 'box': a memory limit of 16 KiB is too small to start anything"* ]]
	[[ $output == *E-MEM-MIN* ]]
	run -1 runtime create box
	[[ $output == *"create container 'box': a memory limit of 16 KiB is too small"* ]]
}

@test "a static program starts with half a megabyte" {
	[ "$COFFER_SANITIZED" != yes ] || skip "a program with sanitizers in it needs more for everything"
	config '.process.args = ["true"]'
	limit 524288
	run -0 runtime run box
	[ -z "$output" ]
	runtime create box </dev/null >output 2>&1
	runtime start box
	until_status box stopped
}

@test "a program that is killed for its memory is named" {
	config '.process.args = ["dd", "if=/dev/zero", "of=/dev/null", "bs=256M", "count=1"]'
	limit 16777216
	run -137 runtime run box
	[[ $output == *level=warning*"container 'box' was killed by the kernel: out of memory (limit 16384 KiB)"* ]]
}
