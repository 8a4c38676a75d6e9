#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# events: what is shown of the journal, in which form, and from when to when.

bats_require_minimum_version 1.5.0
load lib/coffer

setup_file() {
	coffer_file_setup
	coffer run --network none --name web -l team=red -l tier=front box:1 sh -c 'exit 3' || true
	coffer run --rm --network none --name db -l team=blue box:1 true
	coffer tag box:1 other:2
}

teardown_file() {
	coffer_file_teardown
}

setup() {
	unset TZ
}

# All that were, in the words of ARGUMENTS...
past() {
	coffer events --until 0s --format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}' "$@"
}

@test "Docker's line: time, type, action, id, and the attributes by name" {
	id=$(coffer inspect web | jq -r '.[0].Id')
	run -0 coffer events --until 0s --filter event=die --filter container=web
	[ "${#lines[@]}" = 1 ]
	[[ $output =~ ^20[0-9-]+T[0-9:]+\.[0-9]{9}(Z|[+-][0-9:]+)\ container\ die\ $id\ \(execDuration=[0-9]+,\ exitCode=3,\ image=box:1,\ name=web,\ oomKilled=false,\ team=red,\ tier=front\)$ ]]
	[[ $(TZ=XXX-05:30 coffer events --until 0s) =~ ^20[0-9-]+T[0-9:]+\.[0-9]{9}\+05:30\  ]]
}

@test "as JSON, and by templates" {
	coffer events --until 0s --format json |
		jq -se 'map(.Type == "container" and .Actor.Attributes.name == "web") | any' >/dev/null
	[ "$(coffer events --until 0s -f container=web -f event=die --format '{{json .Actor.Attributes.exitCode}} {{.Scope}}')" = '"3" local' ]
	[ "$(coffer events --until 0s -f container=web -f event=die --format '{{.Status}} {{.From}}')" = 'die box:1' ]
	run -1 coffer events --until 0s --format '{{.Nothing}}'
	[[ $output == *'hint:'*'.Actor.Attributes'* ]]
	run -64 coffer events --format '{{'
	[[ $output == *'template parsing error'* ]]
}

@test "restart, top, and prune of each kind" {
	coffer run -d --network none --name kinds box:1 sleep 1000 >/dev/null
	coffer restart -t 0 kinds
	coffer top kinds >/dev/null
	coffer rm -f kinds
	[ "$(coffer events --until 0s -f container=kinds --format '{{.Action}}' | xargs)" = \
		'create start kill kill die stop start restart top kill die destroy' ]
	for kind in container image volume network; do
		coffer "$kind" prune -f --filter label=of-nobody >/dev/null
		[ "$(coffer events --until 0s -f type=$kind -f event=prune --format '{{.Action}} {{.Actor.Attributes.reclaimed}}')" = 'prune 0' ]
	done
}

@test "filters: one of a key's, all of the keys, and all of the labels" {
	[ "$(past -f container=web | paste -sd ,)" = 'container create web,container start web,container die web' ]
	[ "$(past -f container=web -f container=db -f event=die -f type=container | paste -sd ,)" = 'container die web,container die db' ]
	[ "$(past -f label=team -f event=destroy)" = 'container destroy db' ]
	[ "$(past -f label=team=red -f label=tier=front -f event=start)" = 'container start web' ]
	[ -z "$(past -f label=team=blue -f label=tier)" ]
	[ "$(past -f type=image -f event=tag -f image=other)" = 'image tag other:2' ]
	[ -z "$(past -f scope=swarm)" ]
	[ -z "$(past -f type=volume -f event=create)" ]
	run -125 coffer events --filter colour=blue
	[[ $output == *"invalid filter 'colour': it is one of container, event, "* ]]
}

@test "actions with a text behind them are found by the action" {
	coffer run -d --network none --name host box:1 sleep 1000
	coffer exec host true
	[ "$(past -f container=host -f event=exec_start)" = 'container exec_start: true host' ]
	coffer rm -f host
}

@test "from when to when" {
	between=$(coffer events --until 0s -f container=web -f event=die --format '{{.TimeNano}}')
	seconds=${between:0:-9}.${between: -9}
	[ "$(past --since "$seconds" -f container=web)" = 'container die web' ]
	[ "$(coffer events --until "$seconds" -f container=web --format '{{.Action}}' | paste -sd ,)" = 'create,start,die' ]
	run -125 coffer events --since 0s --until 1h
	[[ $output == *'`since` time (0s) cannot be after `until` time (1h)'* ]]
	run -1 coffer events --since tomorrow
	[[ $output == *'invalid value for "since"'* ]]
}

@test "those that come, until it is ended; what was before is not shown" {
	coffer_exec events --format '{{.Action}} {{.Actor.Attributes.name}}' >"$BATS_TEST_TMPDIR/out" &
	watcher=$!
	marked() {
		coffer tag box:1 mark:1
		grep -qx 'tag mark:1' "$BATS_TEST_TMPDIR/out"
	}
	eventually marked
	coffer rm web
	gone() { grep -qx 'destroy web' "$BATS_TEST_TMPDIR/out"; }
	eventually gone
	kill "$watcher"
	run -1 grep 'start web' "$BATS_TEST_TMPDIR/out"
}

@test "it ends by itself at a time that is to come" {
	run -0 coffer events --since 0 --until "$(($(date +%s) + 1))" -f event=start -f container=db --format '{{.Action}}'
	[ "$output" = start ]
}
