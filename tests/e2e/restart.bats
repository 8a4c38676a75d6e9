#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Restart policies, as a person sees them. The monitor's part is tested in monitor.bats.

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

is() {
	[ "$(field "$1" "$2")" = "$3" ]
}

@test "on-failure: as often as was said, and inspect counts" {
	coffer run -d --network none --name flaky --restart on-failure:2 box:1 sh -c 'echo run; exit 3' >/dev/null
	eventually is flaky .State.Status exited
	is flaky .RestartCount 2
	is flaky .State.ExitCode 3
	is flaky .HostConfig.RestartPolicy.Name on-failure
	is flaky .HostConfig.RestartPolicy.MaximumRetryCount 2
	[ "$(grep -c run "$(field flaky .LogPath)")" -eq 3 ]
	coffer start flaky
	eventually is flaky .RestartCount 2
	coffer rm -f flaky
}

@test "a command that waits gets the first run's end, and the container goes on" {
	run -7 coffer run --network none --name again --restart always box:1 sh -c 'echo out; exit 7'
	[ "$output" = out ]
	more_than_two() { [ "$(field again .RestartCount)" -gt 2 ]; }
	eventually more_than_two
	coffer rm -f again
}

@test "while it waits for its next run, it is restarting" {
	local id
	id=$(coffer run -d --network none --name pausing --restart always box:1 false)
	seen() {
		[ "$(coffer ps --filter status=restarting --quiet --no-trunc)" = "$id" ] &&
			[[ $(coffer ps --filter status=restarting) = *"Restarting (1) "*" ago"* ]] &&
			[ "$(field pausing '.State | "\(.Status) \(.Running) \(.Restarting) \(.Pid)"')" = "restarting true true 0" ]
	}
	eventually seen
	run ! coffer rm pausing
	coffer rm -f pausing
	[ -z "$(coffer ps --all --quiet --filter name=pausing)" ]
}

@test "kill is the end of it" {
	coffer run -d --network none --name victim --restart always box:1 sleep 1000 >/dev/null
	coffer kill victim
	eventually is victim .State.Status exited
	is victim .RestartCount 0
	is victim .State.ExitCode 137
	coffer rm victim
}

@test "kill is also the end of one that waits for its next run, if it can end any" {
	coffer run -d --network none --name waiting --restart always box:1 false >/dev/null
	pausing() { is waiting .State.Status restarting && [ "$(field waiting .RestartCount)" -gt 4 ]; }
	eventually pausing
	run -1 coffer kill -s USR1 waiting
	[[ $output == *"is not running"* ]]
	coffer kill waiting
	is waiting .State.Status exited
	is waiting .State.ExitCode 1
	coffer rm waiting
}

@test "a process that dies by itself, however, is started again" {
	coffer run -d --network none --name phoenix --restart unless-stopped box:1 sleep 1000 >/dev/null
	local pid
	pid=$(field phoenix .State.Pid)
	kill -KILL "$pid"
	reborn() { is phoenix .State.Status running && ! is phoenix .State.Pid "$pid"; }
	eventually reborn
	is phoenix .RestartCount 1
	coffer rm -f phoenix
}

@test "a monitor that dies while its container restarts leaves nothing but the last end" {
	coffer run -d --network none --name orphan --restart always box:1 sh -c 'exit 4' >/dev/null
	pausing() { is orphan .State.Status restarting && [ "$(field orphan .RestartCount)" -gt 3 ]; }
	eventually pausing
	local id monitor
	id=$(field orphan .Id)
	monitor=$(pgrep -f "$COFFER_TEST_ROOT/run/containers/$id")
	kill -KILL "$monitor"
	eventually is orphan .State.Status exited
	is orphan .State.ExitCode 4
	coffer rm orphan
}

@test "what cannot be" {
	refused() {
		local words=$1
		shift
		run -125 coffer create --network none "$@" box:1 true
		[[ $output = *"$words"* ]]
	}
	refused "cannot specify both --restart and --rm" --rm --restart always
	refused "no policy provided before colon" --restart :3
	refused "maximum retry count must be an integer" --restart on-failure:x
	refused "unknown policy 'sometimes'" --restart sometimes
	refused "can only be used with 'on-failure'" --restart always:3
	refused "maximum retry count cannot be negative" --restart on-failure:-1
	coffer run --rm --restart no --network none box:1 true
}
