#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `logs` of a container whose log driver is journald: with a journald of the test's own, in a mount namespace that has
# nothing of the machine's /run, and with programs in the place of journalctl that fail, or show how they are called.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	coffer_file_setup
	begin_journal
}

teardown_file() {
	coffer_file_teardown
	if [ -n "${JOURNALD:-}" ]; then
		kill "$JOURNALD"
	fi
}

setup() {
	inside=()
	if [ -n "${JOURNALD:-}" ]; then
		inside=(nsenter "--mount=/proc/$JOURNALD/ns/mnt" --)
	fi
	coffer() {
		"${inside[@]}" "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" --runroot "$COFFER_TEST_ROOT/run" "$@"
	}
}

teardown() {
	coffer rm -f --all >/dev/null
}

begin_journal() {
	local daemon=/lib/systemd/systemd-journald
	if [ ! -x "$daemon" ] || [ ! -s /etc/machine-id ]; then
		echo "# no journald here" >&3
		return 0
	fi
	# shellcheck disable=SC2016 # the shell in there expands it
	unshare --mount --propagation private sh -c 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal /run/log/journal &&
		exec "$1"' - "$daemon" >"$BATS_FILE_TMPDIR/journald" 2>&1 3>&- &
	export JOURNALD=$!
	listens() { [ -S "/proc/$JOURNALD/root/run/systemd/journal/socket" ]; }
	eventually listens
	disown
}

needs_journal() {
	[ -n "${JOURNALD:-}" ] || skip "needs systemd-journald"
}

# NAME and what the shell in it does, on to its end.
has_run() {
	coffer run --network none --log-driver journald --name "$1" "${@:3}" box:1 sh -c "$2" >/dev/null 2>&1
}

@test "what it has printed, each to its stream, with the last line, whatever bytes are in it" {
	needs_journal
	has_run plain 'echo out; echo err >&2; echo; printf "a\033[1mb\tc\n"; head -c 40000 /dev/zero | tr "\0" x; echo; printf end'
	run -0 --separate-stderr coffer logs plain
	[ "$output" = "out"$'\n\n'$'a\033[1mb\tc\n'"$(head -c 40000 /dev/zero | tr '\0' x)"$'\nend' ]
	# shellcheck disable=SC2154 # by bats
	[ "$stderr" = err ]
}

@test "--tail, --since, --until, --timestamps, --details" {
	needs_journal
	has_run picky 'for i in 1 2 3 4 5; do echo $i; sleep 0.01; done' --label team=red --log-opt labels=team
	[ "$(coffer logs -n 2 picky | xargs)" = '4 5' ]
	[ -z "$(coffer logs --tail 0 picky)" ]
	[[ $(coffer logs --details picky | head -n 1) =~ ^[A-Z,_a-z=]*TEAM=red\ 1$ ]]
	run -0 coffer logs -t picky
	[[ ${lines[2]} =~ ^20[0-9-]+T[0-9:]+\.[0-9]{9}Z\ 3$ ]]
	third=${lines[2]% *}
	[ "$(coffer logs --since "$third" picky | xargs)" = '3 4 5' ]
	[ "$(coffer logs --until "$third" picky | xargs)" = '1 2 3' ]
	[ "$(coffer logs --since "$third" -n 4 --until "$third" picky | xargs)" = 3 ]
}

@test "--follow: all that comes, to the last line, and then it ends" {
	needs_journal
	coffer run -d --network none --log-driver journald --name talker box:1 \
		sh -c 'echo first; until [ -e /go ]; do sleep 0.05; done; seq 1 500' >/dev/null
	coffer logs -f talker >"$BATS_TEST_TMPDIR/all" 3>&- &
	all=$!
	coffer logs -f --tail 0 talker >"$BATS_TEST_TMPDIR/new" 3>&- &
	new=$!
	has_first() { grep -qx first "$BATS_TEST_TMPDIR/all"; }
	eventually has_first
	coffer exec talker touch /go
	wait "$all" "$new"
	cmp "$BATS_TEST_TMPDIR/all" <(echo first && seq 1 500)
	# What came before the second one had begun, it need not have seen.
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/new")" = 500 ]
	[ "$(coffer logs -f talker | wc -l)" = 501 ]
}

# --- Programs in the place of journalctl --------------------------------------------------------------------------------

# A journalctl that runs SCRIPT. Its containers are made only, for there may be no journal to write to.
stand_in() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\n%s\n' "$1" >"$BATS_TEST_TMPDIR/bin/journalctl"
	chmod +x "$BATS_TEST_TMPDIR/bin/journalctl"
	id=$(coffer create --network none --log-driver journald --name unread box:1 true)
}

with_stand_in() {
	PATH=$BATS_TEST_TMPDIR/bin:$PATH coffer "$@"
}

@test "how journalctl is called" {
	stand_in 'echo "$@" >>'"$BATS_TEST_TMPDIR/called"'; printf "MESSAGE=hi\n__REALTIME_TIMESTAMP=1000000\n\n"'
	called() { cat "$BATS_TEST_TMPDIR/called" && rm "$BATS_TEST_TMPDIR/called"; }
	[ "$(with_stand_in logs unread)" = hi ]
	[ "$(called)" = $'--sync\n--quiet --no-pager --output=export CONTAINER_ID_FULL='"$id" ]
	[ "$(with_stand_in logs -t unread)" = '1970-01-01T00:00:01.000000000Z hi' ]
	rm "$BATS_TEST_TMPDIR/called"
	with_stand_in logs -n 3 --since 1700000000.25 unread
	[[ $(called) == *"--output=export --lines=3 --since=@1700000000.250000 CONTAINER_ID_FULL=$id" ]]
	# One that does not run is not followed.
	with_stand_in logs -f unread
	[[ $(called) != *--follow* ]]
}

@test "what can be wrong with journalctl" {
	stand_in 'case $1 in --quiet) echo "Failed to open files: No medium found" >&2; echo more >&2; exit 3;; esac'
	run -1 with_stand_in logs unread
	[[ $output == *'read the journal: journalctl ended with status 3'*'cause: Failed to open files: No medium found'* ]]
	coffer rm unread
	stand_in 'printf "=what\n\n"'
	run -1 with_stand_in logs unread
	[[ $output == *'what journalctl prints makes no sense'* ]]
	inside=()
	PATH=/nonexistent run -1 coffer logs unread
	[[ $output == *'cannot read the journal: there is no journalctl here'* ]]
}
