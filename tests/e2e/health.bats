#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Health checks: flags, states, the log of results, and that a probe leaves nothing.

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

# run_checked NAME COMMAND-OF-THE-CHECK FLAG...: detached, checked often
run_checked() {
	local name=$1 check=$2
	shift 2
	coffer run -d --network none --name "$name" --health-cmd "$check" --health-interval 50ms "$@" box:1 sleep 1000 >/dev/null
}

status_of() {
	coffer ps --all --filter "name=$1" | tail -n 1
}

@test "healthy, and seen to be so" {
	run_checked fine 'echo all is well; echo really >&2; [ "$HOME" = /root ] && pwd' -w /tmp
	[ "$(field fine .Config.Healthcheck.Test)" = "$(printf '[\n  "CMD-SHELL",\n  "%s"\n]' \
		'echo all is well; echo really >&2; [ \"$HOME\" = /root ] && pwd')" ]
	is fine .Config.Healthcheck.Interval 50000000
	eventually is fine .State.Health.Status healthy
	[[ $(status_of fine) = *"Up "*" (healthy)"* ]]
	is fine .State.Health.FailingStreak 0
	is fine '.State.Health.Log[0].ExitCode' 0
	[ "$(field fine '.State.Health.Log[0].Output')" = "$(printf 'all is well\nreally\n/tmp')" ]
	jq -es 'any(.Action == "health_status: healthy" and .Actor.Attributes.name == "fine")' \
		"$COFFER_TEST_ROOT/root/events/journal" >/dev/null
	coffer rm -f fine
}

@test "unhealthy after as many failures as were said, with the last five kept" {
	run_checked ill 'until [ -e /go ]; do sleep 0.1; done; echo bad; exit 3' --health-retries 4 --health-timeout 1h
	[[ $(status_of ill) = *"(health: starting)"* ]]
	coffer exec ill touch /go
	eventually is ill .State.Health.Status unhealthy
	[[ $(status_of ill) = *" (unhealthy)"* ]]
	[ "$(field ill .State.Health.FailingStreak)" -ge 4 ]
	eventually is ill '.State.Health.Log | length' 5
	is ill '.State.Health.Log[4].ExitCode' 3
	is ill '.State.Health.Log[4].Output' bad
	coffer kill ill
	eventually is ill .State.Status exited
	is ill .State.Health.Status unhealthy
	coffer rm ill
}

@test "ill, and well again" {
	run_checked patient 'test -e /tmp/well' --health-retries 1
	eventually is patient .State.Health.Status unhealthy
	touch "$COFFER_TEST_ROOT/root/snapshots/$(field patient .Id)/upper/tmp/well" 2>/dev/null ||
		touch "/proc/$(field patient .State.Pid)/root/tmp/well"
	eventually is patient .State.Health.Status healthy
	coffer rm -f patient
}

@test "failures in the start period do not count" {
	run_checked young 'exit 1' --health-retries 1 --health-start-period 1h --health-start-interval 20ms
	eventually is young '.State.Health.Log | length' 5
	is young .State.Health.Status starting
	is young .State.Health.FailingStreak 0
	coffer rm -f young
}

@test "a check that takes too long is killed, with all that it has started" {
	run_checked slow 'echo begun; sleep 4000 & sleep 3000' --health-timeout 300ms --health-retries 1
	eventually is slow .State.Health.Status unhealthy
	is slow '.State.Health.Log[0].ExitCode' -1
	had_begun() { is slow '.State.Health.Log | any(.Output | startswith("Health check exceeded timeout (300ms): begun"))' true; }
	eventually had_begun # on a busy machine not every time
	no_sleepers() { ! pgrep -f 'sleep [34]000' >/dev/null; }
	coffer rm -f slow
	eventually no_sleepers
}

@test "what a check leaves in the background is gone with it" {
	run_checked litter 'sleep 5000 & exit 0'
	eventually is litter '.State.Health.Log | length' 5
	at_most_one() { [ "$(pgrep -cf 'sleep 5000')" -le 1 ]; } # the shell that is about to be one has the words, too
	eventually at_most_one
	coffer rm -f litter
}

@test "long output is cut, and any bytes may be in it" {
	run_checked loud "yes | head -c 10000"
	eventually is loud .State.Health.Status healthy
	[ "$(field loud '.State.Health.Log[0].Output | length')" -eq 4099 ]
	[[ $(field loud '.State.Health.Log[0].Output') = *"..." ]]
	coffer rm -f loud
	run_checked binary "printf 'a\\377\\000b'"
	eventually is binary .State.Health.Status healthy
	is binary '.State.Health.Log[0].Output' 'a??b'
	coffer rm -f binary
}

@test "a check that is not there" {
	coffer run -d --network none --name nosh --health-cmd x --health-interval 50ms --health-retries 1 box:1 \
		sh -c 'rm /bin/sh; exec sleep 1000' >/dev/null
	eventually is nosh .State.Health.Status unhealthy
	is nosh '.State.Health.Log[-1].ExitCode' -1
	coffer rm -f nosh
}

@test "the image's check, and that it can be turned off or changed" {
	box_tar "$BATS_TEST_TMPDIR/rootfs" | coffer import --change 'CMD ["/bin/sleep","1000"]' \
		--change 'HEALTHCHECK --interval=50ms --retries=1 CMD echo image' - checked:1 >/dev/null
	coffer run -d --network none --name image checked:1 >/dev/null
	eventually is image .State.Health.Status healthy
	coffer rm -f image
	coffer run -d --network none --name off --no-healthcheck checked:1 >/dev/null
	is off .State.Health null
	is off '.Config.Healthcheck.Test[0]' NONE
	coffer rm -f off
	coffer run -d --network none --name changed --health-cmd 'echo own' checked:1 >/dev/null
	eventually is changed .State.Health.Status healthy
	is changed '.State.Health.Log[0].Output' own
	is changed .Config.Healthcheck.Retries 1
	coffer rm -f changed
}

@test "without a check there is no health" {
	coffer run -d --network none --name plain box:1 sleep 1000 >/dev/null
	is plain .State.Health null
	[[ $(status_of plain) != *health* ]]
	coffer rm -f plain
}

@test "what cannot be" {
	refused() {
		local words=$1
		shift
		run -125 coffer create --network none "$@" box:1 true
		[[ $output = *"$words"* ]]
	}
	refused "--no-healthcheck conflicts with --health-* options" --no-healthcheck --health-cmd x
	refused "--health-retries cannot be negative" --health-cmd x --health-retries -1
	refused "Interval in Healthcheck cannot be less than 1ms" --health-cmd x --health-interval 1us
	refused "Timeout in Healthcheck cannot be less than 1ms" --health-cmd x --health-timeout 1us
	refused "StartPeriod in Healthcheck cannot be less than 1ms" --health-cmd x --health-start-period 1us
	refused "StartInterval in Healthcheck cannot be less than 1ms" --health-cmd x --health-start-interval 1us
	refused "--health-interval" --health-cmd x --health-interval -1s
}

# --- What is done about it ------------------------------------------------------------------------------------------

# failing NAME ACTION FLAG...: runs until the file /ill is there, and is unhealthy from then on
failing() {
	run_checked "$1" '! test -e /ill' --health-retries 1 --health-on-failure "$2" "${@:3}"
	eventually is "$1" .State.Health.Status healthy
	coffer exec "$1" touch /ill || true # what is done about it may come before the end of this
}

@test "--health-on-failure kill: and its restart policy holds" {
	failing killed kill
	eventually is killed '.State | "\(.Status) \(.ExitCode)"' 'exited 137'
	[ "$(field killed .Config.HealthcheckOnFailureAction)" = kill ]
	[[ $(field killed '.State.Death | "\(.cause) \(.by)"') == 'killed '*'--health-on-failure'* ]]
	coffer rm killed
	failing revived kill --restart on-failure:1
	eventually is revived '.State | "\(.Status) \(.ExitCode)"' 'exited 137'
	is revived .RestartCount 1
	coffer rm revived
}

@test "--health-on-failure stop: for good, with its signal and its time" {
	failing stopped stop --restart always --init
	eventually is stopped '.State | "\(.Status) \(.ExitCode)"' 'exited 143'
	is stopped .RestartCount 0
	coffer events --until 0s -f container=stopped -f event=stop --format '{{.Action}}' | grep -qx stop
	coffer rm stopped
	failing deaf stop --stop-timeout 0
	eventually is deaf '.State | "\(.Status) \(.ExitCode)"' 'exited 137'
	coffer rm deaf
}

@test "--health-on-failure restart: whatever its policy says" {
	failing again restart --stop-timeout 0
	restarted() { [ "$(field again .RestartCount)" -gt 0 ]; }
	eventually restarted
	coffer rm -f again
}

@test "--health-on-failure none, and what cannot be" {
	failing left none
	eventually is left .State.Health.Status unhealthy
	is left .State.Running true
	coffer rm -f left
	run -125 coffer create --health-cmd true --health-on-failure worry box:1 true
	[[ $output == *'invalid on-failure action "worry" of a health check: it is none, kill, restart or stop'* ]]
	run -125 coffer create --health-on-failure kill box:1 true
	[[ $output == *'cannot set on-failure action to kill without a health check'*'--health-cmd'* ]]
	run -125 coffer create --no-healthcheck --health-on-failure kill box:1 true
}
