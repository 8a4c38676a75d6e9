#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# tests/run counts what ran: it is the one program here that could make a failure invisible.

setup() {
	unset TEST_AGAIN
	tree=$BATS_TEST_TMPDIR/tree
	build=$tree/build-check
	mkdir -p "$tree/tests/unit" "$tree/tests/e2e" "$build/tests/unit"
	cp "$BATS_TEST_DIRNAME/../run" "$BATS_TEST_DIRNAME/../tap.awk" "$tree/tests"
}

# A unit test that prints LINES and exits with STATUS.
unit() { # NAME STATUS LINES...
	local name=$1 status=$2
	shift 2
	touch "$tree/tests/unit/test_$name.c"
	{
		echo '#!/bin/sh'
		printf "echo '%s'\n" "$@"
		echo "exit $status"
	} >"$build/tests/unit/test_$name"
	chmod +x "$build/tests/unit/test_$name"
}

# counts EXIT "N passed, N failed, N skipped" [FILTER...]
counts() {
	local exit=$1 line=$2
	shift 2
	run "$tree/tests/run" "$build" "$@"
	[ "$status" -eq "$exit" ]
	[ "${lines[-1]}" = "$line" ]
}

@test "passes, failures and skips are counted" {
	unit a 0 1..2 'ok 1 - one' 'ok 2 - two # SKIP no kernel'
	unit b 1 1..2 'ok 1 - one' 'not ok 2 - two' '# because'
	counts 1 '2 passed, 1 failed, 1 skipped'
	[[ $output == *'not ok 2 - two'*because* ]]
	[[ $output == *'no kernel'* ]]
}

@test "cmocka's way to print a plan and a skip is understood" {
	unit a 0 "$(printf '\t1..2')" 'ok 1 - one' 'not ok 2 # SKIP two'
	counts 0 '1 passed, 0 failed, 1 skipped'
}

@test "a skipped file is a skip" {
	unit a 0 '1..0 # SKIP no guest here'
	counts 0 '0 passed, 0 failed, 1 skipped'
}

@test "tests that the plan promised and that did not run have failed" {
	unit a 0 1..3 'ok 1 - one'
	counts 1 '1 passed, 2 failed, 0 skipped'
}

@test "a crash after the last test is a failure" {
	unit a 139 1..1 'ok 1 - one'
	counts 1 '1 passed, 1 failed, 0 skipped'
}

@test "a file that prints no plan is a failure" {
	unit a 0 'hello'
	counts 1 '0 passed, 1 failed, 0 skipped'
	[[ $output == *hello* ]]
}

@test "a file that takes too long is a failure" {
	unit a 0 1..2 'ok 1 - one'
	sed -i 's/^exit.*/exec sleep 60/' "$build/tests/unit/test_a"
	TEST_TIMEOUT=1 counts 1 '1 passed, 1 failed, 0 skipped'
	[[ $output == *'stopped after 1 s'* ]]
}

@test "a sanitizer's report is a failure, whoever wrote it" {
	unit a 0 1..1 'ok 1 - one'
	sed -i 's|^exit|path=${ASAN_OPTIONS#*log_path=}; echo heap-use-after-free >"${path%%:*}.1"; exit|' \
		"$build/tests/unit/test_a"
	counts 1 '1 passed, 1 failed, 0 skipped'
	[[ $output == *heap-use-after-free* ]]
}

@test "a unit test without a program is a failure" {
	touch "$tree/tests/unit/test_a.c"
	counts 1 '0 passed, 1 failed, 0 skipped'
}

@test "a bats file that does not parse is a failure" {
	printf '@test "a" {\n\tif\n}\n' >"$tree/tests/e2e/a.bats"
	run "$tree/tests/run" "$build"
	[ "$status" -eq 1 ]
	[[ ${lines[-1]} == '0 passed, '[1-9]* ]]
}

@test "a bats file whose setup fails fails with all its tests" {
	printf 'setup_file() {\n\tfalse\n}\n@test "a" {\n\ttrue\n}\n@test "b" {\n\ttrue\n}\n' >"$tree/tests/e2e/a.bats"
	counts 1 '0 passed, 2 failed, 0 skipped'
}

@test "filters choose a lane, a file of it, or a file by its name" {
	unit a 0 1..1 'ok 1 - one'
	unit b 0 1..1 'ok 1 - one'
	printf '@test "a" {\n\ttrue\n}\n' >"$tree/tests/e2e/c.bats"
	counts 0 '3 passed, 0 failed, 0 skipped'
	counts 0 '2 passed, 0 failed, 0 skipped' unit
	counts 0 '1 passed, 0 failed, 0 skipped' unit/a
	counts 0 '1 passed, 0 failed, 0 skipped' tests/unit/test_a.c
	counts 0 '2 passed, 0 failed, 0 skipped' tests/e2e/c.bats b
}

@test "a filter that matches nothing, and a run of nothing, are failures" {
	counts 1 '0 passed, 1 failed, 0 skipped'
	unit a 0 1..1 'ok 1 - one'
	counts 1 '0 passed, 1 failed, 0 skipped' nosuchlane
}

# Fails the first time only.
unlucky() { # NAME...
	local name
	for name; do
		printf '@test "a" {\n\t[ -e "%s" ] || { touch "%s"; false; }\n}\n' "$tree/$name" "$tree/$name" \
			>"$tree/tests/e2e/$name.bats"
	done
}

@test "what fails once has failed, unless a second run is asked for; and that hides nothing" {
	unlucky a
	counts 1 '0 passed, 1 failed, 0 skipped'
	unlucky b
	TEST_AGAIN=1 counts 0 '2 passed, 0 failed, 0 skipped'
	[[ $output == *Unstable*e2e/b*FAILED*'not ok 1 a'* ]]
}

@test "what fails twice has failed, and so has what cannot be luck" {
	printf '@test "a" {\n\tfalse\n}\n' >"$tree/tests/e2e/a.bats"
	TEST_AGAIN=1 counts 1 '0 passed, 1 failed, 0 skipped'
	unlucky a b
	TEST_AGAIN=1 counts 1 '0 passed, 2 failed, 0 skipped'
	rm "$tree"/tests/e2e/*
	unit a 1 1..1 'not ok 1 - one'
	TEST_AGAIN=1 counts 1 '0 passed, 1 failed, 0 skipped'
}
