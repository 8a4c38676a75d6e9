#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# logs: what a container has printed, all of it or a part, and while it is still written and rotated.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	coffer run --network none --name lines box:1 sh -c 'for i in 1 2 3 4 5; do echo "line $i"; done; echo err >&2' \
		>/dev/null 2>&1
}

teardown_file() {
	coffer_file_teardown
}

# A container NAME that has run, with a log of our own.
log_of() {
	coffer create --network none --name "$1" box:1 true >/dev/null
	coffer inspect "$1" | jq -r '.[0].LogPath'
}

# entry TEXT [SECOND [STREAM]]: TEXT is already escaped
entry() {
	printf '{"log":"%s","stream":"%s","time":"2026-01-02T03:04:%02d.5Z"}\n' "$1" "${3:-stdout}" "${2:-5}"
}

# --- What is read ---------------------------------------------------------------------------------------------------

@test "both streams, each to its own" {
	run -0 --separate-stderr coffer logs lines
	[ "$output" = $'line 1\nline 2\nline 3\nline 4\nline 5' ]
	# shellcheck disable=SC2154 # run assigns it
	[ "$stderr" = err ]
	coffer logs --latest >/dev/null
}

@test "--tail" {
	[ "$(coffer logs -n 2 lines 2>&1)" = $'line 5\nerr' ]
	[ "$(coffer logs --tail 1 lines 2>/dev/null)" = '' ]
	[ "$(coffer logs --tail 0 lines 2>&1)" = '' ]
	[ "$(coffer logs --tail 100 lines 2>&1 | wc -l)" = 6 ]
	[ "$(coffer logs --tail all lines 2>&1 | wc -l)" = 6 ]
	[ "$(coffer logs --tail nonsense lines 2>&1 | wc -l)" = 6 ]
}

@test "--timestamps, --since, --until" {
	log=$(log_of timed)
	{ entry 'one\n' 1 && entry 'two\n' 2 && entry 'three\n' 3; } >"$log"
	[ "$(coffer logs -t timed | head -n 1)" = '2026-01-02T03:04:01.500000000Z one' ]
	[ "$(coffer logs --since 2026-01-02T03:04:02Z timed)" = $'two\nthree' ]
	[ "$(coffer logs --since 2026-01-02T05:04:03+02:00 timed)" = three ]
	[ "$(coffer logs --since 1767323043.4 timed)" = three ]
	[ "$(coffer logs --until 2026-01-02T03:04:02.5Z timed)" = $'one\ntwo' ]
	[ "$(TZ=UTC-1 coffer logs --since 2026-01-02T04:04:03 timed)" = three ]
	[ "$(TZ=UTC coffer logs --since 2026-01-02T03:04 --until 2026-01-02T03:05 timed | wc -l)" = 3 ]
	[ "$(coffer logs --since 2026-01-01 timed | wc -l)" = 3 ]
	[ -z "$(coffer logs --since 1h timed)" ]
	[ "$(coffer logs --until 1m30s timed | wc -l)" = 3 ]
	run -1 coffer logs --since yesterday timed
	[[ $output == *'invalid value for "since": "yesterday" is not a time'* ]]
	coffer rm timed
}

@test "text as it was printed: escapes, long lines, no newline at the end, binary" {
	coffer run --network none --name text box:1 sh -c \
		'printf "quote \" back \\\\ tab \t <&> \001 \303\274 \342\202\254 \360\237\230\200\n"; head -c 100000 /dev/zero | tr "\0" x;
		printf "\nno end"' >"$BATS_TEST_TMPDIR/printed"
	coffer logs text >"$BATS_TEST_TMPDIR/logged"
	cmp "$BATS_TEST_TMPDIR/printed" "$BATS_TEST_TMPDIR/logged"
	coffer rm text
}

@test "--details: what was logged with it" {
	log=$(log_of detailed)
	printf '{"log":"a\\n","stream":"stdout","attrs":{"app":"x","tier":"}y"},"time":"2026-01-02T03:04:05Z"}\n' >"$log"
	entry 'b\n' >>"$log"
	[ "$(coffer logs --details detailed)" = $'app=x,tier=}y a\n b' ]
	[ "$(coffer logs detailed)" = $'a\nb' ]
	coffer rm detailed
}

@test "rotated files, oldest first; --tail goes back over them" {
	log=$(log_of rotated)
	entry '1\n' >"$log.2"
	{ entry '2\n' && entry '3\n'; } >"$log.1"
	entry '4\n' >"$log"
	[ "$(coffer logs rotated | xargs)" = '1 2 3 4' ]
	for n in 1 2 3 4; do
		[ "$(coffer logs -n $n rotated | xargs)" = "$(seq -s ' ' $((5 - n)) 4)" ]
	done
	: >"$log"
	[ "$(coffer logs -n 2 rotated | xargs)" = '2 3' ]
	rm "$log"
	[ "$(coffer logs rotated | xargs)" = '1 2 3' ]
	gzip "$log.2" "$log.1"
	entry '4\n' >"$log"
	[ "$(coffer logs rotated | xargs)" = '1 2 3 4' ]
	[ "$(coffer logs -n 3 rotated | xargs)" = '2 3 4' ]
	coffer rm rotated
}

@test "a driver whose logs cannot be read says so" {
	coffer create --network none --log-driver none --name mute box:1 true
	run -1 coffer logs mute
	[[ $output == *'configured logging driver does not support reading'* ]]
	coffer rm mute
}

@test "what is no entry is left out, and counted" {
	log=$(log_of torn)
	{ entry 'good\n' && echo '{"log":"half' && echo nonsense && head -c 2000000 /dev/zero | tr '\0' x && echo &&
		entry 'last\n' && printf '{"log":"torn'; } >"$log"
	run -0 --separate-stderr coffer logs torn
	[ "$output" = $'good\nlast' ]
	[[ $stderr == *'3 lines of the log make no sense'* ]]
	coffer rm torn
}

@test "none at all, and of nobody" {
	log_of silent
	[ -z "$(coffer logs silent)" ]
	[ -z "$(coffer logs -f silent)" ]
	coffer rm silent
	run -1 coffer logs nosuch
	[[ $output == *'No such container: nosuch'* ]]
	run -125 coffer logs
	run -125 coffer logs lines lines
}

# --- While it is written --------------------------------------------------------------------------------------------

@test "-f: what was there and what comes, until the container ends" {
	coffer run -d --network none --name talker box:1 \
		sh -c 'echo before; while [ ! -e /go ]; do sleep 0.05; done; echo after; sleep 0.2; echo end' >/dev/null
	coffer logs -f talker >"$BATS_TEST_TMPDIR/out" &
	following=$!
	has() { grep -q "$1" "$BATS_TEST_TMPDIR/out"; }
	eventually has before
	coffer exec talker touch /go
	wait "$following"
	[ "$(xargs <"$BATS_TEST_TMPDIR/out")" = 'before after end' ]
	[ "$(coffer logs -f talker | xargs)" = 'before after end' ]
	coffer rm talker
}

@test "-f --tail 0: only what comes; --until ends it" {
	coffer run -d --network none --name talker box:1 sh -c 'echo old; while :; do echo new; sleep 0.1; done' >/dev/null
	old() { [ -n "$(coffer logs talker)" ]; }
	eventually old
	coffer logs -f --tail 0 --until "$(date -d '+2 seconds' +%s)" talker >"$BATS_TEST_TMPDIR/out"
	[ "$(grep -c old "$BATS_TEST_TMPDIR/out")" = 0 ]
	coffer rm -f talker
}

@test "-f over many rotations loses nothing" {
	coffer run -d --network none --name flood box:1 \
		sh -c 'while [ ! -e /go ]; do sleep 0.05; done; seq 1 250000' >/dev/null
	coffer logs -f flood >"$BATS_TEST_TMPDIR/out" &
	following=$!
	coffer exec flood touch /go
	wait "$following"
	[ -e "$(coffer inspect flood | jq -r '.[0].LogPath').1" ]
	seq 1 250000 | cmp - "$BATS_TEST_TMPDIR/out"
	coffer rm flood
}

@test "-f over rotations whose files are compressed at once" {
	coffer run -d --network none --name packed --log-opt max-size=200k --log-opt max-file=20 --log-opt compress=true box:1 \
		sh -c 'while [ ! -e /go ]; do sleep 0.05; done; for i in $(seq 1 20); do seq $((i * 1000)) $((i * 1000 + 999)); sleep 0.05; done' \
		>/dev/null
	coffer logs -f packed >"$BATS_TEST_TMPDIR/out" &
	following=$!
	coffer exec packed touch /go
	wait "$following"
	seq 1000 20999 | cmp - "$BATS_TEST_TMPDIR/out"
	coffer logs packed | cmp - "$BATS_TEST_TMPDIR/out"
	coffer rm packed
}

@test "-f: a reader that leaves ends it" {
	coffer run -d --network none --name talker box:1 sh -c 'while :; do echo line; sleep 0.02; done' >/dev/null
	[ "$(coffer logs -f talker | head -n 1)" = line ]
	coffer rm -f talker
}
