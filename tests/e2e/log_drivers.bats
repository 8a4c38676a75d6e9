#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# --log-driver and --log-opt. The journal is a socket of the test's own, for there is none on every machine.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
}

teardown_file() {
	coffer_file_teardown
}

# field CONTAINER PATH, as jq has paths
field() {
	coffer inspect "$1" | jq -r ".[0]$2"
}

@test "json-file with attributes and a tag" {
	coffer run --network none --name attrs -l tier=web -l other=x -e COLOUR=blue --log-opt labels=tier,none \
		--log-opt env-regex='^COL' --log-opt tag='{{.Name}}/{{.ImageName}}' box:1 echo hi
	local log
	log=$(field attrs .LogPath)
	[ "$(jq -c .attrs "$log")" = '{"COLOUR":"blue","tag":"attrs/box:1","tier":"web"}' ]
	[ "$(jq -r .log "$log")" = hi ]
	[ "$(field attrs .HostConfig.LogConfig.Type)" = json-file ]
	[ "$(field attrs '.HostConfig.LogConfig.Config.tag')" = "{{.Name}}/{{.ImageName}}" ]
	coffer rm attrs
}

@test "files rotate, are compressed, and go with their container" {
	coffer run --network none --name turning --log-opt max-size=20k --log-opt max-file=3 --log-opt compress=true \
		box:1 sh -c 'seq 1 5000' >/dev/null
	local log folder
	log=$(field turning .LogPath)
	folder=$(dirname "$log")
	[ -e "$log" ] && { [ -e "$log.1" ] || [ -e "$log.1.gz" ]; } && { [ -e "$log.2" ] || [ -e "$log.2.gz" ]; }
	[ ! -e "$log.3" ] && [ ! -e "$log.3.gz" ]
	[ "$(stat -c %s "$log")" -le 20480 ]
	coffer rm turning
	[ -z "$(find "$folder" -name "$(basename "$log")*")" ]
}

@test "a rotated file is compressed while the container goes on" {
	coffer run -d --network none --name squeezed --log-opt max-size=20k --log-opt max-file=2 --log-opt compress=true \
		box:1 sh -c 'seq 1 300; exec sleep 1000' >/dev/null
	local log
	log=$(field squeezed .LogPath)
	compressed() { [ -e "$log.1.gz" ] && [ ! -e "$log.1" ]; }
	eventually compressed
	[ "$(gzip -dc "$log.1.gz" | head -n 1 | jq -r .log)" = 1 ]
	coffer rm -f squeezed
}

@test "local" {
	coffer run --network none --name binary --log-driver local box:1 echo hello >/dev/null
	python3 - "$(field binary .LogPath)" <<-'END'
		import struct, sys
		data = open(sys.argv[1], "rb").read()
		(length,) = struct.unpack(">I", data[:4])
		assert len(data) == length + 8 and data[-4:] == data[:4], data
		assert b"\x0a\x06stdout" in data and b"\x1a\x05hello" in data, data
	END
	coffer rm binary
}

@test "local is read as json-file is: both streams, times, the last lines, over files, and on" {
	coffer run --network none --name binary --log-driver local --log-opt max-size=20k --log-opt max-file=10 \
		--log-opt compress=false box:1 sh -c 'seq 1 2000; echo err >&2; printf end' >/dev/null 2>&1
	[ "$(coffer logs binary 2>/dev/null)" = "$(seq 1 2000; printf end)" ]
	[ "$(coffer logs binary 2>&1 >/dev/null)" = err ]
	[ "$(coffer logs -n 1500 binary 2>/dev/null)" = "$(seq 503 2000; printf end)" ]
	[ "$(coffer logs -n 0 binary)" = "" ]
	[[ $(coffer logs -t -n 1 binary) =~ ^20[0-9-]+T[0-9:]+\.[0-9]{9}Z\ end$ ]]
	[ -z "$(coffer logs --until 2020-01-01 binary)" ]
	coffer rm binary

	coffer run -d --network none --name binary --log-driver local box:1 sh -c 'echo first; sleep 1; echo second' >/dev/null
	[ "$(coffer logs -f binary)" = $'first\nsecond' ]
	# What makes no sense ends the file, and is told.
	printf 'nonsense' >>"$(field binary .LogPath)"
	run -0 --separate-stderr coffer logs binary
	[ "$output" = $'first\nsecond' ]
	[[ ${stderr:-} == *'1 lines of the log make no sense'* ]]
	coffer rm -f binary
}

@test "none" {
	[ "$(coffer run --network none --name silent --log-driver none box:1 echo hi)" = hi ]
	[ -z "$(field silent .LogPath)" ]
	[ -z "$(find "$COFFER_TEST_ROOT/root/logs" -name "$(field silent .Id)*")" ]
	coffer rm silent
}

@test "passthrough: the container has the command's own streams" {
	local out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err
	echo input | coffer run -i --rm --network none --log-driver passthrough box:1 sh -c 'cat; echo oops >&2; exit 3' \
		>"$out" 2>"$err" || [ $? -eq 3 ]
	[ "$(<"$out")" = input ]
	[ "$(<"$err")" = oops ]
	echo input | coffer run --rm --network none --log-driver passthrough box:1 sh -c 'cat; echo end' >"$out"
	[ "$(<"$out")" = end ]
	run -125 coffer run -t --rm --network none --log-driver passthrough box:1 true </dev/null
	run python3 "$BATS_TEST_DIRNAME/lib/on-terminal.py" wait -- "$COFFER_BIN/coffer" --root "$COFFER_TEST_ROOT/root" \
		--runroot "$COFFER_TEST_ROOT/run" run --rm --network none --log-driver passthrough box:1 true
	[[ $output = *"cannot be used on a terminal"* ]]
}

@test "journald is not everywhere, and then the container does not start" {
	[ ! -S /run/systemd/journal/socket ] || skip "there is a journal here"
	run -125 coffer run --rm --network none --log-driver journald box:1 true
	[[ $output = *"connect to journald"* ]]
}

@test "what cannot be" {
	refused() {
		local words=$1
		shift
		run -125 coffer create --network none "$@" box:1 true
		[[ $output = *"$words"* ]]
	}
	refused "no log driver named 'papyrus' is registered" --log-driver papyrus
	refused "unknown log opt 'colour' for json-file log driver" --log-opt colour=blue
	refused "unknown log opt 'tag' for local log driver" --log-driver local --log-opt tag=x
	refused "unknown log opt 'max-size' for journald log driver" --log-driver journald --log-opt max-size=1m
	refused "invalid logging opts for driver none" --log-driver none --log-opt max-size=1m
	refused "max-size must be a positive number" --log-opt max-size=0
	refused "--log-opt max-size=much" --log-opt max-size=much
	refused "max-file cannot be less than 1" --log-opt max-file=0
	refused "compress cannot be true when max-file is less than 2 or max-size is not set" \
		--log-opt max-file=1 --log-opt compress=true
	refused "--log-opt compress=maybe" --log-opt compress=maybe
	refused "logging mode not supported: eager" --log-opt mode=eager
	refused "only supported with 'mode=non-blocking'" --log-opt max-buffer-size=1m
	refused "error parsing option max-buffer-size" --log-opt mode=non-blocking --log-opt max-buffer-size=x
	refused "--log-opt labels-regex=(" --log-opt 'labels-regex=('
	refused "cannot be used with a terminal" -t --log-driver passthrough
}
